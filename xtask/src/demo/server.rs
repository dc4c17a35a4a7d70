//! The documentation's server in a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// The port in Node's documentation.
pub(crate) const PORT: u16 = 41234;

/// How long a datagram may take on a loaded machine. On a quiet one it takes microseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// A process that runs the server, and ends when this value is dropped.
pub(crate) struct Server {
    process: Child,
    lines: Receiver<String>,
}

impl Server {
    /// Starts it and waits until it listens.
    pub(crate) fn start(mut command: Command) -> Result<Self, String> {
        let mut process = command.stdout(Stdio::piped()).spawn().map_err(|e| format!("{command:?}: {e}"))?;
        let output = process.stdout.take().ok_or("the server has no output")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.map_while(|line| sender.send(line).ok()).for_each(drop);
        });
        let server = Server { process, lines };
        server.expect(&format!("server listening 0.0.0.0:{PORT}"))?;
        Ok(server)
    }

    /// Shows the server's next line, which must contain `text`.
    pub(crate) fn expect(&self, text: &str) -> Result<(), String> {
        let line = self.lines.recv_timeout(PATIENCE);
        let line = line.map_err(|e| format!("the server should print {text:?}, but printed nothing: {e}"))?;
        println!("{line}");
        if line.contains(text) { Ok(()) } else { Err(format!("the server should print {text:?}")) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both calls fail if the process has ended by itself; that is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
