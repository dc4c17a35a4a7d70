//! The distribution of a time: mean, standard deviation and percentiles, in nanoseconds that may be negative.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Times as they are recorded. Percentiles are exact to three digits of the distance from the first value.
#[derive(Debug)]
pub(crate) struct Distribution {
    /// The value that the histograms count from.
    reference: Option<i64>,
    above: Histogram<u64>,
    below: Histogram<u64>,
    count: u64,
    mean: f64,
    /// The sum of squared distances from the mean (Welford).
    squares: f64,
    min: i64,
    max: i64,
}

/// What is known of a distribution, each in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spread {
    pub(crate) min_ns: i64,
    pub(crate) mean_ns: i64,
    pub(crate) stddev_ns: i64,
    pub(crate) p50_ns: i64,
    pub(crate) p90_ns: i64,
    pub(crate) p99_ns: i64,
    pub(crate) p999_ns: i64,
    pub(crate) max_ns: i64,
}

impl Distribution {
    /// Times whose first value is typical of all, such as one-way delays between two clocks.
    pub(crate) fn new() -> Self {
        let histogram = || Histogram::new(3).expect("three digits are allowed");
        let (above, below) = (histogram(), histogram());
        Distribution { reference: None, above, below, count: 0, mean: 0.0, squares: 0.0, min: i64::MAX, max: i64::MIN }
    }

    /// Times that are near 0, such as round trips: percentiles are exact to three digits.
    pub(crate) fn from_zero() -> Self {
        Distribution { reference: Some(0), ..Distribution::new() }
    }

    /// Takes a value. One of more than a day is taken for a day.
    pub(crate) fn record(&mut self, value: i64) {
        let value = value.clamp(-DAY, DAY);
        let distance = value - *self.reference.get_or_insert(value);
        let histogram = if distance < 0 { &mut self.below } else { &mut self.above };
        histogram.record(distance.unsigned_abs()).expect("a histogram that resizes itself takes two days");
        self.count += 1;
        let from_mean = value as f64 - self.mean;
        self.mean += from_mean / self.count as f64;
        self.squares += from_mean * (value as f64 - self.mean);
        (self.min, self.max) = (self.min.min(value), self.max.max(value));
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// 0 of nothing.
    pub(crate) const fn mean(&self) -> i64 {
        self.mean as i64
    }

    /// How many values are more than this above the least.
    pub(crate) fn above_min(&self, threshold: i64) -> u64 {
        let Some(reference) = self.reference.filter(|_| self.count > 0) else { return 0 };
        let limit = self.min.saturating_add(threshold) - reference;
        let beyond = |histogram: &Histogram<u64>, keep: &dyn Fn(i64) -> bool| -> u64 {
            let kept = histogram.iter_recorded().filter(|step| keep(step.value_iterated_to() as i64));
            kept.map(|step| step.count_at_value()).sum()
        };
        beyond(&self.above, &|distance| distance > limit) + beyond(&self.below, &|distance| -distance > limit)
    }

    /// `None` of nothing.
    pub(crate) fn spread(&self) -> Option<Spread> {
        (self.count > 0).then(|| Spread {
            min_ns: self.min,
            mean_ns: self.mean as i64,
            stddev_ns: (self.squares / self.count as f64).sqrt() as i64,
            p50_ns: self.quantile(0.5),
            p90_ns: self.quantile(0.9),
            p99_ns: self.quantile(0.99),
            p999_ns: self.quantile(0.999),
            max_ns: self.max,
        })
    }

    fn quantile(&self, quantile: f64) -> i64 {
        let rank = ((quantile * self.count as f64).ceil() as u64).clamp(1, self.count);
        let below = self.below.len();
        let share = |rank: u64, of: u64| rank as f64 / of as f64;
        let distance = match rank.checked_sub(below) {
            Some(0) | None => -(self.below.value_at_quantile(share(below - rank + 1, below)) as i64),
            Some(rank) => self.above.value_at_quantile(share(rank, self.above.len())) as i64,
        };
        (self.reference.unwrap_or(0) + distance).clamp(self.min, self.max)
    }
}

impl Spread {
    /// The same times by a clock that is this much behind.
    pub(crate) fn shifted(self, by: i64) -> Self {
        let shift = |value: i64| value.saturating_add(by);
        Spread {
            min_ns: shift(self.min_ns),
            mean_ns: shift(self.mean_ns),
            stddev_ns: self.stddev_ns,
            p50_ns: shift(self.p50_ns),
            p90_ns: shift(self.p90_ns),
            p99_ns: shift(self.p99_ns),
            p999_ns: shift(self.p999_ns),
            max_ns: shift(self.max_ns),
        }
    }
}

/// In nanoseconds. Nothing that is measured here takes longer; two clocks that differ by more cannot be compared.
const DAY: i64 = 86_400_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_of_known_values() {
        let mut times = Distribution::from_zero();
        (1..=1000).for_each(|value| times.record(value));
        let spread = times.spread().unwrap();
        assert_eq!((spread.min_ns, spread.mean_ns, spread.stddev_ns, spread.max_ns), (1, 500, 288, 1000));
        assert_eq!((spread.p50_ns, spread.p90_ns, spread.p99_ns, spread.p999_ns), (500, 900, 990, 999));
        assert_eq!(Distribution::new().spread(), None);
        let mut longer = Distribution::from_zero();
        (1..=1000).for_each(|value| longer.record(value * 1_000_000));
        let spread = longer.spread().unwrap();
        assert!(spread.p50_ns.abs_diff(500_000_000) < 1_000_000 && spread.p99_ns.abs_diff(990_000_000) < 1_000_000);
    }

    #[test]
    fn values_on_both_sides_of_the_first() {
        let mut times = Distribution::new();
        [-5_000_000, -5_000_010, -4_999_990, -5_000_005, -4_999_995].iter().for_each(|&value| times.record(value));
        let spread = times.spread().unwrap();
        assert_eq!((spread.min_ns, spread.p50_ns, spread.p99_ns), (-5_000_010, -5_000_000, -4_999_990));
        assert_eq!(times.above_min(9), 3);
        assert_eq!((times.above_min(4), times.above_min(20), times.above_min(-1)), (4, 0, 5));
        assert_eq!(spread.shifted(5_000_000).p50_ns, 0);
    }

    #[test]
    fn impossible_times_are_bounded() {
        let mut times = Distribution::new();
        [i64::MIN, i64::MAX, 0].iter().for_each(|&value| times.record(value));
        assert_eq!((times.spread().unwrap().min_ns, times.spread().unwrap().max_ns), (-DAY, DAY));
    }
}
