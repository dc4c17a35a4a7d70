//! The control messages of a datagram, or GSO batch, that is sent.

use std::ffi::c_int;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::attribute::{Attribute, Refused};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use super::bsd as system;
use super::control::{Control, Encoder, space};
#[cfg(any(target_os = "linux", target_os = "android"))]
use super::linux as system;
use crate::sys::errno;
use crate::types::family::SocketType;
use crate::types::send_options::SendOptions;

/// The options of one datagram or GSO batch to `to`, on a socket of this family; how many bytes of the buffer they take.
///
/// A connected socket of IPv6 may have a peer of either, so the attributes of both go along: each protocol leaves the
/// other's alone.
pub(crate) fn encode_options<const N: usize>(
    control: &mut Control<N>,
    options: &SendOptions,
    segment: Option<u16>,
    family: SocketType,
    to: Option<SocketAddr>,
) -> io::Result<usize> {
    const { assert!(N >= SEND_SPACE) };
    let mut encoder = Encoder::new(control);
    let mut push =
        |attribute: Option<Attribute>| match attribute.map(|attribute| system::encode(&mut encoder, attribute)) {
            None | Some(Ok(())) => Ok(()),
            Some(Err(Refused::Unsupported)) => Err(errno::unsupported()),
            Some(Err(Refused::Full)) => Err(io::Error::from_raw_os_error(errno::EINVAL)),
        };
    push(segment.or(options.segment_size).map(Attribute::SegmentSize))?;
    push(source(options, family, to)?)?;
    for by_ipv4 in protocols(family, to).into_iter().flatten() {
        push(
            options
                .traffic_class
                .map(|class| if by_ipv4 { Attribute::Tos(class.0) } else { Attribute::TrafficClass(class.0) }),
        )?;
        push(options.hop_limit.map(if by_ipv4 { Attribute::Ttl } else { Attribute::HopLimit }))?;
    }
    push(options.transmit_time.map(Attribute::TransmitTime))?;
    push(options.transmit_timestamp.then_some(Attribute::Timestamp))?;
    Ok(encoder.len())
}

/// The room for all of them at once.
pub(crate) const SEND_SPACE: usize = space(size_of::<u16>())
    + PACKET_INFO_SPACE
    + 4 * space(size_of::<c_int>())
    + space(size_of::<u64>())
    + space(size_of::<u32>());

/// By which protocols a datagram may leave: whether each is IPv4.
fn protocols(family: SocketType, to: Option<SocketAddr>) -> [Option<bool>; 2] {
    match (family, to.map(|to| to.ip().to_canonical())) {
        (SocketType::Udp4, _) => [Some(true), None],
        (SocketType::Udp6, Some(ip)) => [Some(ip.is_ipv4()), None],
        // Only Linux lets a socket of IPv6 say anything of IPv4.
        (SocketType::Udp6, None) => {
            [Some(false), cfg!(any(target_os = "linux", target_os = "android")).then_some(true)]
        }
    }
}

/// The source and the interface, in the protocol that the source or the peer is of.
fn source(options: &SendOptions, family: SocketType, to: Option<SocketAddr>) -> io::Result<Option<Attribute>> {
    if options.source.is_none() && options.interface.is_none() {
        return Ok(None);
    }
    let interface = options.interface.unwrap_or(0);
    let source = options.source.map(|source| source.to_canonical());
    let by_ipv4 = source.map_or(protocols(family, to)[0] == Some(true), |source| source.is_ipv4());
    let fits = protocols(family, to).contains(&Some(by_ipv4));
    match source {
        _ if !fits => Err(io::Error::from_raw_os_error(errno::EINVAL)),
        Some(IpAddr::V4(address)) => Ok(Some(Attribute::Source4 { address, interface })),
        Some(IpAddr::V6(address)) => Ok(Some(Attribute::Source6 { address, interface })),
        None if by_ipv4 => Ok(Some(Attribute::Source4 { address: Ipv4Addr::UNSPECIFIED, interface })),
        None => Ok(Some(Attribute::Source6 { address: Ipv6Addr::UNSPECIFIED, interface })),
    }
}

/// A GSO batch's one attribute: how many bytes of the buffer it takes, 0 where the system has no GSO.
#[inline]
pub(crate) fn encode_segment<const N: usize>(control: &mut Control<N>, segment: u16) -> usize {
    const { assert!(N >= space(size_of::<u16>())) };
    let mut encoder = Encoder::new(control);
    system::encode(&mut encoder, Attribute::SegmentSize(segment)).map_or(0, |()| encoder.len())
}

/// The greatest room that any attribute takes: an `in6_pktinfo`.
pub(super) const PACKET_INFO_SPACE: usize = space(size_of::<libc::in6_pktinfo>());
