//! Runs the built command and watches what it prints. Every wait is bounded.
#![allow(dead_code, reason = "each test file uses some of it")]

#[cfg(target_os = "linux")]
pub(crate) mod net;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// Longer than anything here takes on the slowest machine.
const LONG: Duration = Duration::from_secs(30);

/// The command under way.
pub(crate) struct Running {
    child: Child,
    pub(crate) out: Lines,
    pub(crate) err: Lines,
}

/// What has become of it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The command with these arguments, not started yet.
pub(crate) fn heliogram(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heliogram"));
    command.args(arguments);
    command
}

/// Starts it.
pub(crate) fn start(arguments: &[&str]) -> Running {
    Running::of(&mut heliogram(arguments))
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    start(arguments).end()
}

/// Runs it with this standard input.
pub(crate) fn run_with_input(arguments: &[&str], input: &[u8]) -> Ended {
    let mut running = Running::of(heliogram(arguments).stdin(Stdio::piped()));
    running.write(input);
    drop(running.child.stdin.take());
    running.end()
}

/// Starts a command that listens; says on which address and port.
pub(crate) fn listening(arguments: &[&str]) -> (Running, String) {
    let mut running = start(arguments);
    let address = running.is_listening(arguments);
    (running, address)
}

impl Running {
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (Lines::of(child.stdout.take().unwrap()), Lines::of(child.stderr.take().unwrap()));
        Running { child, out, err }
    }

    /// Waits until a command with these arguments listens; says where.
    pub(crate) fn is_listening(&mut self, arguments: &[&str]) -> String {
        if arguments.contains(&"--json") { self.listening_event() } else { self.listening() }
    }

    /// Waits until it listens; says where.
    pub(crate) fn listening(&mut self) -> String {
        let line = self.err.wait_for("listening on ");
        line.trim_start_matches("listening on ").trim().to_owned()
    }

    /// The same of a command with `--json`.
    fn listening_event(&mut self) -> String {
        let event: Value = serde_json::from_str(&self.out.wait_for("\"listening\"")).unwrap();
        let (ip, port) = (event["address"].as_str().unwrap(), &event["port"]);
        if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
    }

    /// Sends a signal, `INT` or `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Types into a command that was started with a pipe as its standard input.
    pub(crate) fn write(&mut self, input: &[u8]) {
        self.child.stdin.as_mut().unwrap().write_all(input).unwrap();
    }

    pub(crate) fn end(mut self) -> Ended {
        let (out, err) = (self.out.rest(), self.err.rest());
        let status: ExitStatus = self.child.wait().unwrap();
        Ended { code: status.code(), out, err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The events of `--json`.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
    }

    /// The last event of this kind.
    pub(crate) fn event(&self, kind: &str) -> Value {
        let found = self.events().into_iter().rfind(|event| event["event"] == kind);
        found.unwrap_or_else(|| panic!("no event {kind}: {self:?}"))
    }
}

/// Lines as they come.
pub(crate) struct Lines {
    source: Receiver<String>,
    seen: String,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, source) = channel();
        let mut stream = BufReader::new(stream);
        thread::spawn(move || {
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    break;
                }
                line.clear();
            }
        });
        Lines { source, seen: String::new() }
    }

    /// The next line that has this text.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        loop {
            let line = self.source.recv_timeout(LONG);
            let line = line.unwrap_or_else(|e| panic!("waiting for {text:?}: {e}, after {:?}", self.seen));
            self.seen.push_str(&line);
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Everything to the end of the stream.
    fn rest(&mut self) -> String {
        loop {
            match self.source.recv_timeout(LONG) {
                Ok(line) => self.seen.push_str(&line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return std::mem::take(&mut self.seen),
                Err(timeout) => panic!("it does not end: {timeout}, after {:?}", self.seen),
            }
        }
    }
}
