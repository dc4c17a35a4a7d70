//! `cargo xtask bench`: starts the bench, built for speed. What it measures is in `heliogram/benches/` and `node/bench/`.

use crate::cargo::{self, cargo};
use crate::node;
use std::process::{Command, ExitCode};

#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// What the bench understands; `--help` lists it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> ExitCode {
    let runtimes = node::runtimes_for_bench().unwrap_or_else(|error| {
        eprintln!("xtask bench: the package cannot be measured: {error}");
        Vec::new()
    });
    // A person's own choice of a runtime comes last, and stands.
    cargo::exit_code(command(&runtimes).args(&options.arguments))
}

/// The bench, told which runtimes there are.
pub(crate) fn command(runtimes: &[String]) -> Command {
    let mut command = cargo(&["run", "--release", "--package", "heliogram-bench", "--"]);
    command.args(runtimes.iter().flat_map(|runtime| ["--runtime", runtime]));
    command
}
