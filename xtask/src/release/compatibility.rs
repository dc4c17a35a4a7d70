//! Whether the version that is to be released says what has changed for programs since the last tag.

use super::manifests::{read, value};
use crate::cargo::{cargo, output, program};
use crate::steps::Steps;
use std::collections::BTreeSet;

/// The libraries that are published.
const LIBRARIES: [&str; 2] = ["heliogram", "heliogram-quinn"];

/// What TypeScript sees of the npm package.
const TYPES: &str = "node/index.d.ts";

/// Before the first tag there is nothing to compare with.
pub(super) fn check(steps: &mut Steps) {
    let tag = output(&mut program("git", &["describe", "--tags", "--abbrev=0"])).ok();
    let tag = tag.as_deref().map(str::trim);
    for library in LIBRARIES {
        steps.check(&format!("semantic version of {library}"), |_| against(tag, |tag| library_since(tag, library)));
    }
    steps.check("semantic version of the npm package's types", |_| against(tag, types_since));
}

fn against(tag: Option<&str>, compare: impl FnOnce(&str) -> Result<String, String>) -> Result<String, String> {
    tag.map_or(Ok(skipped("there is no tag to compare with")), compare)
}

fn skipped(reason: &str) -> String {
    format!("\n    SKIPPED semantic version: {reason}")
}

fn library_since(tag: &str, library: &str) -> Result<String, String> {
    if output(&mut cargo(&["semver-checks", "--version"])).is_err() {
        return Ok(skipped("cargo install cargo-semver-checks"));
    }
    if in_git(tag, &format!("{}/Cargo.toml", library.trim_start_matches("heliogram-"))).is_err() {
        return Ok(format!("new since {tag}"));
    }
    output(&mut cargo(&["semver-checks", "--package", library, "--baseline-rev", tag])).map(|_| String::new())
}

fn types_since(tag: &str) -> Result<String, String> {
    let version = |manifest: &str| value(manifest, "\"version\": \"").map(String::from).ok_or("no version");
    let manifest = "node/package.json";
    let (old, new) = (version(&in_git(tag, manifest)?)?, version(&read(manifest)?)?);
    may_be_released(&Changes::between(&in_git(tag, TYPES)?, &read(TYPES)?), is_breaking_step(&old, &new))
}

fn in_git(tag: &str, path: &str) -> Result<String, String> {
    output(&mut program("git", &["show", &format!("{tag}:{path}")]))
}

/// Before 1.0 the second number is raised by a change that breaks programs, the first one from then on.
fn is_breaking_step(old: &str, new: &str) -> bool {
    let leading = |version: &str| {
        let mut numbers = version.split('.').map(String::from);
        let first = numbers.next().unwrap_or_default();
        let second = numbers.next().filter(|_| first == "0");
        (first, second)
    };
    leading(old) != leading(new)
}

/// Declarations that are there no longer as they were, and new ones. A changed one is both.
#[derive(Debug, PartialEq, Eq)]
struct Changes {
    removed: Vec<String>,
    added: Vec<String>,
}

impl Changes {
    fn between(old: &str, new: &str) -> Self {
        let (old, new) = (declarations(old), declarations(new));
        let missing = |from: &BTreeSet<String>, other: &BTreeSet<String>| from.difference(other).cloned().collect();
        Changes { removed: missing(&old, &new), added: missing(&new, &old) }
    }
}

/// The lines that declare something, each after the block that it is in. Comments and order say nothing to a compiler.
fn declarations(text: &str) -> BTreeSet<String> {
    let mut block = String::new();
    let mut declarations = BTreeSet::new();
    for line in text.lines().filter(|line| !is_comment(line)) {
        if !line.starts_with([' ', '\t', '}']) {
            block = line.trim_end_matches('{').trim().to_string();
        }
        declarations.insert(if line.starts_with([' ', '\t']) {
            format!("{block}: {}", line.trim())
        } else {
            line.trim_end_matches('{').trim().to_string()
        });
    }
    declarations.remove("}");
    declarations
}

fn is_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || ["/*", "*", "//"].iter().any(|start| line.starts_with(start))
}

fn may_be_released(changes: &Changes, breaking: bool) -> Result<String, String> {
    let summary = format!("{} declarations removed or changed, {} new", changes.removed.len(), changes.added.len());
    if changes.removed.is_empty() || breaking {
        return Ok(summary);
    }
    let list = changes.removed.iter().map(|line| format!("  - {line}\n"));
    let list = list.chain(changes.added.iter().map(|line| format!("  + {line}\n"))).collect::<String>();
    Err(format!("{TYPES}: {summary}, and the version is not a breaking one:\n{list}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str =
        "/** A. */\nexport interface A {\n  /** One. */\n  one(): number;\n}\nexport function f(): void;\n";

    #[test]
    fn comments_and_order_are_no_change() {
        let new = "export function f(): void;\nexport interface A {\n  // another\n  one(): number;\n}\n";
        assert_eq!(Changes::between(OLD, new), Changes { removed: vec![], added: vec![] });
    }

    #[test]
    fn what_is_removed_needs_a_breaking_version_and_what_is_new_does_not() {
        let more = OLD.replace("one(): number;", "one(): number;\n  two(): number;");
        let added = Changes::between(OLD, &more);
        assert_eq!(added, Changes { removed: vec![], added: vec!["export interface A: two(): number;".into()] });
        assert!(may_be_released(&added, false).is_ok());
        let removed = Changes::between(&more, OLD);
        assert!(may_be_released(&removed, false).unwrap_err().contains("- export interface A: two(): number;"));
        assert!(may_be_released(&removed, true).is_ok());
    }

    #[test]
    fn the_second_number_counts_before_one() {
        assert!(is_breaking_step("0.1.9", "0.2.0") && is_breaking_step("0.9.0", "1.0.0"));
        assert!(!is_breaking_step("0.1.0", "0.1.1") && !is_breaking_step("1.1.0", "1.2.0"));
        assert!(is_breaking_step("1.1.0", "2.0.0"));
    }

    #[test]
    fn without_a_tag_it_is_skipped_and_says_so() {
        assert!(against(None, |_| Err("compared".into())).unwrap().contains("SKIPPED"));
    }
}
