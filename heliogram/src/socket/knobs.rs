//! Options that the manual does not have, and the system's own by number.

use super::Socket;
use crate::error::Result;
use crate::info::{PathMtuDiscovery, TrafficClass};
use crate::options::Steering;
use crate::state::Op;
use crate::sys;

/// Options that the manual does not have. What a system lacks it refuses with `ENOTSUP`; all are refused with `EBADF` while
/// unbound and with `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
impl Socket {
    /// DSCP and ECN of the datagrams that do not have [their own](crate::SendOptions::traffic_class) (`IP_TOS`,
    /// `IPV6_TCLASS`). Default: 0.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` on Windows, which takes them from policies alone.
    #[doc(alias("setTOS", "uv_udp_set_tos", "IPV6_TCLASS", "ecn", "dscp"))]
    pub fn set_traffic_class(&self, class: TrafficClass) -> Result<()> {
        self.call(Op::Option, "setTOS", |sys| sys.set_traffic_class(class.0))
    }

    /// Keeps routers and this host from fragmenting datagrams, or lets them: as libuv has it,
    /// [`PathMtuDiscovery::Probe`] or [`PathMtuDiscovery::Dont`].
    ///
    /// # Errors
    ///
    /// `ENOTSUP` on Windows.
    #[doc(alias("setDontFragment", "uv_udp_set_dontfrag", "IP_MTU_DISCOVER", "IP_DONTFRAG", "IPV6_DONTFRAG"))]
    pub fn set_dont_fragment(&self, on: bool) -> Result<()> {
        self.set_mode("setDontFragment", on.into())
    }

    /// The same with all that the system offers.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` on Windows; on macOS and FreeBSD for all but [`Dont`](PathMtuDiscovery::Dont) and
    /// [`Probe`](PathMtuDiscovery::Probe).
    #[doc(alias = "IP_MTU_DISCOVER")]
    pub fn set_path_mtu_discovery(&self, mode: PathMtuDiscovery) -> Result<()> {
        self.set_mode("setPathMtuDiscovery", mode)
    }

    /// What holds now.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` on Windows.
    pub fn path_mtu_discovery(&self) -> Result<PathMtuDiscovery> {
        self.call(Op::Option, "pathMtuDiscovery", sys::Socket::path_mtu_discovery)
    }

    /// The MTU of the path to the peer of a connected socket in bytes, IP header included, as far as the kernel knows it
    /// (`IP_MTU`, `IPV6_MTU`, Linux): the interface's, until an ICMP message has told of less.
    ///
    /// # Errors
    ///
    /// `ENOTCONN` without a peer; `ENOTSUP` elsewhere.
    #[doc(alias("getMTU", "uv_udp_get_mtu", "IP_MTU"))]
    pub fn mtu(&self) -> Result<usize> {
        self.call(Op::Option, "getMTU", sys::Socket::mtu)
    }

    /// Sends and receives by the interface of this name alone, whatever the routes say; `None` lets it go again
    /// (`SO_BINDTODEVICE`; on macOS `IP_BOUND_IF`). Two sockets that are to share a port, each for its own interface, need
    /// [`SocketOptions::device`](crate::SocketOptions::device), which is there before they are bound.
    ///
    /// # Errors
    ///
    /// `ENODEV` if there is none of this name, `EPERM` for who is neither root nor lets go of nothing (Linux before 5.7);
    /// `ENOTSUP` on FreeBSD and Windows.
    #[doc(alias("bindToDevice", "SO_BINDTODEVICE", "IP_BOUND_IF"))]
    pub fn bind_device(&self, name: Option<&[u8]>) -> Result<()> {
        self.call(Op::Option, "bindToDevice", |sys| sys.bind_device(name))
    }

    /// Whether the socket hears the groups that any socket of this host has joined, or only its own (`IP_MULTICAST_ALL`,
    /// `IPV6_MULTICAST_ALL`, Linux). Default: on. Off keeps two groups on one port apart.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` elsewhere: macOS, FreeBSD and Windows know only the latter.
    #[doc(alias("setMulticastAll", "IP_MULTICAST_ALL", "IPV6_MULTICAST_ALL"))]
    pub fn set_multicast_all(&self, on: bool) -> Result<()> {
        self.call(Op::Option, "setMulticastAll", |sys| sys.set_multicast_all(on))
    }

    /// The processor that handled the last packet for a connected socket, or that was [preferred](Self::set_incoming_cpu)
    /// (`SO_INCOMING_CPU`, Linux).
    ///
    /// # Errors
    ///
    /// `ENOTSUP` elsewhere.
    #[doc(alias = "SO_INCOMING_CPU")]
    pub fn incoming_cpu(&self) -> Result<u32> {
        self.call(Op::Option, "getIncomingCpu", sys::Socket::incoming_cpu)
    }

    /// Prefers this socket, of those that [share its port](crate::SocketOptions::reuse_port), for what this processor
    /// handles (`SO_INCOMING_CPU`, Linux).
    ///
    /// # Errors
    ///
    /// `ENOTSUP` elsewhere.
    #[doc(alias("setIncomingCpu", "uv_udp_set_incoming_cpu", "SO_INCOMING_CPU"))]
    pub fn set_incoming_cpu(&self, cpu: u32) -> Result<()> {
        self.call(Op::Option, "setIncomingCpu", |sys| sys.set_incoming_cpu(cpu))
    }

    /// Says which of the sockets that [share a port](crate::SocketOptions::reuse_port) gets a datagram: they are numbered
    /// from 0 in the order in which they were bound, and one of them sets this for all (`SO_ATTACH_REUSEPORT_CBPF`, Linux).
    ///
    /// # Errors
    ///
    /// `EINVAL` on a socket that shares nothing, for 0 sockets, and for a program that the kernel refuses; `ENOTSUP`
    /// elsewhere.
    #[doc(alias("setReusePortSteering", "SO_ATTACH_REUSEPORT_CBPF", "SO_DETACH_REUSEPORT_BPF"))]
    pub fn set_reuse_port_steering(&self, steering: Steering<'_>) -> Result<()> {
        self.call(Op::Option, "setReusePortSteering", |sys| sys.steer(steering))
    }

    /// Lets a receive that finds nothing ask the device for so many microseconds before it says so (`SO_BUSY_POLL`, Linux).
    /// Default: 0, or `net.core.busy_read`.
    ///
    /// # Errors
    ///
    /// `EPERM` for more than before without `CAP_NET_ADMIN`; `EINVAL` for what does not fit a C `int`; `ENOTSUP` elsewhere.
    #[doc(alias("setBusyPoll", "SO_BUSY_POLL"))]
    pub fn set_busy_poll(&self, microseconds: u32) -> Result<()> {
        self.call(Op::Option, "setBusyPoll", |sys| sys.set_busy_poll(microseconds))
    }

    /// Asks for an option by the system's own numbers, into `value`; says how many bytes it has (`getsockopt(2)`).
    ///
    /// # Errors
    ///
    /// The system's; `ENOTSUP` on Windows.
    #[doc(alias = "getsockopt")]
    pub fn option(&self, level: i32, name: i32, value: &mut [u8]) -> Result<usize> {
        self.call(Op::Option, "getsockopt", |sys| sys.option(level, name, value))
    }

    /// Sets an option by the system's own numbers (`setsockopt(2)`). What other methods here have set does not change its
    /// meaning for them: they do not learn of it.
    ///
    /// # Errors
    ///
    /// The system's; `ENOTSUP` on Windows.
    #[doc(alias = "setsockopt")]
    pub fn set_option(&self, level: i32, name: i32, value: &[u8]) -> Result<()> {
        self.call(Op::Option, "setsockopt", |sys| sys.set_option(level, name, value))
    }

    fn set_mode(&self, syscall: &'static str, mode: PathMtuDiscovery) -> Result<()> {
        // A send with a rule of its own puts back what it has found.
        let _control = self.control();
        self.call(Op::Option, syscall, |sys| sys.set_path_mtu_discovery(mode))
    }
}
