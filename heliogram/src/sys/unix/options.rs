//! Options that are neither integers nor booleans: fragmentation, transmit times, devices, steering; and raw ones.
//!
//! Sources: `ip(7)`, `ipv6(7)`, `socket(7)`, `tc-fq(8)`, `tc-etf(8)`; `ip(4)`, `ip6(4)` of macOS and FreeBSD.

use std::io;
use std::os::fd::AsRawFd;

#[cfg(any(target_os = "linux", target_os = "android"))]
use libc::SOL_SOCKET;
use libc::{IPPROTO_IP, IPPROTO_IPV6, c_int};

use super::call::{check, get_option, set_option};
use super::socket::Socket;
use crate::sys::errno;
use crate::types::family::SocketType;
use crate::types::send_options::PathMtuDiscovery;

impl Socket {
    /// An option that both protocols have, each by its own name.
    fn get_of_family(&self, ipv4: c_int, ipv6: c_int) -> io::Result<c_int> {
        match self.family {
            SocketType::Udp4 => get_option(&self.inner, IPPROTO_IP, ipv4),
            SocketType::Udp6 => get_option(&self.inner, IPPROTO_IPV6, ipv6),
        }
    }

    /// A socket of IPv6 sends by IPv4 too; only Linux lets it have options for that.
    fn set_of_family(&self, ipv4: c_int, ipv6: c_int, value: c_int) -> io::Result<()> {
        let by_ipv4 = || set_option(&self.inner, IPPROTO_IP, ipv4, &value);
        match self.family {
            SocketType::Udp4 => by_ipv4(),
            SocketType::Udp6 => {
                set_option(&self.inner, IPPROTO_IPV6, ipv6, &value)?;
                if cfg!(any(target_os = "linux", target_os = "android")) { by_ipv4() } else { Ok(()) }
            }
        }
    }
}

/// The same everywhere.
impl Socket {
    /// An option as bytes; says how many there are.
    pub(crate) fn getsockopt(&self, level: c_int, name: c_int, value: &mut [u8]) -> io::Result<usize> {
        let mut length = value.len() as libc::socklen_t;
        let descriptor = self.inner.as_raw_fd();
        // SAFETY: the value is live memory of that length, of which the kernel writes at most so much.
        check(unsafe { libc::getsockopt(descriptor, level, name, value.as_mut_ptr().cast(), &raw mut length) })?;
        Ok(length as usize)
    }

    /// Sets an option from bytes.
    pub(crate) fn setsockopt(&self, level: c_int, name: c_int, value: &[u8]) -> io::Result<()> {
        let (descriptor, length) = (self.inner.as_raw_fd(), value.len() as libc::socklen_t);
        // SAFETY: the value is live memory of that length, which the kernel only reads.
        check(unsafe { libc::setsockopt(descriptor, level, name, value.as_ptr().cast(), length) }).map(drop)
    }
}

/// Whether an option is one that [`Socket`] sets and relies on.
pub(crate) fn is_managed(level: c_int, name: c_int) -> bool {
    system::MANAGED.contains(&(level, name))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use super::*;
    use crate::sys::unix::kernel;
    use crate::types::clock::Clock;
    use crate::types::steering::Steering;

    /// The options that the socket manages, by level and number.
    pub(super) const MANAGED: &[(c_int, c_int)] = &[
        (libc::SOL_UDP, libc::UDP_GRO),
        (libc::SOL_UDP, libc::UDP_SEGMENT),
        (IPPROTO_IP, libc::IP_MTU_DISCOVER),
        (IPPROTO_IP, libc::IP_RECVERR),
        (IPPROTO_IP, libc::IP_PKTINFO),
        (IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER),
        (IPPROTO_IPV6, libc::IPV6_RECVERR),
        (IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
        (SOL_SOCKET, libc::SO_TIMESTAMP),
        (SOL_SOCKET, libc::SO_TIMESTAMPNS),
        (SOL_SOCKET, libc::SO_TIMESTAMPING),
        (SOL_SOCKET, SO_TIMESTAMP_NEW),
        (SOL_SOCKET, SO_TIMESTAMPNS_NEW),
        (SOL_SOCKET, SO_TIMESTAMPING_NEW),
        (SOL_SOCKET, kernel::SO_TXTIME),
        (SOL_SOCKET, kernel::SO_SELECT_ERR_QUEUE),
        (SOL_SOCKET, libc::SO_ATTACH_FILTER),
        (SOL_SOCKET, libc::SO_DETACH_FILTER),
        (SOL_SOCKET, kernel::SO_LOCK_FILTER),
        (SOL_SOCKET, SO_ATTACH_BPF),
    ];
    /// Of `asm-generic/socket.h`.
    const SO_TIMESTAMP_NEW: c_int = 63;
    const SO_TIMESTAMPNS_NEW: c_int = 64;
    const SO_TIMESTAMPING_NEW: c_int = 65;
    const SO_ATTACH_BPF: c_int = 50;

    /// Every mode of `IP_MTU_DISCOVER`; IPv6 has the same numbers.
    const MODES: [(PathMtuDiscovery, c_int); 6] = [
        (PathMtuDiscovery::Dont, libc::IP_PMTUDISC_DONT),
        (PathMtuDiscovery::Want, libc::IP_PMTUDISC_WANT),
        (PathMtuDiscovery::Do, libc::IP_PMTUDISC_DO),
        (PathMtuDiscovery::Probe, libc::IP_PMTUDISC_PROBE),
        (PathMtuDiscovery::Interface, libc::IP_PMTUDISC_INTERFACE),
        (PathMtuDiscovery::Omit, libc::IP_PMTUDISC_OMIT),
    ];

    fn mode_of(number: c_int) -> io::Result<PathMtuDiscovery> {
        MODES.iter().find(|row| row.1 == number).map(|row| row.0).ok_or_else(errno::unsupported)
    }

    fn number_of(mode: PathMtuDiscovery) -> c_int {
        MODES.iter().find(|row| row.0 == mode).map_or(libc::IP_PMTUDISC_WANT, |row| row.1)
    }

    impl Socket {
        pub(crate) fn path_mtu_discovery(&self) -> io::Result<PathMtuDiscovery> {
            mode_of(self.get_of_family(libc::IP_MTU_DISCOVER, libc::IPV6_MTU_DISCOVER)?)
        }

        pub(crate) fn set_path_mtu_discovery(&self, mode: PathMtuDiscovery) -> io::Result<()> {
            self.set_of_family(libc::IP_MTU_DISCOVER, libc::IPV6_MTU_DISCOVER, number_of(mode))
        }

        /// IPv4's mode, which a socket of IPv6 has too, for its IPv4-mapped peers.
        pub(crate) fn ipv4_path_mtu_discovery(&self) -> io::Result<PathMtuDiscovery> {
            mode_of(get_option(&self.inner, IPPROTO_IP, libc::IP_MTU_DISCOVER)?)
        }

        pub(crate) fn set_ipv4_path_mtu_discovery(&self, mode: PathMtuDiscovery) -> io::Result<()> {
            set_option(&self.inner, IPPROTO_IP, libc::IP_MTU_DISCOVER, &number_of(mode))
        }

        pub(crate) fn set_transmit_time_clock(&self, clock: Clock) -> io::Result<()> {
            let clockid = match clock {
                Clock::Monotonic => libc::CLOCK_MONOTONIC,
                Clock::Tai => libc::CLOCK_TAI,
            };
            // struct sock_txtime of linux/net_tstamp.h: clockid, flags.
            set_option(&self.inner, SOL_SOCKET, kernel::SO_TXTIME, &[clockid, 0])
        }

        pub(crate) fn mtu(&self) -> io::Result<usize> {
            let mtu = self.get_of_family(libc::IP_MTU, libc::IPV6_MTU)?;
            Ok(usize::try_from(mtu).unwrap_or(0))
        }

        pub(crate) fn bind_device(&self, name: Option<&[u8]>) -> io::Result<()> {
            self.inner.bind_device(name)
        }

        /// `SK_MEMINFO_DROPS` of `linux/sock_diag.h` is the last of nine numbers; a kernel before 4.12 has none.
        pub(crate) fn dropped(&self) -> Option<u32> {
            let numbers: [u32; 9] = get_option(&self.inner, SOL_SOCKET, kernel::SO_MEMINFO).ok()?;
            Some(numbers[8])
        }

        pub(crate) fn steer(&self, steering: Steering) -> io::Result<()> {
            match steering {
                Steering::Flow => self.detach(),
                Steering::Cpu { sockets } => self.attach(by_number(LOAD_WORD, EXTENSION + CPU, sockets)),
                Steering::Byte { offset, sockets } => self.attach(by_number(LOAD_BYTE, offset, sockets)),
            }
        }

        fn attach(&self, mut program: [libc::sock_filter; 3]) -> io::Result<()> {
            let program = libc::sock_fprog { len: 3, filter: program.as_mut_ptr() };
            set_option(&self.inner, SOL_SOCKET, libc::SO_ATTACH_REUSEPORT_CBPF, &program)
        }

        /// Without a program, which `ENOENT` says, the flow decides already.
        fn detach(&self) -> io::Result<()> {
            match set_option(&self.inner, SOL_SOCKET, libc::SO_DETACH_REUSEPORT_BPF, &0_i32) {
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
                other => other,
            }
        }
    }

    const LOAD_WORD: u32 = kernel::BPF_LD | kernel::BPF_W | kernel::BPF_ABS;
    const LOAD_BYTE: u32 = kernel::BPF_LD | kernel::BPF_B | kernel::BPF_ABS;
    /// `SKF_AD_OFF` and `SKF_AD_CPU` of `linux/filter.h`: where a load finds what is no byte of the packet.
    const EXTENSION: u32 = -0x1000_i32 as u32;
    const CPU: u32 = 36;

    /// Loads a number and returns it modulo `sockets`; the kernel refuses a modulus of 0.
    fn by_number(load: u32, from: u32, sockets: u32) -> [libc::sock_filter; 3] {
        let modulo = kernel::BPF_ALU | kernel::BPF_MOD | kernel::BPF_K;
        let instruction = |(code, k)| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
        [(load, from), (modulo, sockets), (kernel::BPF_RET | BPF_A, 0)].map(instruction)
    }

    /// `BPF_A` of `linux/filter.h`: what the program has computed.
    const BPF_A: u32 = 0x10;
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use super::*;

    /// The options that the socket manages, by level and number.
    pub(super) const MANAGED: &[(c_int, c_int)] = &[
        (IPPROTO_IP, IP_DONTFRAG),
        (IPPROTO_IPV6, IPV6_DONTFRAG),
        (IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
        (libc::SOL_SOCKET, libc::SO_TIMESTAMP),
    ];

    /// `IPV6_DONTFRAG` of RFC 3542.
    const IPV6_DONTFRAG: c_int = 62;
    #[cfg(target_vendor = "apple")]
    const IP_DONTFRAG: c_int = 28;
    #[cfg(not(target_vendor = "apple"))]
    const IP_DONTFRAG: c_int = 67;

    impl Socket {
        pub(crate) fn path_mtu_discovery(&self) -> io::Result<PathMtuDiscovery> {
            self.get_of_family(IP_DONTFRAG, IPV6_DONTFRAG).map(|number| PathMtuDiscovery::from(number != 0))
        }

        pub(crate) fn set_path_mtu_discovery(&self, mode: PathMtuDiscovery) -> io::Result<()> {
            let number = match mode {
                PathMtuDiscovery::Dont => 0,
                PathMtuDiscovery::Probe => 1,
                _ => return Err(errno::unsupported()),
            };
            self.set_of_family(IP_DONTFRAG, IPV6_DONTFRAG, number)
        }

        #[cfg(target_vendor = "apple")]
        pub(crate) fn bind_device(&self, name: Option<&[u8]>) -> io::Result<()> {
            let index = match name.map(|name| std::str::from_utf8(name).map_or(0, super::super::host::interface_index))
            {
                Some(0) => return Err(io::Error::from_raw_os_error(errno::ENODEV)),
                index => std::num::NonZeroU32::new(index.unwrap_or(0)),
            };
            match self.family {
                SocketType::Udp4 => self.inner.bind_device_by_index_v4(index),
                SocketType::Udp6 => self.inner.bind_device_by_index_v6(index),
            }
        }
    }
}
