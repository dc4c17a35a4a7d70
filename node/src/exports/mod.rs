//! What JavaScript sees: each function converts, calls and converts back.

// The classes come before their other methods: napi names a class where it is declared, for the source that follows.
mod handle;
mod thread_sockets;
#[cfg(unix)]
mod unix_datagram;

mod error_queue;
mod fast_calls;
mod recv_metadata;
mod send_options;
mod socket_options;
mod sockopt;
