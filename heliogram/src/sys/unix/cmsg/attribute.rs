//! [`Attribute`]: what a control message says about a datagram that is sent.

use std::net::{Ipv4Addr, Ipv6Addr};

/// What a caller can say about one datagram, or GSO batch, that it sends.
///
/// On a dual-stack socket the destination decides: an IPv4-mapped one takes the attributes of IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// The data is a GSO batch: the kernel cuts it into datagrams of this many bytes (`UDP_SEGMENT`, Linux).
    SegmentSize(u16),
    /// Leave from this address, through the interface of this index (0: as routed) (`IP_PKTINFO`).
    /// FreeBSD has `IP_SENDSRCADDR`, which takes no interface.
    Source4 { address: Ipv4Addr, interface: u32 },
    /// The same for IPv6 (`IPV6_PKTINFO`).
    Source6 { address: Ipv6Addr, interface: u32 },
    /// The byte of DSCP and ECN (`IP_TOS`).
    Tos(u8),
    /// The same byte for IPv6 (`IPV6_TCLASS`).
    TrafficClass(u8),
    /// How many routers may forward it, 1 to 255 (`IP_TTL`, Linux).
    Ttl(u8),
    /// The same for IPv6 (`IPV6_HOPLIMIT`).
    HopLimit(u8),
    /// When to leave, in nanoseconds of the clock that `SO_TXTIME` named (`SCM_TXTIME`, Linux).
    TransmitTime(u64),
    /// Report when it leaves, the device's time and the kernel's (`SO_TIMESTAMPING`, Linux).
    Timestamp,
}

/// Why an attribute was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The buffer has no room for it.
    Full,
    /// This system has no such control message.
    #[cfg_attr(any(target_os = "linux", target_os = "android"), allow(dead_code, reason = "Linux has them all"))]
    Unsupported,
}
