//! Plain data that the whole crate shares. It imports the standard library alone, so that the system layer may use it.

pub(crate) mod clock;
#[cfg(unix)]
pub(crate) mod credentials;
pub(crate) mod datagram;
pub(crate) mod error_queue;
pub(crate) mod family;
pub(crate) mod grouping;
pub(crate) mod metadata;
pub(crate) mod multicast_interface;
pub(crate) mod send_options;
pub(crate) mod steering;
