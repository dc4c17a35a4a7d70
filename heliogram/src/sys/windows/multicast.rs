//! Multicast, as this system has it; the options that are the same everywhere are in `sys/portable.rs`.
//!
//! Sources: "IPPROTO_IP Socket Options", "IPPROTO_IPV6 Socket Options"; RFC 3678.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV6};

use socket2::{InterfaceIndexOrAddress, SockAddr};
use windows_sys::Win32::Networking::WinSock;

use super::options::set_option;
use super::socket::Socket;
use crate::sys::errno;
use crate::types::family::SocketType;
use crate::types::multicast_interface::Interface;

impl Socket {
    pub(crate) fn set_multicast_interface(&self, interface: Interface) -> io::Result<()> {
        match (self.family, interface) {
            (_, Interface::All) => Err(io::Error::from_raw_os_error(errno::EINVAL)),
            (_, Interface::Address(address)) => self.inner().set_multicast_if_v4(&address),
            (SocketType::Udp4, _) => self.inner().set_multicast_if_v4(&v4_address(interface)?),
            (SocketType::Udp6, _) => self.inner().set_multicast_if_v6(v6_index(interface)?),
        }
    }

    pub(crate) fn join(&self, group: IpAddr, interface: Interface) -> io::Result<()> {
        self.check_family(group)?;
        match group {
            IpAddr::V4(group) => self.inner().join_multicast_v4_n(&group, &v4_interface(interface)),
            IpAddr::V6(group) => self.inner().join_multicast_v6(&group, v6_index(interface)?),
        }
    }

    pub(crate) fn leave(&self, group: IpAddr, interface: Interface) -> io::Result<()> {
        self.check_family(group)?;
        match group {
            IpAddr::V4(group) => self.inner().leave_multicast_v4_n(&group, &v4_interface(interface)),
            IpAddr::V6(group) => self.inner().leave_multicast_v6(&group, v6_index(interface)?),
        }
    }

    pub(crate) fn join_source(&self, source: IpAddr, group: IpAddr, interface: Interface) -> io::Result<()> {
        self.check_family(group)?;
        match (source, group) {
            (IpAddr::V4(source), IpAddr::V4(group)) => {
                self.inner().join_ssm_v4(&source, &group, &v4_address(interface)?)
            }
            (IpAddr::V6(source), IpAddr::V6(group)) => {
                self.set_v6_source(WinSock::MCAST_JOIN_SOURCE_GROUP, source, group, interface)
            }
            _ => Err(io::Error::from_raw_os_error(errno::EINVAL)),
        }
    }

    pub(crate) fn leave_source(&self, source: IpAddr, group: IpAddr, interface: Interface) -> io::Result<()> {
        self.check_family(group)?;
        match (source, group) {
            (IpAddr::V4(source), IpAddr::V4(group)) => {
                self.inner().leave_ssm_v4(&source, &group, &v4_address(interface)?)
            }
            (IpAddr::V6(source), IpAddr::V6(group)) => {
                self.set_v6_source(WinSock::MCAST_LEAVE_SOURCE_GROUP, source, group, interface)
            }
            _ => Err(io::Error::from_raw_os_error(errno::EINVAL)),
        }
    }

    /// A socket of IPv6 is in no groups of IPv4 here.
    fn check_family(&self, group: IpAddr) -> io::Result<()> {
        if self.family.matches(group) { Ok(()) } else { Err(io::Error::from_raw_os_error(errno::EINVAL)) }
    }

    fn set_v6_source(&self, option: u32, source: Ipv6Addr, group: Ipv6Addr, interface: Interface) -> io::Result<()> {
        let request = WinSock::GROUP_SOURCE_REQ {
            gsr_interface: v6_index(interface)?,
            gsr_group: storage(group),
            gsr_source: storage(source),
        };
        set_option(&self.inner, WinSock::IPPROTO_IPV6, option as i32, &request)
    }
}

fn v4_interface(interface: Interface) -> InterfaceIndexOrAddress {
    match interface {
        Interface::Default | Interface::All => InterfaceIndexOrAddress::Address(Ipv4Addr::UNSPECIFIED),
        Interface::Address(address) => InterfaceIndexOrAddress::Address(address),
        Interface::Index(index) => InterfaceIndexOrAddress::Index(index),
    }
}

/// An interface as an address: Windows reads one of the block 0.0.0.0/8 as the interface's index.
fn v4_address(interface: Interface) -> io::Result<Ipv4Addr> {
    match interface {
        Interface::Default => Ok(Ipv4Addr::UNSPECIFIED),
        Interface::Address(address) => Ok(address),
        Interface::Index(index @ 0..0x0100_0000) => Ok(Ipv4Addr::from_bits(index)),
        Interface::Index(_) | Interface::All => Err(io::Error::from_raw_os_error(errno::EINVAL)),
    }
}

fn v6_index(interface: Interface) -> io::Result<u32> {
    match interface {
        Interface::Default => Ok(0),
        Interface::Index(index) => Ok(index),
        Interface::Address(_) | Interface::All => Err(io::Error::from_raw_os_error(errno::EINVAL)),
    }
}

/// The address as the structures of RFC 3678 have it.
fn storage(address: Ipv6Addr) -> WinSock::SOCKADDR_STORAGE {
    let mut storage = SockAddr::from(SocketAddrV6::new(address, 0, 0, 0)).as_storage();
    // SAFETY: socket2's storage is the system's SOCKADDR_STORAGE, which any bytes are a value of.
    *unsafe { storage.view_as::<WinSock::SOCKADDR_STORAGE>() }
}
