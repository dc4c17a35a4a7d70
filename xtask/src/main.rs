//! The commands that people type: `cargo xtask demo`, `cargo xtask test` and the rest.
//!
//! One file per command; what several of them need is in `cargo.rs` (starting cargo) and `steps.rs`
//! (running things one after another and saying how they went).

mod bench;
mod cargo;
mod cross;
mod demo;
mod fuzz;
mod node;
mod steps;
mod test;

use clap::Parser;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about, version, arg_required_else_help = true)]
enum Command {
    /// The main job, seen working: a server, its clients, a datagram from a foreign program; ends by itself
    Demo(demo::Options),
    /// Format check, clippy, every test on every path, doc tests, docs; what CI runs
    Test(test::Options),
    /// The addon of the npm package, so that `require('./node')` works
    Build(node::Options),
    /// Speed over loopback: the library beside bare system calls, quinn-udp and tokio; the package beside Node, Deno and Bun
    Bench(bench::Options),
    /// The fuzz targets at length
    Fuzz(fuzz::Options),
    /// Whether library and command compile for macOS, FreeBSD and Windows
    Cross(cross::Options),
}

fn main() -> ExitCode {
    match Command::parse() {
        Command::Demo(options) => demo::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Build(options) => node::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Cross(options) => cross::run(&options),
    }
}
