//! Control messages: what travels beside a datagram's bytes (`msg_control` of `sendmsg(2)` and `recvmsg(2)`).
//!
//! The layout is written here over plain byte slices, without the `CMSG_*` macros: a truncated or nonsensical buffer
//! yields fewer messages, and nothing outside of it is ever read. What the messages mean is each system's own, in
//! `cmsg/linux.rs` and `cmsg/bsd.rs`.
//!
//! Sources: `cmsg(3)`, `recvmsg(2)`; RFC 3542 section 20 for the layout's rules.

// The tests ask the kernel for real messages, and `libc` for its opinion of ours; the code itself needs no such thing.
#![cfg_attr(not(test), forbid(unsafe_code))]
// Where there is no error queue, nobody reads what comes out of one.
#![cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    expect(dead_code, reason = "the layout of Linux' error queue")
)]

use std::ffi::c_int;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::{Deref, DerefMut};

use crate::sys::errno;
use crate::types::credentials::Credentials;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::types::error_queue::{ErrorOrigin, ErrorQueueEntry, QueuedError, TransmitTimestamp};
use crate::types::family::SocketType;
use crate::types::metadata::{RecvMetadata, RecvMetadataOptions};
use crate::types::send_options::SendOptions;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod bsd;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
#[cfg(all(test, target_os = "linux"))]
mod kernel_tests;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
mod received;
#[cfg(test)]
mod tests;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
use bsd as system;
#[cfg(any(target_os = "linux", target_os = "android"))]
use linux as system;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use received::ExtendedError;
pub(crate) use received::Received;
pub(crate) use system::segment_size;

/// The kernel's type of `cmsg_len`. (musl declares a narrower field with padding; the bytes are the same.)
#[cfg(any(target_os = "linux", target_os = "android"))]
type Length = usize;
/// The kernel's type of `cmsg_len`.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
type Length = libc::socklen_t;

/// Messages and their data start at multiples of this.
#[cfg(target_vendor = "apple")]
const ALIGNMENT: usize = size_of::<u32>();
/// Messages and their data start at multiples of this.
#[cfg(not(target_vendor = "apple"))]
const ALIGNMENT: usize = size_of::<usize>();

const LEVEL: usize = size_of::<Length>();
const KIND: usize = LEVEL + size_of::<c_int>();
/// Where the data starts: the length, the level and the type, aligned.
const HEADER: usize = align(KIND + size_of::<c_int>());

const fn align(length: usize) -> usize {
    length.next_multiple_of(ALIGNMENT)
}

/// The room that a message with this many bytes of data takes (`CMSG_SPACE`).
pub(crate) const fn space(data: usize) -> usize {
    HEADER + align(data)
}

/// The room for everything that [`decode`] understands, should a socket ask for all of it at once: a buffer that is
/// too small for the options that are on loses messages (`MSG_CTRUNC`), and not the least important ones.
pub(crate) const RECEIVE_SPACE: usize = {
    let (mut sum, mut at) = (0, 0);
    while at < system::UNDERSTOOD.len() {
        sum += space(system::UNDERSTOOD[at].2);
        at += 1;
    }
    sum
};

/// A buffer for control messages: aligned for `cmsghdr`, and always initialised.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub(crate) struct Control<const N: usize>([u8; N]);

const _: () = assert!(align_of::<Control<0>>() >= align_of::<libc::cmsghdr>());

impl<const N: usize> Control<N> {
    pub(crate) const fn new() -> Self {
        Control([0; N])
    }
}

impl<const N: usize> Deref for Control<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> DerefMut for Control<N> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

/// What a caller can say about one datagram, or train of datagrams, that it sends.
///
/// On a dual-stack socket the destination decides: an IPv4-mapped one takes the attributes of IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// The data is a train: the kernel cuts it into datagrams of this many bytes (`UDP_SEGMENT`, Linux).
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

impl Attribute {
    /// The greatest room that any one of them takes: an `in6_pktinfo`.
    pub(crate) const SPACE: usize = space(size_of::<libc::in6_pktinfo>());
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

/// Writes attributes one after another into a caller's buffer.
#[derive(Debug)]
pub(crate) struct Encoder<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl<'a> Encoder<'a> {
    pub(crate) fn new<const N: usize>(control: &'a mut Control<N>) -> Self {
        Encoder { buffer: control, length: 0 }
    }

    /// Adds one attribute, or leaves the buffer as it was.
    #[inline]
    pub(crate) fn push(&mut self, attribute: Attribute) -> Result<(), Refused> {
        system::encode(self, attribute)
    }

    /// The bytes written: `msg_controllen`.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// One message whose data is `parts` put together.
    #[inline]
    fn message(&mut self, level: c_int, kind: c_int, parts: &[&[u8]]) -> Result<(), Refused> {
        let data: usize = parts.iter().map(|part| part.len()).sum();
        let end = self.length + space(data);
        let slot = self.buffer.get_mut(self.length..end).ok_or(Refused::Full)?;
        let (header, rest) = slot.split_at_mut(HEADER);
        concatenate(header, &[&((HEADER + data) as Length).to_ne_bytes(), &level.to_ne_bytes(), &kind.to_ne_bytes()]);
        concatenate(rest, parts);
        self.length = end;
        Ok(())
    }
}

/// The options of one datagram or train to `to`, on a socket of this family; how many bytes of the buffer they take.
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
    let mut push = |attribute: Option<Attribute>| match attribute.map(|attribute| encoder.push(attribute)) {
        None | Some(Ok(())) => Ok(()),
        Some(Err(Refused::Unsupported)) => Err(io::Error::from_raw_os_error(errno::ENOTSUP)),
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
    + Attribute::SPACE
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

/// A train's one attribute: how many bytes of the buffer it takes, 0 where the system has no trains.
#[inline]
pub(crate) fn encode_segment<const N: usize>(control: &mut Control<N>, segment: u16) -> usize {
    const { assert!(N >= space(size_of::<u16>())) };
    let mut encoder = Encoder::new(control);
    encoder.push(Attribute::SegmentSize(segment)).map_or(0, |()| encoder.len())
}

#[inline]
fn concatenate(mut to: &mut [u8], parts: &[&[u8]]) {
    for part in parts {
        let (place, rest) = to.split_at_mut(part.len());
        place.copy_from_slice(part);
        to = rest;
    }
}

/// One control message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) level: c_int,
    /// The message's type (`cmsg_type`).
    pub(crate) kind: c_int,
    pub(crate) data: &'a [u8],
}

impl Message<'_> {
    /// The data as a C `int`.
    fn int(&self) -> Option<c_int> {
        field(self.data, 0).map(c_int::from_ne_bytes)
    }

    /// The data as a number of 8 bits, which some systems send as a byte and some as a C `int`.
    fn small(&self) -> Option<u8> {
        match *self.data {
            [byte] => Some(byte),
            _ => self.int()?.try_into().ok(),
        }
    }
}

/// `N` bytes at `offset`, if the data has them.
fn field<const N: usize>(data: &[u8], offset: usize) -> Option<[u8; N]> {
    data.get(offset..)?.first_chunk().copied()
}

/// The control messages of a buffer (`msg_control`, of `msg_controllen` bytes), in order.
///
/// Ends at the first message that is shorter than a header or longer than what is left.
#[derive(Clone, Debug)]
pub(crate) struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    pub(crate) fn new(control: &'a [u8]) -> Self {
        Messages { rest: control }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    #[inline]
    fn next(&mut self) -> Option<Message<'a>> {
        let header: &[u8; HEADER] = self.rest.first_chunk()?;
        #[allow(clippy::unnecessary_cast, reason = "not a usize everywhere")]
        let length = Length::from_ne_bytes(field(header, 0)?) as usize;
        let level = c_int::from_ne_bytes(field(header, LEVEL)?);
        let kind = c_int::from_ne_bytes(field(header, KIND)?);
        // The one check of `cmsg_len`, and it is the slice's own: HEADER <= length <= what is left.
        let data = self.rest.get(HEADER..length)?;
        // The kernel does not pad the last message when the buffer ends with it.
        self.rest = self.rest.get(align(length)..).unwrap_or_default();
        Some(Message { level, kind, data })
    }
}

impl std::iter::FusedIterator for Messages<'_> {}

/// How a datagram arrived, as far as the socket has asked: the kernel may tell more, such as the software's times to
/// whoever wants the device's.
pub(crate) fn metadata(control: &[u8], asked: RecvMetadataOptions) -> RecvMetadata {
    let told = decode(control).metadata;
    let wants = |bit| asked.has(bit);
    RecvMetadata {
        software_timestamp: told.software_timestamp.filter(|_| wants(RecvMetadataOptions::TIMESTAMP)),
        hardware_timestamp: told.hardware_timestamp.filter(|_| wants(RecvMetadataOptions::HARDWARE_TIMESTAMP)),
        // The kernel says nothing as long as nothing was lost.
        dropped: wants(RecvMetadataOptions::DROPPED).then(|| told.dropped.unwrap_or(0)),
        ..told
    }
}

/// An entry of the error queue, of a datagram that was sent to `peer`; `None` for those that are no matter of datagrams.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn notice(control: &[u8], peer: Option<SocketAddr>) -> Option<ErrorQueueEntry> {
    let Received { metadata, error } = decode(control);
    let error = error?;
    let origin = match error.origin {
        received::ErrorOrigin::Local => ErrorOrigin::Local,
        received::ErrorOrigin::Icmp => ErrorOrigin::Icmp,
        received::ErrorOrigin::Icmp6 => ErrorOrigin::Icmp6,
        received::ErrorOrigin::Timestamping => {
            let (software_timestamp, hardware_timestamp) = (metadata.software_timestamp, metadata.hardware_timestamp);
            let sent = TransmitTimestamp { id: error.data, software_timestamp, hardware_timestamp };
            // Without a time if the socket wants none any longer.
            return Some(ErrorQueueEntry::TransmitTimestamp(sent))
                .filter(|_| software_timestamp.is_some() || hardware_timestamp.is_some());
        }
        received::ErrorOrigin::ZeroCopy => return None,
        received::ErrorOrigin::Other(number) => ErrorOrigin::Other(number),
    };
    Some(ErrorQueueEntry::Error(QueuedError {
        peer,
        offender: error.offender.map(|offender| offender.ip()),
        origin,
        icmp_type: error.kind,
        icmp_code: error.code,
        mtu: error.mtu(),
        errno: -error.errno,
    }))
}

/// The room for the credentials of a local socket's sender (`struct ucred`).
pub(crate) const CREDENTIALS_SPACE: usize = space(3 * size_of::<u32>());

/// The process that sent a datagram to a local socket, where the system tells.
pub(crate) fn credentials(control: &[u8]) -> Option<Credentials> {
    Messages::new(control).find_map(system::credentials)
}

/// All that a buffer of control messages says of the datagram it came with; what is unknown or cut short is left out.
pub(crate) fn decode(control: &[u8]) -> Received {
    let mut received = Received::default();
    for message in Messages::new(control) {
        system::decode(message, &mut received);
    }
    received
}
