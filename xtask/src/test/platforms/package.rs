//! The package's tests in a Node that an emulator runs.
//!
//! Such a Node cannot start itself, and under wine its pipes lose output: each test file is one process that writes to a file.
//! What fails for the host's own dgram too is the emulator's fault; it is listed and does not count.

use crate::cargo;
use crate::steps::Progress;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long one test file may take.
const LIMIT: Duration = Duration::from_secs(300);

/// Which tests run, and in what.
pub(super) struct Package<'a> {
    /// The emulator, as the reports are named.
    pub(super) system: &'a str,
    /// Starts Node in the package's folder; it lacks the script.
    pub(super) start: &'a dyn Fn() -> Command,
    pub(super) files: &'a [&'a str],
    /// Starts of the titles of tests that the host's dgram passes, or is not asked, and why they fail for heliogram there.
    pub(super) differences: &'a [(&'a str, &'a str)],
}

impl Package<'_> {
    /// An error names the tests that fail, and neither with the host's dgram nor for a reason that is known.
    pub(super) fn test(&self, progress: &Progress) -> Result<String, String> {
        let mut count = 0;
        let (mut notes, mut failures) = (Vec::new(), Vec::new());
        for file in self.files {
            progress.beat(file);
            let outcome = self.file(file, None)?;
            count += outcome.passed;
            let host =
                if outcome.failed.is_empty() { BTreeSet::new() } else { self.file(file, Some("node:dgram"))?.failed };
            for title in outcome.failed {
                match self.reason(&title, &host) {
                    Some(reason) => notes.push(format!("    SKIPPED {title}: {reason}")),
                    None => failures.push(format!("{file}: {title}")),
                }
            }
        }
        if failures.is_empty() {
            return Ok(format!("{count} tests\n{}", notes.join("\n")));
        }
        Err(format!("these fail, and not with node:dgram:\n{}", failures.join("\n")))
    }

    fn reason(&self, title: &str, fails_with_host: &BTreeSet<String>) -> Option<&str> {
        let known = self.differences.iter().find(|(start, _)| title.starts_with(start)).map(|(_, reason)| *reason);
        known.or_else(|| fails_with_host.contains(title).then_some("node:dgram fails it here too"))
    }

    /// The outcome of a test file, with this module under test or with the package.
    fn file(&self, file: &str, module: Option<&str>) -> Result<Outcome, String> {
        let host = if module.is_some() { "-host" } else { "" };
        let name = format!("{}-{}{host}.log", self.system, file.replace('/', "-"));
        let log = cargo::target_directory()?.join("xtask/test").join(name);
        let text = |e: std::io::Error| format!("{}: {e}", log.display());
        let mut command = (self.start)();
        command.args(["--test-reporter=./test/reporter.mjs", &format!("test/{file}.test.js")]);
        command.envs(module.map(|module| ("HELIOGRAM_TEST_MODULE", module)));
        let file = File::create(&log).map_err(text)?;
        command.stdin(Stdio::null()).stderr(file.try_clone().map_err(text)?).stdout(file);
        end_within(&mut command.spawn().map_err(text)?, LIMIT)?;
        Outcome::read(&fs::read_to_string(&log).map_err(text)?).ok_or_else(|| format!("{}: no result", log.display()))
    }
}

/// What a test file's report says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    passed: usize,
    failed: BTreeSet<String>,
}

impl Outcome {
    fn read(report: &str) -> Option<Outcome> {
        let failed =
            report.lines().filter_map(|line| Some(line.strip_prefix("FAILED ")?.rsplit_once(" (")?.0.to_owned()));
        let result = report.lines().rev().find_map(|line| line.strip_prefix("test result: "))?;
        let passed = result.split(' ').nth(1)?.parse().ok()?;
        Some(Outcome { passed, failed: failed.collect() })
    }
}

/// Waits for a process; one that takes longer is ended. Its exit code says nothing that its report does not.
fn end_within(child: &mut Child, limit: Duration) -> Result<(), String> {
    let started = Instant::now();
    while child.try_wait().map_err(|e| e.to_string())?.is_none() {
        if started.elapsed() > limit {
            child.kill().and_then(|()| child.wait()).map_err(|e| e.to_string())?;
            return Err(format!("it hangs, and was ended after {} s", limit.as_secs()));
        }
        sleep(Duration::from_millis(100));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_count_and_the_titles_that_failed() {
        let report = "B1 a\nFAILED B2 b (c) (Z:\\x\\y.test.js)\nError: 1\ntest result: FAILED. 1 passed; 1 failed\n";
        let outcome = Outcome { passed: 1, failed: BTreeSet::from(["B2 b (c)".to_owned()]) };
        assert_eq!(Outcome::read(report), Some(outcome));
        assert_eq!(Outcome::read("wine: crashed"), None);
    }
}
