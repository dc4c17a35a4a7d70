//! Multicast: the outgoing interface, memberships, and memberships of one source.
//!
//! Sources: `ip(7)`, `ipv6(7)`; RFC 3678 for `MCAST_JOIN_SOURCE_GROUP`.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use socket2::InterfaceIndexOrAddress;

use super::call::set_option;
use super::call::storage;
use super::socket::Socket;
use crate::sys::errno;
use crate::types::family::SocketType;
use crate::types::multicast_interface::Interface;

impl Socket {
    pub(crate) fn set_multicast_interface(&self, interface: Interface) -> io::Result<()> {
        match (self.family, interface) {
            (_, Interface::All) => Err(io::Error::from_raw_os_error(errno::EINVAL)),
            (SocketType::Udp4, Interface::Default) => self.inner.set_multicast_if_v4(&Ipv4Addr::UNSPECIFIED),
            (_, Interface::Address(address)) => self.inner.set_multicast_if_v4(&address),
            (SocketType::Udp4, Interface::Index(index)) => self.set_multicast_index_v4(index),
            (SocketType::Udp6, Interface::Default) => self.inner.set_multicast_if_v6(0),
            (SocketType::Udp6, Interface::Index(index)) => self.inner.set_multicast_if_v6(index),
        }
    }

    fn set_multicast_index_v4(&self, index: u32) -> io::Result<()> {
        let nobody = libc::in_addr { s_addr: 0 };
        let request = libc::ip_mreqn {
            imr_multiaddr: nobody,
            imr_address: nobody,
            imr_ifindex: libc::c_int::try_from(index).unwrap_or(0),
        };
        set_option(&self.inner, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, &request)
    }

    pub(crate) fn join(&self, group: IpAddr, interface: Interface) -> io::Result<()> {
        match group {
            IpAddr::V4(group) => self.inner.join_multicast_v4_n(&group, &v4_interface(interface)),
            IpAddr::V6(group) => self.inner.join_multicast_v6(&group, v6_interface(interface)?),
        }
    }

    pub(crate) fn leave(&self, group: IpAddr, interface: Interface) -> io::Result<()> {
        match group {
            IpAddr::V4(group) => self.inner.leave_multicast_v4_n(&group, &v4_interface(interface)),
            IpAddr::V6(group) => self.inner.leave_multicast_v6(&group, v6_interface(interface)?),
        }
    }

    pub(crate) fn join_source(&self, source: IpAddr, group: IpAddr, interface: Interface) -> io::Result<()> {
        match (source, group, interface) {
            (IpAddr::V4(source), IpAddr::V4(group), Interface::Default | Interface::Address(_)) => {
                self.inner.join_ssm_v4(&source, &group, &v4_address(interface))
            }
            _ => self.source_group(libc::MCAST_JOIN_SOURCE_GROUP, source, group, interface),
        }
    }

    pub(crate) fn leave_source(&self, source: IpAddr, group: IpAddr, interface: Interface) -> io::Result<()> {
        match (source, group, interface) {
            (IpAddr::V4(source), IpAddr::V4(group), Interface::Default | Interface::Address(_)) => {
                self.inner.leave_ssm_v4(&source, &group, &v4_address(interface))
            }
            _ => self.source_group(libc::MCAST_LEAVE_SOURCE_GROUP, source, group, interface),
        }
    }

    /// The protocol-independent calls of RFC 3678, section 5.1: IPv6, and IPv4 by an interface's index.
    fn source_group(&self, option: libc::c_int, source: IpAddr, group: IpAddr, interface: Interface) -> io::Result<()> {
        if source.is_ipv4() != group.is_ipv4() {
            return Err(io::Error::from_raw_os_error(errno::EINVAL));
        }
        let level = if group.is_ipv4() { libc::IPPROTO_IP } else { libc::IPPROTO_IPV6 };
        let request = libc::group_source_req {
            gsr_interface: v6_interface(interface)?,
            gsr_group: storage(group),
            gsr_source: storage(source),
        };
        set_option(&self.inner, level, option, &request)
    }
}

fn v4_interface(interface: Interface) -> InterfaceIndexOrAddress {
    match interface {
        Interface::Index(index) => InterfaceIndexOrAddress::Index(index),
        _ => InterfaceIndexOrAddress::Address(v4_address(interface)),
    }
}

fn v4_address(interface: Interface) -> Ipv4Addr {
    match interface {
        Interface::Address(address) => address,
        Interface::Default | Interface::Index(_) | Interface::All => Ipv4Addr::UNSPECIFIED,
    }
}

fn v6_interface(interface: Interface) -> io::Result<u32> {
    match interface {
        Interface::Default => Ok(0),
        Interface::Index(index) => Ok(index),
        Interface::Address(_) | Interface::All => Err(io::Error::from_raw_os_error(errno::EINVAL)),
    }
}
