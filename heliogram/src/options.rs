//! [`SocketOptions`], [`SocketType`] and [`BlockList`]: plain data, checked when a socket is made.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::sys::Sockopt;

/// The family of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketType {
    /// IPv4.
    Udp4,
    /// IPv6; IPv4 too unless [`SocketOptions::ipv6_only`], with peers written `::ffff:192.0.2.1`.
    Udp6,
}

impl SocketType {
    /// The address of all interfaces: `0.0.0.0` or `::`.
    pub const fn unspecified(self) -> IpAddr {
        match self {
            SocketType::Udp4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketType::Udp6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        }
    }

    /// The address that a send or connect without an address goes to: `127.0.0.1` or `::1`.
    pub const fn localhost(self) -> IpAddr {
        match self {
            SocketType::Udp4 => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketType::Udp6 => IpAddr::V6(Ipv6Addr::LOCALHOST),
        }
    }

    /// All interfaces, and a port that the system chooses.
    pub(crate) const fn any(self) -> SocketAddr {
        SocketAddr::new(self.unspecified(), 0)
    }

    /// Whether an address is of this family.
    pub const fn matches(self, ip: IpAddr) -> bool {
        matches!((self, ip), (SocketType::Udp4, IpAddr::V4(_)) | (SocketType::Udp6, IpAddr::V6(_)))
    }
}

impl fmt::Display for SocketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SocketType::Udp4 => "udp4",
            SocketType::Udp6 => "udp6",
        })
    }
}

impl FromStr for SocketType {
    type Err = Error;

    /// Reads `udp4` and `udp6`.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_BAD_TYPE` for anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "udp4" => Ok(SocketType::Udp4),
            "udp6" => Ok(SocketType::Udp6),
            _ => Err(Error::rule(ErrorKind::BadType)),
        }
    }
}

/// How a socket is to be made: the options of the manual's `createSocket`.
///
/// ```
/// use heliogram::{Socket, SocketOptions, SocketType};
///
/// let options = SocketOptions::new(SocketType::Udp4).reuse_addr(true).recv_buffer_size(1 << 20);
/// let socket = Socket::new(&options)?;
/// # Ok::<(), heliogram::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SocketOptions {
    pub(crate) socket_type: SocketType,
    pub(crate) reuse_addr: bool,
    pub(crate) reuse_port: bool,
    pub(crate) ipv6_only: bool,
    pub(crate) gro: bool,
    pub(crate) offload: bool,
    pub(crate) recv_buffer_size: Option<u32>,
    pub(crate) send_buffer_size: Option<u32>,
    pub(crate) device: Option<Arc<str>>,
    pub(crate) sockopts: Vec<(Sockopt, u32)>,
    pub(crate) receive_block_list: Option<Arc<BlockList>>,
    pub(crate) send_block_list: Option<Arc<BlockList>>,
}

impl SocketOptions {
    /// The defaults: nothing shared, both families on `udp6`, the system's buffer sizes, no block lists.
    pub const fn new(socket_type: SocketType) -> Self {
        SocketOptions {
            socket_type,
            reuse_addr: false,
            reuse_port: false,
            ipv6_only: false,
            gro: false,
            offload: true,
            recv_buffer_size: None,
            send_buffer_size: None,
            device: None,
            sockopts: Vec::new(),
            receive_block_list: None,
            send_block_list: None,
        }
    }

    /// Binds to an address that another socket has (`SO_REUSEADDR`; on macOS and the BSDs `SO_REUSEPORT`, which has
    /// this meaning there). Only the socket bound last receives; multicast reaches all. Default: `false`.
    #[doc(alias = "reuseAddr")]
    #[must_use]
    pub const fn reuse_addr(mut self, on: bool) -> Self {
        self.reuse_addr = on;
        self
    }

    /// Shares a port among sockets that all ask for it, the kernel spreading datagrams over them by flow
    /// (`SO_REUSEPORT` on Linux, `SO_REUSEPORT_LB` on FreeBSD). Default: `false`.
    ///
    /// Where the system does not spread (macOS, Windows), binding fails with `ENOTSUP`.
    #[doc(alias = "reusePort")]
    #[must_use]
    pub const fn reuse_port(mut self, on: bool) -> Self {
        self.reuse_port = on;
        self
    }

    /// Keeps a `udp6` socket from IPv4 (`IPV6_V6ONLY`). Default: `false`. A `udp4` socket that is told so
    /// cannot be bound (`EINVAL`), as in Node.
    #[doc(alias = "ipv6Only")]
    #[must_use]
    pub const fn ipv6_only(mut self, on: bool) -> Self {
        self.ipv6_only = on;
        self
    }

    /// Lets the kernel hand over trains: datagrams of one flow and one size, joined (`UDP_GRO`, Linux 5.0).
    ///
    /// A [`RecvBatch`](crate::RecvBatch) takes them apart again, so each datagram arrives by itself, many times
    /// cheaper. Such a socket receives through batches of 64 KiB slots only
    /// ([`RecvBatch::for_gro`](crate::RecvBatch::for_gro)), or [whole trains](crate::Socket::try_recv_gro): a smaller
    /// buffer would lose the end of a train, so `try_recv` and smaller batches are refused with `EINVAL`. Without effect where the system has no GRO.
    /// Default: `false`.
    #[doc(alias = "UDP_GRO")]
    #[must_use]
    pub const fn gro(mut self, on: bool) -> Self {
        self.gro = on;
        self
    }

    /// Whether datagrams may travel in trains at all: `UDP_SEGMENT` where they are sent, `UDP_GRO` where they are received.
    /// `false` wins over [`gro`](Self::gro); what is sent and received is the same either way. Default: `true`.
    ///
    /// `HELIOGRAM_OFFLOAD=0` in the environment of the process means `false` for all its sockets.
    #[doc(alias("UDP_SEGMENT", "UDP_GRO"))]
    #[must_use]
    pub const fn offload(mut self, on: bool) -> Self {
        self.offload = on;
        self
    }

    /// The kernel's receive buffer in bytes (`SO_RCVBUF`), set right after binding. Linux doubles the value and caps
    /// it at `net.core.rmem_max`. 0, as the manual has it, leaves the system's default.
    #[doc(alias = "recvBufferSize")]
    #[must_use]
    pub const fn recv_buffer_size(mut self, bytes: u32) -> Self {
        self.recv_buffer_size = if bytes == 0 { None } else { Some(bytes) };
        self
    }

    /// The kernel's send buffer in bytes (`SO_SNDBUF`), set right after binding. As for
    /// [`recv_buffer_size`](Self::recv_buffer_size).
    #[doc(alias = "sendBufferSize")]
    #[must_use]
    pub const fn send_buffer_size(mut self, bytes: u32) -> Self {
        self.send_buffer_size = if bytes == 0 { None } else { Some(bytes) };
        self
    }

    /// Binds for the interface of this name alone, so that others may have the same port on other interfaces. As
    /// [`Socket::bind_device`](crate::SocketControl::bind_device), before the bind; its errors are the bind's.
    #[doc(alias("bindToDevice", "SO_BINDTODEVICE"))]
    #[must_use]
    pub fn device(mut self, name: &str) -> Self {
        self.device = Some(name.into());
        self
    }

    /// Sets an option before the bind, as [`SocketControl::set_sockopt`](crate::SocketControl::set_sockopt) does after it; its
    /// errors are the bind's. Some must be set by then: [`Sockopt::Freebind`], [`Sockopt::Transparent`].
    #[doc(alias("IP_FREEBIND", "IP_TRANSPARENT", "SO_MARK"))]
    #[must_use]
    pub fn sockopt(mut self, option: Sockopt, value: u32) -> Self {
        self.sockopts.push((option, value));
        self
    }

    /// Datagrams from these addresses are dropped unseen.
    #[doc(alias = "receiveBlockList")]
    #[must_use]
    pub fn receive_block_list(mut self, list: BlockList) -> Self {
        self.receive_block_list = Some(Arc::new(list));
        self
    }

    /// Sends and connects to these addresses fail with `ERR_IP_BLOCKED`.
    #[doc(alias = "sendBlockList")]
    #[must_use]
    pub fn send_block_list(mut self, list: BlockList) -> Self {
        self.send_block_list = Some(Arc::new(list));
        self
    }

    /// The socket's family.
    pub const fn socket_type(&self) -> SocketType {
        self.socket_type
    }
}

/// Which of the sockets that share a port gets a datagram: for
/// [`Socket::set_reuse_port_steering`](crate::SocketControl::set_reuse_port_steering).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Steering {
    /// One and the same for all that comes from one address and port to one of ours: how they begin.
    Flow,
    /// The one whose number is the processor's that handles the packet, modulo `sockets`.
    Cpu {
        /// How many sockets share the port.
        sockets: u32,
    },
    /// The one whose number is the message's byte at `offset`, modulo `sockets`: a session's id, wherever it comes from. A
    /// message that is too short goes to the first.
    Byte {
        /// Where the byte is, from the beginning of the message.
        offset: u32,
        /// How many sockets share the port.
        sockets: u32,
    },
}

/// A set of addresses, ranges and subnets (CIDR), as the manual's `net.BlockList`.
///
/// Rules for IPv4 hold for the same address written as IPv6 (`::ffff:192.0.2.1`) too.
///
/// ```
/// let mut list = heliogram::BlockList::new();
/// list.add_subnet("198.51.100.0".parse().unwrap(), 24)?;
/// assert!(list.check("198.51.100.7".parse().unwrap()));
/// assert!(list.check("::ffff:198.51.100.7".parse().unwrap()));
/// # Ok::<(), heliogram::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct BlockList {
    ranges: Vec<(IpAddr, IpAddr)>,
}

impl BlockList {
    /// A list that blocks nobody.
    pub const fn new() -> Self {
        BlockList { ranges: Vec::new() }
    }

    /// Adds one address.
    #[doc(alias = "addAddress")]
    pub fn add_address(&mut self, ip: IpAddr) {
        self.ranges.push((ip, ip));
    }

    /// Adds every address from `first` to `last`, both included.
    ///
    /// # Errors
    ///
    /// `ERR_INVALID_IP_ADDRESS` if the two are of different families or in the wrong order.
    #[doc(alias = "addRange")]
    pub fn add_range(&mut self, first: IpAddr, last: IpAddr) -> Result<(), Error> {
        if first.is_ipv4() != last.is_ipv4() || first > last {
            return Err(Error::invalid_address(&format!("{first} to {last}")));
        }
        self.ranges.push((first, last));
        Ok(())
    }

    /// Adds a subnet: all addresses that share their first `prefix` bits with `network`.
    ///
    /// # Errors
    ///
    /// `ERR_INVALID_IP_ADDRESS` if `prefix` is over 32 (IPv4) or 128 (IPv6).
    #[doc(alias = "addSubnet")]
    pub fn add_subnet(&mut self, network: IpAddr, prefix: u8) -> Result<(), Error> {
        let bits = if network.is_ipv4() { 32 } else { 128 };
        if prefix > bits {
            return Err(Error::invalid_address(&format!("{network}/{prefix}")));
        }
        self.ranges.push(match network {
            IpAddr::V4(ip) => {
                let host = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
                (Ipv4Addr::from_bits(ip.to_bits() & !host).into(), Ipv4Addr::from_bits(ip.to_bits() | host).into())
            }
            IpAddr::V6(ip) => {
                let host = u128::MAX.checked_shr(prefix.into()).unwrap_or(0);
                (Ipv6Addr::from_bits(ip.to_bits() & !host).into(), Ipv6Addr::from_bits(ip.to_bits() | host).into())
            }
        });
        Ok(())
    }

    /// Whether the list holds this address.
    pub fn check(&self, ip: IpAddr) -> bool {
        let canonical = ip.to_canonical();
        self.ranges.iter().any(|&(first, last)| holds(first, last, ip) || holds(first, last, canonical))
    }
}

fn holds(first: IpAddr, last: IpAddr, ip: IpAddr) -> bool {
    // The order of `IpAddr` puts all of IPv4 below all of IPv6, so a range never holds the other family.
    first <= ip && ip <= last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn subnets_end_where_their_prefix_says() {
        let mut list = BlockList::new();
        list.add_subnet(ip("10.1.2.3"), 8).unwrap();
        list.add_subnet(ip("2001:db8::1"), 32).unwrap();
        for (text, blocked) in [
            ("10.0.0.0", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("::ffff:10.9.9.9", true),
            ("::ffff:11.0.0.0", false),
            ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true),
            ("2001:db9::", false),
        ] {
            assert_eq!(list.check(ip(text)), blocked, "{text}");
        }
    }

    #[test]
    fn the_widest_and_the_narrowest_prefix() {
        let mut all = BlockList::new();
        all.add_subnet(ip("0.0.0.0"), 0).unwrap();
        assert!(all.check(ip("255.255.255.255")) && !all.check(ip("::1")));
        let mut one = BlockList::new();
        one.add_subnet(ip("::1"), 128).unwrap();
        assert!(one.check(ip("::1")) && !one.check(ip("::2")));
    }

    #[test]
    fn a_wrong_rule_is_refused_and_changes_nothing() {
        let mut list = BlockList::new();
        assert_eq!(list.add_subnet(ip("10.0.0.0"), 33).unwrap_err().code(), "ERR_INVALID_IP_ADDRESS");
        assert_eq!(list.add_range(ip("10.0.0.9"), ip("10.0.0.1")).unwrap_err().code(), "ERR_INVALID_IP_ADDRESS");
        assert_eq!(list.add_range(ip("10.0.0.9"), ip("::1")).unwrap_err().code(), "ERR_INVALID_IP_ADDRESS");
        assert!(!list.check(ip("10.0.0.9")));
    }

    #[test]
    fn ranges_include_both_ends() {
        let mut list = BlockList::new();
        list.add_range(ip("192.0.2.10"), ip("192.0.2.20")).unwrap();
        for (text, blocked) in [("192.0.2.9", false), ("192.0.2.10", true), ("192.0.2.20", true), ("192.0.2.21", false)]
        {
            assert_eq!(list.check(ip(text)), blocked, "{text}");
        }
    }
}
