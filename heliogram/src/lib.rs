//! Datagram sockets: Node's `node:dgram` `Socket` as a Rust library.
#![deny(unsafe_code, missing_docs)]

pub mod addr;
mod batch;
mod error;
mod options;
pub mod queue;
mod socket;
pub mod state;
#[allow(unsafe_code, reason = "the one room for system calls")]
mod sys;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use addr::{Interface, RemoteInfo};
pub use batch::{Datagram, MAX_MESSAGE, Message, RecvBatch};
pub use error::{Code, Error, Result};
pub use options::{BlockList, SocketOptions, SocketType};
pub use socket::Socket;
pub use sys::{Borrowed, Descriptor};
