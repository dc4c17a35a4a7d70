//! When a command that waits for peers ends by itself.

use std::time::Duration;

use clap::Args;

use crate::failure::{Failure, Outcome};
use crate::quantity;
use crate::session::Session;

/// When a command that waits for peers ends by itself.
#[derive(Args)]
#[command(next_help_heading = "End")]
pub(crate) struct Bounds {
    /// End after this many datagrams
    #[arg(long, value_name = "N", value_parser = quantity::count)]
    count: Option<u64>,

    /// End after this time; with --count, fail if not all have come by then
    #[arg(long, value_parser = quantity::seconds)]
    pub(crate) seconds: Option<Duration>,
}

impl Bounds {
    /// How many datagrams are still to come after this many.
    pub(crate) fn left(&self, datagrams: u64) -> usize {
        let left = self.count.map_or(u64::MAX, |count| count.saturating_sub(datagrams));
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// Fails if the time ran out before all had come. Who presses Ctrl-C knows that not all have.
    pub(crate) fn check(&self, datagrams: u64, session: &Session) -> Outcome {
        match self.count {
            Some(count) if datagrams < count && !session.is_interrupted() => {
                Err(Failure::Other(format!("only {datagrams} of {count} datagrams came in time")))
            }
            _ => Ok(()),
        }
    }
}
