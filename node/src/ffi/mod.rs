//! All raw Node-API, libuv and system calls of the addon: memory and functions that Rust and JavaScript share, readiness, the
//! end of an environment.

mod common;
mod env_cleanup;
pub(crate) mod errno;
mod fast_function;
#[cfg(unix)]
pub(crate) mod fd;
mod js_bridge;
mod page;
mod readiness;

pub(crate) use common::Host;
pub(crate) use env_cleanup::{Life, Work};
pub(crate) use fast_function::function;
pub(crate) use js_bridge::{Channel, Parts, Slab};
pub(crate) use page::Page;
pub(crate) use readiness::{Interest, Loop, Poll, Ready, Timer, Watched, Watcher};
