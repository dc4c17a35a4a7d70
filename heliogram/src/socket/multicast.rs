//! Multicast: the outgoing interface and memberships.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::control::SocketControl;
use crate::error::{Error, Result};
use crate::state::{Action, Op};
use crate::sys;
use crate::types::multicast_interface::Interface;

/// Multicast.
impl SocketControl {
    /// The interface that multicast leaves by (`IP_MULTICAST_IF`, `IPV6_MULTICAST_IF`): for IPv4 by its address or index,
    /// for IPv6 by its index. An address on a `udp6` socket is for the IPv4 groups that it sends to. [`Interface::parse`] reads Node's text forms (`10.0.0.2`, `::%eth1`).
    ///
    /// # Errors
    ///
    /// `EADDRNOTAVAIL` or `ENODEV` for an interface that does not exist; else as [`set_broadcast`](Self::set_broadcast).
    #[doc(alias = "setMulticastInterface")]
    pub fn set_multicast_interface(&self, interface: Interface) -> Result<()> {
        self.call(Op::Option, "setMulticastInterface", |sys| sys.set_multicast_interface(interface))
    }

    /// Joins a multicast group on one interface (`IP_ADD_MEMBERSHIP`, `IPV6_JOIN_GROUP`). An unbound socket is bound by
    /// the way, to all interfaces and a free port, and still counts as unbound.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `group` is no multicast address; `EADDRINUSE` if it is joined already; `ENODEV` if there is no such
    /// interface, or none with a route to the group; `ENOBUFS` past `net.ipv4.igmp_max_memberships`;
    /// `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias = "addMembership")]
    pub fn join_multicast(&self, group: IpAddr, interface: Interface) -> Result<()> {
        self.membership("addMembership", |sys| on_each(interface, |one| sys.join(group, one)))
    }

    /// [`join_multicast`](Self::join_multicast) for IPv4, with an address of the interface; `0.0.0.0` lets the system choose.
    ///
    /// # Errors
    ///
    /// Those of [`join_multicast`](Self::join_multicast).
    #[doc(alias = "IP_ADD_MEMBERSHIP")]
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> Result<()> {
        self.join_multicast(group.into(), Interface::Address(interface))
    }

    /// [`join_multicast`](Self::join_multicast) for IPv6, with the interface's index; 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// Those of [`join_multicast`](Self::join_multicast).
    #[doc(alias = "IPV6_ADD_MEMBERSHIP")]
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> Result<()> {
        self.join_multicast((*group).into(), Interface::Index(interface))
    }

    /// Leaves a group; closing leaves all of them.
    ///
    /// # Errors
    ///
    /// `EADDRNOTAVAIL` if the group is not joined on that interface; else as [`join_multicast`](Self::join_multicast).
    #[doc(alias = "dropMembership")]
    pub fn leave_multicast(&self, group: IpAddr, interface: Interface) -> Result<()> {
        self.membership("dropMembership", |sys| on_each(interface, |one| sys.leave(group, one)))
    }

    /// [`leave_multicast`](Self::leave_multicast) for IPv4.
    ///
    /// # Errors
    ///
    /// Those of [`leave_multicast`](Self::leave_multicast).
    #[doc(alias = "IP_DROP_MEMBERSHIP")]
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> Result<()> {
        self.leave_multicast(group.into(), Interface::Address(interface))
    }

    /// [`leave_multicast`](Self::leave_multicast) for IPv6.
    ///
    /// # Errors
    ///
    /// Those of [`leave_multicast`](Self::leave_multicast).
    #[doc(alias = "IPV6_DROP_MEMBERSHIP")]
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> Result<()> {
        self.leave_multicast((*group).into(), Interface::Index(interface))
    }

    /// Joins a channel: a group's datagrams of one source alone (`IP_ADD_SOURCE_MEMBERSHIP`; for IPv6
    /// `MCAST_JOIN_SOURCE_GROUP`, RFC 3678). IPv4 and IPv6 alike.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the two are of different families; else as [`join_multicast`](Self::join_multicast).
    #[doc(alias = "addSourceSpecificMembership")]
    pub fn join_ssm(&self, source: IpAddr, group: IpAddr, interface: Interface) -> Result<()> {
        self.membership("addSourceSpecificMembership", |sys| {
            on_each(interface, |one| sys.join_source(source, group, one))
        })
    }

    /// Leaves a channel.
    ///
    /// # Errors
    ///
    /// `EADDRNOTAVAIL` if it is not joined; else as [`join_multicast`](Self::join_multicast).
    #[doc(alias = "dropSourceSpecificMembership")]
    pub fn leave_ssm(&self, source: IpAddr, group: IpAddr, interface: Interface) -> Result<()> {
        self.membership("dropSourceSpecificMembership", |sys| {
            on_each(interface, |one| sys.leave_source(source, group, one))
        })
    }

    fn membership(&self, syscall: &'static str, call: impl FnOnce(&sys::Socket) -> io::Result<()>) -> Result<()> {
        let _control = self.control();
        if self.asks(Op::Membership)? == Action::BindSilently {
            self.bind_silently(syscall)?;
        }
        call(self.sys(syscall)?).map_err(|error| Error::system(syscall, &error))
    }

    /// Binds in the kernel, shareable as libuv does it, without counting as bound.
    fn bind_silently(&self, syscall: &'static str) -> Result<()> {
        let failed = |error: io::Error| Error::system(syscall, &error);
        let sys = self.open().map_err(failed)?;
        sys.set_reuse_addr().and_then(|()| self.take_device(sys)).map_err(failed)?;
        self.apply_sockopts(sys)?;
        sys.bind(self.socket_type().any()).map_err(failed)
    }
}

/// The names of the interfaces that [`Interface::All`] means at this moment.
///
/// # Errors
///
/// `ENOTSUP` on Windows.
pub fn multicast_interfaces() -> Result<Vec<String>> {
    let indices = sys::multicast_interfaces().map_err(|error| Error::system("getifaddrs", &error))?;
    Ok(indices.into_iter().map(|index| sys::interface_name(index).unwrap_or_else(|| index.to_string())).collect())
}

/// Calls for one interface, or for every one: then it is enough that one call succeeds, and the first error is returned if none
/// does.
fn on_each(interface: Interface, mut call: impl FnMut(Interface) -> io::Result<()>) -> io::Result<()> {
    if interface != Interface::All {
        return call(interface);
    }
    let mut outcome = Err(io::Error::from_raw_os_error(sys::errno::ENODEV));
    for (count, index) in sys::multicast_interfaces()?.into_iter().enumerate() {
        match call(Interface::Index(index)) {
            Ok(()) => outcome = Ok(()),
            Err(error) if count == 0 => outcome = Err(error),
            Err(_) => {}
        }
    }
    outcome
}
