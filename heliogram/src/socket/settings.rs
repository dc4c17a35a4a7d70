//! The manual's options: broadcast, hops, multicast, memberships, buffer sizes.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Socket, buffer_size};
use crate::addr::Interface;
use crate::error::{Error, ErrorKind, Result};
use crate::state::{Action, Op};
use crate::sys;

/// The options of the manual.
impl Socket {
    /// Lets datagrams go to broadcast addresses (`SO_BROADCAST`). Default: off.
    ///
    /// # Errors
    ///
    /// `EBADF` while unbound, as all options; `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias = "setBroadcast")]
    pub fn set_broadcast(&self, on: bool) -> Result<()> {
        self.call(Op::Option, "setBroadcast", |sys| sys.set_broadcast(on))
    }

    /// How many routers a unicast datagram may pass, 1 to 255 (`IP_TTL`, `IPV6_UNICAST_HOPS`). Default: 64 on most systems.
    ///
    /// # Errors
    ///
    /// `EINVAL` outside that range; else as [`set_broadcast`](Self::set_broadcast).
    #[doc(alias = "setTTL")]
    pub fn set_ttl(&self, ttl: u32) -> Result<()> {
        let hops = hops("setTTL", ttl, 1)?;
        self.call(Op::Option, "setTTL", |sys| sys.set_ttl(hops))
    }

    /// How many routers a multicast datagram may pass, 0 to 255 (`IP_MULTICAST_TTL`, `IPV6_MULTICAST_HOPS`). 0 keeps it on
    /// this host. Default: 1.
    ///
    /// # Errors
    ///
    /// `EINVAL` outside that range; else as [`set_broadcast`](Self::set_broadcast).
    #[doc(alias = "setMulticastTTL")]
    pub fn set_multicast_ttl(&self, ttl: u32) -> Result<()> {
        let hops = hops("setMulticastTTL", ttl, 0)?;
        self.call(Op::Option, "setMulticastTTL", |sys| sys.set_multicast_ttl(hops))
    }

    /// Whether multicast datagrams come back to this host's own members (`IP_MULTICAST_LOOP`, `IPV6_MULTICAST_LOOP`).
    /// Default: on. On Windows the receiving socket decides, elsewhere the sending one.
    ///
    /// # Errors
    ///
    /// As [`set_broadcast`](Self::set_broadcast).
    #[doc(alias = "setMulticastLoopback")]
    pub fn set_multicast_loop(&self, on: bool) -> Result<()> {
        self.call(Op::Option, "setMulticastLoopback", |sys| sys.set_multicast_loop(on))
    }

    /// The interface that multicast leaves by (`IP_MULTICAST_IF`, `IPV6_MULTICAST_IF`): for IPv4 by its address or index,
    /// for IPv6 by its index. An address on a `udp6` socket is for the IPv4 groups that it sends to. [`Interface::parse`] reads the manual's text forms (`10.0.0.2`, `::%eth1`).
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

    /// The kernel's receive buffer in bytes (`SO_RCVBUF`); Linux says twice what was set.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_BUFFER_SIZE` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias = "getRecvBufferSize")]
    pub fn recv_buffer_size(&self) -> Result<usize> {
        self.sized("uv_recv_buffer_size", sys::Socket::recv_buffer_size)
    }

    /// Sets the kernel's receive buffer in bytes (`SO_RCVBUF`), which Linux caps at `net.core.rmem_max`. 0 leaves it as it
    /// is.
    ///
    /// # Errors
    ///
    /// `ERR_SOCKET_BUFFER_SIZE` over 2,147,483,647 bytes; else as [`recv_buffer_size`](Self::recv_buffer_size).
    #[doc(alias = "setRecvBufferSize")]
    pub fn set_recv_buffer_size(&self, bytes: u32) -> Result<()> {
        self.resize("uv_recv_buffer_size", bytes, sys::Socket::set_recv_buffer_size)
    }

    /// The kernel's send buffer in bytes (`SO_SNDBUF`); Linux says twice what was set.
    ///
    /// # Errors
    ///
    /// As [`recv_buffer_size`](Self::recv_buffer_size).
    #[doc(alias = "getSendBufferSize")]
    pub fn send_buffer_size(&self) -> Result<usize> {
        self.sized("uv_send_buffer_size", sys::Socket::send_buffer_size)
    }

    /// Sets the kernel's send buffer in bytes (`SO_SNDBUF`), which Linux caps at `net.core.wmem_max`. 0 leaves it as it is.
    ///
    /// # Errors
    ///
    /// As [`set_recv_buffer_size`](Self::set_recv_buffer_size).
    #[doc(alias = "setSendBufferSize")]
    pub fn set_send_buffer_size(&self, bytes: u32) -> Result<()> {
        self.resize("uv_send_buffer_size", bytes, sys::Socket::set_send_buffer_size)
    }
}

/// What the options share.
impl Socket {
    fn sized<T>(&self, syscall: &'static str, call: impl FnOnce(&sys::Socket) -> io::Result<T>) -> Result<T> {
        let refused = |raw| Error::buffer_size(syscall, raw);
        self.call(Op::BufferSize, syscall, call).map_err(|error| match error.kind() {
            ErrorKind::BufferSize => refused(sys::errno::EBADF),
            ErrorKind::System => refused(error.errno().map_or(sys::errno::EINVAL, |errno| -errno)),
            _ => error,
        })
    }

    /// Sets a buffer's size. As in Node, 0 only asks, and what does not fit a C `int` is refused before anything is asked.
    fn resize(
        &self,
        syscall: &'static str,
        bytes: u32,
        set: impl FnOnce(&sys::Socket, usize) -> io::Result<()>,
    ) -> Result<()> {
        let bytes = buffer_size(bytes).ok_or(Error::buffer_size(syscall, sys::errno::EINVAL))?;
        self.sized(syscall, |sys| if bytes == 0 { Ok(()) } else { set(sys, bytes) })
    }

    fn membership(&self, syscall: &'static str, call: impl FnOnce(&sys::Socket) -> io::Result<()>) -> Result<()> {
        let _control = self.control();
        if self.asks(Op::Membership)? == Action::BindSilently {
            self.bind_silently().map_err(|error| Error::system(syscall, &error))?;
        }
        call(self.sys(syscall)?).map_err(|error| Error::system(syscall, &error))
    }

    /// Binds in the kernel, shareable as libuv does it, without counting as bound.
    fn bind_silently(&self) -> io::Result<()> {
        let sys = self.open()?;
        sys.set_reuse_addr()?;
        self.take_device(sys)?;
        sys.bind(self.socket_type().any())
    }
}

/// Calls for one interface, or for every one: then it is enough that one call succeeds, and the first error is told if none
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

/// A range that is checked before the descriptor is looked at, as libuv does.
fn hops(syscall: &'static str, ttl: u32, least: u32) -> Result<u32> {
    if (least..=255).contains(&ttl) { Ok(ttl) } else { Err(Error::raw(syscall, sys::errno::EINVAL)) }
}
