//! `cargo xtask bench`: starts the bench, built for speed. What it measures is in `heliogram/benches/` and `node/bench/`.

use crate::cargo::{self, cargo};
use crate::docs;
use crate::package::runtimes;
use std::process::{Command, ExitCode};

#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// The bench's own arguments; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    let runtimes = runtimes::for_bench().unwrap_or_else(|error| {
        eprintln!("xtask bench: the package cannot be measured: {error}");
        Vec::new()
    });
    // The last `--runtime` of a name wins, so a choice on the command line stands.
    let code = cargo::exit_code(command(&[], &runtimes).args(&options.arguments));
    if options.arguments.iter().any(|argument| argument == "--readme") {
        docs::draw_picture()?;
    }
    Ok(code)
}

/// The bench, built with these arguments of cargo's, with these runtimes.
pub(crate) fn command(build: &[&str], runtimes: &[String]) -> Command {
    let mut command = cargo(&["run", "--release", "--package", "heliogram-bench"]);
    command.args(build).arg("--").args(runtimes.iter().flat_map(|runtime| ["--runtime", runtime]));
    command
}
