//! Steps that take what a machine may not have, and say so where it has not.

use crate::cargo;
use crate::steps::Steps;
use crate::tools::toolchain::Toolchain;
use crate::tools::zig;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a command, or says why it cannot be had.
pub(super) fn step(steps: &mut Steps, name: &str, command: impl FnOnce() -> Result<Command, String>) {
    match command() {
        Ok(command) => steps.run(name, command),
        Err(error) => steps.check(name, |_| Ok(format!("\n    SKIPPED {name}: {}", last_line(&error)))),
    }
}

pub(super) fn last_line(text: &str) -> &str {
    text.trim_end().lines().last().unwrap_or_default()
}

/// The library's tests for a target.
pub(super) fn library(target: &str) -> Result<Command, String> {
    tests_of_library(Toolchain::for_target(target)?.cargo("test", target), target, &["--lib", "--tests"])
}

/// The same, with zig as the linker; `runner` is the program that runs the tests, `which` cargo's flags that choose them.
pub(super) fn library_by_zig(target: &str, runner: &Path, which: &[&str]) -> Result<Command, String> {
    let programs = zig::install()?;
    let mut command = Toolchain::for_target(target)?.cargo_zigbuild(&programs, "test", target);
    zig::add_to_path(&mut command, &programs);
    let variable = format!("CARGO_TARGET_{}_RUNNER", target.replace('-', "_").to_uppercase());
    tests_of_library(command, target, which).map(|mut command| {
        command.env(variable, runner);
        command
    })
}

fn tests_of_library(mut command: Command, target: &str, which: &[&str]) -> Result<Command, String> {
    command.args(["--package", "heliogram", "--all-features", "--target", target]);
    command.args(which);
    command.arg("--target-dir").arg(cargo::target_directory()?.join("platforms"));
    Ok(command)
}

/// What a system lacks, with the tests that need it.
pub(super) type Lacks<'a> = &'a [(&'a str, &'a [&'a str])];

/// Lets the tests of a run out that need what is not there, and says so.
pub(super) fn skip(command: &mut Command, system: &str, lacks: Lacks<'_>) {
    command.args(["--no-fail-fast", "--"]);
    for (what, tests) in lacks {
        println!("SKIPPED {} tests, {system}: {what}", tests.len());
        tests.iter().for_each(|test| _ = command.args(["--skip", test]));
    }
}

/// The first of these programs that is there.
pub(super) fn installed(places: &[&str], package: &str) -> Result<PathBuf, String> {
    let found = places.iter().map(PathBuf::from).find(|place| place.is_file());
    found.ok_or_else(|| format!("{} is not there; install it with: apt-get install {package}", places[0]))
}
