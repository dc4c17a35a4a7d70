//! A part of the bench in a process of its own, which is ended when its value is dropped.

use crate::bench::job::{Job, Outcome};
use std::env::current_exe;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// No part is silent for longer than this, besides the time for which it measures.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Part {
    process: Child,
    patience: Duration,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

/// This binary again.
pub(crate) fn this_program() -> Outcome<Command> {
    Ok(Command::new(current_exe()?))
}

impl Part {
    /// Starts a part of this binary.
    pub(crate) fn start(arguments: &[&str], job: &Job) -> Outcome<Self> {
        let mut command = this_program()?;
        command.args(arguments);
        Part::start_program(command, job)
    }

    /// Starts a program that takes the job as its last arguments.
    pub(crate) fn start_program(mut command: Command, job: &Job) -> Outcome<Self> {
        command.args(job_arguments(job)).env("NO_COLOR", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().map_err(|e| format!("{command:?}: {e}"))?;
        let output = process.stdout.take().ok_or("a child without output")?;
        let errors = process.stderr.take().ok_or("a child without error output")?;
        Ok(Part {
            input: process.stdin.take(),
            process,
            patience: PATIENCE + job.time(),
            lines: lines_of(output),
            errors: text_of(errors),
        })
    }

    /// The next line that it prints.
    pub(crate) fn line(&self) -> Outcome<String> {
        self.lines.recv_timeout(self.patience).map_err(|_| self.error_text().into())
    }

    /// Its error message: of a stack trace, the part that follows "Error: ".
    fn error_text(&self) -> String {
        let text = self.errors.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
        let error = text.lines().find_map(|line| line.split_once("rror: "));
        let line = error.map(|(_, reason)| reason).or(text.lines().next_back());
        line.map_or("no output in time".into(), |line| line.trim().into())
    }

    /// Ends its input, by which a sink knows that it is over.
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Both calls fail if it has ended by itself; that is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn lines_of(output: ChildStdout) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        lines.map_while(|line| sender.send(line).ok()).for_each(drop);
    });
    lines
}

/// All of it at once, when it has ended.
fn text_of(mut errors: ChildStderr) -> Receiver<String> {
    let (sender, text) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // If reading fails, what was read before is reported.
        let _ = errors.read_to_end(&mut bytes);
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    text
}

fn job_arguments(job: &Job) -> Vec<String> {
    let numbers = [("--size", job.size as u64), ("--milliseconds", job.milliseconds), ("--core", job.core as u64)];
    let numbers = numbers.into_iter().flat_map(|(name, value)| [name.into(), value.to_string()]);
    let peers = job.peers.iter().flat_map(|peer| ["--peer".into(), peer.to_string()]);
    numbers.chain(peers).collect()
}
