//! [`Interface`]: which interface a multicast call is about.

use std::net::Ipv4Addr;

/// Which interface a multicast call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Interface {
    /// The one the system chooses.
    #[default]
    Default,
    /// The one that has this IPv4 address; for IPv4 groups.
    Address(Ipv4Addr),
    /// The one with this index (`if_nametoindex(3)`), for both families. 0 is [`Interface::Default`].
    Index(u32),
    /// Every one that is up and can multicast, as they are at the time of the call: for memberships, which
    /// succeed if they do on one of them. `ENOTSUP` on Windows.
    All,
}
