//! What one run of a contestant has to do, and how it ends.

use clap::Args;
use std::net::SocketAddr;
use std::time::Duration;

/// A value, or an error to print.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The arguments of a child process.
#[derive(Args, Clone)]
pub(crate) struct Job {
    #[arg(long)]
    pub(crate) size: usize,
    #[arg(long)]
    pub(crate) milliseconds: u64,
    #[arg(long)]
    pub(crate) core: usize,
    #[arg(long = "peer")]
    pub(crate) peers: Vec<SocketAddr>,
}

impl Job {
    pub(crate) fn time(&self) -> Duration {
        Duration::from_millis(self.milliseconds)
    }

    /// How many datagrams one `UDP_SEGMENT` send takes: at most 64, and at most 65,507 bytes.
    pub(crate) fn segments(&self) -> usize {
        (65_507 / self.size).min(64)
    }
}
