//! The commands that people type: `cargo xtask demo`, `cargo xtask test` and the rest.
//!
//! A file or a folder per command. What several commands need: `cargo` (starts programs), `steps` (runs things one after
//! another and reports how they went), `package` (the npm package and what npm installs for it), `tools` (compilers and
//! linkers for other systems).

mod bench;
mod cargo;
mod cross;
mod demo;
mod dist;
mod docs;
mod fuzz;
mod package;
mod refuse;
mod release;
#[cfg(target_os = "linux")]
mod sanitize;
mod soak;
mod steps;
mod structure;
mod test;
mod tools;
mod walk;

use clap::Parser;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about, version, arg_required_else_help = true)]
enum Command {
    /// Runs the examples of Node's dgram documentation: a server, its clients, a datagram from another program
    Demo,
    /// Format check, clippy, tests on every path and runtime, doc tests, docs; what CI runs
    Test(test::Options),
    /// Builds the addon of the npm package, so that `require('./node')` works
    Build,
    /// Measures speed over loopback: the library beside bare system calls, quinn-udp and tokio; the package beside Node, Deno and Bun
    Bench(bench::Options),
    /// Builds the documentation site into `target/docs`, and checks the links of all documents
    Docs,
    /// Runs the fuzz targets at length
    Fuzz(fuzz::Options),
    /// The suites of the library and of the addon under AddressSanitizer and ThreadSanitizer
    #[cfg(target_os = "linux")]
    Sanitize(sanitize::Options),
    /// Mixed traffic for a while, in Rust and on each runtime: nothing is lost or changed, memory and descriptors stay flat
    Soak(soak::Options),
    /// Clippy of library, command and addon for every platform, and of the library for Android and 32 bits
    Cross,
    /// Builds and checks what is published: the npm packages and the command's archives
    Dist(dist::Options),
    /// Runs a program which the kernel refuses system calls or options, by seccomp (Linux)
    Refuse(refuse::Options),
    /// Whether versions, changelog and packages are ready for a release
    Release(release::Options),
    /// Checks the rules about files, imports and words; lists what breaks them
    Structure,
    /// Lists the files whose lines run for a received and for a sent datagram in Node (needs valgrind)
    Walk,
}

fn main() -> ExitCode {
    run(Command::parse()).unwrap_or_else(|error| {
        eprintln!("xtask: {error}");
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Demo => demo::run(),
        Command::Test(options) => test::run(&options),
        Command::Build => package::host_addon::run(),
        Command::Bench(options) => bench::run(&options),
        Command::Docs => docs::run(),
        Command::Fuzz(options) => fuzz::run(&options),
        #[cfg(target_os = "linux")]
        Command::Sanitize(options) => sanitize::run(&options),
        Command::Soak(options) => soak::run(&options),
        Command::Cross => cross::run(),
        Command::Dist(options) => dist::run(&options),
        Command::Refuse(options) => refuse::run(&options),
        Command::Release(options) => release::run(&options),
        Command::Structure => structure::run(),
        Command::Walk => walk::run(),
    }
}
