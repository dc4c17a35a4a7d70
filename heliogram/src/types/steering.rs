//! [`Steering`]: which of the sockets that share a port gets a datagram.

/// Which of the sockets that share a port gets a datagram: for
/// [`Socket::set_reuse_port_steering`](crate::SocketControl::set_reuse_port_steering).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Steering {
    /// One and the same for all that comes from one address and port to one of ours: how they begin.
    Flow,
    /// The one whose number is the processor's that handles the packet, modulo `sockets`.
    Cpu {
        /// How many sockets share the port.
        sockets: u32,
    },
    /// The one whose number is the message's byte at `offset`, modulo `sockets`: a session's id, wherever it comes from. A
    /// message that is too short goes to the first.
    Byte {
        /// Where the byte is, from the beginning of the message.
        offset: u32,
        /// How many sockets share the port.
        sockets: u32,
    },
}
