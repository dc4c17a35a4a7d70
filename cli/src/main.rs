//! The `heliogram` command: datagrams on the command line.
//!
//! `verbs` has a file per subcommand, `load` what the two ends of a load do, `net` the sockets and the flags that make them,
//! `measure` what is counted, `report` what is printed, and `session.rs` what a command runs in.

mod failure;
mod load;
mod measure;
mod net;
mod quantity;
mod relay;
mod report;
mod session;
mod short_flags;
mod verbs;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use serde_json::json;

use failure::{Failure, Outcome};
use report::output;
use session::Session;

/// Listen, send and measure over UDP: IPv4, IPv6, unicast, multicast and broadcast
#[derive(Parser)]
#[command(name = "heliogram", version, after_help = ENDINGS, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// For machines: everything on standard output, one JSON object per line, its kind in "event"
    #[arg(long, short = 'J', global = true, display_order = 1000)]
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
    Relay(verbs::relay::Relay),
    Man(verbs::man::Man),
    Completions(verbs::man::Completions),
}

const ENDINGS: &str = "\
Exit codes:
  0    done; also after Ctrl-C or SIGTERM, which end every command with its summary
  1    it failed, and the message says what and on which address; or what was waited for did not come
  2    the arguments are wrong
  130  Ctrl-C twice, or while a host name was still being looked up";

fn main() -> ExitCode {
    let cli = match parser().try_get_matches().and_then(|found| Cli::from_arg_matches(&found)) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, std::env::args().any(|argument| argument == "--json" || argument == "-J")),
    };
    let json = cli.json;
    match execute(cli.command, json) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => refuse(&usage_error(message), json),
        Err(failure) => report(&failure, json),
    }
}

/// The whole of the arguments.
fn parser() -> clap::Command {
    short_flags::add(Cli::command())
}

/// Says what is wrong with the arguments, or prints the help that was asked for.
fn refuse(error: &clap::Error, json: bool) -> ExitCode {
    if json && error.use_stderr() {
        let text = error.to_string();
        let message = text.split("\n\nUsage:").next().unwrap_or_default();
        let message = message.split("\n\nFor more").next().unwrap_or_default().trim_start_matches("error: ").trim();
        // Where nobody reads it, the exit code has to do.
        let _ = output::print(&output::event("error", json!({ "code": "USAGE", "message": message })));
    }
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Arguments that are wrong only together, in the parser's form: with the subcommand's usage.
fn usage_error(message: String) -> clap::Error {
    let mut parser = parser();
    parser.build();
    let named = parser.get_matches_mut();
    let command = named.subcommand_name().and_then(|name| parser.find_subcommand_mut(name));
    command.expect("the arguments have been parsed before").error(ErrorKind::ValueValidation, message)
}

/// Says why it failed: on standard error, for machines on standard output too.
fn report(failure: &Failure, json: bool) -> ExitCode {
    let printed = match failure {
        Failure::ClosedPipe => return ExitCode::SUCCESS,
        Failure::Interrupted => return ExitCode::from(130),
        _ => output::print_error(&format_args!("heliogram: {failure}")),
    };
    if json {
        // If standard error cannot be written either, only the exit code is left.
        let _ = printed.and_then(|()| output::print(&output::event("error", failure.fields())));
    }
    ExitCode::FAILURE
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
            Command::Relay(command) => command.run(session).await,
            Command::Man(command) => command.run(parser()),
            Command::Completions(command) => command.run(parser()),
        }
    });
    // A thread may still be reading standard input or asking a name server; nobody waits for it.
    runtime.shutdown_background();
    outcome
}
