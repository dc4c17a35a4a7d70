//! What has come in of one stream.

use std::time::Duration;

use crate::measure::figures::{Received, per_second};
use crate::measure::numbering::{Header, now};
use crate::measure::sequence::{Sequence, Verdict};
use crate::measure::spread::Distribution;
use crate::measure::variation::Variation;

/// The datagrams of one stream.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) received: u64,
    pub(crate) bytes: u64,
    pub(crate) sequence: Sequence,
    /// When the first and the last came, in nanoseconds since 1970.
    first: i64,
    last: i64,
    delays: Distribution,
    variation: Variation,
    /// How many there are, once the sender has said so.
    sent: Option<u64>,
    late_after: Option<Duration>,
}

impl Receiver {
    /// `late_after` is the delay, beyond the least one, from which a datagram is late.
    pub(crate) fn new(late_after: Option<Duration>) -> Self {
        Receiver::with(Sequence::from_start(nanos(now())), late_after)
    }

    /// The same of a stream that may have begun before.
    pub(crate) fn joining(late_after: Option<Duration>) -> Self {
        Receiver::with(Sequence::default(), late_after)
    }

    fn with(sequence: Sequence, late_after: Option<Duration>) -> Self {
        Receiver {
            received: 0,
            bytes: 0,
            sequence,
            first: 0,
            last: 0,
            delays: Distribution::new(),
            variation: Variation::new(),
            sent: None,
            late_after,
        }
    }

    /// Takes a datagram that came at this time, in nanoseconds since 1970.
    pub(crate) fn note(&mut self, header: &Header, size: usize, arrived: i64) {
        let verdict = self.judge(header.number, arrived);
        if verdict == Verdict::Impossible {
            return;
        }
        self.first = if self.received == 0 { arrived } else { self.first };
        self.last = self.last.max(arrived);
        self.received += 1;
        self.bytes += size as u64;
        if let (Verdict::Next | Verdict::Reordered, Some(sent)) = (verdict, header.sent) {
            let delay = arrived.saturating_sub(sent);
            self.delays.record(delay);
            self.variation.note(header.number, delay);
        }
    }

    /// Takes over how many datagrams the sender says it has sent, if that is possible.
    pub(crate) fn end(&mut self, sent: u64, now: i64) {
        self.sent = self.sent.or_else(|| self.sequence.is_possible(sent, nanos(now)).then_some(sent));
    }

    /// How long nothing has come.
    pub(crate) fn since_last(&self) -> Duration {
        Duration::from_nanos(nanos(now().saturating_sub(self.last)))
    }

    /// Whether the sender has said how many there are.
    pub(crate) const fn has_ended(&self) -> bool {
        self.sent.is_some()
    }

    /// How many have not come, and of how many.
    pub(crate) fn lost(&self) -> (u64, u64) {
        let expected = self.sent.map_or(self.sequence.expected(), |sent| self.sequence.expected_of(sent));
        (expected - self.sequence.distinct, expected)
    }

    pub(crate) fn jitter(&self) -> Option<u64> {
        self.variation.jitter()
    }

    pub(crate) fn figures(&self) -> Received {
        let time = Duration::from_nanos(self.last.abs_diff(self.first));
        let (lost, expected) = self.lost();
        Received {
            datagrams: self.received,
            bytes: self.bytes,
            duration_ns: self.last.abs_diff(self.first),
            datagrams_per_second: per_second(self.received, time),
            bits_per_second: per_second(self.bytes * 8, time),
            expected,
            tail_known: self.has_ended(),
            lost,
            duplicates: self.sequence.duplicates,
            reordered: self.sequence.reordered,
            late: self.late_after.filter(|_| self.delays.count() > 0).map(|limit| self.late(limit)),
            stale: self.sequence.stale,
            impossible: self.sequence.impossible,
            dropped_by_socket: None,
            jitter_ns: self.jitter(),
            delay_variation: self.variation.spread(),
            delay: self.delays.spread(),
            clock: None,
        }
    }

    fn late(&self, limit: Duration) -> u64 {
        self.delays.above_min(i64::try_from(limit.as_nanos()).unwrap_or(i64::MAX))
    }

    fn judge(&mut self, number: u64, arrived: i64) -> Verdict {
        match self.sent {
            Some(sent) if number >= sent => self.sequence.note_impossible(),
            _ => self.sequence.note(number, nanos(arrived)),
        }
    }
}

fn nanos(time: i64) -> u64 {
    u64::try_from(time).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::numbering::StreamId;

    /// Numbers with their delays, sent one millisecond apart.
    fn after(receiver: &[(u64, i64)]) -> Receiver {
        let mut all = Receiver::joining(Some(Duration::from_millis(5)));
        for &(number, delay) in receiver {
            let sent = 1_000_000_000 + number.min(1000) as i64 * 1_000_000;
            let header = Header { stream: StreamId(1), number, sent: Some(sent) };
            all.note(&header, 100, sent + delay);
        }
        all
    }

    #[test]
    fn the_tail_is_lost_once_the_sender_has_said_how_many_there_are() {
        let mut receiver = after(&[(0, 1000), (2, 1000), (2, 1000), (1, 6_000_000)]);
        assert_eq!((receiver.lost(), receiver.figures().tail_known), ((0, 3), false));
        receiver.end(10, 2_000_000_000);
        receiver.end(4, 2_000_000_000);
        let figures = receiver.figures();
        assert_eq!((figures.lost, figures.expected, figures.duplicates, figures.reordered), (7, 10, 1, 1));
        assert_eq!((figures.datagrams, figures.bytes, figures.late), (4, 400, Some(1)));
    }

    #[test]
    fn a_forged_number_or_end_changes_nothing() {
        let mut receiver = after(&[(0, 0), (1, 0), (u64::MAX, 0), (1 << 50, 0)]);
        receiver.end(1, 1_001_000_000);
        receiver.end(1 << 50, 1_001_000_000);
        assert!(!receiver.has_ended());
        receiver.end(2, 1_001_000_000);
        receiver.note(&Header { stream: StreamId(1), number: 2, sent: None }, 100, 1_001_000_000);
        let figures = receiver.figures();
        assert_eq!((figures.datagrams, figures.lost, figures.impossible), (2, 0, 3));
    }

    #[test]
    fn a_rate_needs_ten_milliseconds() {
        assert_eq!(after(&[(0, 0), (9, 0)]).figures().datagrams_per_second, None);
        assert_eq!(after(&[(0, 0), (10, 0)]).figures().datagrams_per_second, Some(200));
    }
}
