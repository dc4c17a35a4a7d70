//! What runs in a process of its own: the contestants that are functions of this binary, and the traffic for all.

pub(crate) mod event_loops;
#[cfg(feature = "quic")]
pub(crate) mod quic;
pub(crate) mod receive;
pub(crate) mod send;
pub(crate) mod system;
mod tally;
pub(crate) mod traffic;
