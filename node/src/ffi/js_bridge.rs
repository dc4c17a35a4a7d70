//! What native and JavaScript share: two slabs of bytes, two tables of numbers that describe them, and the functions
//! that are called once for each batch. Received bytes can also lie in a [`Page`].

use std::ptr::null_mut;

use napi::sys;

use super::common::{Host, check};
use super::page::Page;

/// Memory of a typed array that a reference keeps alive and nobody outside this package can reach.
struct Shared<T> {
    data: *mut T,
    length: usize,
}

impl<T> Shared<T> {
    /// Keeps `array`, whose elements must be of this kind, for as long as the environment lives.
    fn new(env: sys::napi_env, array: sys::napi_value, wanted: sys::napi_typedarray_type) -> napi::Result<Self> {
        let (mut kind, mut length, mut data) = (0, 0, null_mut());
        let (mut buffer, mut offset) = (null_mut(), 0);
        // SAFETY: array is a live handle of the current call, and all out pointers are live locals.
        let status = unsafe {
            sys::napi_get_typedarray_info(env, array, &mut kind, &mut length, &mut data, &mut buffer, &mut offset)
        };
        check(status, "napi_get_typedarray_info")?;
        if kind != wanted {
            return Err(napi::Error::from_reason("an array of another kind"));
        }
        keep(env, array)?;
        Ok(Shared { data: data.cast(), length })
    }

    /// The memory, for the length of one call.
    #[expect(clippy::mut_from_ref, reason = "the memory belongs to JavaScript; see the safety comment")]
    fn slice(&self) -> &mut [T] {
        if self.length == 0 {
            return &mut [];
        }
        // SAFETY: the reference made in `new` keeps the array's memory in place; the package keeps the array to itself
        // and never detaches it; all access is on the environment's own thread, while no JavaScript runs, and each of
        // `Channel`'s methods that hand out a slice says that the caller gives it back before it calls JavaScript.
        unsafe { std::slice::from_raw_parts_mut(self.data, self.length) }
    }
}

/// A reference that is freed with the environment.
fn keep(env: sys::napi_env, value: sys::napi_value) -> napi::Result<sys::napi_ref> {
    let mut reference = null_mut();
    // SAFETY: value is a live handle of the current call.
    check(unsafe { sys::napi_create_reference(env, value, 1, &mut reference) }, "napi_create_reference")?;
    Ok(reference)
}

/// What JavaScript hands over, in the order in which it does.
pub(crate) struct Parts {
    pub(crate) deliver: sys::napi_value,
    pub(crate) settle: sys::napi_value,
    pub(crate) ready: sys::napi_value,
    pub(crate) turn_over: sys::napi_value,
    pub(crate) flush: sys::napi_value,
    pub(crate) received: sys::napi_value,
    pub(crate) received_table: sys::napi_value,
    pub(crate) sent: sys::napi_value,
    pub(crate) sent_table: sys::napi_value,
}

/// The memory and the functions of one environment.
pub(crate) struct Channel {
    env: sys::napi_env,
    host: Host,
    deliver: sys::napi_ref,
    settle: sys::napi_ref,
    ready: sys::napi_ref,
    turn_over: sys::napi_ref,
    flush: sys::napi_ref,
    received: Shared<u8>,
    received_table: Shared<i32>,
    sent: Shared<u8>,
    sent_table: Shared<i32>,
}

/// A slab of bytes and the table that describes it.
pub(crate) struct Slab<'a> {
    pub(crate) bytes: &'a mut [u8],
    pub(crate) table: &'a mut [i32],
}

/// Tells `deliver` to go on with the batch whose listener threw.
const RESUME: i32 = -1;

/// Tells `deliver` to ask for what is in the socket's queue of errors.
const NOTICES: i32 = -2;

impl Channel {
    pub(crate) fn new(env: sys::napi_env, host: Host, parts: &Parts) -> napi::Result<Self> {
        let bytes = |array| Shared::new(env, array, sys::TypedarrayType::uint8_array);
        let numbers = |array| Shared::new(env, array, sys::TypedarrayType::int32_array);
        Ok(Channel {
            env,
            host,
            deliver: keep(env, parts.deliver)?,
            settle: keep(env, parts.settle)?,
            ready: keep(env, parts.ready)?,
            turn_over: keep(env, parts.turn_over)?,
            flush: keep(env, parts.flush)?,
            received: bytes(parts.received)?,
            received_table: numbers(parts.received_table)?,
            sent: bytes(parts.sent)?,
            sent_table: numbers(parts.sent_table)?,
        })
    }

    /// Where a received batch is put; to be let go before [`deliver`](Self::deliver).
    pub(crate) fn received(&self) -> Slab<'_> {
        Slab { bytes: self.received.slice(), table: self.received_table.slice() }
    }

    /// Where JavaScript has gathered sends.
    pub(crate) fn sent(&self) -> Slab<'_> {
        Slab { bytes: self.sent.slice(), table: self.sent_table.slice() }
    }

    /// Hands `count` received messages, which lie in the slab or in a page, to a socket's listeners; says how many have been handed over, which
    /// is less if the socket stops receiving. What a listener throws is an uncaught exception of its own, and the others get
    /// their messages all the same if the process survives it. Ticks that are due then wait for the next callback in Node,
    /// unless there is to be one `again`, told how many have been delivered; elsewhere nobody would run them but we.
    pub(crate) fn deliver(
        &self,
        socket: u32,
        count: usize,
        page: Option<&Page>,
        again: impl Fn(usize) -> bool,
    ) -> usize {
        self.set_delivered(0);
        let mut what = count as i32;
        for _ in 0..count + 2 {
            let threw = self.call_with(self.deliver, [socket.cast_signed(), what], page, true);
            if !threw || self.host == Host::Node && !again(self.delivered()) {
                break;
            }
            what = RESUME;
        }
        self.delivered()
    }

    /// Says that there may be something in a socket's queue of errors.
    pub(crate) fn tell_notices(&self, socket: u32) {
        self.call(self.deliver, [socket.cast_signed(), NOTICES]);
    }

    /// How many messages of the slab have been delivered: the last cell of its table.
    fn delivered(&self) -> usize {
        self.received().table.last().map_or(0, |&delivered| delivered.max(0) as usize)
    }

    fn set_delivered(&self, delivered: i32) {
        self.received().table.last_mut().into_iter().for_each(|cell| *cell = delivered);
    }

    /// Tells the outcome of a send that had to wait: its size, or a negative number of the system's.
    pub(crate) fn settle(&self, token: u32, outcome: i32) {
        self.call(self.settle, [token.cast_signed(), outcome]);
    }

    /// Tells that a local socket can be read (1), written (2), or both.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no local sockets"))]
    pub(crate) fn ready(&self, socket: u32, what: i32) {
        self.call(self.ready, [socket.cast_signed(), what]);
    }

    /// Lets what JavaScript has gathered leave now. A turn's end sees to that, but behind something that was thrown the turn
    /// ends after what the loop has to say.
    pub(crate) fn flush(&self) {
        if self.sent().table.last().is_some_and(|&gathered| gathered > 0) {
            self.call_with(self.flush, [0, 0], None, false);
        }
    }

    /// Asks to be told when the loop has turned, for whose sake the program goes on if that `is_needed`.
    pub(crate) fn turn_over(&self, is_needed: bool) {
        self.call(self.turn_over, [is_needed.into(), 0]);
    }

    /// Calls a function as the loop does. In Node ticks and microtasks follow; elsewhere the function sees to them. Says whether something threw.
    fn call(&self, function: sys::napi_ref, arguments: [i32; 2]) -> bool {
        self.call_with(function, arguments, None, true)
    }

    /// The same with a page, if there is one, as the third argument; as a part of something else, nothing `follows`.
    fn call_with(&self, function: sys::napi_ref, arguments: [i32; 2], page: Option<&Page>, follows: bool) -> bool {
        let mut scope = null_mut();
        // SAFETY: the environment is alive: no call comes here once its clean-up has begun (`Life`); this is its thread,
        // with no JavaScript on the stack; the out pointers are live locals.
        unsafe {
            if sys::napi_open_handle_scope(self.env, &mut scope) != sys::Status::napi_ok {
                return false;
            }
            let threw = self.call_in_scope(function, arguments, page, follows);
            sys::napi_close_handle_scope(self.env, scope);
            threw
        }
    }

    /// # Safety
    ///
    /// The environment is alive, this is its thread, and a handle scope is open.
    unsafe fn call_in_scope(
        &self,
        function: sys::napi_ref,
        arguments: [i32; 2],
        page: Option<&Page>,
        follows: bool,
    ) -> bool {
        let (mut callee, mut receiver, mut result) = (null_mut(), null_mut(), null_mut());
        let mut values = [null_mut(); 3];
        // SAFETY: the caller's promise; the references are kept until the environment ends, the page's while it lives.
        unsafe {
            if let Some(page) = page {
                sys::napi_get_reference_value(self.env, page.reference(), &mut values[2]);
            }
            for (value, argument) in values.iter_mut().zip(arguments) {
                sys::napi_create_int32(self.env, argument, value);
            }
            sys::napi_get_reference_value(self.env, function, &mut callee);
            sys::napi_get_global(self.env, &mut receiver);
            let (count, values, none) = (2 + usize::from(page.is_some()), values.as_ptr(), null_mut());
            let status = match self.host {
                Host::Node if follows => {
                    sys::napi_make_callback(self.env, none, receiver, callee, count, values, &mut result)
                }
                // Outside Node neither ticks nor microtasks would follow that, and Deno would not say what was thrown.
                _ => sys::napi_call_function(self.env, receiver, callee, count, values, &mut result),
            };
            status != sys::Status::napi_ok && self.raise_pending()
        }
    }

    /// Makes what was thrown an uncaught exception, as the loop does with what leaves its callbacks. JavaScript calls this
    /// with what it caught where a throw up to [`call`](Self::call) would leave the async hooks of the thrower behind.
    pub(crate) fn raise(&self, thrown: sys::napi_value) {
        // SAFETY: a live handle of the current call from JavaScript, in this environment's own thread.
        unsafe { sys::napi_fatal_exception(self.env, thrown) };
    }

    /// Makes the pending exception an uncaught one; says whether there was any. Where JavaScript may not run any more,
    /// there is none.
    ///
    /// # Safety
    ///
    /// As for `call_in_scope`.
    unsafe fn raise_pending(&self) -> bool {
        let (mut pending, mut exception) = (false, null_mut());
        // SAFETY: the caller's promise.
        unsafe {
            sys::napi_is_exception_pending(self.env, &mut pending);
            if pending {
                sys::napi_get_and_clear_last_exception(self.env, &mut exception);
                sys::napi_fatal_exception(self.env, exception);
            }
        }
        pending
    }
}
