//! The `heliogram` command: datagrams on the command line.
//!
//! `verbs` has a file per subcommand, `net` the sockets and the flags that make them, `measure` what is counted, `report` what is
//! printed, and `session.rs` what a command runs in.

mod failure;
mod measure;
mod net;
mod quantity;
mod report;
mod session;
mod verbs;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use failure::{Failure, Outcome};
use session::Session;

/// Listen, send and measure over UDP: IPv4, IPv6, multicast, trains of datagrams
#[derive(Parser)]
#[command(name = "heliogram", version, after_help = ENDINGS, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// For machines: everything on standard output, one JSON object per line, its kind in "event"
    #[arg(long, global = true, display_order = 1000)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    Listen(verbs::listen::Listen),
    Send(verbs::send::Send),
    Echo(verbs::echo::Echo),
    Ping(verbs::ping::Ping),
    Blast(verbs::blast::Blast),
    Sink(verbs::sink::Sink),
}

const ENDINGS: &str = "\
How it ends:
  0    done; also after Ctrl-C or SIGTERM, which end every command with its summary
  1    it failed: the message says what, on which address; or what was waited for did not come
  2    the arguments make no sense
  130  Ctrl-C twice, or while a host name was still being looked up";

fn main() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli.command, cli.json) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => refuse(message),
        Err(failure) => failure.report(cli.json),
    }
}

/// Says what is wrong with the arguments as the parser does: with the subcommand's usage, and exit code 2.
fn refuse(message: String) -> ExitCode {
    let mut parser = Cli::command();
    parser.build();
    let named = parser.get_matches_mut();
    let command = named.subcommand_name().and_then(|name| parser.find_subcommand_mut(name));
    command.expect("the arguments have been parsed before").error(ErrorKind::ValueValidation, message).exit()
}

fn execute(command: Command, json: bool) -> Outcome {
    let session = Session::start(json)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Other(format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(async {
        match command {
            Command::Listen(command) => command.run(session).await,
            Command::Send(command) => command.run(session).await,
            Command::Echo(command) => command.run(session).await,
            Command::Ping(command) => command.run(session).await,
            Command::Blast(command) => command.run(session).await,
            Command::Sink(command) => command.run(session).await,
        }
    });
    // A thread may still be reading standard input or asking a name server; nobody waits for it.
    runtime.shutdown_background();
    outcome
}
