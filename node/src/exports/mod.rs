//! What JavaScript sees: each function converts, calls and converts back.

mod error_queue;
mod fast_calls;
mod handle;
mod recv_metadata;
mod send_options;
mod socket_options;
mod sockopt;
mod thread_sockets;
#[cfg(unix)]
mod unix_datagram;
