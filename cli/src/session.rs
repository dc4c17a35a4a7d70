//! What a command runs in: how it prints, and when it is to end.

use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::runtime::Builder;
use tokio::sync::watch;

use crate::failure::{Failure, Outcome};
use crate::report::{output, text};

/// One run of a command: ended by Ctrl-C, SIGTERM or its time, printing for people or for machines.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) json: bool,
    interrupted: watch::Receiver<bool>,
    deadline: Option<Instant>,
}

impl Session {
    /// Takes over Ctrl-C and SIGTERM. The second one ends the process at once, whatever it is stuck in.
    pub(crate) fn start(json: bool) -> Outcome<Self> {
        let (sender, interrupted) = watch::channel(false);
        let cannot = |error: io::Error| Failure::Other(format!("cannot watch for Ctrl-C: {error}"));
        // A thread of its own, because the other one may be stuck in a write to a pipe that nobody reads.
        let runtime = Builder::new_current_thread().enable_io().build().map_err(cannot)?;
        let mut signals = runtime.block_on(async { Signals::new() }).map_err(cannot)?;
        thread::spawn(move || {
            runtime.block_on(async {
                while signals.next().await {
                    if sender.send_replace(true) {
                        std::process::exit(130);
                    }
                }
            });
        });
        Ok(Session { json, interrupted, deadline: None })
    }

    /// The same session, ending after this time at the latest.
    pub(crate) fn within(mut self, time: Option<Duration>) -> Self {
        self.deadline = time.and_then(|time| Instant::now().checked_add(time));
        self
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        *self.interrupted.borrow()
    }

    /// A terminal shows `^C` where the cursor stands; what follows is to begin a line.
    pub(crate) fn begin_line(&self) -> Outcome {
        if self.is_interrupted() && io::stderr().is_terminal() { output::print_error(&"") } else { Ok(()) }
    }

    /// Whether it is time to end.
    pub(crate) fn is_over(&self) -> bool {
        self.is_interrupted() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Waits until it is time to end.
    pub(crate) async fn over(&self) {
        let mut interrupted = self.interrupted.clone();
        let signal = async {
            if interrupted.wait_for(|&interrupted| interrupted).await.is_err() {
                std::future::pending().await
            }
        };
        match self.deadline {
            Some(deadline) => drop(tokio::time::timeout_at(deadline.into(), signal).await),
            None => signal.await,
        }
    }

    /// What `future` yields; `None` if the end comes first.
    ///
    /// Asks the clock itself, because the runtime's timers rest while a flood keeps the task busy.
    pub(crate) async fn or<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        if self.is_over() {
            return None;
        }
        tokio::select! {
            biased;
            () = self.over() => None,
            value = future => Some(value),
        }
    }

    /// Something to know besides the results: a line on standard error, or an event.
    pub(crate) fn note(&self, text: &str, event: impl FnOnce() -> Value) -> Outcome {
        if self.json { output::print(&event()) } else { output::print_error(&text) }
    }

    /// A result: a line on standard output, or an event.
    pub(crate) fn result(&self, text: &impl Display, event: impl FnOnce() -> Value) -> Outcome {
        if self.json { output::print(&event()) } else { output::print(text) }
    }

    /// A note with an address: `listening on 127.0.0.1:9`, or the event `listening`.
    pub(crate) fn note_address(&self, event: &str, preposition: &str, addr: &SocketAddr) -> Outcome {
        let text = format!("{event} {preposition} {}", text::address(addr));
        self.note(&text, || output::address_event(event, addr))
    }
}

/// Ctrl-C, and SIGTERM where there is one.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next; `false` if there will be none.
    async fn next(&mut self) -> bool {
        tokio::select! {
            came = self.interrupt.recv() => came.is_some(),
            came = self.terminate.recv() => came.is_some(),
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Signals {})
    }

    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
