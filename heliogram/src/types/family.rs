//! [`SocketType`]: IPv4 or IPv6.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The family of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketType {
    /// IPv4.
    Udp4,
    /// IPv6; IPv4 too unless [`SocketOptions::ipv6_only`](crate::SocketOptions::ipv6_only), with peers written `::ffff:192.0.2.1`.
    Udp6,
}

impl SocketType {
    /// The family that an address is of.
    pub const fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { SocketType::Udp4 } else { SocketType::Udp6 }
    }

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
