//! All raw Node-API, libuv and system calls of the addon: memory and functions that Rust and JavaScript share, readiness, the
//! end of an environment.

pub(crate) mod cpu_time;
mod environment;
pub(crate) mod errno;
#[cfg(unix)]
pub(crate) mod fd;
mod js_bridge;
mod readiness;

pub(crate) use environment::{AtEnd, Environment, Host, Scope};
pub(crate) use js_bridge::{JsBridge, JsMemory, Parts, Window, function};
pub(crate) use readiness::{Interest, Ready, Timer, Watch, Watchable, Watched, Watcher, Watches, watchable};
