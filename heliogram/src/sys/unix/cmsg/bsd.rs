//! macOS and FreeBSD: the control messages of `ip(4)`, `ip6(4)` and `getsockopt(2)`.
//!
//! Neither has GSO, GRO, drop counts, transmit times or an error queue.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use libc::{
    IP_RECVTOS, IP_RECVTTL, IP_TOS, IPPROTO_IP, IPPROTO_IPV6, IPV6_HOPLIMIT, IPV6_PKTINFO, IPV6_TCLASS, SCM_TIMESTAMP,
    SOL_SOCKET, c_int,
};

use super::attribute::{Attribute, Refused};
use super::control::{Encoder, Message, field};
use super::received::Received;
use crate::types::credentials::Credentials;
use crate::types::metadata::TrafficClass;

/// Every message that [`decode`] understands, and the bytes of its data at most.
pub(super) const UNDERSTOOD: &[(c_int, c_int, usize)] = &[
    #[cfg(target_vendor = "apple")]
    (IPPROTO_IP, libc::IP_PKTINFO, size_of::<libc::in_pktinfo>()),
    (IPPROTO_IP, libc::IP_RECVDSTADDR, size_of::<libc::in_addr>()),
    (IPPROTO_IP, libc::IP_RECVIF, size_of::<libc::sockaddr_dl>()),
    (IPPROTO_IPV6, IPV6_PKTINFO, size_of::<libc::in6_pktinfo>()),
    (IPPROTO_IP, IP_RECVTOS, size_of::<c_int>()),
    (IPPROTO_IPV6, IPV6_TCLASS, size_of::<c_int>()),
    (IPPROTO_IP, IP_RECVTTL, size_of::<c_int>()),
    (IPPROTO_IPV6, IPV6_HOPLIMIT, size_of::<c_int>()),
    (SOL_SOCKET, SCM_TIMESTAMP, size_of::<libc::timeval>()),
];

pub(super) fn encode(to: &mut Encoder<'_>, attribute: Attribute) -> Result<(), Refused> {
    match attribute {
        Attribute::Source4 { address, interface } => source4(to, address, interface),
        Attribute::Source6 { address, interface } => {
            to.message(IPPROTO_IPV6, IPV6_PKTINFO, &[&address.octets(), &interface.to_ne_bytes()])
        }
        Attribute::Tos(byte) => tos(to, byte),
        Attribute::TrafficClass(byte) => to.message(IPPROTO_IPV6, IPV6_TCLASS, &[&c_int::from(byte).to_ne_bytes()]),
        Attribute::HopLimit(hops) => to.message(IPPROTO_IPV6, IPV6_HOPLIMIT, &[&c_int::from(hops).to_ne_bytes()]),
        Attribute::Ttl(_) | Attribute::SegmentSize(_) | Attribute::TransmitTime(_) | Attribute::Timestamp => {
            Err(Refused::Unsupported)
        }
    }
}

/// `struct in_pktinfo`: ipi_ifindex, ipi_spec_dst (the source to be), ipi_addr (not looked at).
#[cfg(target_vendor = "apple")]
fn source4(to: &mut Encoder<'_>, address: Ipv4Addr, interface: u32) -> Result<(), Refused> {
    to.message(IPPROTO_IP, libc::IP_PKTINFO, &[&interface.to_ne_bytes(), &address.octets(), &[0; 4]])
}

/// FreeBSD takes an address only; who asks for an interface hears that it cannot be had.
#[cfg(not(target_vendor = "apple"))]
fn source4(to: &mut Encoder<'_>, address: Ipv4Addr, interface: u32) -> Result<(), Refused> {
    match interface {
        0 => to.message(IPPROTO_IP, libc::IP_SENDSRCADDR, &[&address.octets()]),
        _ => Err(Refused::Unsupported),
    }
}

#[cfg(target_vendor = "apple")]
fn tos(to: &mut Encoder<'_>, byte: u8) -> Result<(), Refused> {
    to.message(IPPROTO_IP, IP_TOS, &[&c_int::from(byte).to_ne_bytes()])
}

/// FreeBSD refuses any other length than one byte.
#[cfg(not(target_vendor = "apple"))]
fn tos(to: &mut Encoder<'_>, byte: u8) -> Result<(), Refused> {
    to.message(IPPROTO_IP, IP_TOS, &[&[byte]])
}

/// The size of a GRO packet's segments: there is no GRO here.
#[inline]
pub(crate) fn segment_size(_control: &[u8]) -> Option<u16> {
    None
}

/// Nobody asks for them here.
pub(super) fn credentials(_message: Message<'_>) -> Option<Credentials> {
    None
}

pub(super) fn decode(message: Message<'_>, received: &mut Received) {
    match (message.level, message.kind) {
        #[cfg(target_vendor = "apple")]
        (IPPROTO_IP, libc::IP_PKTINFO) => received.packet_info(message.data).unwrap_or_default(),
        (IPPROTO_IP, libc::IP_RECVDSTADDR) => received.metadata.destination = destination(message.data),
        // struct sockaddr_dl: sdl_len, sdl_family, sdl_index
        (IPPROTO_IP, libc::IP_RECVIF) => {
            received.metadata.interface = field(message.data, 2).map(u16::from_ne_bytes).map(u32::from)
        }
        (IPPROTO_IPV6, IPV6_PKTINFO) => received.packet_info6(message.data).unwrap_or_default(),
        (IPPROTO_IP, IP_RECVTOS) | (IPPROTO_IPV6, IPV6_TCLASS) => {
            received.metadata.traffic_class = message.small().map(TrafficClass);
        }
        (IPPROTO_IP, IP_RECVTTL) | (IPPROTO_IPV6, IPV6_HOPLIMIT) => received.metadata.hop_limit = message.small(),
        (SOL_SOCKET, SCM_TIMESTAMP) => received.metadata.software_timestamp = timeval(message.data),
        _ => {}
    }
}

fn destination(data: &[u8]) -> Option<IpAddr> {
    field::<4>(data, 0).map(|octets| Ipv4Addr::from(octets).into())
}

/// `struct timeval`: tv_sec, tv_usec, each of this system's own width.
fn timeval(data: &[u8]) -> Option<SystemTime> {
    let seconds = libc::time_t::from_ne_bytes(field(data, 0)?).try_into().ok()?;
    let microseconds = libc::suseconds_t::from_ne_bytes(field(data, size_of::<libc::time_t>())?);
    let microseconds = u32::try_from(microseconds).ok().filter(|&part| part < 1_000_000)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, microseconds * 1000))
}

/// Reads back what [`encode`] has written.
#[cfg(test)]
pub(super) fn attribute(message: Message<'_>) -> Option<Attribute> {
    let data = message.data;
    Some(match (message.level, message.kind) {
        #[cfg(target_vendor = "apple")]
        (IPPROTO_IP, libc::IP_PKTINFO) => {
            Attribute::Source4 { address: field::<4>(data, 4)?.into(), interface: u32::from_ne_bytes(field(data, 0)?) }
        }
        #[cfg(not(target_vendor = "apple"))]
        (IPPROTO_IP, libc::IP_SENDSRCADDR) => Attribute::Source4 { address: field::<4>(data, 0)?.into(), interface: 0 },
        (IPPROTO_IPV6, IPV6_PKTINFO) => Attribute::Source6 {
            address: field::<16>(data, 0)?.into(),
            interface: u32::from_ne_bytes(field(data, 16)?),
        },
        (IPPROTO_IP, IP_TOS) => Attribute::Tos(message.small()?),
        (IPPROTO_IPV6, IPV6_TCLASS) => Attribute::TrafficClass(message.small()?),
        (IPPROTO_IPV6, IPV6_HOPLIMIT) => Attribute::HopLimit(message.small()?),
        _ => return None,
    })
}
