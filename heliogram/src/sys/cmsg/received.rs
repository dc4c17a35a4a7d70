//! What control messages say of a received datagram, in one `Copy` value.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use super::field;

/// What the kernel told of one datagram, as far as the socket asked for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Received {
    /// The data is a train of datagrams of this many bytes, the last one perhaps shorter; never 0 (`UDP_GRO`, Linux).
    pub(crate) segment_size: Option<u16>,
    /// The destination in the packet's header: an address of ours, a multicast group or a broadcast address.
    /// IPv4-mapped where an IPv6 socket received by IPv4.
    pub(crate) destination: Option<IpAddr>,
    /// Our own address, to answer from. Unknown for groups of IPv6, and for IPv4 on FreeBSD.
    pub(crate) local: Option<IpAddr>,
    /// The index of the interface that it came through.
    pub(crate) interface: Option<u32>,
    /// DSCP and ECN (`IP_TOS`, `IPV6_TCLASS`).
    pub(crate) traffic_class: Option<TrafficClass>,
    /// What was left of the TTL or hop limit (`IP_TTL`, `IPV6_HOPLIMIT`).
    pub(crate) hop_limit: Option<u8>,
    /// When the kernel took it from the device (`SO_TIMESTAMPNS`, `SO_TIMESTAMPING`, `SO_TIMESTAMP`).
    pub(crate) software_time: Option<SystemTime>,
    /// When the device took it from the wire, by the device's own clock, whose zero can be any moment
    /// (`SO_TIMESTAMPING`, Linux).
    pub(crate) hardware_time: Option<Duration>,
    /// How many datagrams this socket has lost to a full buffer since it was opened, modulo 2³² (`SO_RXQ_OVFL`, Linux).
    pub(crate) dropped: Option<u32>,
    /// The error that an earlier datagram met (`IP_RECVERR`, `IPV6_RECVERR`, Linux). The datagram that it came with is
    /// the one sent, and its address the one it was sent to.
    pub(crate) error: Option<ExtendedError>,
}

impl Received {
    /// `struct in_pktinfo`: ipi_ifindex, ipi_spec_dst, ipi_addr; the same on every system that has it.
    #[cfg_attr(target_os = "freebsd", expect(dead_code, reason = "FreeBSD has no IP_PKTINFO"))]
    pub(super) fn packet_info(&mut self, data: &[u8]) -> Option<()> {
        let (interface, local, destination) = (field(data, 0)?, field::<4>(data, 4)?, field::<4>(data, 8)?);
        self.interface = Some(u32::from_ne_bytes(interface));
        self.local = Some(Ipv4Addr::from(local).into());
        self.destination = Some(Ipv4Addr::from(destination).into());
        Some(())
    }

    /// `struct in6_pktinfo`: ipi6_addr, ipi6_ifindex. A group's address is nothing to answer from.
    pub(super) fn packet_info6(&mut self, data: &[u8]) -> Option<()> {
        let (destination, interface) = (field::<16>(data, 0)?, field(data, 16)?);
        let destination = Ipv6Addr::from(destination);
        self.interface = Some(u32::from_ne_bytes(interface));
        self.destination = Some(destination.into());
        self.local = Some(IpAddr::V6(destination)).filter(|address| !address.to_canonical().is_multicast());
        Some(())
    }
}

/// The byte that IPv4 calls TOS and IPv6 traffic class: six bits of DSCP, two of ECN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TrafficClass(pub(crate) u8);

impl TrafficClass {
    /// Differentiated services codepoint, 0 to 63 (RFC 2474).
    pub(crate) const fn dscp(self) -> u8 {
        self.0 >> 2
    }

    /// Explicit congestion notification (RFC 3168).
    pub(crate) const fn ecn(self) -> Ecn {
        match self.0 & 0b11 {
            0b00 => Ecn::NotEct,
            0b01 => Ecn::Ect1,
            0b10 => Ecn::Ect0,
            _ => Ecn::Ce,
        }
    }
}

/// Explicit congestion notification: RFC 3168's names for the two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Ecn {
    /// The transport does not understand ECN.
    NotEct = 0b00,
    /// ECN-capable transport, 1 (RFC 9331: low latency).
    Ect1 = 0b01,
    /// ECN-capable transport, 0.
    Ect0 = 0b10,
    /// Congestion experienced: set by a router in place of dropping.
    Ce = 0b11,
}

/// An error from the socket's error queue (`struct sock_extended_err` of `ip(7)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExtendedError {
    /// The system's number, positive: `ECONNREFUSED`, `EMSGSIZE`, `EHOSTUNREACH`.
    pub(crate) errno: i32,
    pub(crate) origin: Origin,
    /// The ICMP message's type, or what the origin defines.
    pub(crate) kind: u8,
    /// The ICMP message's code, or what the origin defines.
    pub(crate) code: u8,
    /// What the origin defines; for `EMSGSIZE` the path's MTU.
    pub(crate) info: u32,
    pub(crate) data: u32,
    /// Who reported it: the router or host that sent the ICMP message; port 0.
    pub(crate) offender: Option<SocketAddr>,
}

impl ExtendedError {
    /// The path's MTU in bytes, IP header included, where the error is that the datagram exceeded it.
    pub(crate) fn mtu(&self) -> Option<u32> {
        (self.errno == libc::EMSGSIZE).then_some(self.info)
    }
}

/// Where an error comes from (`SO_EE_ORIGIN_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// This host.
    Local,
    /// An ICMP message.
    Icmp,
    /// An ICMPv6 message.
    Icmp6,
    /// No error: the time at which a datagram left.
    Timestamping,
    /// No error: the kernel needs the sender's memory no more (`MSG_ZEROCOPY`).
    ZeroCopy,
    /// A datagram that missed its `SCM_TXTIME`.
    TransmitTime,
    /// One that this list does not have.
    Other(u8),
}
