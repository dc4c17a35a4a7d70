//! What a command runs in: how it prints, and when it is to end.

use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::watch;

use crate::failure::{Failure, Outcome};
use crate::net::endpoint;
use crate::report;

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
        let handler = move || {
            if sender.send_replace(true) {
                std::process::exit(130);
            }
        };
        ctrlc::set_handler(handler).map_err(|error| Failure::Other(format!("cannot watch for Ctrl-C: {error}")))?;
        Ok(Session { json, interrupted, deadline: None })
    }

    /// The same session, ending after this time at the latest.
    pub(crate) fn within(mut self, time: Option<Duration>) -> Self {
        self.deadline = time.map(|time| Instant::now() + time);
        self
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        *self.interrupted.borrow()
    }

    /// A terminal shows `^C` where the cursor stands; what follows is to begin a line.
    pub(crate) fn begin_line(&self) -> Outcome {
        if self.is_interrupted() && io::stderr().is_terminal() { report::tell(&"") } else { Ok(()) }
    }

    /// Whether it is time to end.
    pub(crate) fn is_over(&self) -> bool {
        self.is_interrupted() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Waits until it is time to end.
    pub(crate) async fn over(&self) {
        let mut interrupted = self.interrupted.clone();
        let signal = interrupted.wait_for(|&interrupted| interrupted);
        match self.deadline {
            Some(deadline) => drop(tokio::time::timeout_at(deadline.into(), signal).await),
            None => drop(signal.await),
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
        if self.json { report::print(&event()) } else { report::tell(&text) }
    }

    /// A result: a line on standard output, or an event.
    pub(crate) fn result(&self, text: &impl Display, event: impl FnOnce() -> Value) -> Outcome {
        if self.json { report::print(&event()) } else { report::print(text) }
    }

    /// A note with an address: `listening on 127.0.0.1:9`, or the event `listening`.
    pub(crate) fn note_address(&self, event: &str, preposition: &str, addr: &SocketAddr) -> Outcome {
        self.note(&format!("{event} {preposition} {}", endpoint::text(addr)), || address_event(event, addr))
    }
}

/// An event about an address.
pub(crate) fn address_event(kind: &str, addr: &SocketAddr) -> Value {
    report::event(kind, report::address_fields(addr))
}
