//! Addresses, sockets, and the flags that make them.

pub(crate) mod endpoint;
pub(crate) mod group;
pub(crate) mod peer_filter;
pub(crate) mod receiving;
pub(crate) mod route;
pub(crate) mod sending;
pub(crate) mod socket_flags;
mod sockopt_flags;
pub(crate) mod times;
