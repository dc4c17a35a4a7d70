//! IPv6 addresses with a zone, as text and back: `fe80::1%eth0`.
//!
//! A zone is an interface's name, on Windows its number. One that does not exist is index 0, as in Node.
//!
//! Sources: RFC 4007 section 11 (zones), RFC 5952 (text of IPv6).

use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::sys;

/// The address with the index of the interface that the zone names.
pub(crate) fn with_zone(ip: Ipv6Addr, port: u16, zone: Option<&str>) -> SocketAddr {
    let index = zone.map_or(0, sys::interface_index);
    SocketAddrV6::new(ip, port, 0, index).into()
}

/// The IP address as Node prints it: without the port, with the zone's name where there is one and it needs one.
pub fn text(addr: &SocketAddr) -> String {
    match addr {
        SocketAddr::V4(addr) => addr.ip().to_string(),
        SocketAddr::V6(addr) if needs_zone(addr) => format!("{}%{}", addr.ip(), zone_text(addr.scope_id())),
        SocketAddr::V6(addr) => addr.ip().to_string(),
    }
}

/// `"IPv4"` or `"IPv6"`, as Node names families.
pub const fn family(addr: &SocketAddr) -> &'static str {
    if addr.is_ipv4() { "IPv4" } else { "IPv6" }
}

/// An address that means something on one link only (RFC 4007 section 4): `fe80::/10`.
fn needs_zone(addr: &SocketAddrV6) -> bool {
    addr.scope_id() != 0 && addr.ip().is_unicast_link_local()
}

fn zone_text(index: u32) -> String {
    sys::interface_name(index).unwrap_or_else(|| index.to_string())
}
