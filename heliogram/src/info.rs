//! What travels beside a datagram's bytes: [`RecvMetadataOptions`] asks for it and [`RecvMetadata`] tells it; [`SendOptions`] gives it
//! along.
//!
//! Sources: `ip(7)`, `ipv6(7)`, `socket(7)`; the kernel's `networking/timestamping`; RFC 2474 (DSCP), RFC 3168 (ECN),
//! RFC 3542 (IPv6).

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use crate::error::{Error, Result};
use crate::sys;

/// What the kernel is to tell of each received datagram: for [`Socket::set_recv_metadata`](crate::SocketControl::set_recv_metadata).
///
/// ```
/// # use heliogram::{RecvMetadataOptions, Socket, SocketOptions, SocketType};
/// # let socket = Socket::new(&SocketOptions::new(SocketType::Udp4))?;
/// # socket.bind(Some("127.0.0.1:0".parse().unwrap()))?;
/// # if cfg!(unix) {
/// socket.set_recv_metadata(RecvMetadataOptions::new().packet_info(true).traffic_class(true))?;
/// # }
/// # Ok::<(), heliogram::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecvMetadataOptions(u8);

impl RecvMetadataOptions {
    /// Nothing, as a socket begins.
    pub const fn new() -> Self {
        RecvMetadataOptions(0)
    }

    /// Everything but hardware timestamps, which cost every datagram something even where no device has them. Systems
    /// other than Linux lack some of it, and refuse.
    pub const fn all() -> Self {
        RecvMetadataOptions::new().packet_info(true).traffic_class(true).hop_limit(true).timestamp(true).dropped(true)
    }

    /// [`RecvMetadata::destination`], [`RecvMetadata::local_ip`] and [`RecvMetadata::interface`] (`IP_PKTINFO`, `IPV6_RECVPKTINFO`; on
    /// FreeBSD `IP_RECVDSTADDR` and `IP_RECVIF`).
    #[must_use]
    pub const fn packet_info(self, on: bool) -> Self {
        self.with(RecvMetadataOptions::PACKET_INFO, on)
    }

    /// [`RecvMetadata::traffic_class`]: DSCP and ECN (`IP_RECVTOS`, `IPV6_RECVTCLASS`).
    #[doc(alias("tos", "ecn"))]
    #[must_use]
    pub const fn traffic_class(self, on: bool) -> Self {
        self.with(RecvMetadataOptions::TRAFFIC_CLASS, on)
    }

    /// [`RecvMetadata::hop_limit`] (`IP_RECVTTL`, `IPV6_RECVHOPLIMIT`).
    #[doc(alias = "ttl")]
    #[must_use]
    pub const fn hop_limit(self, on: bool) -> Self {
        self.with(RecvMetadataOptions::HOP_LIMIT, on)
    }

    /// [`RecvMetadata::software_timestamp`] (`SO_TIMESTAMPNS`; on macOS and FreeBSD `SO_TIMESTAMP`, of whole microseconds).
    #[must_use]
    pub const fn timestamp(self, on: bool) -> Self {
        self.with(RecvMetadataOptions::TIMESTAMP, on)
    }

    /// [`RecvMetadata::hardware_timestamp`] (`SO_TIMESTAMPING`, Linux), where the device has been told to take times
    /// (`SIOCSHWTSTAMP`, which `hwstamp_ctl` and PTP daemons do).
    #[must_use]
    pub const fn hardware_timestamp(self, on: bool) -> Self {
        self.with(RecvMetadataOptions::HARDWARE_TIMESTAMP, on)
    }

    /// [`RecvMetadata::dropped`] (`SO_RXQ_OVFL`, Linux).
    #[must_use]
    pub const fn dropped(self, on: bool) -> Self {
        self.with(RecvMetadataOptions::DROPPED, on)
    }

    /// Whether nothing is asked for.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const PACKET_INFO: u8 = 1;
    pub(crate) const TRAFFIC_CLASS: u8 = 2;
    pub(crate) const HOP_LIMIT: u8 = 4;
    pub(crate) const TIMESTAMP: u8 = 8;
    pub(crate) const HARDWARE_TIMESTAMP: u8 = 16;
    pub(crate) const DROPPED: u8 = 32;

    const fn with(self, bit: u8, on: bool) -> Self {
        RecvMetadataOptions(if on { self.0 | bit } else { self.0 & !bit })
    }

    #[cfg(unix)]
    pub(crate) const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u8) -> Self {
        RecvMetadataOptions(bits)
    }
}

/// How a datagram arrived, as far as the socket [asked](crate::SocketControl::set_recv_metadata) and the kernel told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecvMetadata {
    /// The destination in the packet's header: an address of ours, a multicast group or a broadcast address.
    /// `::ffff:192.0.2.1` where an IPv6 socket received by IPv4.
    pub destination: Option<IpAddr>,
    /// Our own address, to answer from. Unknown for groups of IPv6, and for IPv4 on FreeBSD.
    pub local_ip: Option<IpAddr>,
    /// The index of the interface that it came through; [`interface_name`](Self::interface_name) is its name.
    pub interface: Option<u32>,
    /// DSCP and ECN.
    pub traffic_class: Option<TrafficClass>,
    /// What was left of the TTL or hop limit.
    #[doc(alias = "ttl")]
    pub hop_limit: Option<u8>,
    /// When the kernel took it from the device, by the system's clock. Linux begins to take these times a moment after the
    /// first socket of the machine has asked; a datagram from before that has the time at which it was read.
    pub software_timestamp: Option<SystemTime>,
    /// When the device took it from the wire, by the device's own clock, whose zero can be any moment.
    pub hardware_timestamp: Option<Duration>,
    /// How many datagrams the kernel has dropped since the socket was opened because its receive buffer was full, up to
    /// when it queued this one; modulo 2³².
    pub dropped: Option<u32>,
    /// It came in a train of datagrams of this many bytes, the last one perhaps shorter (`UDP_GRO`, Linux). Needs no
    /// asking but for [`SocketOptions::gro`](crate::SocketOptions::gro).
    pub segment_size: Option<u16>,
}

impl RecvMetadata {
    /// The name of the interface that it came through, such as `eth0`; `None` on Windows, and for an interface that is
    /// gone.
    pub fn interface_name(&self) -> Option<String> {
        self.interface.and_then(sys::interface_name)
    }

    /// The congestion mark; [`Ecn::NotEct`] if nobody asked.
    pub fn ecn(&self) -> Ecn {
        self.traffic_class.unwrap_or_default().ecn()
    }
}

/// The byte that IPv4 calls TOS and IPv6 traffic class: six bits of DSCP, two of ECN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TrafficClass(pub u8);

impl TrafficClass {
    /// Both parts; of `dscp` the lower six bits.
    pub const fn new(dscp: u8, ecn: Ecn) -> Self {
        TrafficClass(dscp << 2 | ecn as u8)
    }

    /// Differentiated services codepoint, 0 to 63 (RFC 2474).
    pub const fn dscp(self) -> u8 {
        self.0 >> 2
    }

    /// Explicit congestion notification (RFC 3168).
    pub const fn ecn(self) -> Ecn {
        match self.0 & 0b11 {
            0b00 => Ecn::NotEct,
            0b01 => Ecn::Ect1,
            0b10 => Ecn::Ect0,
            _ => Ecn::Ce,
        }
    }
}

impl From<Ecn> for TrafficClass {
    fn from(ecn: Ecn) -> Self {
        TrafficClass::new(0, ecn)
    }
}

/// Explicit congestion notification: RFC 3168's names for the two bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Ecn {
    /// The transport does not understand ECN.
    #[default]
    NotEct = 0b00,
    /// ECN-capable transport, 1 (RFC 9331: low latency).
    Ect1 = 0b01,
    /// ECN-capable transport, 0.
    Ect0 = 0b10,
    /// Congestion experienced: set by a router in place of dropping.
    Ce = 0b11,
}

/// What one datagram takes along: for [`Datagram::with`](crate::Datagram::with). What is not said here is as the socket's
/// options have it.
///
/// ```
/// use heliogram::{Datagram, Ecn, SendOptions};
///
/// let options = SendOptions::new().traffic_class(Ecn::Ect0.into()).hop_limit(3);
/// let datagram = Datagram::new(b"hello").to("192.0.2.1:9".parse().unwrap()).with(&options);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    pub(crate) source: Option<IpAddr>,
    pub(crate) interface: Option<u32>,
    pub(crate) traffic_class: Option<TrafficClass>,
    pub(crate) hop_limit: Option<u8>,
    pub(crate) dont_fragment: Option<bool>,
    pub(crate) segment_size: Option<u16>,
    pub(crate) transmit_time: Option<u64>,
    pub(crate) transmit_timestamp: bool,
}

impl SendOptions {
    /// Nothing beside the bytes.
    pub const fn new() -> Self {
        SendOptions {
            source: None,
            interface: None,
            traffic_class: None,
            hop_limit: None,
            dont_fragment: None,
            segment_size: None,
            transmit_time: None,
            transmit_timestamp: false,
        }
    }

    /// Leaves from this address of this host, which an answer from [`RecvMetadata::local_ip`] wants (`IP_PKTINFO`,
    /// `IPV6_PKTINFO`; on FreeBSD `IP_SENDSRCADDR`, of a socket that is bound to all interfaces). One that is no
    /// address of this host is refused, with `EINVAL` or, by IPv4 on Linux, `ENETUNREACH`; so is one of the other family than
    /// the peer's, with `EINVAL`.
    #[must_use]
    pub const fn source(mut self, address: IpAddr) -> Self {
        self.source = Some(address);
        self
    }

    /// Leaves by the interface of this index, whatever the routes say; 0 is as routed. `ENOTSUP` on FreeBSD for IPv4.
    #[must_use]
    pub const fn interface(mut self, index: u32) -> Self {
        self.interface = Some(index);
        self
    }

    /// DSCP and ECN (`IP_TOS`, `IPV6_TCLASS`).
    #[doc(alias("tos", "ecn"))]
    #[must_use]
    pub const fn traffic_class(mut self, class: TrafficClass) -> Self {
        self.traffic_class = Some(class);
        self
    }

    /// How many routers may pass it on, 1 to 255; multicast too (`IP_TTL`, on Linux alone; `IPV6_HOPLIMIT`).
    #[doc(alias = "ttl")]
    #[must_use]
    pub const fn hop_limit(mut self, hops: u8) -> Self {
        self.hop_limit = Some(hops);
        self
    }

    /// Whether routers and this host are kept from fragmenting it, as
    /// [`Socket::set_dont_fragment`](crate::SocketControl::set_dont_fragment) does for all datagrams. No system takes this with a
    /// datagram of IPv4, so the socket's own option is changed and changed back around the send: what other threads send
    /// from this socket meanwhile may have it too.
    #[must_use]
    pub const fn dont_fragment(mut self, on: bool) -> Self {
        self.dont_fragment = Some(on);
        self
    }

    /// The bytes are a train: they leave as datagrams of this many bytes, the last one perhaps shorter (`UDP_SEGMENT`,
    /// Linux; elsewhere `ENOTSUP`). At most 64 of them, each within the path's MTU, else `EINVAL` or `EMSGSIZE`.
    ///
    /// [`Socket::try_send_batch`](crate::Socket::try_send_batch) makes trains of neighbours by itself; this is for who has
    /// them in one piece already, or wants none but this.
    #[doc(alias("GSO", "UDP_SEGMENT"))]
    #[must_use]
    pub const fn segment_size(mut self, bytes: u16) -> Self {
        self.segment_size = Some(bytes);
        self
    }

    /// Leaves at this time, in nanoseconds of the clock that
    /// [`Socket::set_transmit_time_clock`](crate::SocketControl::set_transmit_time_clock) has named, without which it is `EINVAL`
    /// (`SCM_TXTIME`, Linux).
    ///
    /// It is the interface's queueing discipline that holds datagrams back: `fq` or `etf`, see `tc-fq(8)`, `tc-etf(8)`. Where
    /// there is neither, they leave at once, and the kernel does not say so.
    #[doc(alias = "SO_TXTIME")]
    #[must_use]
    pub const fn transmit_time(mut self, nanoseconds: u64) -> Self {
        self.transmit_time = Some(nanoseconds);
        self
    }

    /// Lets the kernel tell when it left, to [`Socket::try_recv_error_queue`](crate::Socket::try_recv_error_queue), if
    /// [`Socket::set_transmit_timestamps`](crate::SocketControl::set_transmit_timestamps) is on (`SO_TIMESTAMPING`, Linux). Such a
    /// datagram travels in no train but its own.
    #[must_use]
    pub const fn transmit_timestamp(mut self, on: bool) -> Self {
        self.transmit_timestamp = on;
        self
    }

    /// Whether neighbours with these options may be one train.
    pub(crate) const fn joins(&self) -> bool {
        !self.transmit_timestamp && self.segment_size.is_none()
    }
}

/// A clock for [`SendOptions::transmit_time`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Clock {
    /// `CLOCK_MONOTONIC`, of Node's `process.hrtime.bigint()`: what the queueing discipline `fq` goes by.
    Monotonic,
    /// `CLOCK_TAI`, atomic time: what `etf` is mostly set up for. Needs `CAP_NET_ADMIN`. Linux.
    Tai,
}

impl Clock {
    /// Nanoseconds since the clock's zero.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` where the system does not have the clock.
    pub fn now(self) -> Result<u64> {
        sys::now(self).map_err(|error| Error::system("clock_gettime", &error))
    }
}

/// Whether datagrams may be cut into fragments on their way, and whether the kernel learns the path's MTU from those that
/// may not (`IP_MTU_DISCOVER`, `IPV6_MTU_DISCOVER`): the names are Linux's, macOS and FreeBSD have `Dont` and `Probe`
/// (`IP_DONTFRAG`, `IPV6_DONTFRAG`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PathMtuDiscovery {
    /// Fragments wherever it is needed.
    Dont,
    /// As the route says: no router fragments, but this host does what exceeds the path's MTU. How Linux begins.
    Want,
    /// No fragments. What exceeds the path's MTU, as far as the kernel knows it, is refused with `EMSGSIZE`.
    Do,
    /// No fragments. What exceeds the MTU of the interface is refused with `EMSGSIZE`; what the kernel knows of the path
    /// does not matter, so that the sender can find the MTU by itself (RFC 8899).
    Probe,
    /// As `Dont`, and the path's MTU is neither believed nor learnt, only the interface's.
    Interface,
    /// As `Interface`, but what exceeds the interface's MTU is fragmented.
    Omit,
}

impl From<bool> for PathMtuDiscovery {
    /// Don't fragment? As libuv has it: [`Probe`](Self::Probe), or [`Dont`](Self::Dont).
    fn from(dont_fragment: bool) -> Self {
        if dont_fragment { PathMtuDiscovery::Probe } else { PathMtuDiscovery::Dont }
    }
}
