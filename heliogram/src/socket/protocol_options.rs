//! Options of one protocol, by the names that socket2 and tokio give them. A `udp6` socket, which talks IPv4 too, has both protocols'.
//!
//! Sources: `ip(7)`, `ipv6(7)`.

use std::io;

use super::SocketControl;
use crate::error::Result;
use crate::state::Op;
use crate::sys;

macro_rules! options {
    ($($get:ident / $set:ident($value:ty), $read:literal, $write:literal, $alias:literal, $what:literal;)*) => {
        /// Options of one protocol. For both at once there are [`set_multicast_loop`](Self::set_multicast_loop),
        /// [`set_multicast_ttl`](Self::set_multicast_ttl) and [`set_tos`](Self::set_tos).
        ///
        /// All are refused with `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed, and with the system's error
        /// on a socket without that protocol, such as `ENOPROTOOPT`.
        impl SocketControl {
            $(
                #[doc = $what]
                ///
                /// # Errors
                ///
                /// The system's, such as `EINVAL` for a value out of range.
                #[doc(alias = $alias)]
                pub fn $set(&self, value: $value) -> Result<()> {
                    self.call(Op::Option, $write, |sys| sys.$set(value))
                }

                #[doc = concat!("Reads what [`", stringify!($set), "`](Self::", stringify!($set), ") sets.")]
                ///
                /// # Errors
                ///
                /// The system's.
                pub fn $get(&self) -> Result<$value> {
                    self.call(Op::Option, $read, sys::Socket::$get)
                }
            )*
        }
    };
}

options! {
    multicast_loop_v4 / set_multicast_loop_v4(bool), "getMulticastLoopback", "setMulticastLoopback", "IP_MULTICAST_LOOP",
        "Delivers multicast datagrams of IPv4 to members on this host too. Default: on.";
    multicast_loop_v6 / set_multicast_loop_v6(bool), "getMulticastLoopback", "setMulticastLoopback", "IPV6_MULTICAST_LOOP",
        "Delivers multicast datagrams of IPv6 to members on this host too. Default: on.";
    multicast_ttl_v4 / set_multicast_ttl_v4(u32), "getMulticastTTL", "setMulticastTTL", "IP_MULTICAST_TTL",
        "How many routers a multicast datagram of IPv4 may pass, 0 to 255. Default: 1.";
    tos_v4 / set_tos_v4(u32), "getTOS", "setTOS", "IP_TOS",
        "DSCP and ECN of outgoing datagrams of IPv4, 0 to 255. Default: 0.";
}

#[cfg(unix)]
options! {
    tclass_v6 / set_tclass_v6(u32), "getTOS", "setTOS", "IPV6_TCLASS",
        "DSCP and ECN of outgoing datagrams of IPv6, 0 to 255. Default: 0.";
}

/// The pending error.
impl SocketControl {
    /// Takes the error that the next call would answer with, such as the `ECONNREFUSED` of a peer that is gone.
    ///
    /// # Errors
    ///
    /// `EBADF` while unbound, `ERR_SOCKET_DGRAM_NOT_RUNNING` once closed.
    #[doc(alias = "SO_ERROR")]
    pub fn take_error(&self) -> Result<Option<io::Error>> {
        self.call(Op::Option, "getsockopt", sys::Socket::take_error)
    }
}
