//! A part of the bench in a process of its own, which ends with the value that stands for it.

use super::{Job, Outcome};
use std::env::current_exe;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// No part is silent for longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Part {
    title: String,
    process: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Part {
    /// Starts this binary again as `arguments` say.
    pub(crate) fn start(arguments: &[&str], job: &Job) -> Outcome<Self> {
        let mut command = Command::new(current_exe()?);
        command.args(arguments).args(job_arguments(job)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let output = process.stdout.take().ok_or("a child without output")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.map_while(|line| sender.send(line).ok()).for_each(drop);
        });
        Ok(Part { title: arguments.join(" "), input: process.stdin.take(), process, lines })
    }

    /// The next line that it prints.
    pub(crate) fn line(&self) -> Outcome<String> {
        self.lines.recv_timeout(PATIENCE).map_err(|e| format!("{}: {e}", self.title).into())
    }

    /// Ends its input, by which a sink knows that it is over.
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It has either ended by itself or is to end now; neither call has anything to say to us.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn job_arguments(job: &Job) -> Vec<String> {
    let numbers = [("--size", job.size as u64), ("--milliseconds", job.milliseconds), ("--core", job.core as u64)];
    let numbers = numbers.into_iter().flat_map(|(name, value)| [name.into(), value.to_string()]);
    let peers = job.peers.iter().flat_map(|peer| ["--peer".into(), peer.to_string()]);
    numbers.chain(peers).collect()
}
