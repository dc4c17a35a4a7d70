//! `cargo xtask bench`: starts the bench, built for speed. What it measures is in `heliogram/benches/`.

use crate::cargo::{self, cargo};
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// What the bench understands; `--help` lists it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> ExitCode {
    let mut command = cargo(&["run", "--release", "--package", "heliogram-bench", "--"]);
    command.args(&options.arguments);
    cargo::exit_code(&mut command)
}
