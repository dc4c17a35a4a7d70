//! How much is measured: which contests, how often, for how long.

use super::contest::{Contest, Length, Side};
use super::contests;
use super::driver::runtimes::Runtime;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// How much is measured.
#[derive(Args)]
pub(crate) struct Plan {
    /// Every contest, with more and longer rounds, for figures to be quoted
    #[arg(long)]
    long: bool,
    /// Rounds; in each, every contestant runs once [default: library 3, long 21; package 2, long 7]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) rounds: Option<u16>,
    /// Milliseconds that are measured of each contestant in a round [default: library 60, long 100; package 200, long 500]
    #[arg(long, value_parser = clap::value_parser!(u16).range(20..=10_000))]
    pub(crate) milliseconds: Option<u16>,
    /// Payload bytes of a datagram instead of each contest's own; may be given several times
    #[arg(long = "size", value_parser = clap::value_parser!(u16).range(8..=1472))]
    pub(crate) sizes: Vec<u16>,
    /// One side only
    #[arg(long)]
    pub(crate) side: Option<Side>,
    /// Only the contest of this name, or those whose name contains it, those of the long form too; may be given several times
    #[arg(long)]
    pub(crate) only: Vec<String>,
    /// Only the contestant of this name, or those whose name contains it, and each contest's first; may be given several times
    #[arg(long)]
    pub(crate) who: Vec<String>,
    /// Names the contests and contestants, and measures nothing
    #[arg(long)]
    pub(crate) list: bool,
    /// A runtime for the package's contests: node=PROGRAM, deno=PROGRAM, bun=PROGRAM
    #[arg(long = "runtime", value_parser = Runtime::parse)]
    pub(crate) runtimes: Vec<Runtime>,
    /// The core of the contestants
    #[arg(long, default_value_t = 0)]
    pub(crate) core: usize,
    /// The core of the traffic
    #[arg(long, default_value_t = 1)]
    pub(crate) traffic_core: usize,
    /// Folder for the tables, the raw results and the plots
    #[arg(long, default_value = "target/bench")]
    pub(crate) output: PathBuf,
    /// Put tables and plots on the page docs/performance/results.md, of each side that is measured; with --only, the tables of those contests alone
    #[arg(long, conflicts_with_all = ["who", "sizes"])]
    pub(crate) readme: bool,
}

impl Plan {
    pub(crate) fn rounds(&self, contest: &Contest) -> usize {
        if let Length::Few(_) = contest.length {
            return if self.long { 3 } else { 1 };
        }
        let usual = match (contest.side, self.long) {
            (Side::Library, false) => 3,
            (Side::Library, true) => 21,
            (Side::Package, false) => 2,
            (Side::Package, true) => 7,
        };
        self.rounds.map_or(usual, usize::from)
    }

    pub(crate) fn time(&self, contest: &Contest) -> Duration {
        if let Length::Few(milliseconds) = contest.length {
            return Duration::from_millis(milliseconds);
        }
        let usual = match (contest.side, self.long) {
            (Side::Library, false) => 60,
            (Side::Library, true) => 100,
            (Side::Package, false) => 200,
            (Side::Package, true) => 500,
        };
        Duration::from_millis(self.milliseconds.unwrap_or(usual).into())
    }

    pub(crate) fn sizes(&self, contest: &Contest) -> Vec<usize> {
        match contest.sizes {
            _ if !self.sizes.is_empty() => self.sizes.iter().map(|&size| size.into()).collect(),
            [least, _, _] if self.is_short() => vec![*least],
            sizes => sizes.to_vec(),
        }
    }

    /// About a minute: the chief contests, the package's with small datagrams only.
    pub(crate) fn is_short(&self) -> bool {
        !self.long && self.only.is_empty()
    }

    pub(crate) fn wants(&self, contest: &Contest) -> bool {
        let side = self.side.is_none_or(|side| side == contest.side);
        let by_name = is_named(contest.name, &self.only, contests::all().map(|contest| contest.name));
        let by_form = self.long || matches!(contest.length, Length::Rounds { in_short: true });
        side && (by_name || self.only.is_empty() && by_form)
    }
}

/// Whether one of the wishes names it: in full, or in part if it is nobody's full name.
pub(crate) fn is_named(name: &str, wishes: &[String], all: impl Iterator<Item = &'static str> + Clone) -> bool {
    let is_full = |wish: &str| all.clone().any(|other| other == wish);
    wishes.iter().any(|wish| if is_full(wish) { name == wish } else { name.contains(wish.as_str()) })
}
