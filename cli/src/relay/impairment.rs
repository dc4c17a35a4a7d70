//! What becomes of a datagram: decided by shares, times and a seed, with the meanings of `tc-netem(8)`.

use std::time::Duration;

use clap::Args;
use fastrand::Rng;

use crate::quantity;

/// What is done to datagrams.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Impairment")]
pub(crate) struct Impairment {
    /// The share of datagrams that are lost: 1%, 0.01
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = quantity::share)]
    pub(crate) loss: f64,

    /// The share that are sent twice
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = quantity::share)]
    pub(crate) duplicate: f64,

    /// The share that leave at once instead of after --delay, and so overtake others
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = quantity::share, requires = "delay")]
    pub(crate) reorder: f64,

    /// How long each datagram is held: 20ms, 0.02
    #[arg(long, value_name = "TIME", value_parser = quantity::interval)]
    pub(crate) delay: Option<Duration>,

    /// By how much the delay varies up and down, evenly
    #[arg(long, value_name = "TIME", value_parser = quantity::interval, requires = "delay")]
    pub(crate) jitter: Option<Duration>,

    /// Bits a second that go through, headers not counted: 500k, 10M
    #[arg(long, value_name = "BITS", value_parser = quantity::bits)]
    pub(crate) rate: Option<f64>,

    /// How many datagrams wait at once; more are lost
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) queue: usize,

    /// The same seed gives the same decisions, datagram by datagram
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

impl Impairment {
    /// Nothing is done.
    pub(crate) fn none(&self) -> Self {
        let (loss, duplicate, reorder, delay, jitter, rate) = (0.0, 0.0, 0.0, None, None, None);
        Impairment { loss, duplicate, reorder, delay, jitter, rate, ..*self }
    }
}

/// The decisions for one direction, in the order of its datagrams.
#[derive(Debug)]
pub(crate) struct Decisions {
    impairment: Impairment,
    random: Rng,
    /// When the link is free again, in nanoseconds since 1970.
    free: i64,
}

impl Decisions {
    pub(crate) fn new(impairment: &Impairment, direction: u64) -> Self {
        let random = Rng::with_seed(impairment.seed.wrapping_mul(2).wrapping_add(direction));
        Decisions { impairment: impairment.clone(), random, free: 0 }
    }

    /// When the copies of a datagram are to leave that came at this time; none if it is lost.
    pub(crate) fn copies(&mut self, size: usize, arrived: i64, queued: usize) -> Fate {
        if self.random.f64() < self.impairment.loss {
            return Fate::Lost;
        }
        if queued >= self.impairment.queue {
            return Fate::Overflow;
        }
        let copies = if self.random.f64() < self.impairment.duplicate { 2 } else { 1 };
        Fate::Leaves((0..copies).map(|_| self.through(size, arrived) + self.delay()).collect())
    }

    /// When the datagram has gone through the link.
    fn through(&mut self, size: usize, arrived: i64) -> i64 {
        let Some(rate) = self.impairment.rate else { return arrived };
        let takes = (size as f64 * 8.0 / rate * 1e9) as i64;
        self.free = self.free.max(arrived).saturating_add(takes);
        self.free
    }

    fn delay(&mut self) -> i64 {
        let (overtakes, variation) = (self.random.f64() < self.impairment.reorder, self.random.f64() * 2.0 - 1.0);
        if overtakes {
            return 0;
        }
        let nanos = |time: Option<Duration>| time.unwrap_or_default().as_nanos() as f64;
        (nanos(self.impairment.delay) + variation * nanos(self.impairment.jitter)).max(0.0) as i64
    }
}

/// What becomes of a datagram.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Lost,
    /// Too many wait.
    Overflow,
    /// When each copy leaves, in nanoseconds since 1970.
    Leaves(Vec<i64>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn impairment() -> Impairment {
        let (loss, duplicate, reorder, delay, jitter, rate) = (0.0, 0.0, 0.0, None, None, None);
        Impairment { loss, duplicate, reorder, delay, jitter, rate, queue: 10, seed: 7 }
    }

    #[test]
    fn nothing_is_done_unasked() {
        let mut decisions = Decisions::new(&impairment(), 0);
        (0..1000).for_each(|time| assert_eq!(decisions.copies(100, time, 9), Fate::Leaves(vec![time])));
    }

    #[test]
    fn a_seed_decides_and_the_shares_are_kept() {
        let asked = Impairment { loss: 0.1, duplicate: 0.2, delay: Some(Duration::from_millis(1)), ..impairment() };
        let run = |seed: u64, direction| {
            let mut decisions = Decisions::new(&Impairment { seed, ..asked.clone() }, direction);
            (0..10_000).map(|time| decisions.copies(100, time, 0)).collect::<Vec<_>>()
        };
        assert_eq!(run(7, 0), run(7, 0));
        assert!(run(7, 0) != run(8, 0) && run(7, 0) != run(7, 1));
        let lost = run(7, 0).iter().filter(|fate| **fate == Fate::Lost).count();
        let twice = run(7, 0).iter().filter(|fate| matches!(fate, Fate::Leaves(copies) if copies.len() == 2)).count();
        assert!((900..1100).contains(&lost) && (1650..1950).contains(&twice), "{lost} {twice}");
    }

    #[test]
    fn a_rate_spaces_datagrams_and_a_full_queue_loses_them() {
        let mut decisions = Decisions::new(&Impairment { rate: Some(8e6), ..impairment() }, 0);
        let leaves: Vec<_> = (0..3).map(|_| decisions.copies(1000, 0, 0)).collect();
        assert_eq!(leaves, [1, 2, 3].map(|time| Fate::Leaves(vec![time * 1_000_000])));
        assert_eq!(decisions.copies(1000, 0, 10), Fate::Overflow);
    }
}
