//! The results as tables, as raw figures and as plots.

use super::contests::{Bound, Contest, Goal, Metric};
use super::results::{Results, Spread};
use super::table::Table;
use super::{Outcome, Plan, machine, plot, quote};
use std::fmt::Write as _;
use std::fs;

/// Prints the tables, and writes them, the raw figures and the plots into the folder of the plan.
pub(crate) fn write(plan: &Plan, contests: &[&'static Contest], results: &Results) -> Outcome<()> {
    let tables: Vec<_> = contests.iter().map(|contest| (title(plan, contest), table(plan, contest, results))).collect();
    let goals = goals(plan, contests, results);
    let document = document(plan, &tables, &goals, results, Table::markdown);
    fs::create_dir_all(&plan.output)?;
    fs::write(plan.output.join("table.md"), &document)?;
    fs::write(plan.output.join("results.jsonl"), raw_lines(contests, plan, results))?;
    let plots = plot::draw(plan, contests, results)?;
    if plan.readme {
        quote::into_page(plan, contests, results)?;
        plots
            .iter()
            .filter(|plot| plot.extension().is_some_and(|name| name == "svg"))
            .try_for_each(|plot| quote::copy_plot(plot))?;
    }
    print!("{}", self::document(plan, &tables, &goals, results, Table::text));
    eprintln!("written to {}: table.md, results.jsonl and {} plots", plan.output.display(), plots.len());
    Ok(())
}

fn title(plan: &Plan, contest: &Contest) -> String {
    let (rounds, time) = (plan.rounds(contest), plan.time(contest).as_millis());
    format!("{}: {rounds} x {time} ms", contest.name)
}

fn document(
    plan: &Plan,
    tables: &[(String, Table)],
    goals: &Table,
    results: &Results,
    text: fn(&Table) -> String,
) -> String {
    let mut document = machine::description(plan);
    for (title, table) in tables {
        let _ = write!(document, "\n### {title}\n\n{}", text(table));
    }
    if !goals.is_empty() {
        let _ = write!(document, "\n### what must be reached\n\n{}", text(goals));
    }
    for absence in results.absences() {
        let _ = write!(document, "\nNot measured: {absence}\n");
    }
    document
}

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

/// What must be reached, and what was.
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

/// One JSON object for each run of each contestant.
fn raw_lines(contests: &[&Contest], plan: &Plan, results: &Results) -> String {
    let mut text = String::new();
    for contest in contests {
        for (contestant, size) in
            contest.contestants.iter().flat_map(|c| plan.sizes(contest).into_iter().map(move |size| (c, size)))
        {
            for (round, sample) in results.samples(contest, contestant.name, size).iter().enumerate() {
                let line = serde_json::json!({
                    "contest": contest.name, "contestant": contestant.name, "size": size, "round": round, "figures": sample,
                });
                let _ = writeln!(text, "{line}");
            }
        }
    }
    text
}
