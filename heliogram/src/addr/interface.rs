//! The text forms of an [`Interface`]: a name, an index, an IPv4 address, `*`.
//!
//! Source: Node's `setMulticastInterface`.

use std::net::SocketAddr;
use std::str::FromStr;

use super::parse::parse;
use crate::error::{Error, Result};
use crate::sys;
use crate::types::multicast_interface::Interface;

impl Interface {
    /// The interface of this name, such as `eth0`; on Windows `Ethernet`, or the system's own `ethernet_32769`.
    ///
    /// # Errors
    ///
    /// `ENODEV` if there is none; the socket's own calls, like Node's, take index 0 for an unknown zone instead.
    pub fn by_name(name: &str) -> Result<Self> {
        match sys::interface_by_name(name) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_zones_are_the_systems_choice() {
        assert_eq!(Interface::parse("::%no-such-if").unwrap(), Interface::Index(0));
        assert_eq!(Interface::by_name("no-such-if").unwrap_err().code(), "ENODEV");
    }
}
