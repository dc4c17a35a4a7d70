//! `cargo xtask structure`: the rules about files, imports and words that the compiler does not check (docs/architecture.md).

mod circles;
mod fences;
mod finding;
mod js_imports;
mod rust_imports;
mod sizes;
mod sources;
mod words;

use finding::Finding;
use sources::Sources;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// What is not kept yet: how many findings of a check are left in a top folder. A number may only fall.
const NOT_YET: &[(&str, &str, usize)] = &[];

pub(crate) fn run() -> Result<ExitCode, String> {
    let findings = findings(&Sources::of_repository()?);
    findings.iter().for_each(|finding| println!("{finding}"));
    println!("{}", report(&findings)?);
    Ok(ExitCode::SUCCESS)
}

/// Fails with the findings that are not allowed.
pub(crate) fn check() -> Result<String, String> {
    report(&findings(&Sources::of_repository()?))
}

fn findings(sources: &Sources) -> Vec<Finding> {
    let rust = rust_imports::all(sources);
    let js = js_imports::all(sources);
    let graphs = rust.iter().chain(&js);
    [
        sizes::folders(sources),
        sizes::files(sources),
        graphs.flat_map(circles::in_graph).collect(),
        rust.iter().flat_map(fences::system_layer).collect(),
        fences::unsafe_code(sources),
        fences::safety_comments(sources),
        fences::waiting(sources),
        words::check(sources),
    ]
    .concat()
}

/// The findings by check and top folder, held against `NOT_YET`.
fn report(findings: &[Finding]) -> Result<String, String> {
    let mut counts: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        counts.entry((finding.check, finding.area())).or_default().push(finding);
    }
    let allowed = |key: &(&str, &str)| NOT_YET.iter().find(|row| (row.0, row.1) == *key).map_or(0, |row| row.2);
    let over = counts.iter().filter(|(key, found)| found.len() > allowed(key));
    let lines: Vec<_> = over.map(|(key, found)| too_many(key, found, allowed(key))).collect();
    if !lines.is_empty() {
        return Err(lines.join("\n"));
    }
    let found = |row: &(&str, &str, usize)| counts.get(&(row.0, row.1)).map_or(0, Vec::len);
    let lower = NOT_YET.iter().filter(|row| found(row) < row.2);
    Ok(lower
        .map(|row| format!("\n    {} in {}: {} left of {}, lower NOT_YET", row.0, row.1, found(row), row.2))
        .collect())
}

fn too_many(key: &(&str, &str), found: &[&Finding], allowed: usize) -> String {
    let list: String = found.iter().map(|finding| format!("\n    {finding}")).collect();
    format!("{} in {}: {} findings, {allowed} allowed{list}", key.0, key.1, found.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_finding_too_many_fails_and_is_shown() {
        let finding = Finding::new("folders", "xtask/src", "13 files");
        let error = report(&[finding]).expect_err("nothing is allowed there");
        assert_eq!(error, "folders in xtask: 1 findings, 0 allowed\n    folders: xtask/src: 13 files");
    }

    #[test]
    fn no_finding_passes() {
        assert!(report(&[]).is_ok());
    }
}
