//! How delays differ from datagram to datagram: jitter (RFC 3550) and delay variation (RFC 3393).

use crate::measure::spread::{Distribution, Spread};

/// The variation of one stream's delays. Clocks that differ do not matter, as long as they run at the same speed.
#[derive(Debug)]
pub(crate) struct Variation {
    /// The latest datagram's number and delay.
    last: Option<(u64, i64)>,
    jitter: f64,
    neighbours: Distribution,
}

impl Variation {
    pub(crate) fn new() -> Self {
        Variation { last: None, jitter: 0.0, neighbours: Distribution::from_zero() }
    }

    /// Takes the delay of a datagram, in the order of receipt.
    pub(crate) fn note(&mut self, number: u64, delay: i64) {
        if let Some((last, before)) = self.last.replace((number, delay)) {
            let difference = delay.saturating_sub(before);
            self.jitter += (difference.unsigned_abs() as f64 - self.jitter) / 16.0;
            // RFC 3393 compares a selected pair of datagrams: here, those sent one after the other.
            if number == last + 1 {
                self.neighbours.record(difference);
            }
        }
    }

    /// RFC 3550's running estimate, in nanoseconds.
    pub(crate) fn jitter(&self) -> Option<u64> {
        self.last.map(|_| self.jitter as u64)
    }

    /// By how much the delay changed from a datagram to the next one sent (IPDV).
    pub(crate) fn spread(&self) -> Option<Spread> {
        self.neighbours.spread()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_as_rfc_3550_computes_it() {
        let mut variation = Variation::new();
        assert_eq!(variation.jitter(), None);
        [(0, 100), (1, 260), (2, 100), (3, 100)].iter().for_each(|&(number, delay)| variation.note(number, delay));
        // 160 / 16 = 10; + (160 - 10) / 16 = 19.375; - 19.375 / 16 = 18.16
        assert_eq!(variation.jitter(), Some(18));
    }

    #[test]
    fn only_neighbours_are_compared() {
        let mut variation = Variation::new();
        [(0, 0), (1, 10), (3, 1000), (2, 0), (3, 1000), (4, 990)].iter().for_each(|&(number, delay)| {
            variation.note(number, delay);
        });
        let spread = variation.spread().unwrap();
        assert_eq!((spread.min_ns, spread.max_ns), (-10, 1000));
    }
}
