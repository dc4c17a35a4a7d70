//! Addresses, sockets, and the flags that make them.

pub(crate) mod endpoint;
pub(crate) mod options;
pub(crate) mod route;
