//! The command line of the bench.

mod contest;
mod contestants;
mod contests;
mod driver;
mod job;
mod plan;
mod report;

use clap::{Parser, Subcommand};
use contestants::traffic;
use driver::{rounds, runtimes};
use job::{Job, Outcome};
use plan::Plan;
use std::ffi::OsString;
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Measures heliogram over loopback, packets per CPU second", args_conflicts_with_subcommands = true)]
struct Command {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    plan: Plan,
}

/// The parts that the driver starts by itself.
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
    /// Datagrams to one receiver: GSO batches, single ones from several sockets, or so many a second
    #[command(hide = true)]
    Flood {
        #[arg(long)]
        singles: bool,
        #[arg(long)]
        rate: Option<u32>,
        #[command(flatten)]
        job: Job,
    },
    /// Clients that wait for answers
    #[command(hide = true)]
    Clients {
        #[arg(long)]
        clients: usize,
        #[arg(long)]
        under_way: usize,
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
        Some(Part::Clients { clients, under_way, job }) => traffic::clients(clients, under_way, &job),
        Some(Part::Sink { peers, gro, job }) => traffic::sink(peers, gro, &job),
        Some(Part::Echo(job)) => traffic::echo(&job),
    }
}
