//! Datagrams and bytes since a moment.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::report::live::SoFar;
use crate::report::text;

/// Datagrams and bytes since a moment.
#[derive(Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
    since: Instant,
}

impl Tally {
    pub(crate) fn start() -> Self {
        Tally { datagrams: 0, bytes: 0, since: Instant::now() }
    }

    pub(crate) const fn add(&mut self, bytes: usize) {
        self.datagrams += 1;
        self.bytes += bytes as u64;
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// For a line of progress.
    pub(crate) fn so_far(&self) -> SoFar {
        SoFar { datagrams: self.datagrams, bytes: self.bytes, ..SoFar::default() }
    }

    /// For machines.
    pub(crate) fn figures(&self) -> Value {
        let nanos = u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX);
        json!({ "datagrams": self.datagrams, "bytes": self.bytes, "duration_ns": nanos })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", text::count(self.datagrams, "datagram"), text::count(self.bytes, "byte"))
    }
}
