//! The results of a contest as a table, and the goals.

use super::results::{Results, Spread};
use super::table::Table;
use crate::bench::contest::{Bound, Contest, Goal, Metric};
use crate::bench::plan::Plan;

/// One line for each contestant and size.
pub(crate) fn table(plan: &Plan, contest: &Contest, results: &Results) -> Table {
    let metrics = contest.metrics.iter().flat_map(|metric| [metric.title.into(), "of the first".into()]);
    let mut table = Table::new([String::new(), "bytes".into()].into_iter().chain(metrics).collect());
    for size in plan.sizes(contest) {
        for contestant in contest.contestants {
            if !results.samples(contest, contestant.name, size).is_empty() {
                table.add(row(contest, contestant.name, size, results));
            }
        }
    }
    table
}

fn row(contest: &Contest, name: &'static str, size: usize, results: &Results) -> Vec<String> {
    let first = contest.contestants[0].name;
    let cells = contest.metrics.iter().flat_map(|metric| {
        let value = results.spread(contest, name, size, metric);
        let ratio = results.ratio(contest, name, first, size, metric);
        [value.map(|value| value.text_in(metric)), ratio.map(|ratio| ratio.text(1.0, 2))].map(Option::unwrap_or_default)
    });
    [name.into(), size.to_string()].into_iter().chain(cells).collect()
}

/// Each goal, what it asks for, and what was measured.
pub(crate) fn goals(plan: &Plan, contests: &[&Contest], results: &Results) -> Table {
    let heading = ["", "", "bytes", "must be", "is", ""];
    let mut table = Table::new(heading.map(String::from).to_vec());
    for contest in contests {
        for goal in contest.goals {
            let sizes = plan.sizes(contest).into_iter().filter(|&size| goal.holds_at(size));
            sizes.filter_map(|size| goal_row(contest, goal, size, results)).for_each(|row| table.add(row));
        }
    }
    table
}

fn goal_row(contest: &Contest, goal: &Goal, size: usize, results: &Results) -> Option<Vec<String>> {
    let Goal { of, metric, .. } = goal;
    let (asked, bound, measured, digits, unit) = match goal.bound {
        Bound::Times(factor, against) => {
            (format!("{factor:.2} x {against}"), factor, results.ratio(contest, of, against, size, metric)?, 2, 1.0)
        }
        Bound::Plus(more, against) => {
            let theirs = results.spread(contest, against, size, metric)?;
            let bound = theirs.median / metric.unit + more;
            (
                format!("{bound:.1} ({against} + {more})"),
                bound,
                results.spread(contest, of, size, metric)?,
                metric.digits,
                metric.unit,
            )
        }
        Bound::Is(value) => {
            (value.to_string(), value, results.spread(contest, of, size, metric)?, metric.digits, metric.unit)
        }
    };
    let word = if is_reached(metric, bound, &measured, unit) { "reached" } else { "**NOT REACHED**" };
    let bound = format!("{} {asked}", if metric.more_is_better { "≥" } else { "≤" });
    Some(vec![
        format!("{}: {of}", contest.name),
        metric.title.into(),
        size.to_string(),
        bound,
        measured.text(unit, digits),
        word.into(),
    ])
}

fn is_reached(metric: &Metric, bound: f64, measured: &Spread, unit: f64) -> bool {
    let measured = measured.median / unit;
    if metric.more_is_better { measured >= bound } else { measured <= bound }
}
