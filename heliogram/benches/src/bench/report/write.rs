//! The results as tables, as raw figures and as plots.

#[cfg(feature = "plots")]
use super::plot::draw;
use super::results::Results;
use super::table::Table;
use super::tables::{goals, table};
use super::{machine, page};
use crate::bench::contest::Contest;
use crate::bench::job::Outcome;
use crate::bench::plan::Plan;
use std::fmt::Write as _;
use std::fs;
#[cfg(not(feature = "plots"))]
use std::path::PathBuf;

/// Prints the tables, and writes them, the raw figures and the plots into the folder of the plan.
pub(crate) fn write(plan: &Plan, contests: &[&'static Contest], results: &Results) -> Outcome<()> {
    let tables: Vec<_> = contests.iter().map(|contest| (title(plan, contest), table(plan, contest, results))).collect();
    let goals = goals(plan, contests, results);
    let document = document(plan, &tables, &goals, results, Table::markdown);
    fs::create_dir_all(&plan.output)?;
    fs::write(plan.output.join("table.md"), &document)?;
    fs::write(plan.output.join("results.jsonl"), raw_lines(contests, plan, results))?;
    let plots = draw(plan, contests, results)?;
    if plan.readme {
        page::into_page(plan, contests, results)?;
        let mut drawings = plots.iter().filter(|plot| plot.extension().is_some_and(|name| name == "svg"));
        // A picture of some contests would take the place of one of all.
        drawings.try_for_each(|plot| if plan.only.is_empty() { page::copy_plot(plot) } else { Ok(()) })?;
    }
    print!("{}", self::document(plan, &tables, &goals, results, Table::text));
    eprintln!("written to {}: table.md, results.jsonl and {} plots", plan.output.display(), plots.len());
    Ok(())
}

/// Draws nothing, and says so where a picture was asked for.
#[cfg(not(feature = "plots"))]
fn draw(plan: &Plan, _: &[&Contest], _: &Results) -> Outcome<Vec<PathBuf>> {
    if plan.readme { Err("--readme needs the feature plots".into()) } else { Ok(Vec::new()) }
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
        let _ = write!(document, "\n### goals\n\n{}", text(goals));
    }
    for absence in results.absences() {
        let _ = write!(document, "\nNot measured: {absence}\n");
    }
    document
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
