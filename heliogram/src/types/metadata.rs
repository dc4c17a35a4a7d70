//! What the kernel reports beside a received datagram's bytes: [`RecvMetadataOptions`] asks for it, [`RecvMetadata`] holds it.
//!
//! Sources: `ip(7)`, `ipv6(7)`, `socket(7)`; the kernel's `networking/timestamping`; RFC 2474 (DSCP), RFC 3168 (ECN).

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

/// What the kernel is to report with each received datagram: for [`Socket::set_recv_metadata`](crate::SocketControl::set_recv_metadata).
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
        RecvMetadataOptions::new()
            .packet_info(true)
            .traffic_class(true)
            .hop_limit(true)
            .timestamp(true)
            .dropped_packets(true)
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

    /// [`RecvMetadata::hardware_timestamp`] (`SO_TIMESTAMPING`, Linux), where the device has been configured to take times
    /// (`SIOCSHWTSTAMP`, which `hwstamp_ctl` and PTP daemons do).
    #[must_use]
    pub const fn hardware_timestamp(self, on: bool) -> Self {
        self.with(RecvMetadataOptions::HARDWARE_TIMESTAMP, on)
    }

    /// [`RecvMetadata::dropped_packets`] (`SO_RXQ_OVFL`, Linux).
    #[must_use]
    pub const fn dropped_packets(self, on: bool) -> Self {
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

/// How a datagram arrived, as far as the socket [asked](crate::SocketControl::set_recv_metadata) and the kernel reported.
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
    /// How many packets the kernel has dropped since the socket was opened because its receive buffer was full, up to
    /// when it queued this one; modulo 2³².
    /// A GRO packet counts once, however many datagrams it has: with GRO on, the number of lost datagrams is unknown, and at least this.
    pub dropped_packets: Option<u32>,
}

impl RecvMetadata {
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
