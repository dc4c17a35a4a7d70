//! [`Clock`]: the clock of a transmit time.

/// A clock for [`SendOptions::transmit_time`](crate::SendOptions::transmit_time).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Clock {
    /// `CLOCK_MONOTONIC`, of Node's `process.hrtime.bigint()`: what the queueing discipline `fq` goes by.
    Monotonic,
    /// `CLOCK_TAI`, atomic time: what `etf` is mostly set up for. Needs `CAP_NET_ADMIN`. Linux.
    Tai,
}
