//! The options of a socket: the table of [`Sockopt`], and those whose values are neither integers nor booleans.

use std::io;
use std::sync::atomic::Ordering;

use super::control::{SocketControl, buffer_size, check_range};
use crate::error::{Error, ErrorKind, Result};
use crate::state::Op;
use crate::sys::{self, Sockopt, with_sockopts};
use crate::types::clock::Clock;
use crate::types::metadata::RecvMetadataOptions;
use crate::types::send_options::PathMtuDiscovery;
use crate::types::steering::Steering;

macro_rules! value {
    (bool) => {
        bool
    };
    (int) => {
        u32
    };
}

macro_rules! read {
    (bool, $value:expr) => {
        $value.map(|value| value != 0)
    };
    (int, $value:expr) => {
        $value
    };
}

macro_rules! methods {
    ($(#[$alias:meta] $name:ident: $get:ident / $set:ident, $values:ident $(($least:literal, $most:literal))?, $systems:ident,
       $kind:ident($($number:ident),*), $sentence:literal;)*) => {
        /// Integer and boolean options, one pair of methods for each row of [`Sockopt`].
        ///
        /// All are refused with `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed, `ENOTSUP` where the system
        /// lacks the option, and `EINVAL` for a value out of [range](Sockopt::range).
        impl SocketControl {
            $(
                #[doc = $sentence]
                ///
                /// # Errors
                ///
                /// Those of [`set_sockopt`](Self::set_sockopt).
                #[$alias]
                pub fn $set(&self, value: value!($values)) -> Result<()> {
                    self.set_sockopt(Sockopt::$name, value.into())
                }

                #[doc = concat!("Reads what [`", stringify!($set), "`](Self::", stringify!($set), ") sets.")]
                ///
                /// # Errors
                ///
                /// Those of [`sockopt`](Self::sockopt).
                pub fn $get(&self) -> Result<value!($values)> {
                    read!($values, self.sockopt(Sockopt::$name))
                }
            )*
        }
    };
}

with_sockopts!(methods);

/// The table's options by their row.
impl SocketControl {
    /// Reads an option; a boolean as 0 or 1.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` where the system [lacks it](Sockopt::is_supported); `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once
    /// closed.
    pub fn sockopt(&self, option: Sockopt) -> Result<u32> {
        self.call(Op::Option, option.getter(), |sys| sys.sockopt(option))
    }

    /// Sets an option; a boolean by 0 or 1.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a value out of [range](Sockopt::range), which is checked first; `ENOTSUP` where the system
    /// [lacks it](Sockopt::is_supported); `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed; the system's, such
    /// as `EPERM` without a privilege.
    pub fn set_sockopt(&self, option: Sockopt, value: u32) -> Result<()> {
        check_range(option, value)?;
        self.call(Op::Option, option.setter(), |sys| sys.set_sockopt(option, value, true))
    }

    /// Sets an option for the socket's own protocol alone: what Node does, where [`set_sockopt`](Self::set_sockopt) reaches the
    /// IPv4-mapped peers of a `udp6` socket too.
    ///
    /// # Errors
    ///
    /// Those of [`set_sockopt`](Self::set_sockopt).
    #[doc(hidden)]
    pub fn set_sockopt_unmapped(&self, option: Sockopt, value: u32) -> Result<()> {
        check_range(option, value)?;
        self.call(Op::Option, option.setter(), |sys| sys.set_sockopt(option, value, false))
    }
}

/// Fragmentation, devices, steering and the system's own numbers. What a system lacks it refuses with `ENOTSUP`; all are refused
/// with `EBADF` while unbound and with `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
impl SocketControl {
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

    /// What the program has chosen, or the system's default, which is [`Want`](PathMtuDiscovery::Want) on most. The kernel has
    /// [`Do`](PathMtuDiscovery::Do) in place of it for IPv4 while GSO batches go, so that their segments have the don't-fragment bit of
    /// single datagrams.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` on Windows.
    pub fn path_mtu_discovery(&self) -> Result<PathMtuDiscovery> {
        self.call(Op::Option, "pathMtuDiscovery", |sys| self.batch_mode.chosen(sys))
    }

    /// The MTU of the path to the peer of a connected socket in bytes, IP header included, as far as the kernel knows it
    /// (`IP_MTU`, `IPV6_MTU`, Linux): the interface's, until an ICMP message has reported less.
    ///
    /// # Errors
    ///
    /// `ENOTCONN` without a peer; `ENOTSUP` elsewhere.
    #[doc(alias("getMTU", "uv_udp_get_mtu", "IP_MTU"))]
    pub fn mtu(&self) -> Result<usize> {
        self.call(Op::Option, "getMTU", sys::Socket::mtu)
    }

    /// Sends and receives by the interface of this name alone, whatever the routes say; `None` unbinds it
    /// (`SO_BINDTODEVICE`; on macOS `IP_BOUND_IF`). Two sockets that are to share a port, each for its own interface, need
    /// [`SocketOptions::device`](crate::SocketOptions::device), which is there before they are bound.
    ///
    /// # Errors
    ///
    /// `ENODEV` if there is none of this name, `EPERM` for unprivileged processes if a device is already bound, or before Linux 5.7;
    /// `ENOTSUP` on FreeBSD and Windows.
    #[doc(alias("bindToDevice", "SO_BINDTODEVICE", "IP_BOUND_IF"))]
    pub fn bind_device(&self, name: Option<&[u8]>) -> Result<()> {
        self.call(Op::Option, "bindToDevice", |sys| sys.bind_device(name))
    }

    /// Says which of the sockets that [share a port](crate::SocketOptions::reuse_port) gets a datagram: they are numbered
    /// from 0 in the order in which they were bound, and one of them sets this for all (`SO_ATTACH_REUSEPORT_CBPF`, Linux).
    ///
    /// # Errors
    ///
    /// `EINVAL` on a socket that shares nothing, and for 0 sockets; `ENOTSUP` elsewhere.
    #[doc(alias("setReusePortSteering", "SO_ATTACH_REUSEPORT_CBPF", "SO_DETACH_REUSEPORT_BPF"))]
    pub fn set_reuse_port_steering(&self, steering: Steering) -> Result<()> {
        self.call(Op::Option, "setReusePortSteering", |sys| sys.steer(steering))
    }

    /// Asks for an option by the system's own numbers, into `value`; says how many bytes it has (`getsockopt(2)`).
    ///
    /// # Errors
    ///
    /// The system's; `ENOTSUP` on Windows.
    pub fn getsockopt(&self, level: i32, name: i32, value: &mut [u8]) -> Result<usize> {
        self.call(Op::Option, "getsockopt", |sys| match sys::is_managed(level, name) {
            true => self.batch_mode.unforced(sys, || sys.getsockopt(level, name, value)),
            false => sys.getsockopt(level, name, value),
        })
    }

    /// Sets an option by the system's own numbers (`setsockopt(2)`).
    ///
    /// # Errors
    ///
    /// `ERR_HELIOGRAM_MANAGED_OPTION` for what the socket manages itself, and would misread what it receives if it changed without its
    /// knowledge: offload, path MTU discovery, the error queue, packet information, timestamps, transmit times and filters. Else the
    /// system's; `ENOTSUP` on Windows.
    pub fn setsockopt(&self, level: i32, name: i32, value: &[u8]) -> Result<()> {
        if sys::is_managed(level, name) {
            return Err(Error::rule(ErrorKind::ManagedOption));
        }
        self.call(Op::Option, "setsockopt", |sys| sys.setsockopt(level, name, value))
    }

    fn set_mode(&self, syscall: &'static str, mode: PathMtuDiscovery) -> Result<()> {
        self.call(Op::Option, syscall, |sys| self.batch_mode.choose(sys, mode))
    }
}

/// Receive metadata and transmit times: for Linux, macOS and FreeBSD. Windows refuses with `ENOTSUP`.
impl SocketControl {
    /// Has the kernel report more of each received datagram, in [`RecvInfo::metadata`](crate::RecvInfo::metadata): what
    /// is in `info` and nothing else. It holds for whatever is received from now on. Default: nothing.
    ///
    /// A server on all interfaces that answers from [`RecvMetadata::local_ip`](crate::RecvMetadata::local_ip) answers from the address that
    /// it was asked at.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` for what the system lacks; `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias("setRecvMetadata", "uv_udp_set_recv_info", "IP_PKTINFO", "IP_RECVTOS", "IP_RECVTTL", "SO_RXQ_OVFL"))]
    pub fn set_recv_metadata(&self, info: RecvMetadataOptions) -> Result<()> {
        let _control = self.control();
        self.call(Op::Option, "setRecvMetadata", |sys| sys.set_recv_metadata(info))?;
        self.receive_info.store(info.bits(), Ordering::Relaxed);
        Ok(())
    }

    /// Names the clock of [`SendOptions::transmit_time`](crate::SendOptions::transmit_time) (`SO_TXTIME`, Linux).
    ///
    /// # Errors
    ///
    /// `ENOTSUP` where the system has no such thing, `EPERM` for a clock other than [`Clock::Monotonic`] without
    /// `CAP_NET_ADMIN`; `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias("setTransmitTimeClock", "SO_TXTIME"))]
    pub fn set_transmit_time_clock(&self, clock: Clock) -> Result<()> {
        self.call(Op::Option, "setTransmitTimeClock", |sys| sys.set_transmit_time_clock(clock))
    }
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

/// Buffer sizes.
impl SocketControl {
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
impl SocketControl {
    fn sized<T>(&self, syscall: &'static str, call: impl FnOnce(&sys::Socket) -> io::Result<T>) -> Result<T> {
        let refused = |raw| Error::buffer_size(syscall, raw);
        self.call(Op::BufferSize, syscall, call).map_err(|error| match error.reason() {
            ErrorKind::BufferSize => refused(sys::errno::NO_SOCKET),
            _ => error.raw_os_error().map_or(error, refused),
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
}
