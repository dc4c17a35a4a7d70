//! The address family, in the system's terms.

use socket2::Domain;

use crate::types::family::SocketType;

pub(super) fn domain(family: SocketType) -> Domain {
    match family {
        SocketType::Udp4 => Domain::IPV4,
        SocketType::Udp6 => Domain::IPV6,
    }
}
