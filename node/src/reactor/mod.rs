//! How readiness reaches the JavaScript thread, and what the two sides share: the only raw Node-API and libuv calls.
//!
//! In Node readiness comes from Node's own loop through `uv_poll` ([`uv`]); nothing here is touched outside Node.

mod call;
mod channel;
#[cfg(unix)]
pub(crate) mod descriptor;
pub(crate) mod errno;
mod life;
mod uv;

pub(crate) use call::function;
pub(crate) use channel::{Channel, Parts, Slab};
pub(crate) use life::{Life, Work};
pub(crate) use uv::{Loop, Poll, Ready};

/// A Node-API call that failed though it had no reason to.
pub(crate) fn check(status: napi::sys::napi_status, call: &str) -> napi::Result<()> {
    match status {
        napi::sys::Status::napi_ok => Ok(()),
        status => Err(napi::Error::new(napi::Status::from(status), format!("{call} failed"))),
    }
}
