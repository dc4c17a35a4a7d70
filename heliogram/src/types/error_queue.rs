//! [`ErrorQueueEntry`]: what the kernel reports later about datagrams that were sent.
//!
//! Sources: `ip(7)` and `ipv6(7)` for `IP_RECVERR`, `recv(2)` for `MSG_ERRQUEUE`; RFC 792 (ICMP), RFC 4443 (ICMPv6); the
//! kernel's `networking/timestamping`.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

/// One entry of a socket's error queue, as [`Socket::try_recv_error_queue`](crate::Socket::try_recv_error_queue) takes it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorQueueEntry {
    /// An error that a datagram met, of a socket with [`set_recv_errors`](crate::SocketControl::set_recv_errors).
    Error(QueuedError),
    /// When a datagram left, of a socket with [`set_transmit_timestamps`](crate::SocketControl::set_transmit_timestamps).
    TransmitTimestamp(TransmitTimestamp),
}

/// An error that a datagram met on its way: what, where it was going, and who says so (`struct sock_extended_err`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueuedError {
    /// Where the datagram was going.
    pub peer: Option<SocketAddr>,
    /// Who reports it: the router or host that sent the ICMP message. `None` for an error of this host.
    pub offender: Option<IpAddr>,
    /// Where the error comes from.
    pub origin: ErrorOrigin,
    /// The ICMP message's type: 3 for "destination unreachable" (ICMPv6: 1).
    pub icmp_type: u8,
    /// The ICMP message's code: 3 for "port unreachable" (ICMPv6: 4).
    pub icmp_code: u8,
    /// The path's MTU in bytes, IP header included, where the error is that the datagram exceeded it.
    pub mtu: Option<u32>,
    /// The system's error number, **negative** as [`Error::errno`](crate::Error::errno) has it.
    pub errno: i32,
}

/// Where a [`QueuedError`] comes from (`SO_EE_ORIGIN_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorOrigin {
    /// This host.
    Local,
    /// An ICMP message.
    Icmp,
    /// An ICMPv6 message.
    Icmp6,
    /// What this list does not have.
    Other(u8),
}

/// When a datagram left that had [`SendOptions::transmit_timestamp`](crate::SendOptions::transmit_timestamp).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransmitTimestamp {
    /// Which: the datagrams that ask are numbered from 0 in the order in which the kernel took them, modulo 2³².
    pub id: u32,
    /// When the kernel gave it to the device, by the system's clock.
    pub software_timestamp: Option<SystemTime>,
    /// When the device put it on the wire, by the device's own clock.
    pub hardware_timestamp: Option<Duration>,
}
