//! `cargo xtask fuzz`: each fuzz target for a while.

use crate::cargo::{self, program};
use std::fs;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Seconds for each target
    #[arg(long, default_value_t = 300)]
    seconds: u32,
    /// Only this target
    target: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    require(&["run", "nightly", "rustc", "--version"], "the nightly toolchain", "rustup toolchain install nightly")?;
    require(&["run", "nightly", "cargo", "fuzz", "--version"], "cargo-fuzz", "cargo install cargo-fuzz")?;
    let targets = targets()?;
    let chosen: Vec<_> = targets.iter().filter(|name| options.target.as_ref().is_none_or(|t| t == *name)).collect();
    if chosen.is_empty() {
        return Err(format!("no such target; there are: {}", targets.join(", ")));
    }
    let failed: Vec<_> = chosen.into_iter().filter(|target| !fuzz(target, options.seconds)).collect();
    println!("{}", if failed.is_empty() { "no target failed".into() } else { format!("failed: {failed:?}") });
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Fails with what to type if a tool is missing.
fn require(rustup: &[&str], tool: &str, install: &str) -> Result<(), String> {
    let output = program("rustup", rustup).output().map_err(|e| format!("rustup: {e}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{tool} is missing; install it with: {install}")) }
}

/// A target is a file of `fuzz_targets/`.
fn targets() -> Result<Vec<String>, String> {
    let folder = cargo::root().join("heliogram/fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut names: Vec<_> = paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

/// Runs one target; its own output says how it goes.
fn fuzz(target: &str, seconds: u32) -> bool {
    println!("{target}: {seconds} s");
    let limit = format!("-max_total_time={seconds}");
    let mut command = program("rustup", &["run", "nightly", "cargo", "fuzz", "run", target, "--", &limit]);
    let status = command.current_dir(cargo::root().join("heliogram")).status();
    status.is_ok_and(|status| status.success())
}
