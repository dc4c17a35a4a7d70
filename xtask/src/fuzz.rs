//! `cargo xtask fuzz`: each fuzz target for a while.

use crate::cargo::{self, program};
use std::fs;
use std::path::{Path, PathBuf};
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
    let chosen: Vec<_> =
        targets.iter().filter(|target| options.target.as_ref().is_none_or(|name| *name == target.name)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = targets.iter().map(|target| target.name.as_str()).collect();
        return Err(format!("no such target; there are: {}", names.join(", ")));
    }
    let failed: Vec<_> = chosen.into_iter().filter(|target| !fuzz(target, options.seconds)).map(|t| &t.name).collect();
    println!("{}", if failed.is_empty() { "no target failed".into() } else { format!("failed: {failed:?}") });
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Fails with what to type if a tool is missing.
fn require(rustup: &[&str], tool: &str, install: &str) -> Result<(), String> {
    let output = program("rustup", rustup).output().map_err(|e| format!("rustup: {e}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{tool} is missing; install it with: {install}")) }
}

/// A target is a file of `fuzz/fuzz_targets/`.
struct Target {
    /// The folder of the crate whose `fuzz` it is in.
    krate: PathBuf,
    name: String,
}

/// The crates that have targets.
const CRATES: [&str; 2] = ["heliogram", "node"];

fn targets() -> Result<Vec<Target>, String> {
    let found = CRATES.iter().map(|name| targets_of(&cargo::root().join(name))).collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

fn targets_of(krate: &Path) -> Result<Vec<Target>, String> {
    let folder = krate.join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut names: Vec<_> = paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names.into_iter().map(|name| Target { krate: krate.into(), name }).collect())
}

/// An input that takes so many seconds hangs.
const HANGS: u32 = 60;

/// Runs one target; its own output says how it goes.
fn fuzz(target: &Target, seconds: u32) -> bool {
    println!("{}: {seconds} s", target.name);
    let limits = [format!("-max_total_time={seconds}"), format!("-timeout={HANGS}")];
    let mut command = program("rustup", &["run", "nightly", "cargo", "fuzz", "run", &target.name, "--"]);
    command.args(limits);
    let status = command.current_dir(&target.krate).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_crates_have_targets_and_each_is_in_its_manifest() {
        let targets = targets().expect("a clone has them");
        for target in &targets {
            let manifest = fs::read_to_string(target.krate.join("fuzz/Cargo.toml")).expect("each has one");
            assert!(manifest.contains(&format!("name = \"{}\"", target.name)), "{}", target.name);
        }
        assert!(CRATES.iter().all(|name| targets.iter().any(|target| target.krate.ends_with(name))));
    }
}
