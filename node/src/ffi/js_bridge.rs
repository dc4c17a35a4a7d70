//! What Rust and JavaScript share: memory for a received batch and for batched sends (`layout.rs`), the functions of JavaScript that
//! are called once for each batch, and functions of Rust that JavaScript calls with numbers ([`function`]).
//!
//! A program may detach an `ArrayBuffer` (`transfer()`, `postMessage()`), and may let another thread write to one that it has
//! (`fs.read()`). So the address of JavaScript's memory is asked for anew each time, and used through raw pointers rather than
//! references.
//!
//! Functions and memory are held weakly but for `parts`, the object that has them all, and that only while a socket is open: a
//! package whose sockets are closed can be collected, as when a test framework evaluates it anew for each file.

use std::cell::Cell;
use std::ffi::{CStr, c_void};
use std::marker::PhantomData;
use std::ptr::{copy_nonoverlapping, null_mut};
use std::rc::Rc;

use napi::{Env, JsValue, Unknown, sys};

use super::environment::{Environment, Host, Scope, check};
use crate::layout::{deliver, recv_memory, send_memory};

/// What JavaScript hands over.
pub(crate) struct Parts<'env> {
    /// The object that has all the others.
    pub(crate) all: Unknown<'env>,
    pub(crate) deliver: Unknown<'env>,
    pub(crate) settle: Unknown<'env>,
    pub(crate) ready: Unknown<'env>,
    pub(crate) turn_over: Unknown<'env>,
    pub(crate) flush: Unknown<'env>,
    pub(crate) received: Unknown<'env>,
    pub(crate) sent: Unknown<'env>,
}

/// The memory and the functions of one environment.
pub(crate) struct JsBridge {
    environment: Rc<Environment>,
    parts: Reference,
    is_kept: Cell<bool>,
    deliver: Reference,
    settle: Reference,
    ready: Reference,
    turn_over: Reference,
    flush: Reference,
    /// Where a received batch is put.
    pub(crate) received: JsMemory,
    /// Where JavaScript has put batched sends.
    pub(crate) sent: JsMemory,
}

impl JsBridge {
    pub(crate) fn new(environment: &Rc<Environment>, parts: &Parts<'_>) -> napi::Result<Self> {
        let weak = |value: &Unknown<'_>| Reference::weak(environment, value);
        Ok(JsBridge {
            environment: environment.clone(),
            parts: weak(&parts.all)?,
            is_kept: Cell::default(),
            deliver: weak(&parts.deliver)?,
            settle: weak(&parts.settle)?,
            ready: weak(&parts.ready)?,
            turn_over: weak(&parts.turn_over)?,
            flush: weak(&parts.flush)?,
            received: JsMemory::of_parts(environment, &parts.received)?,
            sent: JsMemory::of_parts(environment, &parts.sent)?,
        })
    }

    /// Whether JavaScript's parts are kept whatever JavaScript itself does with them.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept.get()
    }

    /// Keeps them, or leaves them to JavaScript.
    pub(crate) fn keep(&self, on: bool) {
        if self.is_kept.replace(on) != on {
            self.parts.keep(on);
        }
    }

    /// Delivers `count` messages, which are in the memory of received batches or in a page, to a socket's listeners; how many were
    /// delivered, which is less if the socket stops receiving. What a listener throws is an uncaught exception of its own, and the
    /// other messages are delivered all the same if the process survives it. In Node, ticks that are due after an exception run at
    /// the next callback, which follows at once if `again` says so of the number of messages delivered; elsewhere it always does,
    /// because nothing else runs the ticks.
    pub(crate) fn deliver(
        &self,
        scope: &mut Scope<'_>,
        socket: u32,
        count: usize,
        page: Option<&JsMemory>,
        again: impl Fn(usize) -> bool,
    ) -> usize {
        self.received.view(scope).all().set_cell(recv_memory::DELIVERED, 0);
        let mut what = count as i32;
        for _ in 0..count + 2 {
            let threw = self.call_with(scope, &self.deliver, [socket.cast_signed(), what], page, true);
            if !threw || self.environment.host() == Host::Node && !again(self.delivered(scope)) {
                break;
            }
            what = deliver::RESUME;
        }
        let delivered = self.delivered(scope);
        self.flush(scope);
        delivered
    }

    /// How many messages of the batch have been delivered.
    fn delivered(&self, scope: &Scope<'_>) -> usize {
        let delivered = self.received.view(scope).all().cell(recv_memory::DELIVERED);
        delivered.and_then(|delivered| usize::try_from(delivered).ok()).unwrap_or(0)
    }

    /// Says that there may be something in a socket's error queue.
    pub(crate) fn report_errors(&self, scope: &mut Scope<'_>, socket: u32) {
        self.call(scope, &self.deliver, [socket.cast_signed(), deliver::ERROR_QUEUE]);
    }

    /// Reports the outcome of a send that had to wait: its size, or a negative number of the system's.
    pub(crate) fn settle(&self, scope: &mut Scope<'_>, token: u32, outcome: i32) {
        self.call(scope, &self.settle, [token.cast_signed(), outcome]);
    }

    /// Says what a Unix datagram socket is ready for ([`unix_ready`](crate::layout::unix_ready)).
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no Unix datagram sockets"))]
    pub(crate) fn ready(&self, scope: &mut Scope<'_>, socket: u32, what: i32) {
        self.call(scope, &self.ready, [socket.cast_signed(), what]);
    }

    /// Flushes batched sends. They are flushed at the end of their turn anyway; but answers are held until their delivery has ended,
    /// and after an exception the loop reports readiness before the end of the turn.
    pub(crate) fn flush(&self, scope: &mut Scope<'_>) {
        let batched = self.sent.view(scope).all().cell(send_memory::COUNT);
        if batched.is_some_and(|batched| batched > 0) {
            self.call_with(scope, &self.flush, [0, 0], None, false);
        }
    }

    /// Asks for a call of `turned` when the loop has turned; `is_needed` says whether that keeps the program running.
    pub(crate) fn turn_over(&self, is_needed: bool) {
        if let Some(mut scope) = self.environment.scope() {
            self.call(&mut scope, &self.turn_over, [is_needed.into(), 0]);
        }
    }

    /// Calls a function as the loop does. In Node ticks and microtasks follow; elsewhere the function runs them. Whether
    /// something threw.
    fn call(&self, scope: &mut Scope<'_>, function: &Reference, arguments: [i32; 2]) -> bool {
        self.call_with(scope, function, arguments, None, true)
    }

    /// The same, with a page as the third argument if there is one. Unless ticks shall follow (`follows`), the call is a part of
    /// another one.
    fn call_with(
        &self,
        _scope: &mut Scope<'_>,
        function: &Reference,
        arguments: [i32; 2],
        page: Option<&JsMemory>,
        follows: bool,
    ) -> bool {
        if self.environment.is_ending() {
            return false;
        }
        let env = self.environment.raw();
        let callee = function.value();
        if callee.is_null() {
            return false; // collected, with every socket closed
        }
        let (mut receiver, mut result) = (null_mut(), null_mut());
        let mut values = [null_mut(), null_mut(), page.map_or(null_mut(), JsMemory::value)];
        // SAFETY: the environment is not ending, this is its thread, and a scope is open, in which the function lives; the out
        // pointers are live locals.
        unsafe {
            for (value, argument) in values.iter_mut().zip(arguments) {
                sys::napi_create_int32(env, argument, value);
            }
            sys::napi_get_global(env, &mut receiver);
            let (count, values, none) = (2 + usize::from(page.is_some()), values.as_ptr(), null_mut());
            let status = match self.environment.host() {
                Host::Node if follows => {
                    sys::napi_make_callback(env, none, receiver, callee, count, values, &mut result)
                }
                // Outside Node neither ticks nor microtasks would follow that, and Deno would not say what was thrown.
                _ => sys::napi_call_function(env, receiver, callee, count, values, &mut result),
            };
            status != sys::Status::napi_ok && self.raise_pending()
        }
    }

    /// Makes what was thrown an uncaught exception, as the loop does with what leaves its callbacks. JavaScript calls this
    /// with what it caught where a throw up to [`call`](Self::call) would leave the async hooks of the thrower behind.
    pub(crate) fn raise(&self, thrown: &Unknown<'_>) {
        // SAFETY: a live handle of the current call from JavaScript, in this environment's own thread.
        unsafe { sys::napi_fatal_exception(self.environment.raw(), thrown.raw()) };
    }

    /// Makes the pending exception an uncaught one; whether there was any. Where JavaScript may not run any more, there is
    /// none.
    ///
    /// # Safety
    ///
    /// The environment is alive, this is its thread, and a handle scope is open.
    unsafe fn raise_pending(&self) -> bool {
        let env = self.environment.raw();
        let (mut pending, mut exception) = (false, null_mut());
        // SAFETY: the caller's promise.
        unsafe {
            sys::napi_is_exception_pending(env, &mut pending);
            if pending {
                sys::napi_get_and_clear_last_exception(env, &mut exception);
                sys::napi_fatal_exception(env, exception);
            }
        }
        pending
    }
}

type Work<const N: usize> = Box<dyn Fn([i32; N]) -> i32>;

/// A function of this name that does `work`, and lives as long as JavaScript has it. What is no number counts as 0.
pub(crate) fn function<'env, const N: usize>(
    env: &'env Env,
    name: &CStr,
    work: impl Fn([i32; N]) -> i32 + 'static,
) -> napi::Result<Unknown<'env>> {
    let mut value = null_mut();
    let data: *mut Work<N> = Box::into_raw(Box::new(Box::new(work)));
    // SAFETY: env is the environment that is calling us; data stays valid until release, which the function's finalizer
    // calls when it cannot be called any more.
    unsafe {
        let status = sys::napi_create_function(env.raw(), name.as_ptr(), -1, Some(run::<N>), data.cast(), &mut value);
        check(status, "napi_create_function")?;
        let none = null_mut();
        let status = sys::napi_add_finalizer(env.raw(), value, data.cast(), Some(release::<N>), none, null_mut());
        check(status, "napi_add_finalizer")?;
        Ok(Unknown::from_raw_unchecked(env.raw(), value))
    }
}

unsafe extern "C" fn run<const N: usize>(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let (mut data, mut count, mut given, mut result) = (null_mut(), N, [null_mut(); N], null_mut());
    let mut numbers = [0; N];
    // SAFETY: a callback of Node's, whose info belongs to this call; `given` has room for `count` values, and Node fills
    // what was not given with undefined; data is the Work that `function` gave it.
    unsafe {
        sys::napi_get_cb_info(env, info, &mut count, given.as_mut_ptr(), null_mut(), &mut data);
        for (number, value) in numbers.iter_mut().zip(given) {
            sys::napi_get_value_int32(env, value, number);
        }
        let work = &*data.cast::<Work<N>>();
        // A panic must not unwind into Node; its message has been printed by then.
        if let Ok(answer) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(numbers))) {
            sys::napi_create_int32(env, answer, &mut result);
        }
    }
    result
}

unsafe extern "C" fn release<const N: usize>(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: the Work that `function` boxed, released once.
    drop(unsafe { Box::from_raw(data.cast::<Work<N>>()) });
}

/// A reference to a value of JavaScript's, in the environment's thread.
struct Reference {
    environment: Rc<Environment>,
    raw: sys::napi_ref,
}

impl Reference {
    /// A weak reference, to a function or an object: it does not keep the value.
    fn weak(environment: &Rc<Environment>, value: &Unknown<'_>) -> napi::Result<Self> {
        // SAFETY: the value is a live handle of the current call.
        unsafe { Self::new(environment, value.raw(), 0) }
    }

    /// A strong reference: it keeps the value.
    ///
    /// # Safety
    ///
    /// The value is a handle of a scope that is open.
    unsafe fn strong(environment: &Rc<Environment>, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: the caller's promise.
        unsafe { Self::new(environment, value, 1) }
    }

    /// # Safety
    ///
    /// The value is a handle of a scope that is open.
    unsafe fn new(environment: &Rc<Environment>, value: sys::napi_value, count: u32) -> napi::Result<Self> {
        let mut raw = null_mut();
        // SAFETY: the caller's promise; the environment is calling us, and the out pointer is a live local.
        let status = unsafe { sys::napi_create_reference(environment.raw(), value, count, &mut raw) };
        check(status, "napi_create_reference")?;
        Ok(Reference { environment: environment.clone(), raw })
    }

    /// The value, in the scope that is open; null if it has been collected.
    fn value(&self) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: the reference is there while self lives; the out pointer is a live local.
        unsafe { sys::napi_get_reference_value(self.environment.raw(), self.raw, &mut value) };
        value
    }

    /// Keeps the value of a weak reference, or leaves it to JavaScript again.
    fn keep(&self, on: bool) {
        if self.environment.is_ending() {
            return;
        }
        let mut count = 0;
        // SAFETY: the environment is alive, the reference there while self lives, and the out pointer a live local.
        unsafe {
            match on {
                true => sys::napi_reference_ref(self.environment.raw(), self.raw, &mut count),
                false => sys::napi_reference_unref(self.environment.raw(), self.raw, &mut count),
            }
        };
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // An environment that ends frees its references itself.
        if !self.environment.is_ending() {
            // SAFETY: made by `new`, deleted once, in an environment that is alive.
            unsafe { sys::napi_delete_reference(self.environment.raw(), self.raw) };
        }
    }
}

/// An `ArrayBuffer`.
pub(crate) struct JsMemory {
    environment: Rc<Environment>,
    buffer: Reference,
    /// Where it was the last time.
    last: Cell<(*mut u8, usize)>,
}

impl JsMemory {
    /// One that JavaScript has made, and keeps with its parts.
    fn of_parts(environment: &Rc<Environment>, buffer: &Unknown) -> napi::Result<Self> {
        let mut is_buffer = false;
        // SAFETY: the value is a live handle of the current call, and the out pointer is a live local.
        let status = unsafe { sys::napi_is_arraybuffer(environment.raw(), buffer.raw(), &mut is_buffer) };
        check(status, "napi_is_arraybuffer")?;
        if !is_buffer {
            return Err(napi::Error::from_reason("no ArrayBuffer"));
        }
        Ok(JsMemory::of(environment, Reference::weak(environment, buffer)?))
    }

    /// A new one of zeros, which is kept, if there is the memory.
    pub(crate) fn zeroed(environment: &Rc<Environment>, _scope: &Scope<'_>, bytes: usize) -> Option<Self> {
        let (mut data, mut buffer) = (null_mut(), null_mut());
        // SAFETY: the environment is alive and a scope is open; the out pointers are live locals.
        let reference = unsafe {
            match sys::napi_create_arraybuffer(environment.raw(), bytes, &mut data, &mut buffer) {
                sys::Status::napi_ok => Reference::strong(environment, buffer).ok()?,
                _ => return None,
            }
        };
        Some(JsMemory::of(environment, reference))
    }

    fn of(environment: &Rc<Environment>, buffer: Reference) -> Self {
        JsMemory { environment: environment.clone(), buffer, last: Cell::new((null_mut(), 0)) }
    }

    /// Its bytes as they are now: none if it is detached.
    pub(crate) fn view<'s>(&'s self, scope: &'s Scope<'_>) -> JsBytes<'s> {
        // Deno cannot be asked at the end. There the memory is where it was: the package gives it to no program, and the clean-up
        // hooks run before JavaScript's memory is freed.
        let (data, length) = if self.environment.has_values() { self.ask() } else { self.last.get() };
        let views = &scope.environment.views;
        views.set(views.get() + 1);
        JsBytes { window: Window { data, length, of: PhantomData }, views }
    }

    /// Where it is now.
    fn ask(&self) -> (*mut u8, usize) {
        let (mut data, mut length, buffer) = (null_mut(), 0, self.value());
        let is_there = !buffer.is_null();
        // SAFETY: a scope is open, in which the buffer lives; the out pointers are live locals. A detached one has no bytes.
        let has_bytes = is_there
            && unsafe { sys::napi_get_arraybuffer_info(self.environment.raw(), buffer, &mut data, &mut length) }
                == sys::Status::napi_ok
            && !data.is_null();
        self.last.set((data.cast(), if has_bytes { length } else { 0 }));
        self.last.get()
    }

    /// The `ArrayBuffer` itself, in the scope that is open; null if JavaScript's parts have been collected.
    fn value(&self) -> sys::napi_value {
        self.buffer.value()
    }
}

/// The bytes of a [`JsMemory`] while no JavaScript runs: its scope is borrowed, and the environment opens no other.
pub(crate) struct JsBytes<'s> {
    window: Window<'s>,
    views: &'s Cell<usize>,
}

impl JsBytes<'_> {
    pub(crate) fn all(&self) -> Window<'_> {
        self.window
    }
}

impl Drop for JsBytes<'_> {
    fn drop(&mut self) {
        self.views.set(self.views.get() - 1);
    }
}

/// A part of JavaScript's memory, while there is a [`JsBytes`] of it.
#[derive(Clone, Copy)]
pub(crate) struct Window<'b> {
    data: *mut u8,
    length: usize,
    of: PhantomData<&'b [u8]>,
}

impl<'b> Window<'b> {
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The part from there on; nothing past the end.
    pub(crate) fn from(&self, start: usize) -> Self {
        let start = start.min(self.length);
        Window { data: self.data.wrapping_add(start), length: self.length - start, of: PhantomData }
    }

    /// The part before that; all of it if it is shorter.
    pub(crate) fn until(&self, end: usize) -> Self {
        Window { length: end.min(self.length), ..*self }
    }

    /// Copies these bytes to there; nothing if they do not fit.
    pub(crate) fn write(&self, at: usize, bytes: &[u8]) -> Option<()> {
        let to = self.place(at, bytes.len())?;
        // SAFETY: `place` has room for so many bytes, which are not Rust's.
        unsafe { copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        Some(())
    }

    /// The numbers of a row of a table; nothing if there is no such row.
    pub(crate) fn row<const N: usize>(&self, index: usize) -> Option<[i32; N]> {
        let from = self.place(index.checked_mul(size_of::<[i32; N]>())?, size_of::<[i32; N]>())?;
        // SAFETY: `place` has room for them, and any bytes are numbers.
        Some(unsafe { from.cast::<[i32; N]>().read_unaligned() })
    }

    /// Writes a row of a table; nothing if there is no such row.
    pub(crate) fn set_row<const N: usize>(&self, index: usize, row: [i32; N]) -> Option<()> {
        let to = self.place(index.checked_mul(size_of::<[i32; N]>())?, size_of::<[i32; N]>())?;
        // SAFETY: `place` has room for them.
        unsafe { to.cast::<[i32; N]>().write_unaligned(row) };
        Some(())
    }

    /// One number of a table.
    pub(crate) fn cell(&self, index: usize) -> Option<i32> {
        self.row::<1>(index).map(|[number]| number)
    }

    pub(crate) fn set_cell(&self, index: usize, number: i32) -> Option<()> {
        self.set_row(index, [number])
    }

    /// These bytes, for as long as no JavaScript runs; nothing if there are not so many. Only for memory that no other thread
    /// writes, because the package keeps it to itself.
    pub(crate) fn bytes(&self, start: usize, length: usize) -> Option<&'b [u8]> {
        let from = self.place(start, length)?;
        // SAFETY: `place` has so many initialised bytes; the package's JavaScript hands out no view of the memory that sends
        // are batched in, and runs none of its own meanwhile.
        Some(unsafe { std::slice::from_raw_parts(from, length) })
    }

    /// Lets the kernel write to all of it.
    pub(crate) fn fill<T>(self, fill: impl FnOnce(&mut [u8]) -> T) -> T {
        if self.length == 0 {
            return fill(&mut []);
        }
        // SAFETY: initialised bytes that no other slice of Rust's covers. A program that lets another thread write to what it has
        // not been given may find any bytes there; `fill` passes the address on to the kernel and reads nothing.
        fill(unsafe { std::slice::from_raw_parts_mut(self.data, self.length) })
    }

    fn place(&self, at: usize, length: usize) -> Option<*mut u8> {
        (at.checked_add(length)? <= self.length).then(|| self.data.wrapping_add(at))
    }
}

#[cfg(any(test, fuzzing))]
impl<'b> Window<'b> {
    /// For tests, which have no JavaScript.
    pub(crate) fn of(bytes: &'b mut [u8]) -> Self {
        Window { data: bytes.as_mut_ptr(), length: bytes.len(), of: PhantomData }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_written() {
        let mut memory = [0; 8];
        let window = Window::of(&mut memory);
        assert_eq!(window.write(6, &[1, 2]), Some(()));
        assert_eq!(window.write(7, &[3, 4]), None);
        assert_eq!(window.write(usize::MAX, &[3, 4]), None);
        assert_eq!(window.set_row(1, [0x0201_0000]), Some(()));
        assert_eq!(window.set_row(2, [7]), None);
        assert_eq!(window.row::<2>(0), Some([0, 0x0201_0000]));
        assert_eq!(window.row::<1>(usize::MAX), None);
        assert_eq!(window.bytes(7, 2), None);
    }

    #[test]
    fn a_window_ends_where_its_memory_does() {
        let mut memory = [0; 8];
        let window = Window::of(&mut memory);
        assert_eq!((window.from(3).len(), window.from(9).len()), (5, 0));
        assert_eq!((window.until(3).len(), window.until(9).len()), (3, 8));
        assert_eq!(window.until(4).from(2).write(2, &[1]), None);
    }
}
