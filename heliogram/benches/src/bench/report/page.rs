//! Puts tables, between two marks, and plots on the page of results.

use super::results::Results;
use super::table::Table;
use super::{machine, tables};
use crate::bench::contest::{Contest, Side};
use crate::bench::job::Outcome;
use crate::bench::plan::Plan;
use std::fs;
use std::path::Path;

const PAGE: &str = "docs/performance/results.md";

/// The folder of the plots that the page shows.
const PLOTS: &str = "docs/performance/plots";

/// Replaces the tables of the page, as far as they have been measured.
pub(crate) fn into_page(plan: &Plan, contests: &[&Contest], results: &Results) -> Outcome<()> {
    let quotes = quotes(plan, contests, results);
    let old = fs::read_to_string(PAGE).map_err(|e| format!("{PAGE}: {e}"))?;
    let new = quotes.iter().try_fold(old, |text, (name, quote)| replaced(&text, name, quote));
    Ok(fs::write(PAGE, new.map_err(|e| format!("{PAGE}: {e}"))?)?)
}

pub(crate) fn copy_plot(plot: &Path) -> Outcome<()> {
    let name = plot.file_name().ok_or("a plot without a name")?;
    fs::create_dir_all(PLOTS)?;
    fs::copy(plot, Path::new(PLOTS).join(name))?;
    Ok(())
}

/// Everything that can be quoted, by its name in the marks. A run of some contests has their own tables only.
fn quotes(plan: &Plan, contests: &[&Contest], results: &Results) -> Vec<(String, String)> {
    let mut quotes = if plan.only.is_empty() { overviews(plan, contests, results) } else { Vec::new() };
    let tables = contests.iter().map(|contest| (contest.name.into(), tables::table(plan, contest, results).markdown()));
    quotes.extend(tables);
    quotes
}

/// The machine, and for each side an overview and its goals.
fn overviews(plan: &Plan, contests: &[&Contest], results: &Results) -> Vec<(String, String)> {
    let mut quotes = vec![("machine".into(), machine::description(plan))];
    for (name, side) in [("library", Side::Library), ("package", Side::Package)] {
        let of_side: Vec<&Contest> = contests.iter().copied().filter(|contest| contest.side == side).collect();
        if !of_side.is_empty() {
            quotes.push((name.into(), overview(plan, &of_side, results).markdown()));
            quotes.push((format!("{name}'s goals"), tables::goals(plan, &of_side, results).markdown()));
        }
    }
    quotes
}

/// One line for each contestant: the medians, and in brackets the median ratios to the contest's first. Contests of
/// other sizes have a table of their own only.
fn overview(plan: &Plan, contests: &[&Contest], results: &Results) -> Table {
    let sizes = plan.sizes(contests[0]);
    let columns = sizes.iter().map(|size| format!("{size} bytes"));
    let mut table = Table::new([String::new()].into_iter().chain(columns).collect());
    for contest in contests.iter().filter(|contest| plan.sizes(contest) == sizes) {
        let title = format!("**{}**, {}", contest.title(), contest.metrics[0].title);
        table.add([title].into_iter().chain(sizes.iter().map(|_| String::new())).collect());
        for contestant in contest.contestants {
            let cells: Vec<_> = sizes.iter().map(|&size| cell(contest, contestant.name, size, results)).collect();
            if cells.iter().any(|cell| !cell.is_empty()) {
                table.add([contestant.name.into()].into_iter().chain(cells).collect());
            }
        }
    }
    table
}

fn cell(contest: &Contest, name: &'static str, size: usize, results: &Results) -> String {
    let (first, metric) = (contest.contestants[0].name, &contest.metrics[0]);
    let value = results.spread(contest, name, size, metric);
    let ratio = results.ratio(contest, name, first, size, metric);
    let numbers = value.zip(ratio).map(|(value, ratio)| (value.median / metric.unit, ratio.median));
    numbers.map(|(value, ratio)| format!("{value:.2} ({ratio:.2})")).unwrap_or_default()
}

/// The text with the quote of that name, if it has a place for it.
fn replaced(text: &str, name: &str, quote: &str) -> Result<String, String> {
    let (begin, end) = (format!("<!-- bench: {name} -->\n"), "<!-- /bench -->");
    let Some((before, rest)) = text.split_once(&begin) else { return Ok(text.into()) };
    let (_, after) = rest.split_once(end).ok_or_else(|| format!("it does not say where the quote {name:?} ends"))?;
    Ok(format!("{before}{begin}\n{quote}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_quote_is_replaced() {
        let once = replaced("a\n<!-- bench: x -->\nold\n<!-- /bench -->\nb\n", "x", "new").unwrap();
        assert_eq!(once, "a\n<!-- bench: x -->\n\nnew\n<!-- /bench -->\nb\n");
        assert_eq!(replaced(&once, "x", "new").unwrap(), once);
        assert_eq!(replaced(&once, "y", "other").unwrap(), once);
        assert!(replaced("<!-- bench: x -->\n", "x", "new").is_err());
    }
}
