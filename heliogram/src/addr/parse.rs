//! IP addresses, with a zone or without, from text.
//!
//! Source: RFC 4007 section 11 (zones).

use std::net::{IpAddr, SocketAddr};

use super::zone::with_zone;
use crate::error::{Error, Result};

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
    use super::super::zone::text;
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
}
