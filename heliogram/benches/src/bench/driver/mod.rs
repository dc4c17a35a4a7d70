//! Starts every contestant in every round, with its traffic.

mod child;
mod dnsperf;
pub(crate) mod rounds;
pub(crate) mod runtimes;
