//! The options that the manual does not have, as far as the system has them: what leaves when and how, and what comes to
//! which socket.
//!
//! Sources: `ip(7)`, `ipv6(7)`, `socket(7)`, `tc-fq(8)`, `tc-etf(8)`; `ip(4)`, `ip6(4)` of macOS and FreeBSD.

use std::io;

use libc::{IPPROTO_IP, IPPROTO_IPV6, c_int};

use super::unix::{Socket, get_option, set_option};
use crate::info::{Clock, PathMtuDiscovery};
use crate::options::SocketType;
use crate::sys::errno;

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

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use super::*;

    /// Every mode of `IP_MTU_DISCOVER`; IPv6 has the same numbers.
    const MODES: [(PathMtuDiscovery, c_int); 6] = [
        (PathMtuDiscovery::Dont, libc::IP_PMTUDISC_DONT),
        (PathMtuDiscovery::Want, libc::IP_PMTUDISC_WANT),
        (PathMtuDiscovery::Do, libc::IP_PMTUDISC_DO),
        (PathMtuDiscovery::Probe, libc::IP_PMTUDISC_PROBE),
        (PathMtuDiscovery::Interface, libc::IP_PMTUDISC_INTERFACE),
        (PathMtuDiscovery::Omit, libc::IP_PMTUDISC_OMIT),
    ];

    impl Socket {
        pub(crate) fn path_mtu_discovery(&self) -> io::Result<PathMtuDiscovery> {
            let number = self.get_of_family(libc::IP_MTU_DISCOVER, libc::IPV6_MTU_DISCOVER)?;
            let mode = MODES.iter().find(|mode| mode.1 == number);
            mode.map(|mode| mode.0).ok_or_else(|| io::Error::from_raw_os_error(errno::ENOTSUP))
        }

        pub(crate) fn set_path_mtu_discovery(&self, mode: PathMtuDiscovery) -> io::Result<()> {
            let number = MODES.iter().find(|row| row.0 == mode).map_or(libc::IP_PMTUDISC_WANT, |row| row.1);
            self.set_of_family(libc::IP_MTU_DISCOVER, libc::IPV6_MTU_DISCOVER, number)
        }

        pub(crate) fn set_departure_clock(&self, clock: Clock) -> io::Result<()> {
            let clockid = match clock {
                Clock::Monotonic => libc::CLOCK_MONOTONIC,
                Clock::Tai => libc::CLOCK_TAI,
            };
            // struct sock_txtime of linux/net_tstamp.h: clockid, flags.
            set_option(&self.inner, libc::SOL_SOCKET, libc::SO_TXTIME, &[clockid, 0])
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use super::*;

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
                _ => return Err(io::Error::from_raw_os_error(errno::ENOTSUP)),
            };
            self.set_of_family(IP_DONTFRAG, IPV6_DONTFRAG, number)
        }

        pub(crate) fn set_departure_clock(&self, _clock: Clock) -> io::Result<()> {
            Err(io::Error::from_raw_os_error(errno::ENOTSUP))
        }
    }
}
