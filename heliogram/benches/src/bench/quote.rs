//! The short table that README.md quotes, and its place there.

use super::contests::Contest;
use super::report::Results;
use super::{Outcome, Plan};
use std::fmt::Write as _;
use std::fs;

const README: &str = "README.md";
const BEGIN: &str = "<!-- bench -->\n";
const END: &str = "<!-- /bench -->";

/// One line for each contestant: the median in millions, and in brackets the median ratio to the contest's first.
pub(crate) fn table(plan: &Plan, contests: &[&Contest], results: &Results) -> String {
    let sizes: String = plan.sizes.iter().map(|size| format!(" {size} bytes |")).collect();
    let mut text =
        format!("| million datagrams per CPU second |{sizes}\n| --- |{}\n", " ---: |".repeat(plan.sizes.len()));
    for contest in contests {
        let _ = writeln!(text, "| **{}** |{}", contest.name, " |".repeat(plan.sizes.len()));
        for contestant in contest.contestants {
            let cells = plan.sizes.iter().map(|&size| cell(contest, contestant.name, size.into(), results));
            let _ = writeln!(text, "| {} |{}", contestant.name, cells.collect::<String>());
        }
    }
    text
}

fn cell(contest: &Contest, name: &'static str, size: usize, results: &Results) -> String {
    let first = contest.contestants[0].name;
    match (results.rate(contest, name, size), results.ratio(contest, name, first, size)) {
        (Some(rate), Some(ratio)) => format!(" {:.2} ({:.2}) |", rate.median / 1e6, ratio.median),
        _ => " |".into(),
    }
}

/// Replaces what README.md quotes.
pub(crate) fn into_readme(text: &str) -> Outcome<()> {
    let readme = fs::read_to_string(README).map_err(|e| format!("{README}: {e}"))?;
    Ok(fs::write(README, replaced(&readme, text)?)?)
}

fn replaced(readme: &str, text: &str) -> Outcome<String> {
    let (before, rest) = readme.split_once(BEGIN).ok_or("README.md does not say where the table begins")?;
    let (_, after) = rest.split_once(END).ok_or("README.md does not say where the table ends")?;
    Ok(format!("{before}{BEGIN}\n{text}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_quote_is_replaced() {
        let once = replaced("a\n<!-- bench -->\nold\n<!-- /bench -->\nb\n", "new").unwrap();
        assert_eq!(once, "a\n<!-- bench -->\n\nnew\n<!-- /bench -->\nb\n");
        assert_eq!(replaced(&once, "new").unwrap(), once);
        assert!(replaced("no place", "new").is_err());
    }
}
