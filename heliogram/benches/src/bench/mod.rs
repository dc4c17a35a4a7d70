//! What can be asked of the binary.

mod child;
mod contests;
mod faces;
mod library;
mod machine;
mod package;
mod plot;
mod quote;
mod raw;
mod receive;
mod report;
mod results;
mod rounds;
mod runtimes;
mod send;
mod table;
mod tally;
mod traffic;

use clap::{Args, Parser, Subcommand};
use contests::{Contest, Length, Side};
use runtimes::Runtime;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What went wrong, for the person who reads it.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
#[command(about = "Measures heliogram over loopback, packets per CPU second", args_conflicts_with_subcommands = true)]
struct Command {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    plan: Plan,
}

/// How much is measured.
#[derive(Args)]
struct Plan {
    /// Every contest, with more and longer rounds, for figures to be quoted
    #[arg(long)]
    long: bool,
    /// Rounds; in each, every contestant runs once [default: library 3, long 21; package 2, long 7]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: Option<u16>,
    /// Milliseconds that are measured of each contestant in a round [default: library 60, long 100; package 200, long 500]
    #[arg(long, value_parser = clap::value_parser!(u16).range(20..=10_000))]
    milliseconds: Option<u16>,
    /// Payload bytes of a datagram instead of each contest's own; may be given several times
    #[arg(long = "size", value_parser = clap::value_parser!(u16).range(8..=1472))]
    sizes: Vec<u16>,
    /// One side only
    #[arg(long)]
    side: Option<Side>,
    /// Only the contest of this name, or those whose name contains it, those of the long form too; may be given several times
    #[arg(long)]
    only: Vec<String>,
    /// Only the contestant of this name, or those whose name contains it, and each contest's first; may be given several times
    #[arg(long)]
    who: Vec<String>,
    /// Names the contests and contestants, and measures nothing
    #[arg(long)]
    list: bool,
    /// A runtime for the package's contests: node=PROGRAM, deno=PROGRAM, bun=PROGRAM
    #[arg(long = "runtime", value_parser = Runtime::parse)]
    runtimes: Vec<Runtime>,
    /// The core of the contestants
    #[arg(long, default_value_t = 0)]
    core: usize,
    /// The core of the traffic
    #[arg(long, default_value_t = 1)]
    traffic_core: usize,
    /// Folder for the tables, the raw results and the plots
    #[arg(long, default_value = "target/bench")]
    output: PathBuf,
    /// Put tables and plots on the page docs/performance/results.md, of each side that is measured
    #[arg(long, conflicts_with_all = ["only", "who", "sizes"])]
    readme: bool,
}

impl Plan {
    fn rounds(&self, contest: &Contest) -> usize {
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

    fn time(&self, contest: &Contest) -> Duration {
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

    fn sizes(&self, contest: &Contest) -> Vec<usize> {
        match contest.sizes {
            _ if !self.sizes.is_empty() => self.sizes.iter().map(|&size| size.into()).collect(),
            [least, _, _] if self.is_short() => vec![*least],
            sizes => sizes.to_vec(),
        }
    }

    /// About a minute: the chief contests, the package's with small datagrams only.
    fn is_short(&self) -> bool {
        !self.long && self.only.is_empty()
    }

    fn wants(&self, contest: &Contest) -> bool {
        let side = self.side.is_none_or(|side| side == contest.side);
        let by_name = is_named(contest.name, &self.only, contests::all().map(|contest| contest.name));
        let by_form = self.long || matches!(contest.length, Length::Rounds { in_short: true });
        side && (by_name || self.only.is_empty() && by_form)
    }
}

/// Whether one of the wishes names it: in full, or in part if it is nobody's full name.
fn is_named(name: &str, wishes: &[String], all: impl Iterator<Item = &'static str> + Clone) -> bool {
    let is_full = |wish: &str| all.clone().any(|other| other == wish);
    wishes.iter().any(|wish| if is_full(wish) { name == wish } else { name.contains(wish.as_str()) })
}

/// The parts that the driver starts; not for people.
#[derive(Subcommand)]
enum Part {
    /// One contestant, once
    #[command(hide = true)]
    Contestant {
        contest: String,
        name: String,
        #[command(flatten)]
        job: Job,
    },
    /// A program, tied to one core
    #[command(hide = true)]
    OnCore {
        core: usize,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        program: Vec<OsString>,
    },
    /// Datagrams to one receiver: trains, single ones from several sockets, or so many a second
    #[command(hide = true)]
    Flood {
        #[arg(long)]
        singles: bool,
        #[arg(long)]
        rate: Option<u32>,
        #[command(flatten)]
        job: Job,
    },
    /// Receives and forgets on as many sockets as asked for
    #[command(hide = true)]
    Sink {
        #[arg(long, default_value_t = 1)]
        peers: usize,
        #[arg(long)]
        gro: bool,
        #[command(flatten)]
        job: Job,
    },
    /// Sends everything back
    #[command(hide = true)]
    Echo(Job),
}

/// What a child process is told.
#[derive(Args, Clone)]
struct Job {
    #[arg(long)]
    size: usize,
    #[arg(long)]
    milliseconds: u64,
    #[arg(long)]
    core: usize,
    #[arg(long = "peer")]
    peers: Vec<SocketAddr>,
}

impl Job {
    fn time(&self) -> Duration {
        Duration::from_millis(self.milliseconds)
    }

    /// As many datagrams as one `UDP_SEGMENT` send takes: 64, and no more than 65,507 bytes.
    fn train(&self) -> usize {
        (65_507 / self.size).min(64)
    }
}

pub(crate) fn main() -> ExitCode {
    let command = Command::parse();
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("heliogram-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Outcome<()> {
    match command.part {
        None => rounds::drive(&command.plan),
        Some(Part::Contestant { contest, name, job }) => contests::run(&contest, &name, &job),
        Some(Part::OnCore { core, program }) => runtimes::become_program(core, &program),
        Some(Part::Flood { singles: true, job, .. }) => traffic::singles(&job),
        Some(Part::Flood { rate: Some(rate), job, .. }) => traffic::paced(rate, &job),
        Some(Part::Flood { job, .. }) => traffic::flood(&job),
        Some(Part::Sink { peers, gro, job }) => traffic::sink(peers, gro, &job),
        Some(Part::Echo(job)) => traffic::echo(&job),
    }
}
