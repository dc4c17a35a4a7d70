//! Addresses as text and back: `fe80::1%eth0`, [`RemoteInfo`], [`Interface`].
//!
//! Sources: RFC 4007 section 11 (zones), RFC 5952 (text of IPv6), Node's `setMulticastInterface`.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::sys;
use crate::types::family::SocketType;
use crate::types::interface::Interface;
use crate::types::metadata::RecvMetadata;
use crate::zone::with_zone;

pub use crate::zone::text;

/// Who sent a datagram, and how much of it there is: Node's `rinfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteInfo {
    /// The sender. On a `udp6` socket that takes IPv4 too, `::ffff:192.0.2.1`.
    pub addr: SocketAddr,
    /// The message's length in bytes, as far as it fitted the buffer.
    pub size: usize,
    /// Whether the message was longer than the buffer and its end is lost (`MSG_TRUNC`).
    pub truncated: bool,
    /// How it arrived, as far as [`Socket::set_recv_metadata`](crate::SocketControl::set_recv_metadata) asked.
    pub metadata: RecvMetadata,
}

/// A place for a receive to write to: nobody, and no bytes.
impl Default for RemoteInfo {
    fn default() -> Self {
        RemoteInfo::new(SocketType::Udp4.any(), 0, false, RecvMetadata::default())
    }
}

impl RemoteInfo {
    pub(crate) const fn new(addr: SocketAddr, size: usize, truncated: bool, metadata: RecvMetadata) -> Self {
        RemoteInfo { addr, size, truncated, metadata }
    }

    /// The sender's address as Node prints it, with `%eth0` where it is link-local.
    pub fn address(&self) -> String {
        text(&self.addr)
    }

    /// `"IPv4"` or `"IPv6"`.
    pub const fn family(&self) -> &'static str {
        family(&self.addr)
    }

    /// The sender's port.
    pub const fn port(&self) -> u16 {
        self.addr.port()
    }

    /// Where in the received bytes each datagram is: the one, or those of a GRO packet
    /// ([`Socket::try_recv_gro`](crate::Socket::try_recv_gro)).
    pub fn datagrams(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let size = self.size;
        let step = self.metadata.segment_size.map_or(size, usize::from).max(1);
        (0..size.max(1)).step_by(step).map(move |start| start..size.min(start + step))
    }
}

/// `"IPv4"` or `"IPv6"`, as Node names families.
pub const fn family(addr: &SocketAddr) -> &'static str {
    if addr.is_ipv4() { "IPv4" } else { "IPv6" }
}

impl Interface {
    /// The interface of this name, such as `eth0`.
    ///
    /// # Errors
    ///
    /// `ENODEV` if there is none; the socket's own calls, like Node's, take index 0 for an unknown zone instead.
    pub fn by_name(name: &str) -> Result<Self> {
        match sys::interface_index(name) {
            0 => Err(Error::raw("if_nametoindex", sys::errno::ENODEV)),
            index => Ok(Interface::Index(index)),
        }
    }

    /// Reads the form of Node's `setMulticastInterface`: an IPv4 address of the interface, or an IPv6 address whose zone names it (`::%eth0`).
    ///
    /// As in Node, an unknown zone is index 0, the system's choice. The address before the zone does not matter.
    ///
    /// # Errors
    ///
    /// `ERR_INVALID_IP_ADDRESS` if the text is no address.
    pub fn parse(text: &str) -> Result<Self> {
        match parse(text, 0)? {
            SocketAddr::V4(addr) => Ok(Interface::Address(*addr.ip())),
            SocketAddr::V6(addr) => Ok(Interface::Index(addr.scope_id())),
        }
    }
}

impl RecvMetadata {
    /// The name of the interface that it came through, such as `eth0`; `None` on Windows, and for an interface that is
    /// gone.
    pub fn interface_name(&self) -> Option<String> {
        self.interface.and_then(sys::interface_name)
    }
}

impl FromStr for Interface {
    type Err = Error;

    /// Reads what the multicast methods of this project take everywhere: an interface's name, its index, an IPv4 address of it, `*` for
    /// every one, and nothing for the system's choice.
    ///
    /// # Errors
    ///
    /// `ENODEV` for a name that no interface has.
    fn from_str(text: &str) -> Result<Self> {
        match (text, text.parse(), text.parse()) {
            ("", ..) => Ok(Interface::Default),
            ("*", ..) => Ok(Interface::All),
            (_, Ok(index), _) => Ok(Interface::Index(index)),
            (_, _, Ok(address)) => Ok(Interface::Address(address)),
            _ => Interface::by_name(text),
        }
    }
}

/// Reads an IP address, with a zone (`%eth0`) if it is IPv6; never asks a name server.
///
/// A zone is an interface's name, on Windows its number. One that does not exist is index 0, as in Node.
///
/// # Errors
///
/// `ERR_INVALID_IP_ADDRESS` for anything else, a zone on IPv4 included.
pub fn parse(text: &str, port: u16) -> Result<SocketAddr> {
    let (host, zone) = match text.split_once('%') {
        Some((host, zone)) => (host, Some(zone)),
        None => (text, None),
    };
    let invalid = || Error::invalid_address(text);
    match (host.parse::<IpAddr>().map_err(|_| invalid())?, zone) {
        (IpAddr::V4(_), Some(_)) | (_, Some("")) => Err(invalid()),
        (IpAddr::V4(ip), None) => Ok(SocketAddr::new(ip.into(), port)),
        (IpAddr::V6(ip), zone) => Ok(with_zone(ip, port, zone)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for address in ["127.0.0.1", "::1", "::ffff:192.0.2.1", "2001:db8::1"] {
            assert_eq!(text(&parse(address, 9).unwrap()), address);
        }
        assert_eq!(parse("::1", 41234).unwrap().port(), 41234);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in ["", "localhost", "1.2.3", "1.2.3.4%lo", "::1%", "%lo", "::1%lo%lo:", "1.2.3.4:5", "[::1]"] {
            let outcome = parse(wrong, 1);
            if wrong == "::1%lo%lo:" {
                // Everything after the first % is the zone's name, and unknown names are index 0.
                assert!(outcome.is_ok());
            } else {
                assert_eq!(outcome.unwrap_err().code(), "ERR_INVALID_IP_ADDRESS", "{wrong:?}");
            }
        }
    }

    #[test]
    fn unknown_zones_are_the_systems_choice() {
        assert_eq!(Interface::parse("::%no-such-if").unwrap(), Interface::Index(0));
        assert_eq!(Interface::by_name("no-such-if").unwrap_err().code(), "ENODEV");
    }

    #[test]
    fn a_gro_packet_is_split_to_the_byte() {
        let cut = |bytes: &'static [u8], segment_size| {
            let metadata = RecvMetadata { segment_size: Some(segment_size), ..RecvMetadata::default() };
            let packet = RemoteInfo::new("127.0.0.1:1".parse().unwrap(), bytes.len(), false, metadata);
            packet.datagrams().map(|place| &bytes[place]).collect::<Vec<_>>()
        };
        assert_eq!(cut(b"aabbc", 2), [&b"aa"[..], b"bb", b"c"]);
        assert_eq!(cut(b"", 1), [b""]);
    }
}
