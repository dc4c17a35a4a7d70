//! The commands that people type: `cargo xtask demo`, `cargo xtask test` and the rest.
//!
//! One file per command; what several of them need is in `cargo.rs` (starting cargo) and `steps.rs`
//! (running things one after another and saying how they went).

mod cargo;
mod steps;
mod test;

use clap::Parser;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about, version, arg_required_else_help = true)]
enum Command {
    /// Format check, clippy, every test on every path, doc tests, docs; what CI runs
    Test(test::Options),
}

fn main() -> ExitCode {
    match Command::parse() {
        Command::Test(options) => test::run(&options),
    }
}
