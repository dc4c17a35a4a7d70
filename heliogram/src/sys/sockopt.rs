//! The integer and boolean options of a socket: one table, one row for each option.
//!
//! A new option is a new row, and nothing else: the methods of the library, the methods and types of the npm package, the
//! command's flags and the tests walk this table. Options of any other kind are methods written by hand.
//!
//! Sources: `socket(7)`, `ip(7)`, `ipv6(7)`; RFC 3493; "IPPROTO_IP Socket Options" and "SOL_SOCKET Socket Options" for Windows.

use std::ffi::c_int;
use std::io;
use std::ops::RangeInclusive;

use super::errno;
#[cfg(unix)]
use super::unix::call::{get_option, set_option};
#[cfg(unix)]
use super::unix::socket::Socket;
#[cfg(windows)]
use super::windows::{Socket, get_option, set_option};
use crate::types::family::SocketType;

/// Calls a macro with the table.
///
/// A row is: `#[doc(alias(...))] Name: getter / setter, values, systems, number, "sentence";`
///
/// | column | meaning |
/// | --- | --- |
/// | `alias` | JavaScript's name and the system's, for who searches the documentation |
/// | `Name` | the variant of [`Sockopt`]; JavaScript's `getName()` and `setName(value)` |
/// | `getter / setter` | the methods in Rust; with dashes, the command's flag |
/// | values | `bool`, or `int(least, most)` |
/// | systems | `all`, `unix` (all but Windows) or `linux` (with Android) |
/// | number | `socket(NUMBER)` at the level `SOL_SOCKET`; `protocol(IPV4, IPV6)` at the level of the socket's family; `protocols(IPV4, IPV6)` the same, and on Linux a `udp6` socket sets IPv4's too |
/// | sentence | what it does, with the unit and the default |
macro_rules! with_sockopts {
    ($macro:ident) => {
        $macro! {
            #[doc(alias("setBroadcast", "SO_BROADCAST"))]
            Broadcast: broadcast / set_broadcast, bool, all, socket(SO_BROADCAST),
                "Permits datagrams to broadcast addresses. Default: off.";
            #[doc(alias("setTTL", "IP_TTL", "IPV6_UNICAST_HOPS"))]
            TTL: ttl / set_ttl, int(1, 255), all, protocols(IP_TTL, IPV6_UNICAST_HOPS),
                "How many routers a unicast datagram may pass. Default: 64 on most systems.";
            #[doc(alias("setMulticastTTL", "IP_MULTICAST_TTL", "IPV6_MULTICAST_HOPS"))]
            MulticastTTL: multicast_ttl / set_multicast_ttl, int(0, 255), all, protocols(IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS),
                "How many routers a multicast datagram may pass; 0 keeps it on this host. Default: 1.";
            #[doc(alias("setMulticastLoopback", "IP_MULTICAST_LOOP", "IPV6_MULTICAST_LOOP"))]
            MulticastLoopback: multicast_loop / set_multicast_loop, bool, all, protocols(IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP),
                "Delivers multicast datagrams to members on this host too; on Windows the receiving socket decides. Default: on.";
            #[doc(alias("setMulticastAll", "IP_MULTICAST_ALL", "IPV6_MULTICAST_ALL"))]
            MulticastAll: multicast_all / set_multicast_all, bool, linux, protocol(IP_MULTICAST_ALL, IPV6_MULTICAST_ALL),
                "Receives from every group that any socket of this host has joined, not only from this socket's. Default: on.";
            #[doc(alias("setTOS", "IP_TOS", "IPV6_TCLASS"))]
            TOS: tos / set_tos, int(0, 255), unix, protocols(IP_TOS, IPV6_TCLASS),
                "DSCP and ECN of the datagrams that have no traffic class of their own. Default: 0.";
            #[doc(alias("setPriority", "SO_PRIORITY"))]
            Priority: priority / set_priority, int(0, 2_147_483_647), linux, socket(SO_PRIORITY),
                "The priority of outgoing datagrams for the queueing discipline; over 6 needs CAP_NET_ADMIN (EPERM). Default: 0.";
            #[doc(alias("setMark", "SO_MARK"))]
            Mark: mark / set_mark, int(0, 4_294_967_295), linux, socket(SO_MARK),
                "The mark of outgoing packets for routing rules and firewalls; needs CAP_NET_ADMIN (EPERM). Default: 0.";
            #[doc(alias("setFreebind", "IP_FREEBIND", "IPV6_FREEBIND"))]
            Freebind: freebind / set_freebind, bool, linux, protocol(IP_FREEBIND, IPV6_FREEBIND),
                "Permits a bind to an address that this host does not have, or not yet. Default: off.";
            #[doc(alias("setTransparent", "IP_TRANSPARENT", "IPV6_TRANSPARENT"))]
            Transparent: transparent / set_transparent, bool, linux, protocol(IP_TRANSPARENT, IPV6_TRANSPARENT),
                "Permits a transparent proxy's bind to addresses of others; needs CAP_NET_ADMIN (EPERM). Default: off.";
            #[doc(alias("setIncomingCPU", "SO_INCOMING_CPU"))]
            IncomingCPU: incoming_cpu / set_incoming_cpu, int(0, 2_147_483_647), linux, socket(SO_INCOMING_CPU),
                "The processor whose datagrams this socket prefers among those that share its port; read: the processor of the last packet.";
            #[doc(alias("setBusyPoll", "SO_BUSY_POLL"))]
            BusyPoll: busy_poll / set_busy_poll, int(0, 2_147_483_647), linux, socket(SO_BUSY_POLL),
                "How many microseconds a receive that finds nothing polls the device; raising it needs CAP_NET_ADMIN (EPERM). Default: net.core.busy_read.";
        }
    };
}
pub(crate) use with_sockopts;

/// The values that an option takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SockoptValues {
    /// `false` and `true`, which [`set_sockopt`](crate::SocketControl::set_sockopt) takes as 0 and 1.
    Bool,
    /// Integers in this range.
    Int(RangeInclusive<u32>),
}

/// Which systems have an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Systems {
    /// Linux, macOS, FreeBSD and Windows.
    All,
    /// Linux, macOS and FreeBSD.
    Unix,
    /// Linux and Android.
    Linux,
}

/// At which level and by which number the system knows an option.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "Linux alone has options of every kind"))]
enum Number {
    Socket(c_int),
    /// IPv4's and IPv6's.
    Protocol(c_int, c_int),
    /// The same; on Linux a socket of IPv6 has both.
    Protocols(c_int, c_int),
}

/// The numbers, as this system has them.
mod system {
    #[cfg(target_os = "android")]
    pub(super) use crate::sys::unix::kernel::SO_INCOMING_CPU;
    #[cfg(unix)]
    pub(super) use libc::*;
    #[cfg(windows)]
    pub(super) use windows_sys::Win32::Networking::WinSock::*;
}

macro_rules! values {
    (bool) => {
        SockoptValues::Bool
    };
    (int($least:literal, $most:literal)) => {
        SockoptValues::Int($least..=$most)
    };
}

macro_rules! systems {
    (all) => {
        Systems::All
    };
    (unix) => {
        Systems::Unix
    };
    (linux) => {
        Systems::Linux
    };
}

macro_rules! number {
    (all, $($number:tt)*) => {
        Some(number!($($number)*))
    };
    (unix, $($number:tt)*) => {{
        #[cfg(unix)]
        let number = Some(number!($($number)*));
        #[cfg(not(unix))]
        let number = None;
        number
    }};
    (linux, $($number:tt)*) => {{
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let number = Some(number!($($number)*));
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let number = None;
        number
    }};
    (socket($number:ident)) => {
        Number::Socket(system::$number as c_int)
    };
    (protocol($ipv4:ident, $ipv6:ident)) => {
        Number::Protocol(system::$ipv4 as c_int, system::$ipv6 as c_int)
    };
    (protocols($ipv4:ident, $ipv6:ident)) => {
        Number::Protocols(system::$ipv4 as c_int, system::$ipv6 as c_int)
    };
}

macro_rules! define {
    ($(#[$alias:meta] $name:ident: $get:ident / $set:ident, $values:ident $(($least:literal, $most:literal))?, $systems:ident,
       $kind:ident($($number:ident),*), $sentence:literal;)*) => {
        /// An option of a socket whose value is an integer or a boolean.
        ///
        /// Each has methods of its own, such as [`priority`](crate::SocketControl::priority) and
        /// [`set_priority`](crate::SocketControl::set_priority). This type is for programs that walk all of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[allow(clippy::upper_case_acronyms, reason = "JavaScript's names")]
        pub enum Sockopt {
            $(#[doc = $sentence] $name,)*
        }

        impl Sockopt {
            /// Every option.
            pub const ALL: &[Sockopt] = &[$(Sockopt::$name),*];

            /// The name of the method that reads it: `multicast_ttl`. The one that sets it begins with `set_`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Sockopt::$name => stringify!($get),)*
                }
            }

            /// The name in JavaScript, after `get` or `set`: `MulticastTTL`.
            pub const fn js_name(self) -> &'static str {
                match self {
                    $(Sockopt::$name => stringify!($name),)*
                }
            }

            /// The values that it takes.
            pub const fn values(self) -> SockoptValues {
                match self {
                    $(Sockopt::$name => values!($values $(($least, $most))?),)*
                }
            }

            /// Which systems have it.
            pub const fn systems(self) -> Systems {
                match self {
                    $(Sockopt::$name => systems!($systems),)*
                }
            }

            /// What it does, in a sentence or two.
            pub const fn summary(self) -> &'static str {
                match self {
                    $(Sockopt::$name => $sentence,)*
                }
            }

            /// JavaScript's name of the method that sets it, which errors carry.
            pub(crate) const fn setter(self) -> &'static str {
                match self {
                    $(Sockopt::$name => concat!("set", stringify!($name)),)*
                }
            }

            /// JavaScript's name of the method that reads it.
            pub(crate) const fn getter(self) -> &'static str {
                match self {
                    $(Sockopt::$name => concat!("get", stringify!($name)),)*
                }
            }

            const fn number(self) -> Option<Number> {
                match self {
                    $(Sockopt::$name => number!($systems, $kind($($number),*)),)*
                }
            }
        }
    };
}

with_sockopts!(define);

impl Sockopt {
    /// Whether this system has it.
    pub const fn is_supported(self) -> bool {
        self.number().is_some()
    }

    /// The least and the greatest value, a boolean's being 0 and 1.
    pub const fn range(self) -> RangeInclusive<u32> {
        match self.values() {
            SockoptValues::Bool => 0..=1,
            SockoptValues::Int(range) => range,
        }
    }
}

impl Socket {
    pub(crate) fn sockopt(&self, option: Sockopt) -> io::Result<u32> {
        let (level, number) = match (option.number().ok_or_else(errno::unsupported)?, self.family) {
            (Number::Socket(number), _) => (system::SOL_SOCKET, number),
            (Number::Protocol(ipv4, _) | Number::Protocols(ipv4, _), SocketType::Udp4) => (system::IPPROTO_IP, ipv4),
            (Number::Protocol(_, ipv6) | Number::Protocols(_, ipv6), SocketType::Udp6) => (system::IPPROTO_IPV6, ipv6),
        };
        let value: c_int = get_option(&self.inner, level, number)?;
        let range = option.range();
        // A number that is not set is -1 to the kernel.
        Ok(if range.contains(&(value as u32)) { value as u32 } else { *range.start() })
    }

    /// Sets an option; `mapped` says whether for IPv4-mapped peers of a `udp6` socket too. Without, it is as in libuv, for which an
    /// adopted socket is one of IPv4.
    pub(crate) fn set_sockopt(&self, option: Sockopt, value: u32, mapped: bool) -> io::Result<()> {
        let set = |level, number| set_option(&self.inner, level, number, &(value as c_int));
        match (option.number().ok_or_else(errno::unsupported)?, self.family) {
            (Number::Socket(number), _) => set(system::SOL_SOCKET, number),
            (Number::Protocol(ipv4, _) | Number::Protocols(ipv4, _), SocketType::Udp4) => set(system::IPPROTO_IP, ipv4),
            (Number::Protocol(_, ipv6), SocketType::Udp6) => set(system::IPPROTO_IPV6, ipv6),
            (Number::Protocols(ipv4, _), SocketType::Udp6) if self.adopted && !mapped => set(system::IPPROTO_IP, ipv4),
            (Number::Protocols(ipv4, ipv6), SocketType::Udp6) => {
                set(system::IPPROTO_IPV6, ipv6)?;
                // A socket of IPv6 sends by IPv4 too; only Linux lets it have options for that.
                if mapped && cfg!(any(target_os = "linux", target_os = "android")) {
                    return set(system::IPPROTO_IP, ipv4);
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_says_what_it_does_and_is_named_alike_everywhere() {
        for &option in Sockopt::ALL {
            let (name, sentence) = (option.name(), option.summary());
            assert!(sentence.ends_with('.') && sentence.len() > 20, "{name}: {sentence}");
            assert!(option.range().start() <= option.range().end(), "{name}");
            assert_eq!(option.setter(), format!("set{}", option.js_name()));
            assert_eq!(option.getter(), format!("get{}", option.js_name()));
            let plain = |text: &str| text.replace('_', "").to_lowercase();
            assert!(plain(option.js_name()).starts_with(&plain(name)), "{name}: {}", option.js_name());
        }
    }
}
