//! The results as tables, as raw figures and as plots.

use super::contests::{Contest, Goal};
use super::tally::Figures;
use super::{Outcome, Plan, plot, quote};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

type Key = (&'static str, &'static str, usize);

/// What every contestant did in every round, in the order of the rounds.
#[derive(Default)]
pub(crate) struct Results {
    figures: HashMap<Key, Vec<Figures>>,
    delivered: HashMap<Key, Vec<f64>>,
}

impl Results {
    pub(crate) fn add(
        &mut self,
        contest: &'static str,
        name: &'static str,
        size: usize,
        figures: Figures,
        delivered: Option<f64>,
    ) {
        self.figures.entry((contest, name, size)).or_default().push(figures);
        self.delivered.entry((contest, name, size)).or_default().extend(delivered);
    }

    /// Datagrams per CPU second, round by round.
    fn rates(&self, contest: &Contest, name: &'static str, size: usize) -> Vec<f64> {
        let figures = self.figures.get(&(contest.name, name, size));
        figures.into_iter().flatten().map(Figures::per_cpu_second).collect()
    }

    pub(crate) fn rate(&self, contest: &Contest, name: &'static str, size: usize) -> Option<Spread> {
        Spread::of(self.rates(contest, name, size))
    }

    /// One contestant's rate as a share of another's, taken round by round: what slows both in a round cancels out.
    pub(crate) fn ratio(
        &self,
        contest: &Contest,
        name: &'static str,
        against: &'static str,
        size: usize,
    ) -> Option<Spread> {
        let (ours, theirs) = (self.rates(contest, name, size), self.rates(contest, against, size));
        Spread::of(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect())
    }

    fn delivered(&self, contest: &Contest, name: &'static str, size: usize) -> Option<Spread> {
        Spread::of(self.delivered.get(&(contest.name, name, size))?.clone())
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

    fn text(&self, unit: f64, digits: usize) -> String {
        let [least, median, greatest] = [self.least, self.median, self.greatest].map(|n| n / unit);
        format!("{median:.digits$} [{least:.digits$}–{greatest:.digits$}]")
    }
}

/// Prints the tables, and writes them, the raw figures and the plots into the folder of the plan.
pub(crate) fn write(plan: &Plan, contests: &[&Contest], results: &Results) -> Outcome<()> {
    let text = format!("{}\n{}\n{}", heading(plan), table(plan, contests, results), goals(plan, contests, results));
    fs::create_dir_all(&plan.output)?;
    fs::write(plan.output.join("table.md"), &text)?;
    fs::write(plan.output.join("results.jsonl"), raw_lines(contests, plan, results))?;
    plot::draw(&plan.output, contests, &plan.sizes, results)?;
    if plan.readme {
        quote::into_readme(&format!("{}\n{}", heading(plan), quote::table(plan, contests, results)))?;
    }
    print!("{text}");
    eprintln!("written to {}: table.md, results.jsonl, plot.svg, plot.png", plan.output.display());
    Ok(())
}

fn heading(plan: &Plan) -> String {
    let kernel = first_line("/proc/sys/kernel/osrelease");
    let cores = available_parallelism().map_or(0, usize::from);
    format!(
        "Loopback; Linux {kernel}, {}, {cores} cores; contestant on core {}, traffic on core {}.\n\
         {} rounds of {} ms each, order turned every round; default socket buffers; CPU time is user and system time of \
         the contestant's process.\n",
        processor(),
        plan.core,
        plan.traffic_core,
        plan.rounds(),
        plan.time().as_millis(),
    )
}

fn first_line(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap_or_default().lines().next().unwrap_or("unknown").into()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown processor").into()
}

/// One line for each contestant and size.
fn table(plan: &Plan, contests: &[&Contest], results: &Results) -> String {
    let mut text = String::from(
        "| | bytes | million datagrams per CPU second | of the first | arrived |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    for contest in contests {
        for &size in &plan.sizes {
            let _ = writeln!(text, "| **{}** | {size} | | | |", contest.name);
            text.extend(contest.contestants.iter().map(|c| row(contest, c.name, size.into(), results)));
        }
    }
    text
}

fn row(contest: &Contest, name: &'static str, size: usize, results: &Results) -> String {
    let first = contest.contestants[0].name;
    let rate = results.rate(contest, name, size).map(|rate| rate.text(1e6, 3)).unwrap_or_default();
    let ratio = results.ratio(contest, name, first, size).map(|ratio| ratio.text(1.0, 3)).unwrap_or_default();
    let arrived =
        results.delivered(contest, name, size).map(|d| format!("{:.0} %", d.median * 100.0)).unwrap_or_default();
    format!("| {name} | {size} | {rate} | {ratio} | {arrived} |\n")
}

/// What must be reached, and what was.
fn goals(plan: &Plan, contests: &[&Contest], results: &Results) -> String {
    let mut text = String::from("| must reach | bytes | at least | measured | |\n| --- | ---: | ---: | ---: | --- |\n");
    for contest in contests {
        for goal in contest.goals {
            let sizes = plan.sizes.iter().map(|&size| usize::from(size)).filter(|&size| size <= goal.up_to);
            text.extend(sizes.map(|size| goal_row(contest, goal, size, results)));
        }
    }
    text
}

fn goal_row(contest: &Contest, goal: &Goal, size: usize, results: &Results) -> String {
    let Goal { of, against, at_least, .. } = goal;
    let Some(ratio) = results.ratio(contest, of, against, size) else { return String::new() };
    let word = if ratio.median >= *at_least { "reached" } else { "NOT REACHED" };
    format!("| {of} : {against} | {size} | {at_least:.2} | {} | {word} |\n", ratio.text(1.0, 3))
}

/// One JSON object for each run of each contestant.
fn raw_lines(contests: &[&Contest], plan: &Plan, results: &Results) -> String {
    let mut text = String::new();
    for contest in contests {
        for (contestant, &size) in contest.contestants.iter().flat_map(|c| plan.sizes.iter().map(move |size| (c, size)))
        {
            let runs = results.figures.get(&(contest.name, contestant.name, size.into()));
            for (round, run) in runs.into_iter().flatten().enumerate() {
                let line = serde_json::json!({
                    "contest": contest.name, "contestant": contestant.name, "size": size, "round": round,
                    "datagrams": run.datagrams, "cpu_seconds": run.cpu.as_secs_f64(), "seconds": run.clock.as_secs_f64(),
                });
                let _ = writeln!(text, "{line}");
            }
        }
    }
    text
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
}
