//! What the files of this folder share.

/// The runtime. JavaScript names it, since the symbols that a program exports prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Node,
    Deno,
    Bun,
}

/// A Node-API call that failed though it had no reason to.
pub(crate) fn check(status: napi::sys::napi_status, call: &str) -> napi::Result<()> {
    match status {
        napi::sys::Status::napi_ok => Ok(()),
        status => Err(napi::Error::new(napi::Status::from(status), format!("{call} failed"))),
    }
}

/// A panic must not unwind into the runtime; its message has been printed by then, and the loop goes on.
pub(super) fn guarded(call: impl FnOnce()) {
    drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)));
}
