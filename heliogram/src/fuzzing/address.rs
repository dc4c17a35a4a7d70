//! The address parser: text, address with zone, text.

use std::net::IpAddr;

use crate::addr::{parse, text};
use crate::types::multicast_interface::Interface;

const PORT: u16 = 41234;

/// Reads `input` as an address, and writes it, and reads it again.
///
/// # Panics
///
/// When an invariant does not hold.
pub fn run(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else { return };
    let outcome = parse(input, PORT);
    assert_eq!(Interface::parse(input).is_ok(), outcome.is_ok(), "an interface is named by an address: {input:?}");
    let Ok(address) = outcome else { return refused(input) };
    assert_eq!(address.port(), PORT);
    assert_eq!(input.split('%').next().unwrap().parse(), Ok(address.ip()), "the zone changes no address: {input:?}");

    let written = text(&address);
    let again = parse(&written, PORT).expect("what is written can be read");
    assert_eq!((again.ip(), text(&again)), (address.ip(), written), "from {input:?}");
    if matches!(address.ip(), IpAddr::V6(ip) if ip.is_unicast_link_local()) {
        assert_eq!(again, address, "a link-local address keeps its zone: {input:?}");
    }
}

fn refused(input: &str) {
    let error = parse(input, PORT).expect_err("the same text has the same outcome");
    assert_eq!(error.code(), "ERR_INVALID_IP_ADDRESS");
    assert!(error.to_string().contains(input), "the error says what was refused: {error}");
    assert!(input.parse::<IpAddr>().is_err(), "a plain address is never refused: {input:?}");
}

/// Texts to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let addresses = ["0.0.0.0", "255.255.255.255", "::", "::1", "fe80::1", "ff02::1", "::ffff:192.0.2.1"];
    let zones = ["", "%", "%lo", "%lo0", "%1", "%no-such-interface", "%lo%lo", "%4294967296", "%\0"];
    let pairs = addresses.iter().flat_map(|address| zones.iter().map(move |zone| format!("{address}{zone}")));
    let odd = ["", "%", "localhost", "1.2.3", "01.2.3.4", "1.2.3.4:5", "[::1]", "1:2:3:4:5:6:7:8:9", " ::1"];
    pairs.chain(odd.map(str::to_owned)).map(String::into_bytes).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{run, seeds};

    #[test]
    fn every_seed_is_an_address_or_refused() {
        seeds().iter().for_each(|seed| run(seed));
    }

    proptest! {
        #[test]
        fn any_text_is_an_address_or_refused(text in any::<String>()) {
            run(text.as_bytes());
        }

        #[test]
        fn what_looks_like_an_address_is_one_or_refused(text in "[0-9a-f:.]{0,40}(%[a-z0-9%:.]{0,20})?") {
            run(text.as_bytes());
        }

        #[test]
        fn every_address_with_any_zone_is_one(ip in any::<std::net::IpAddr>(), zone in "(%(lo|lo0|.{0,20}))?") {
            run(format!("{ip}{zone}").as_bytes());
        }

        #[test]
        fn every_link_local_address_keeps_its_zone(low in any::<u64>(), zone in "lo|lo0|[a-z0-9]{1,15}") {
            let ip = std::net::Ipv6Addr::from((0xfe80_u128 << 112) | u128::from(low));
            run(format!("{ip}%{zone}").as_bytes());
        }
    }
}
