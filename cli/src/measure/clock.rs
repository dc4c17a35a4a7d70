//! How far another host's clock is from ours, and how sure that is.

use serde::{Deserialize, Serialize};

/// The other clock minus ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offset {
    pub(crate) offset_ns: i64,
    /// The offset is at most this much less or more.
    pub(crate) uncertainty_ns: u64,
}

/// Four times of an exchange, as of NTP (RFC 5905), in nanoseconds: sent and received by our clock, received and sent by
/// the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    pub(crate) sent: i64,
    pub(crate) their_received: i64,
    pub(crate) their_sent: i64,
    pub(crate) received: i64,
}

/// What exchanges say: no datagram arrives before it was sent, so that the fastest one of each direction bounds the offset
/// from its side.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    least: i64,
    most: i64,
}

impl Bounds {
    const NONE: Bounds = Bounds { least: i64::MIN, most: i64::MAX };

    fn note(&mut self, exchange: Exchange) {
        self.least = self.least.max(exchange.their_sent.saturating_sub(exchange.received));
        self.most = self.most.min(exchange.their_received.saturating_sub(exchange.sent));
    }

    /// `None` without an exchange, or if a clock was set meanwhile.
    fn offset(self) -> Option<Offset> {
        let width = u64::try_from(self.most.checked_sub(self.least)?).ok()?;
        Some(Offset { offset_ns: self.least.midpoint(self.most), uncertainty_ns: width.div_ceil(2) })
    }
}

/// The exchanges before and after a measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocks {
    before: Bounds,
    after: Bounds,
}

impl Clocks {
    pub(crate) const fn new() -> Self {
        Clocks { before: Bounds::NONE, after: Bounds::NONE }
    }

    pub(crate) fn note(&mut self, exchange: Exchange, is_over: bool) {
        if is_over { &mut self.after } else { &mut self.before }.note(exchange);
    }

    /// The offset in the middle of the measurement. What the clocks drifted apart meanwhile adds to the uncertainty.
    pub(crate) fn offset(&self) -> Option<Offset> {
        let (before, after) = match (self.before.offset(), self.after.offset()) {
            (Some(before), Some(after)) => (before, after),
            (one, other) => return one.or(other),
        };
        let drift = before.offset_ns.abs_diff(after.offset_ns).div_ceil(2);
        Some(Offset {
            offset_ns: before.offset_ns.midpoint(after.offset_ns),
            uncertainty_ns: drift.saturating_add(before.uncertainty_ns.max(after.uncertainty_ns)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An exchange with a clock that is this much ahead, over paths of these delays.
    fn exchange(ahead: i64, there: i64, back: i64) -> Exchange {
        let (sent, held) = (1_000_000, 50);
        let their_received = sent + there + ahead;
        let their_sent = their_received + held;
        Exchange { sent, their_received, their_sent, received: their_sent - ahead + back }
    }

    fn offset(exchanges: &[(i64, i64, i64)]) -> Option<Offset> {
        let mut clocks = Clocks::new();
        exchanges.iter().for_each(|&(ahead, there, back)| clocks.note(exchange(ahead, there, back), false));
        clocks.offset()
    }

    #[test]
    fn the_offset_is_within_its_uncertainty() {
        for (ahead, there, back) in [(0, 10, 10), (5_000, 100, 900), (-7_000_000, 1, 1000)] {
            let offset = offset(&[(ahead, there, back)]).unwrap();
            assert_eq!(offset.uncertainty_ns, ((there + back) as u64).div_ceil(2));
            assert!(offset.offset_ns.abs_diff(ahead) <= offset.uncertainty_ns, "{offset:?}");
        }
    }

    #[test]
    fn the_fastest_of_each_direction_counts_and_drift_adds() {
        assert_eq!(
            offset(&[(400, 10, 900), (400, 900, 10), (400, 50, 50)]),
            Some(Offset { offset_ns: 400, uncertainty_ns: 10 })
        );
        let mut clocks = Clocks::new();
        clocks.note(exchange(400, 10, 10), false);
        clocks.note(exchange(500, 20, 20), true);
        assert_eq!(clocks.offset(), Some(Offset { offset_ns: 450, uncertainty_ns: 70 }));
    }

    #[test]
    fn times_that_cannot_be_say_nothing() {
        assert_eq!((offset(&[]), offset(&[(0, -5, 1)])), (None, None));
        let mut clocks = Clocks::new();
        clocks.note(Exchange { sent: 0, their_received: i64::MIN, their_sent: i64::MAX, received: -1 }, false);
        assert_eq!(clocks.offset(), None);
    }
}
