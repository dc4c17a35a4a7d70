//! Things done one after another: a line when each starts and ends, its output only when it fails.

use crate::cargo;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// No step takes so long on the slowest machine; one that does hangs.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// How often a step that still runs says so where no terminal shows a spinner.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// The steps of one command, and how they went.
pub(crate) struct Steps {
    logs: PathBuf,
    results: Vec<StepResult>,
}

struct StepResult {
    name: String,
    time: Duration,
    passed: bool,
}

impl Steps {
    /// The output of each step of `command` is kept in `target/xtask/<command>`.
    pub(crate) fn new(command: &str) -> Result<Self, String> {
        let logs = cargo::target_directory()?.join("xtask").join(command);
        fs::create_dir_all(&logs).map_err(|e| format!("{}: {e}", logs.display()))?;
        Ok(Steps { logs, results: Vec::new() })
    }

    /// Runs a program; it passes if its exit code is zero.
    pub(crate) fn run(&mut self, name: &str, mut command: Command) {
        let log = self.logs.join(format!("{:02}-{}.log", self.results.len() + 1, slug(name)));
        self.check(name, |progress| run_logged(&mut command, &log, progress));
    }

    /// Does `work`; it fails with the text to show.
    pub(crate) fn check(&mut self, name: &str, work: impl FnOnce(&Progress) -> Result<String, String>) {
        let progress = Progress::start(self.results.len() + 1, name);
        let outcome = work(&progress);
        let time = progress.end(&outcome);
        self.results.push(StepResult { name: name.into(), time, passed: outcome.is_ok() });
    }

    /// The summary; its last line counts the steps.
    pub(crate) fn finish(self) -> ExitCode {
        let failed = self.results.iter().filter(|step| !step.passed).count();
        println!();
        for step in &self.results {
            let word = if step.passed { "ok    " } else { "FAILED" };
            println!("{word} {:>7.1} s  {}", step.time.as_secs_f64(), step.name);
        }
        println!("{} passed, {failed} failed", self.results.len() - failed);
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// One step while it runs: a spinner on a terminal, plain lines elsewhere.
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
    title: String,
}

impl Progress {
    fn start(number: usize, name: &str) -> Self {
        let title = format!("[{number}] {name}");
        let bar = ProgressBar::new_spinner().with_message(title.clone());
        bar.set_style(ProgressStyle::default_spinner());
        bar.enable_steady_tick(Duration::from_millis(120));
        if bar.is_hidden() {
            println!("{title} ...");
        }
        Progress { bar, started: Instant::now(), title }
    }

    /// Says that the step still runs, and what it printed last.
    pub(crate) fn beat(&self, last_line: &str) {
        let seconds = self.started.elapsed().as_secs();
        if self.bar.is_hidden() {
            println!("{} ... {seconds} s: {last_line}", self.title);
        } else {
            self.bar.set_message(format!("{} {seconds} s  {last_line}", self.title));
        }
    }

    fn interval(&self) -> Duration {
        if self.bar.is_hidden() { HEARTBEAT } else { Duration::from_millis(500) }
    }

    fn end(self, outcome: &Result<String, String>) -> Duration {
        let time = self.started.elapsed();
        self.bar.finish_and_clear();
        let seconds = time.as_secs_f64();
        match outcome {
            Ok(note) => println!("{} ok ({seconds:.1} s) {note}", self.title),
            Err(text) => println!("{} FAILED ({seconds:.1} s)\n{text}", self.title),
        }
        time
    }
}

fn run_logged(command: &mut Command, log: &Path, progress: &Progress) -> Result<String, String> {
    let file = File::create(log).map_err(|e| format!("{}: {e}", log.display()))?;
    let twin = file.try_clone().map_err(|e| format!("{}: {e}", log.display()))?;
    command.stdin(Stdio::null()).stdout(file).stderr(twin);
    let status = wait(command, log, progress);
    let output = fs::read(log).map_err(|e| format!("{}: {e}", log.display()))?;
    let output = String::from_utf8_lossy(&output);
    match status {
        Ok(status) if status.success() => Ok(notes(&output)),
        Ok(status) => Err(format!("{output}\n{command:?}: {status}")),
        Err(error) => Err(format!("{output}\n{command:?}: {error}")),
    }
}

fn wait(command: &mut Command, log: &Path, progress: &Progress) -> std::io::Result<ExitStatus> {
    let mut child = command.spawn()?;
    let mut beaten = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if progress.started.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "it hangs, and was ended"));
        }
        if beaten.elapsed() >= progress.interval() {
            progress.beat(&last_line(log));
            beaten = Instant::now();
        }
        sleep(Duration::from_millis(50));
    }
}

fn last_line(log: &Path) -> String {
    let output = fs::read(log).unwrap_or_default();
    let output = String::from_utf8_lossy(&output);
    output.trim_end().lines().last().unwrap_or_default().chars().take(80).collect()
}

/// What is shown of a passing step's output: how many tests ran, and each one that was skipped.
fn notes(output: &str) -> String {
    let tests: usize = output.lines().filter_map(tests_passed).sum();
    let count = if tests > 0 { format!("{tests} tests") } else { String::new() };
    let skipped = output.lines().map(str::trim).filter(|line| line.starts_with("SKIPPED"));
    skipped.fold(count, |text, line| text + "\n    " + line)
}

/// The number in "test result: ok. 12 passed; ...".
fn tests_passed(line: &str) -> Option<usize> {
    let rest = line.strip_prefix("test result: ok. ")?;
    rest.split(' ').next()?.parse().ok()
}

fn slug(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_count_the_tests_and_keep_the_skipped() {
        let output =
            "test result: ok. 3 passed; 0 failed\nSKIPPED multicast: needs root\ntest result: ok. 4 passed; 0 failed\n";
        assert_eq!(notes(output), "7 tests\n    SKIPPED multicast: needs root");
        assert_eq!(notes("Finished"), "");
    }

    #[test]
    fn a_failing_program_fails_its_step() {
        let mut steps = Steps::new("steps-test").expect("a folder for logs");
        steps.run("no such program", Command::new("no-such-program-anywhere"));
        steps.check("one that passes", |_| Ok(String::new()));
        let passed: Vec<_> = steps.results.iter().map(|step| step.passed).collect();
        assert_eq!(passed, [false, true]);
    }
}
