//! Linux: the control messages of `ip(7)`, `ipv6(7)`, `udp(7)` and `socket(7)`, and of the kernel's
//! `networking/timestamping` for `SCM_TIMESTAMPING` and `SCM_TXTIME`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::time::{Duration, SystemTime};

use libc::{
    IP_PKTINFO, IP_RECVERR, IP_TOS, IP_TTL, IPV6_HOPLIMIT, IPV6_PKTINFO, IPV6_RECVERR, IPV6_TCLASS, SCM_TIMESTAMPING,
    SCM_TIMESTAMPNS, SO_RXQ_OVFL, SO_TIMESTAMPING, SOL_IP, SOL_IPV6, SOL_SOCKET, SOL_UDP, UDP_GRO, UDP_SEGMENT, c_int,
};

use super::attribute::{Attribute, Refused};
use super::control::{Encoder, Message, Messages, field};
use super::received::{ErrorOrigin, ExtendedError, Received};
use crate::sys::unix::kernel;
use crate::types::credentials::Credentials;
use crate::types::metadata::TrafficClass;

/// Not in every `libc` crate for Linux: by definition the option's own number.
const SCM_TXTIME: c_int = kernel::SO_TXTIME;
/// `SO_EE_ORIGIN_ZEROCOPY` of `linux/errqueue.h`.
const ORIGIN_ZEROCOPY: u8 = 5;

/// `SOF_TIMESTAMPING_TX_HARDWARE` and `SOF_TIMESTAMPING_TX_SOFTWARE` of `linux/net_tstamp.h`.
const TX_BOTH: u32 = 0b11;

/// Every message that [`decode`] understands, and the bytes of its data at most.
pub(super) const UNDERSTOOD: &[(c_int, c_int, usize)] = &[
    (SOL_UDP, UDP_GRO, size_of::<c_int>()),
    (SOL_IP, IP_PKTINFO, size_of::<libc::in_pktinfo>()),
    (SOL_IPV6, IPV6_PKTINFO, size_of::<libc::in6_pktinfo>()),
    (SOL_IP, IP_TOS, size_of::<c_int>()),
    (SOL_IPV6, IPV6_TCLASS, size_of::<c_int>()),
    (SOL_IP, IP_TTL, size_of::<c_int>()),
    (SOL_IPV6, IPV6_HOPLIMIT, size_of::<c_int>()),
    (SOL_SOCKET, SCM_TIMESTAMPNS, size_of::<[i64; 2]>()),
    (SOL_SOCKET, SCM_TIMESTAMPING, size_of::<[[i64; 2]; 3]>()),
    (SOL_SOCKET, SO_RXQ_OVFL, size_of::<u32>()),
    (SOL_IP, IP_RECVERR, EXTENDED_ERROR + size_of::<libc::sockaddr_in>()),
    (SOL_IPV6, IPV6_RECVERR, EXTENDED_ERROR + size_of::<libc::sockaddr_in6>()),
];

const EXTENDED_ERROR: usize = size_of::<libc::sock_extended_err>();

#[inline]
pub(super) fn encode(to: &mut Encoder<'_>, attribute: Attribute) -> Result<(), Refused> {
    match attribute {
        Attribute::SegmentSize(bytes) => to.message(SOL_UDP, UDP_SEGMENT, &[&bytes.to_ne_bytes()]),
        // ipi_ifindex, ipi_spec_dst (the source to be), ipi_addr (not looked at)
        Attribute::Source4 { address, interface } => {
            to.message(SOL_IP, IP_PKTINFO, &[&interface.to_ne_bytes(), &address.octets(), &[0; 4]])
        }
        Attribute::Source6 { address, interface } => {
            to.message(SOL_IPV6, IPV6_PKTINFO, &[&address.octets(), &interface.to_ne_bytes()])
        }
        Attribute::Tos(byte) => to.message(SOL_IP, IP_TOS, &[&c_int::from(byte).to_ne_bytes()]),
        Attribute::TrafficClass(byte) => to.message(SOL_IPV6, IPV6_TCLASS, &[&c_int::from(byte).to_ne_bytes()]),
        Attribute::Ttl(hops) => to.message(SOL_IP, IP_TTL, &[&c_int::from(hops).to_ne_bytes()]),
        Attribute::HopLimit(hops) => to.message(SOL_IPV6, IPV6_HOPLIMIT, &[&c_int::from(hops).to_ne_bytes()]),
        Attribute::TransmitTime(time) => to.message(SOL_SOCKET, SCM_TXTIME, &[&time.to_ne_bytes()]),
        Attribute::Timestamp => to.message(SOL_SOCKET, SO_TIMESTAMPING, &[&TX_BOTH.to_ne_bytes()]),
    }
}

/// The size of a GRO packet's segments, never 0; `None` for a single datagram. Looks for nothing else: this is the way of
/// every datagram received, and there is at most this one message unless the socket asked for more.
#[inline]
pub(crate) fn segment_size(control: &[u8]) -> Option<u16> {
    Messages::new(control).filter(|message| (message.level, message.kind) == (SOL_UDP, UDP_GRO)).find_map(gro_size)
}

fn gro_size(message: Message<'_>) -> Option<u16> {
    message.int()?.try_into().ok().filter(|&bytes| bytes != 0)
}

/// `struct ucred`: pid, uid, gid.
pub(super) fn credentials(message: Message<'_>) -> Option<Credentials> {
    if (message.level, message.kind) != (SOL_SOCKET, libc::SCM_CREDENTIALS) {
        return None;
    }
    Some(Credentials {
        pid: i32::from_ne_bytes(field(message.data, 0)?),
        uid: u32::from_ne_bytes(field(message.data, 4)?),
        gid: u32::from_ne_bytes(field(message.data, 8)?),
    })
}

pub(super) fn decode(message: Message<'_>, received: &mut Received) {
    match (message.level, message.kind) {
        (SOL_UDP, UDP_GRO) => received.segment_size = received.segment_size.or(gro_size(message)),
        (SOL_IP, IP_PKTINFO) => received.packet_info(message.data).unwrap_or_default(),
        (SOL_IPV6, IPV6_PKTINFO) => received.packet_info6(message.data).unwrap_or_default(),
        (SOL_IP, IP_TOS) | (SOL_IPV6, IPV6_TCLASS) => {
            received.metadata.traffic_class = message.small().map(TrafficClass)
        }
        (SOL_IP, IP_TTL) | (SOL_IPV6, IPV6_HOPLIMIT) => received.metadata.hop_limit = message.small(),
        (SOL_SOCKET, SCM_TIMESTAMPNS) => {
            received.metadata.software_timestamp = timespec(message.data).and_then(system_time)
        }
        (SOL_SOCKET, SCM_TIMESTAMPING) => timestamping(message.data, received),
        (SOL_SOCKET, SO_RXQ_OVFL) => received.metadata.dropped_packets = field(message.data, 0).map(u32::from_ne_bytes),
        (SOL_IP, IP_RECVERR) | (SOL_IPV6, IPV6_RECVERR) => received.error = extended_error(message.data),
        _ => {}
    }
}

/// `struct scm_timestamping`: the software's time, one that is no longer used, the device's time.
fn timestamping(data: &[u8], received: &mut Received) {
    let mut times = data.chunks_exact((data.len() / 3).max(1)).map(timespec);
    received.metadata.software_timestamp =
        times.next().flatten().and_then(system_time).or(received.metadata.software_timestamp);
    received.metadata.hardware_timestamp = times.nth(1).flatten();
}

/// A `timespec` of 64 or, on older 32-bit systems, 32 bits a field; all zero where there is no time.
fn timespec(data: &[u8]) -> Option<Duration> {
    let (seconds, nanoseconds) = match data.len() {
        16 => (i64::from_ne_bytes(field(data, 0)?), i64::from_ne_bytes(field(data, 8)?)),
        8 => (i32::from_ne_bytes(field(data, 0)?).into(), i32::from_ne_bytes(field(data, 4)?).into()),
        _ => return None,
    };
    let nanoseconds = u32::try_from(nanoseconds).ok().filter(|&part| part < 1_000_000_000)?;
    Some(Duration::new(seconds.try_into().ok()?, nanoseconds)).filter(|time| !time.is_zero())
}

fn system_time(since_epoch: Duration) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(since_epoch)
}

/// `struct sock_extended_err`: ee_errno, ee_origin, ee_type, ee_code, a pad, ee_info, ee_data; then a socket address.
fn extended_error(data: &[u8]) -> Option<ExtendedError> {
    let [origin, kind, code, _] = field(data, 4)?;
    Some(ExtendedError {
        errno: i32::from_ne_bytes(field(data, 0)?),
        origin: self::origin(origin),
        kind,
        code,
        info: u32::from_ne_bytes(field(data, 8)?),
        data: u32::from_ne_bytes(field(data, 12)?),
        offender: socket_address(data.get(EXTENDED_ERROR..)?),
    })
}

fn origin(number: u8) -> ErrorOrigin {
    match number {
        libc::SO_EE_ORIGIN_LOCAL => ErrorOrigin::Local,
        libc::SO_EE_ORIGIN_ICMP => ErrorOrigin::Icmp,
        libc::SO_EE_ORIGIN_ICMP6 => ErrorOrigin::Icmp6,
        libc::SO_EE_ORIGIN_TIMESTAMPING => ErrorOrigin::Timestamping,
        ORIGIN_ZEROCOPY => ErrorOrigin::ZeroCopy,
        other => ErrorOrigin::Other(other),
    }
}

/// A `sockaddr_in` or `sockaddr_in6`; `AF_UNSPEC` where nobody else reported the error.
fn socket_address(data: &[u8]) -> Option<SocketAddr> {
    let port = u16::from_be_bytes(field(data, 2)?);
    match c_int::from(u16::from_ne_bytes(field(data, 0)?)) {
        libc::AF_INET => Some(SocketAddrV4::new(Ipv4Addr::from(field::<4>(data, 4)?), port).into()),
        libc::AF_INET6 => {
            let flow = u32::from_ne_bytes(field(data, 4)?);
            let scope = u32::from_ne_bytes(field(data, 24)?);
            Some(SocketAddrV6::new(Ipv6Addr::from(field::<16>(data, 8)?), port, flow, scope).into())
        }
        _ => None,
    }
}

/// Reads back what [`encode`] has written.
#[cfg(test)]
pub(super) fn attribute(message: Message<'_>) -> Option<Attribute> {
    let data = message.data;
    Some(match (message.level, message.kind) {
        (SOL_UDP, UDP_SEGMENT) => Attribute::SegmentSize(u16::from_ne_bytes(data.try_into().ok()?)),
        (SOL_IP, IP_PKTINFO) => {
            Attribute::Source4 { address: field::<4>(data, 4)?.into(), interface: u32::from_ne_bytes(field(data, 0)?) }
        }
        (SOL_IPV6, IPV6_PKTINFO) => Attribute::Source6 {
            address: field::<16>(data, 0)?.into(),
            interface: u32::from_ne_bytes(field(data, 16)?),
        },
        (SOL_IP, IP_TOS) => Attribute::Tos(message.small()?),
        (SOL_IPV6, IPV6_TCLASS) => Attribute::TrafficClass(message.small()?),
        (SOL_IP, IP_TTL) => Attribute::Ttl(message.small()?),
        (SOL_IPV6, IPV6_HOPLIMIT) => Attribute::HopLimit(message.small()?),
        (SOL_SOCKET, SO_TIMESTAMPING) if data.len() == 4 => Attribute::Timestamp,
        (SOL_SOCKET, SCM_TXTIME) => Attribute::TransmitTime(u64::from_ne_bytes(data.try_into().ok()?)),
        _ => return None,
    })
}
