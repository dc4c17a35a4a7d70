//! How readiness reaches the JavaScript thread, and what the two sides share: the only raw Node-API and libuv calls.
//!
//! In Node readiness comes from Node's own loop through `uv_poll` ([`uv`]), elsewhere from a poll thread ([`thread`]).

mod call;
mod channel;
#[cfg(unix)]
pub(crate) mod descriptor;
pub(crate) mod errno;
mod life;
mod page;
mod poll;
mod poller;
mod thread;
mod timer;
mod uv;
mod wake;

pub(crate) use call::function;
pub(crate) use channel::{Channel, Parts, Slab};
pub(crate) use life::{Life, Work};
pub(crate) use page::Page;
pub(crate) use poll::{Host, Interest, Loop, Poll, Ready, Watched, Watcher};
pub(crate) use timer::Timer;

/// A Node-API call that failed though it had no reason to.
pub(crate) fn check(status: napi::sys::napi_status, call: &str) -> napi::Result<()> {
    match status {
        napi::sys::Status::napi_ok => Ok(()),
        status => Err(napi::Error::new(napi::Status::from(status), format!("{call} failed"))),
    }
}

/// A panic must not unwind into the runtime; its message has been printed by then, and the loop goes on.
fn guarded(call: impl FnOnce()) {
    drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)));
}
