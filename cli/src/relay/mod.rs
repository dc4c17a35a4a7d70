//! What `heliogram relay` does to datagrams on their way.

pub(crate) mod clients;
pub(crate) mod direction;
pub(crate) mod impairment;
