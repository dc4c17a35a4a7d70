//! What Rust and JavaScript share: memory for a received batch, memory for batched sends (`layout.rs`), and the functions of
//! JavaScript that are called once for each batch.

use std::ptr::null_mut;
use std::rc::Rc;

use napi::{JsValue, Unknown, sys};

use super::common::{Host, check};
use super::environment::{Environment, Scope};
use super::js_memory::JsMemory;
use crate::layout::{deliver, recv_memory, send_memory};

/// What JavaScript hands over.
pub(crate) struct Parts<'env> {
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
    deliver: sys::napi_ref,
    settle: sys::napi_ref,
    ready: sys::napi_ref,
    turn_over: sys::napi_ref,
    flush: sys::napi_ref,
    /// Where a received batch is put.
    pub(crate) received: JsMemory,
    /// Where JavaScript has put batched sends.
    pub(crate) sent: JsMemory,
}

impl JsBridge {
    pub(crate) fn new(environment: &Rc<Environment>, parts: &Parts<'_>) -> napi::Result<Self> {
        let keep = |function: &Unknown<'_>| keep(environment, function);
        Ok(JsBridge {
            environment: environment.clone(),
            deliver: keep(&parts.deliver)?,
            settle: keep(&parts.settle)?,
            ready: keep(&parts.ready)?,
            turn_over: keep(&parts.turn_over)?,
            flush: keep(&parts.flush)?,
            received: JsMemory::keep(environment, &parts.received)?,
            sent: JsMemory::keep(environment, &parts.sent)?,
        })
    }

    /// Delivers `count` messages, which are in the memory of received batches or in a page, to a socket's listeners; how many were
    /// delivered, which is less if the socket stops receiving. What a listener throws is an uncaught exception of its own, and the
    /// other messages are delivered all the same if the process survives it. In Node, ticks that are due then wait for the next
    /// callback, unless `again` asks for one, given how many were delivered; elsewhere only this runs them.
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
            let threw = self.call_with(scope, self.deliver, [socket.cast_signed(), what], page, true);
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
        self.call(scope, self.deliver, [socket.cast_signed(), deliver::ERROR_QUEUE]);
    }

    /// Reports the outcome of a send that had to wait: its size, or a negative number of the system's.
    pub(crate) fn settle(&self, scope: &mut Scope<'_>, token: u32, outcome: i32) {
        self.call(scope, self.settle, [token.cast_signed(), outcome]);
    }

    /// Says what a Unix datagram socket is ready for ([`unix_ready`](crate::layout::unix_ready)).
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no Unix datagram sockets"))]
    pub(crate) fn ready(&self, scope: &mut Scope<'_>, socket: u32, what: i32) {
        self.call(scope, self.ready, [socket.cast_signed(), what]);
    }

    /// Flushes batched sends. They are flushed at the end of their turn anyway; but answers are held until their delivery has ended,
    /// and after an exception the loop reports readiness before the end of the turn.
    pub(crate) fn flush(&self, scope: &mut Scope<'_>) {
        let batched = self.sent.view(scope).all().cell(send_memory::COUNT);
        if batched.is_some_and(|batched| batched > 0) {
            self.call_with(scope, self.flush, [0, 0], None, false);
        }
    }

    /// Asks for a call of `turned` when the loop has turned; `is_needed` says whether that keeps the program running.
    pub(crate) fn turn_over(&self, is_needed: bool) {
        if let Some(mut scope) = self.environment.scope() {
            self.call(&mut scope, self.turn_over, [is_needed.into(), 0]);
        }
    }

    /// Calls a function as the loop does. In Node ticks and microtasks follow; elsewhere the function runs them. Whether
    /// something threw.
    fn call(&self, scope: &mut Scope<'_>, function: sys::napi_ref, arguments: [i32; 2]) -> bool {
        self.call_with(scope, function, arguments, None, true)
    }

    /// The same with a page, if there is one, as the third argument; as a part of something else, nothing `follows`.
    fn call_with(
        &self,
        _scope: &mut Scope<'_>,
        function: sys::napi_ref,
        arguments: [i32; 2],
        page: Option<&JsMemory>,
        follows: bool,
    ) -> bool {
        if self.environment.is_ending() {
            return false;
        }
        let env = self.environment.raw();
        let (mut callee, mut receiver, mut result) = (null_mut(), null_mut(), null_mut());
        let mut values = [null_mut(), null_mut(), page.map_or(null_mut(), JsMemory::value)];
        // SAFETY: the environment is not ending, this is its thread, and a scope is open; the function's reference is kept until the
        // environment ends, and the out pointers are live locals.
        unsafe {
            for (value, argument) in values.iter_mut().zip(arguments) {
                sys::napi_create_int32(env, argument, value);
            }
            sys::napi_get_reference_value(env, function, &mut callee);
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

/// A reference that is freed with the environment.
fn keep(environment: &Environment, function: &Unknown<'_>) -> napi::Result<sys::napi_ref> {
    let mut reference = null_mut();
    // SAFETY: the value is a live handle of the current call.
    let status = unsafe { sys::napi_create_reference(environment.raw(), function.raw(), 1, &mut reference) };
    check(status, "napi_create_reference")?;
    Ok(reference)
}
