//! What the two ends of a load report to people, to machines and to each other.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::measure::clock::Offset;
use crate::measure::spread::Spread;

/// What a sender did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
    pub(crate) duration_ns: u64,
    pub(crate) datagrams_per_second: Option<u64>,
    pub(crate) bits_per_second: Option<u64>,
    /// ICMP answers that nobody listens there.
    pub(crate) refused: u64,
    /// How often the device's queue had no room (`ENOBUFS`); such a datagram is sent again.
    pub(crate) no_buffer: u64,
    /// The time from one datagram to the next, as it was; for a load at a rate.
    pub(crate) spacing: Option<Spread>,
}

/// What a receiver counted of one stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Received {
    /// All copies, without those whose number cannot be.
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
    /// From the first datagram to the last.
    pub(crate) duration_ns: u64,
    pub(crate) datagrams_per_second: Option<u64>,
    pub(crate) bits_per_second: Option<u64>,
    /// How many should have come: what the sender says it sent, or else the numbers up to the highest that has come.
    pub(crate) expected: u64,
    /// Whether the sender has said how many it sent; if not, a lost tail is unknown.
    pub(crate) tail_known: bool,
    pub(crate) lost: u64,
    pub(crate) duplicates: u64,
    pub(crate) reordered: u64,
    /// First copies whose delay exceeded the least one by more than the limit that was asked for.
    pub(crate) late: Option<u64>,
    pub(crate) stale: u64,
    pub(crate) impossible: u64,
    /// What the receiving socket dropped meanwhile, of any peer, because its buffer was full.
    pub(crate) dropped_by_socket: Option<u64>,
    pub(crate) jitter_ns: Option<u64>,
    pub(crate) delay_variation: Option<Spread>,
    /// One way, by the receiver's clock less the sender's, corrected by `clock` if that is known.
    pub(crate) delay: Option<Spread>,
    /// The offset between the two clocks that the delays were corrected by.
    pub(crate) clock: Option<Offset>,
}

/// One direction of a stream, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Direction {
    pub(crate) sent: Option<Sent>,
    pub(crate) received: Option<Received>,
}

/// What has come since the last look, for a line while a load is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Interval {
    /// Since the load began.
    pub(crate) elapsed_ns: u64,
    /// In all.
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
    /// In this interval.
    pub(crate) datagrams_per_second: u64,
    pub(crate) bits_per_second: u64,
    /// In all; `None` where only a receiver knows.
    pub(crate) lost: Option<u64>,
    pub(crate) expected: Option<u64>,
    pub(crate) jitter_ns: Option<u64>,
}

impl Received {
    /// Corrects the delays by the offset of the receiver's clock from the sender's.
    pub(crate) fn correct(&mut self, offset: Offset) {
        self.delay = self.delay.map(|delay| delay.shifted(offset.offset_ns.saturating_neg()));
        self.clock = Some(offset);
    }
}

/// How many a second; `None` where the time is too short to say.
pub(crate) fn per_second(count: u64, time: Duration) -> Option<u64> {
    let nanos = time.as_nanos().max(1);
    let rate = (u128::from(count) * 1_000_000_000 + nanos / 2) / nanos;
    (time >= SHORTEST).then(|| u64::try_from(rate).unwrap_or(u64::MAX))
}

/// The least time that a rate is taken from: two datagrams a microsecond apart are not a million a second.
const SHORTEST: Duration = Duration::from_millis(10);
