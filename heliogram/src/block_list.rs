//! [`BlockList`]: a set of addresses, as Node's `net.BlockList`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::Error;

/// A set of addresses, ranges and subnets (CIDR), as Node's `net.BlockList`.
///
/// Rules for IPv4 hold for the same address written as IPv6 (`::ffff:192.0.2.1`) too.
///
/// ```
/// let mut list = heliogram::BlockList::new();
/// list.add_subnet("198.51.100.0".parse().unwrap(), 24)?;
/// assert!(list.check("198.51.100.7".parse().unwrap()));
/// assert!(list.check("::ffff:198.51.100.7".parse().unwrap()));
/// # Ok::<(), heliogram::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct BlockList {
    ranges: Vec<(IpAddr, IpAddr)>,
}

impl BlockList {
    /// A list that blocks nobody.
    pub const fn new() -> Self {
        BlockList { ranges: Vec::new() }
    }

    /// Adds one address.
    #[doc(alias = "addAddress")]
    pub fn add_address(&mut self, ip: IpAddr) {
        self.ranges.push((ip, ip));
    }

    /// Adds every address from `first` to `last`, both included.
    ///
    /// # Errors
    ///
    /// `ERR_INVALID_IP_ADDRESS` if the two are of different families or in the wrong order.
    #[doc(alias = "addRange")]
    pub fn add_range(&mut self, first: IpAddr, last: IpAddr) -> Result<(), Error> {
        if first.is_ipv4() != last.is_ipv4() || first > last {
            return Err(Error::invalid_address(&format!("{first} to {last}")));
        }
        self.ranges.push((first, last));
        Ok(())
    }

    /// Adds a subnet: all addresses that share their first `prefix` bits with `network`.
    ///
    /// # Errors
    ///
    /// `ERR_INVALID_IP_ADDRESS` if `prefix` is over 32 (IPv4) or 128 (IPv6).
    #[doc(alias = "addSubnet")]
    pub fn add_subnet(&mut self, network: IpAddr, prefix: u8) -> Result<(), Error> {
        let bits = if network.is_ipv4() { 32 } else { 128 };
        if prefix > bits {
            return Err(Error::invalid_address(&format!("{network}/{prefix}")));
        }
        self.ranges.push(match network {
            IpAddr::V4(ip) => {
                let host = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
                (Ipv4Addr::from_bits(ip.to_bits() & !host).into(), Ipv4Addr::from_bits(ip.to_bits() | host).into())
            }
            IpAddr::V6(ip) => {
                let host = u128::MAX.checked_shr(prefix.into()).unwrap_or(0);
                (Ipv6Addr::from_bits(ip.to_bits() & !host).into(), Ipv6Addr::from_bits(ip.to_bits() | host).into())
            }
        });
        Ok(())
    }

    /// Whether the list holds this address.
    pub fn check(&self, ip: IpAddr) -> bool {
        let canonical = ip.to_canonical();
        self.ranges.iter().any(|&(first, last)| holds(first, last, ip) || holds(first, last, canonical))
    }
}

fn holds(first: IpAddr, last: IpAddr, ip: IpAddr) -> bool {
    // The order of `IpAddr` puts all of IPv4 below all of IPv6, so a range never holds the other family.
    first <= ip && ip <= last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn subnets_end_where_their_prefix_says() {
        let mut list = BlockList::new();
        list.add_subnet(ip("10.1.2.3"), 8).unwrap();
        list.add_subnet(ip("2001:db8::1"), 32).unwrap();
        for (text, blocked) in [
            ("10.0.0.0", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("::ffff:10.9.9.9", true),
            ("::ffff:11.0.0.0", false),
            ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true),
            ("2001:db9::", false),
        ] {
            assert_eq!(list.check(ip(text)), blocked, "{text}");
        }
    }

    #[test]
    fn the_widest_and_the_narrowest_prefix() {
        let mut all = BlockList::new();
        all.add_subnet(ip("0.0.0.0"), 0).unwrap();
        assert!(all.check(ip("255.255.255.255")) && !all.check(ip("::1")));
        let mut one = BlockList::new();
        one.add_subnet(ip("::1"), 128).unwrap();
        assert!(one.check(ip("::1")) && !one.check(ip("::2")));
    }

    #[test]
    fn a_wrong_rule_is_refused_and_changes_nothing() {
        let mut list = BlockList::new();
        assert_eq!(list.add_subnet(ip("10.0.0.0"), 33).unwrap_err().code(), "ERR_INVALID_IP_ADDRESS");
        assert_eq!(list.add_range(ip("10.0.0.9"), ip("10.0.0.1")).unwrap_err().code(), "ERR_INVALID_IP_ADDRESS");
        assert_eq!(list.add_range(ip("10.0.0.9"), ip("::1")).unwrap_err().code(), "ERR_INVALID_IP_ADDRESS");
        assert!(!list.check(ip("10.0.0.9")));
    }

    #[test]
    fn ranges_include_both_ends() {
        let mut list = BlockList::new();
        list.add_range(ip("192.0.2.10"), ip("192.0.2.20")).unwrap();
        for (text, blocked) in [("192.0.2.9", false), ("192.0.2.10", true), ("192.0.2.20", true), ("192.0.2.21", false)]
        {
            assert_eq!(list.check(ip(text)), blocked, "{text}");
        }
    }
}
