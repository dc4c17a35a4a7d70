//! What can be asked of the binary.

mod child;
mod contests;
mod faces;
mod plot;
mod quote;
mod raw;
mod receive;
mod report;
mod rounds;
mod send;
mod tally;
mod traffic;

use clap::{Args, Parser, Subcommand};
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
    /// More and longer rounds, for figures to be quoted
    #[arg(long)]
    long: bool,
    /// Rounds; in each, every contestant runs once [default: 15, long 41]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: Option<u16>,
    /// Milliseconds that are measured of each contestant in a round [default: 60, long 100]
    #[arg(long, value_parser = clap::value_parser!(u16).range(20..=10_000))]
    milliseconds: Option<u16>,
    /// Payload bytes of a datagram; may be given several times
    #[arg(long = "size", default_values_t = [64, 1400], value_parser = clap::value_parser!(u16).range(8..=1472))]
    sizes: Vec<u16>,
    /// Only contests whose name contains this
    #[arg(long)]
    only: Option<String>,
    /// The core of the contestants
    #[arg(long, default_value_t = 0)]
    core: usize,
    /// The core of the traffic
    #[arg(long, default_value_t = 1)]
    traffic_core: usize,
    /// Folder for the table, the raw results and the plots
    #[arg(long, default_value = "target/bench")]
    output: PathBuf,
    /// Put the short table into README.md, where it is quoted
    #[arg(long)]
    readme: bool,
}

impl Plan {
    fn rounds(&self) -> usize {
        self.rounds.map_or(if self.long { 41 } else { 15 }, usize::from)
    }

    fn time(&self) -> Duration {
        let milliseconds = self.milliseconds.unwrap_or(if self.long { 100 } else { 60 });
        Duration::from_millis(milliseconds.into())
    }
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
    /// Datagrams to one receiver as fast as the kernel takes them
    #[command(hide = true)]
    Flood(Job),
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
        Some(Part::Flood(job)) => traffic::flood(&job),
        Some(Part::Sink { peers, gro, job }) => traffic::sink(peers, gro, &job),
    }
}
