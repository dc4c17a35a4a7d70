//! The native half of the npm package `heliogram`: it converts, calls and converts back. The rules of the socket are
//! the crate `heliogram`'s; what only JavaScript has is in `node/lib`.
#![deny(unsafe_code)]

#[cfg(unix)]
mod adopted;
#[cfg(not(unix))]
#[path = "adopted_unsupported.rs"]
mod adopted;
mod exports;
#[allow(unsafe_code, reason = "the one folder for raw Node-API and libuv calls")]
mod ffi;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod layout;
mod outcome;
mod policy;
mod receive;
mod send;
mod socket;
mod thread_sockets;
#[cfg(unix)]
mod unix_datagram;
