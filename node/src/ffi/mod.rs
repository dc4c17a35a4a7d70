//! All raw Node-API, libuv and system calls of the addon: memory and functions that Rust and JavaScript share, readiness, the
//! end of an environment.

mod common;
pub(crate) mod cpu_time;
mod environment;
pub(crate) mod errno;
mod fast_function;
#[cfg(unix)]
pub(crate) mod fd;
mod js_bridge;
mod js_memory;
mod readiness;

pub(crate) use common::Host;
pub(crate) use environment::{AtEnd, Environment, Scope};
pub(crate) use fast_function::function;
pub(crate) use js_bridge::{JsBridge, Parts};
pub(crate) use js_memory::{JsMemory, Window};
pub(crate) use readiness::{Interest, Ready, Timer, Watch, Watchable, Watched, Watcher, Watches};
