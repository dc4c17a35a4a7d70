//! What one datagram takes along: [`SendOptions`]; how it may be fragmented: [`PathMtuDiscovery`].
//!
//! Sources: `ip(7)`, `ipv6(7)`, `socket(7)`; RFC 3542 (IPv6), RFC 8899 (path MTU discovery by probes).

use std::net::IpAddr;

use super::metadata::TrafficClass;

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

    /// Leaves from this address of this host, which an answer from [`RecvMetadata::local_ip`](super::metadata::RecvMetadata::local_ip) wants (`IP_PKTINFO`,
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

    /// The bytes are a GSO batch: they leave as datagrams of this many bytes, the last one perhaps shorter (`UDP_SEGMENT`,
    /// Linux; elsewhere `ENOTSUP`). Up to 64 of them leave by one call. Where the kernel, the device or the path refuses that, they
    /// leave as single datagrams, and what the kernel's buffer has no room for then is lost.
    ///
    /// Over IPv4 they have the don't-fragment bit of single datagrams; where others may have the open file
    /// ([`max_gso_segment`](crate::SocketControl::max_gso_segment)), only in the modes [`Do`](PathMtuDiscovery::Do) and
    /// [`Probe`](PathMtuDiscovery::Probe).
    ///
    /// [`Socket::try_send_batch`](crate::Socket::try_send_batch) makes GSO batches of neighbours by itself; this is for who has
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

    /// Has the kernel report when it left, to [`Socket::try_recv_error_queue`](crate::Socket::try_recv_error_queue), if
    /// [`Socket::set_transmit_timestamps`](crate::SocketControl::set_transmit_timestamps) is on (`SO_TIMESTAMPING`, Linux). Such a
    /// datagram never shares a GSO batch.
    #[must_use]
    pub const fn transmit_timestamp(mut self, on: bool) -> Self {
        self.transmit_timestamp = on;
        self
    }

    /// Whether neighbours with these options may be one GSO batch.
    pub(crate) const fn joins(&self) -> bool {
        !self.transmit_timestamp && self.segment_size.is_none()
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
