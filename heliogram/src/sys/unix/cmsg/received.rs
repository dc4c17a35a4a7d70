//! What control messages say of a received datagram, in one `Copy` value.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::control::field;
use crate::types::metadata::RecvMetadata;

/// What the kernel reported with one datagram, as far as the socket asked for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Received {
    /// How it arrived.
    pub(crate) metadata: RecvMetadata,
    /// The size of the segments, if it is a GRO packet (`UDP_GRO`, Linux).
    pub(crate) segment_size: Option<u16>,
    /// The error that an earlier datagram met (`IP_RECVERR`, `IPV6_RECVERR`, Linux). The datagram that it came with is
    /// the one sent, and its address the one it was sent to.
    pub(crate) error: Option<ExtendedError>,
}

impl Received {
    /// `struct in_pktinfo`: ipi_ifindex, ipi_spec_dst, ipi_addr; the same on every system that has it.
    #[cfg_attr(target_os = "freebsd", expect(dead_code, reason = "FreeBSD has no IP_PKTINFO"))]
    pub(super) fn packet_info(&mut self, data: &[u8]) -> Option<()> {
        let (interface, local, destination) = (field(data, 0)?, field::<4>(data, 4)?, field::<4>(data, 8)?);
        self.metadata.interface = Some(u32::from_ne_bytes(interface));
        self.metadata.local_ip = Some(Ipv4Addr::from(local).into());
        self.metadata.destination = Some(Ipv4Addr::from(destination).into());
        Some(())
    }

    /// `struct in6_pktinfo`: ipi6_addr, ipi6_ifindex. A group's address is nothing to answer from.
    pub(super) fn packet_info6(&mut self, data: &[u8]) -> Option<()> {
        let (destination, interface) = (field::<16>(data, 0)?, field(data, 16)?);
        let destination = Ipv6Addr::from(destination);
        self.metadata.interface = Some(u32::from_ne_bytes(interface));
        self.metadata.destination = Some(destination.into());
        self.metadata.local_ip = Some(IpAddr::V6(destination)).filter(|address| !address.to_canonical().is_multicast());
        Some(())
    }
}

/// An error from the socket's error queue (`struct sock_extended_err` of `ip(7)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExtendedError {
    /// The system's number, positive: `ECONNREFUSED`, `EMSGSIZE`, `EHOSTUNREACH`.
    pub(crate) errno: i32,
    pub(crate) origin: ErrorOrigin,
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
pub(crate) enum ErrorOrigin {
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
    /// One that this list does not have.
    Other(u8),
}
