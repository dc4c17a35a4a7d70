//! The state machine joined to a descriptor. Nothing here waits.

mod batch_mode;
mod control;
mod conversions;
mod errors;
mod lifecycle;
mod multicast;
mod narrow_paths;
mod offload;
mod protocol_options;
mod sockopt;
mod transfer;

pub use control::SocketControl;
pub use lifecycle::Socket;
pub use multicast::multicast_interfaces;
