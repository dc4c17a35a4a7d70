//! Which peers are listened to: `10.0.0.1`, `10.0.0.0/8`, `10.0.0.1:9`, `[fe80::1]:9`.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// An address, or the addresses of a network, and perhaps a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeerFilter {
    ip: IpAddr,
    prefix: u8,
    port: Option<u16>,
}

impl PeerFilter {
    /// Whether this is such a peer. An IPv4 peer of a socket for both families is one of IPv4.
    pub(crate) fn admits(&self, peer: &SocketAddr) -> bool {
        self.port.is_none_or(|port| port == peer.port()) && self.has(peer.ip().to_canonical())
    }

    fn has(&self, ip: IpAddr) -> bool {
        match (self.ip, ip) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                (network.to_bits() ^ ip.to_bits()).checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                (network.to_bits() ^ ip.to_bits()).checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for PeerFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(peer) = text.parse::<SocketAddr>() {
            return Ok(PeerFilter { ip: peer.ip(), prefix: longest(peer.ip()), port: Some(peer.port()) });
        }
        let (ip, prefix) = text.split_once('/').map_or((text, None), |(ip, prefix)| (ip, Some(prefix)));
        let wrong = || format!("{text:?} is not a peer: 10.0.0.1, 10.0.0.0/8, 10.0.0.1:9, [fe80::1]:9");
        let ip: IpAddr = ip.parse().map_err(|_| wrong())?;
        let prefix = prefix.map_or(Ok(longest(ip)), |prefix| prefix.parse().map_err(|_| wrong()))?;
        if prefix > longest(ip) { Err(wrong()) } else { Ok(PeerFilter { ip, prefix, port: None }) }
    }
}

const fn longest(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_and_peers() {
        for (filter, admitted, turned_away) in [
            ("10.0.0.1", "10.0.0.1:7", "10.0.0.2:7"),
            ("10.0.0.1:9", "10.0.0.1:9", "10.0.0.1:8"),
            ("10.0.0.0/8", "10.255.0.1:9", "11.0.0.1:9"),
            ("10.0.0.1", "[::ffff:10.0.0.1]:7", "[::1]:7"),
            ("0.0.0.0/0", "1.2.3.4:1", "[::1]:1"),
            ("fd00::/8", "[fdff::1]:9", "[fe80::1]:9"),
            ("[::1]:9", "[::1]:9", "[::1]:10"),
            ("::/0", "[::1]:9", "1.2.3.4:1"),
        ] {
            let filter: PeerFilter = filter.parse().unwrap();
            assert!(filter.admits(&admitted.parse().unwrap()), "{filter:?}");
            assert!(!filter.admits(&turned_away.parse().unwrap()), "{filter:?}");
        }
        for wrong in ["", "host", "10.0.0.1/33", "::/129", "10.0.0.1/", "10.0.0.1:x"] {
            assert!(wrong.parse::<PeerFilter>().is_err(), "{wrong}");
        }
    }
}
