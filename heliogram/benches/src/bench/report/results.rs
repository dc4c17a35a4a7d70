//! Every figure of every round, and their medians.

use crate::bench::contest::{Contest, Metric};
use crate::bench::job::Outcome;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The figures of a contestant in one round, by name.
pub(crate) type Sample = BTreeMap<String, f64>;

type Key = (&'static str, &'static str, usize);

/// The figures of every contestant, round by round.
#[derive(Default)]
pub(crate) struct Results {
    samples: HashMap<Key, Vec<Sample>>,
    absent: BTreeMap<(&'static str, &'static str), String>,
}

/// Reads the line in which a contestant prints its figures.
pub(crate) fn sample(line: &str) -> Outcome<Sample> {
    serde_json::from_str(line).map_err(|e| format!("not figures ({e}): {line}").into())
}

impl Results {
    pub(crate) fn add(&mut self, contest: &Contest, name: &'static str, size: usize, sample: Sample) {
        self.samples.entry((contest.name, name, size)).or_default().push(sample);
    }

    /// Leaves it out of this contest from now on.
    pub(crate) fn give_up(&mut self, contest: &Contest, name: &'static str, reason: String) {
        self.absent.insert((contest.name, name), reason);
    }

    pub(crate) fn is_absent(&self, contest: &Contest, name: &'static str) -> bool {
        self.absent.contains_key(&(contest.name, name))
    }

    /// Who did not run, and why; one line for each reason.
    pub(crate) fn absences(&self) -> Vec<String> {
        let mut by_reason: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for ((_, name), reason) in &self.absent {
            by_reason.entry(reason).or_default().insert(name);
        }
        let names = |of: BTreeSet<&str>| of.into_iter().collect::<Vec<_>>().join("; ");
        by_reason.into_iter().map(|(reason, of)| format!("{}: {reason}", names(of))).collect()
    }

    pub(crate) fn samples(&self, contest: &Contest, name: &'static str, size: usize) -> &[Sample] {
        self.samples.get(&(contest.name, name, size)).map_or(&[], Vec::as_slice)
    }

    /// One figure, round by round.
    fn values(&self, contest: &Contest, name: &'static str, size: usize, metric: &Metric) -> Vec<f64> {
        let samples = self.samples(contest, name, size);
        samples.iter().filter_map(|sample| sample.get(metric.key)).copied().collect()
    }

    pub(crate) fn spread(&self, contest: &Contest, name: &'static str, size: usize, metric: &Metric) -> Option<Spread> {
        Spread::of(self.values(contest, name, size, metric))
    }

    /// One contestant's figure as a share of another's, taken round by round: what slows both in a round cancels out.
    pub(crate) fn ratio(
        &self,
        contest: &Contest,
        name: &'static str,
        against: &'static str,
        size: usize,
        metric: &Metric,
    ) -> Option<Spread> {
        let (ours, theirs) = (self.values(contest, name, size, metric), self.values(contest, against, size, metric));
        let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs);
        Spread::of(ratios.filter(|ratio| ratio.is_finite()).collect())
    }
}

/// The median of some numbers, with the least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) greatest: f64,
}

impl Spread {
    fn of(mut numbers: Vec<f64>) -> Option<Self> {
        numbers.sort_by(f64::total_cmp);
        let (least, greatest) = (*numbers.first()?, *numbers.last()?);
        let middle = numbers.len() / 2;
        let median =
            if numbers.len() % 2 == 1 { numbers[middle] } else { (numbers[middle - 1] + numbers[middle]) / 2.0 };
        Some(Spread { least, median, greatest })
    }

    pub(crate) fn text(&self, unit: f64, digits: usize) -> String {
        let [least, median, greatest] = [self.least, self.median, self.greatest].map(|n| n / unit);
        format!("{median:.digits$} [{least:.digits$}–{greatest:.digits$}]")
    }

    pub(crate) fn text_in(&self, metric: &Metric) -> String {
        self.text(metric.unit, metric.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(Spread::of(vec![4.0, 1.0, 3.0, 2.0]), Some(Spread { least: 1.0, median: 2.5, greatest: 4.0 }));
        assert_eq!(Spread::of(vec![]), None);
    }

    #[test]
    fn a_spread_is_printed_in_its_unit() {
        let spread = Spread { least: 1e6, median: 1.5e6, greatest: 2e6 };
        assert_eq!(spread.text(1e6, 2), "1.50 [1.00–2.00]");
    }

    #[test]
    fn a_line_is_a_sample() {
        assert_eq!(sample(r#"{"rate": 2.5}"#).unwrap()["rate"], 2.5);
        assert!(sample("Killed").is_err());
    }
}
