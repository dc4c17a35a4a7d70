//! The state machine joined to a descriptor. Nothing here waits.

mod control;
mod errors;
mod lifecycle;
mod multicast;
mod offload;
mod sockopt;
mod transfer;

pub use control::SocketControl;
pub use lifecycle::Socket;
