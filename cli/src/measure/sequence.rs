//! Which numbers of a stream have come: losses, duplicates (RFC 5560) and reordering (RFC 4737).

/// What a number turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Higher than all before it.
    Next,
    /// The first copy of a number that is lower than one before it.
    Reordered,
    /// Another copy.
    Duplicate,
    /// Too old to know whether it is another copy.
    Stale,
    /// No sender can have got this far: it is not counted.
    Impossible,
}

/// The numbers of one stream. Memory is bounded, whatever comes.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    /// The first number that counts: 0, or what the first datagram says to a receiver that joins.
    base: Option<u64>,
    /// One more than the highest number that has come.
    next: u64,
    seen: Window,
    /// When the last number was counted, in nanoseconds.
    last: u64,
    pub(crate) distinct: u64,
    pub(crate) duplicates: u64,
    pub(crate) reordered: u64,
    pub(crate) stale: u64,
    pub(crate) impossible: u64,
}

impl Sequence {
    /// Numbers from 0 on, of a sender that begins now.
    pub(crate) fn from_start(now: u64) -> Self {
        Sequence { base: Some(0), last: now, ..Sequence::default() }
    }

    /// Counts a number that has come at this time, in nanoseconds of any clock.
    pub(crate) fn note(&mut self, number: u64, now: u64) -> Verdict {
        let verdict = self.judge(number, now);
        match verdict {
            Verdict::Next => self.advance(number, now),
            Verdict::Reordered => {
                self.seen.insert(number - self.first());
                self.reordered += 1;
                self.distinct += 1;
            }
            Verdict::Duplicate => self.duplicates += 1,
            Verdict::Stale => self.stale += 1,
            Verdict::Impossible => self.impossible += 1,
        }
        verdict
    }

    /// How many numbers there are from the first to the highest that has come.
    pub(crate) fn expected(&self) -> u64 {
        self.next - self.first()
    }

    /// How many there are if the sender has sent this many.
    pub(crate) fn expected_of(&self, sent: u64) -> u64 {
        sent.max(self.next) - self.first()
    }

    /// Whether a sender can have sent this many by now.
    pub(crate) fn is_possible(&self, sent: u64, now: u64) -> bool {
        sent.checked_sub(self.next).is_some_and(|gap| gap <= self.leap(now))
    }

    /// Counts a number that others know to be none.
    pub(crate) const fn note_impossible(&mut self) -> Verdict {
        self.impossible += 1;
        Verdict::Impossible
    }

    fn judge(&self, number: u64, now: u64) -> Verdict {
        if number > HIGHEST {
            return Verdict::Impossible;
        }
        let Some(base) = self.base else { return Verdict::Next };
        match number.checked_sub(self.next) {
            Some(gap) if gap > self.leap(now) => Verdict::Impossible,
            Some(_) => Verdict::Next,
            None if number < base || self.next - number > Window::SIZE => Verdict::Stale,
            None if self.seen.contains(number - base) => Verdict::Duplicate,
            None => Verdict::Reordered,
        }
    }

    fn advance(&mut self, number: u64, now: u64) {
        // What was sent before a receiver joined in is not lost.
        let base = *self.base.get_or_insert(if number < JOINED_LATE { 0 } else { number });
        self.seen.slide(self.next.saturating_sub(base), number - base);
        self.seen.insert(number - base);
        (self.next, self.last) = (number + 1, now);
        self.distinct += 1;
    }

    /// How far a number may be ahead now.
    const fn leap(&self, now: u64) -> u64 {
        LEAP + now.saturating_sub(self.last) / FASTEST
    }

    fn first(&self) -> u64 {
        self.base.unwrap_or(0)
    }
}

/// Numbers above this are no numbers: a sender would need centuries.
const HIGHEST: u64 = 1 << 62;

/// A stream whose first number is higher began before the receiver did.
const JOINED_LATE: u64 = 1024;

/// How far a number may be ahead of the highest before it, however soon after it comes.
const LEAP: u64 = 1 << 20;

/// Nanoseconds from one datagram to the next of the fastest sender: 50 million datagrams a second.
const FASTEST: u64 = 20;

/// A bit for each of the latest numbers. It grows with the stream, up to `SIZE` bits, and then slides along.
#[derive(Debug, Default)]
struct Window(Vec<u64>);

impl Window {
    /// How many numbers below the highest are remembered: 128 KiB.
    const SIZE: u64 = 1 << 20;

    /// Moves the upper end, so that numbers up to `highest` have a bit, all unset from `next` on.
    fn slide(&mut self, next: u64, highest: u64) {
        let words = (highest.min(Self::SIZE - 1) / 64 + 1).next_power_of_two() as usize;
        if words > self.0.len() {
            self.0.resize(words, 0);
        }
        if highest - next >= self.bits() {
            return self.0.fill(0);
        }
        (next..=highest).for_each(|number| {
            let (word, bit) = self.place(number);
            self.0[word] &= !bit;
        });
    }

    fn insert(&mut self, number: u64) {
        let (word, bit) = self.place(number);
        self.0[word] |= bit;
    }

    fn contains(&self, number: u64) -> bool {
        let (word, bit) = self.place(number);
        self.0[word] & bit != 0
    }

    fn place(&self, number: u64) -> (usize, u64) {
        let number = number % self.bits();
        ((number / 64) as usize, 1 << (number % 64))
    }

    fn bits(&self) -> u64 {
        self.0.len() as u64 * 64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn lost(sequence: &Sequence) -> u64 {
        sequence.expected() - sequence.distinct
    }

    fn after(numbers: impl IntoIterator<Item = u64>) -> Sequence {
        let mut sequence = Sequence::default();
        numbers.into_iter().for_each(|number| _ = sequence.note(number, 0));
        sequence
    }

    #[test]
    fn duplicates_do_not_hide_losses() {
        let sequence = after([0, 1, 1, 1, 5, 5]);
        assert_eq!((sequence.expected(), lost(&sequence), sequence.duplicates), (6, 3, 3));
        assert_eq!((sequence.distinct, sequence.reordered), (3, 0));
    }

    #[test]
    fn a_late_first_copy_is_reordered_and_another_copy_is_not() {
        let sequence = after([0, 2, 1, 1, 2, 4, 3]);
        assert_eq!((lost(&sequence), sequence.reordered, sequence.duplicates), (0, 2, 2));
    }

    #[test]
    fn a_number_that_cannot_be_changes_nothing() {
        let mut sequence = after([0, 1]);
        for forged in [u64::MAX, HIGHEST + 1, LEAP + 3, 1 << 40] {
            assert_eq!(sequence.note(forged, 0), Verdict::Impossible, "{forged}");
        }
        assert_eq!((sequence.expected(), lost(&sequence), sequence.impossible), (2, 0, 4));
        // A receiver that was stopped for a second may have missed ten million.
        assert_eq!(sequence.note(10_000_000, 1_000_000_000), Verdict::Next);
        assert_eq!(lost(&sequence), 10_000_001 - 3);
    }

    #[test]
    fn what_was_sent_before_the_receiver_began_is_not_lost() {
        assert_eq!(lost(&after([3])), 3);
        let late = after([5_000_000, 5_000_002, 4_999_999]);
        assert_eq!((late.expected(), lost(&late), late.stale), (3, 1, 1));
        assert_eq!(lost(&after([HIGHEST])), 0);
    }

    #[test]
    fn what_a_sender_lost_at_its_start_is_lost() {
        let mut sequence = Sequence::from_start(0);
        assert_eq!(sequence.note(5000, 0), Verdict::Next);
        assert_eq!(lost(&sequence), 5000);
        assert_eq!(Sequence::from_start(7).note(LEAP + 1, 7), Verdict::Impossible);
    }

    #[test]
    fn the_window_slides() {
        let mut sequence = after(0..3 * Window::SIZE);
        let oldest = 2 * Window::SIZE;
        assert_eq!((lost(&sequence), sequence.distinct), (0, 3 * Window::SIZE));
        assert_eq!(sequence.note(oldest, 0), Verdict::Duplicate);
        assert_eq!(sequence.note(oldest - 1, 0), Verdict::Stale);
        assert_eq!(sequence.note(3 * Window::SIZE + LEAP, 0), Verdict::Next);
        assert_eq!(sequence.note(3 * Window::SIZE + 1, 0), Verdict::Reordered);
    }

    #[test]
    fn a_set_that_forgets_nothing_agrees() {
        let mut seed = 1_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            seed >> 33
        };
        let (mut sequence, mut seen, mut highest) = (Sequence::default(), HashSet::new(), 0);
        let (mut duplicates, mut reordered) = (0, 0);
        sequence.note(0, 0);
        seen.insert(0);
        for _ in 0..200_000 {
            let number = (highest + random() % 8).saturating_sub(random() % 200);
            match (seen.insert(number), number > highest) {
                (false, _) => duplicates += 1,
                (true, true) => highest = number,
                (true, false) => reordered += 1,
            }
            sequence.note(number, 0);
        }
        assert_eq!((sequence.duplicates, sequence.reordered), (duplicates, reordered));
        assert_eq!((sequence.distinct, sequence.expected()), (seen.len() as u64, highest + 1));
    }
}
