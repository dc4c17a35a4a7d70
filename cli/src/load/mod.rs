//! Loads: the two ends of `blast` and `sink`, and what they say to each other.

pub(crate) mod client;
pub(crate) mod control;
pub(crate) mod sender;
pub(crate) mod server;
mod stream;
mod transmit_time;
