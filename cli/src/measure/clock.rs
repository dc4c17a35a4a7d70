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

impl Exchange {
    /// No datagram arrives before it was sent, which bounds the offset from both sides: by half the round trip.
    fn offset(self) -> Option<Offset> {
        let least = self.their_sent.checked_sub(self.received)?;
        let most = self.their_received.checked_sub(self.sent)?;
        let width = u64::try_from(most.checked_sub(least)?).ok()?;
        Some(Offset { offset_ns: least + (width / 2) as i64, uncertainty_ns: width.div_ceil(2) })
    }
}

/// The exchanges before and after a measurement.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clocks {
    before: Option<Offset>,
    after: Option<Offset>,
}

impl Clocks {
    /// Takes an exchange; the one with the shortest round trip says most.
    pub(crate) fn note(&mut self, exchange: Exchange, is_over: bool) {
        let best = if is_over { &mut self.after } else { &mut self.before };
        let Some(offset) = exchange.offset() else { return };
        if best.is_none_or(|best| offset.uncertainty_ns < best.uncertainty_ns) {
            *best = Some(offset);
        }
    }

    /// The offset in the middle of the measurement. What the clocks drifted apart meanwhile adds to the uncertainty.
    pub(crate) fn offset(&self) -> Option<Offset> {
        let (Some(before), Some(after)) = (self.before, self.after) else { return self.before.or(self.after) };
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

    #[test]
    fn the_offset_is_within_its_uncertainty() {
        for (ahead, there, back) in [(0, 10, 10), (5_000, 100, 900), (-7_000_000, 1, 1000)] {
            let offset = exchange(ahead, there, back).offset().unwrap();
            assert_eq!(offset.uncertainty_ns, ((there + back) as u64).div_ceil(2));
            assert!(offset.offset_ns.abs_diff(ahead) <= offset.uncertainty_ns, "{offset:?}");
        }
    }

    #[test]
    fn the_shortest_round_trip_counts_and_drift_adds() {
        let mut clocks = Clocks::default();
        [(400, 100, 100), (400, 10, 10), (400, 900, 100)].iter().for_each(|&(ahead, there, back)| {
            clocks.note(exchange(ahead, there, back), false);
        });
        assert_eq!(clocks.offset(), Some(Offset { offset_ns: 400, uncertainty_ns: 10 }));
        clocks.note(exchange(500, 20, 20), true);
        assert_eq!(clocks.offset(), Some(Offset { offset_ns: 450, uncertainty_ns: 70 }));
    }

    #[test]
    fn times_that_cannot_be_say_nothing() {
        let mut clocks = Clocks::default();
        clocks.note(Exchange { sent: 0, their_received: i64::MIN, their_sent: i64::MAX, received: -1 }, false);
        clocks.note(exchange(0, -5, 1), false);
        assert_eq!(clocks.offset(), None);
    }
}
