//! The native half of the npm package `heliogram`: it converts, calls and converts back. The rules of the socket are
//! the crate `heliogram`'s; JavaScript's manners are `node/lib`'s.
#![deny(unsafe_code)]

mod addresses;
mod arrival;
mod calls;
mod coalescing;
#[cfg(unix)]
mod descriptor;
mod endpoint;
mod environment;
mod handle;
mod knobs;
#[cfg(unix)]
mod local;
#[cfg(not(unix))]
mod no_descriptor;
mod notices;
mod numbers;
mod outgoing;
#[allow(unsafe_code, reason = "the one room for raw Node-API and libuv calls")]
mod reactor;
mod receive;
mod send;
