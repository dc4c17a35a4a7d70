//! At most so many files in a folder, and lines in a file.

use super::finding::Finding;
use super::sources::Sources;
use std::collections::BTreeMap;

const FILES: usize = 12;
const LINES: usize = 600;

/// Folders whose layout is given: cargo takes each file of `tests/` and `examples/` as a program, and npm and GitHub look for
/// files in the root.
const ANY_FILES: [&str; 4] = ["", "node", "heliogram/tests", "cli/tests"];

/// One description of the whole interface; lists; and what tools write.
const ANY_LINES: [&str; 4] = ["index.d.ts", "package-lock.json", "Cargo.lock", "CHANGELOG.md"];

pub(super) fn folders(sources: &Sources) -> Vec<Finding> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, _) in sources.iter() {
        *counts.entry(path.rsplit_once('/').map_or("", |(folder, _)| folder)).or_default() += 1;
    }
    let full = counts.into_iter().filter(|(folder, count)| *count > FILES && !ANY_FILES.contains(folder));
    full.map(|(folder, count)| Finding::new("folder", folder, format!("{count} files, at most {FILES}"))).collect()
}

pub(super) fn files(sources: &Sources) -> Vec<Finding> {
    let code = sources.iter().filter(|(path, _)| is_code(path) && !ANY_LINES.iter().any(|name| path.ends_with(name)));
    let counts = code.map(|(path, text)| (path, text.lines().count())).filter(|(_, count)| *count > LINES);
    counts.map(|(path, count)| Finding::new("file", path, format!("{count} lines, at most {LINES}"))).collect()
}

fn is_code(path: &str) -> bool {
    [".rs", ".js", ".mjs", ".cjs", ".ts", ".mts"].iter().any(|ending| path.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thirteenth_file_is_one_too_many_but_in_a_folder_of_cargo_s() {
        let names: Vec<_> = (0..13).map(|n| format!("xtask/src/{n}.rs")).collect();
        let tests: Vec<_> = (0..13).map(|n| format!("cli/tests/{n}.rs")).collect();
        let files = |names: &[String]| folders(&Sources::of(names.iter().map(|name| (name.as_str(), ""))));
        assert_eq!(files(&names[..12]), []);
        assert_eq!(files(&names), [Finding::new("folder", "xtask/src", "13 files, at most 12")]);
        assert_eq!(files(&tests), []);
    }

    #[test]
    fn a_file_of_601_lines_is_too_long_but_the_description_of_the_interface() {
        let long = "x\n".repeat(601);
        let sources = Sources::of([("a.rs", &long[2..]), ("b.rs", &long), ("node/index.d.ts", &long)]);
        assert_eq!(files(&sources), [Finding::new("file", "b.rs", "601 lines, at most 600")]);
    }
}
