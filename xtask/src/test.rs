//! `cargo xtask test`: everything that must hold before a change lands.

use crate::cargo::{self, cargo};
use crate::cross;
use crate::node;
use crate::steps::Steps;
use std::process::ExitCode;

/// The paths of the library that only other systems take by themselves.
const FORCED: [&str; 2] = ["heliogram_force_single", "heliogram_force_copy"];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only the npm package's part
    #[arg(long)]
    node: bool,
}

pub(crate) fn run(options: &Options) -> ExitCode {
    match all(options) {
        Ok(steps) => steps.finish(),
        Err(error) => {
            eprintln!("xtask test: {error}");
            ExitCode::FAILURE
        }
    }
}

fn all(options: &Options) -> Result<Steps, String> {
    let mut steps = Steps::new(cargo::target_directory()?.join("xtask").join("test"))?;
    if !options.node {
        library(&mut steps)?;
    }
    node::test(&mut steps);
    Ok(steps)
}

fn library(steps: &mut Steps) -> Result<(), String> {
    style(steps);
    features(steps)?;
    tests(steps);
    forced(steps)?;
    docs(steps);
    cross::check(steps)
}

fn style(steps: &mut Steps) {
    steps.run("formatting", cargo(&["fmt", "--all", "--check"]));
    let clippy = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    steps.run("clippy", cargo(&clippy));
}

/// The library without any feature, and with each one alone.
fn features(steps: &mut Steps) -> Result<(), String> {
    let none = ["clippy", "-p", "heliogram", "--no-default-features"];
    let strict = ["--", "-D", "warnings"];
    steps.run("no features", cargo(&[&none[..], &strict].concat()));
    for feature in cargo::features("heliogram")? {
        let one = [&none[..], &["--features", &feature], &strict].concat();
        steps.run(&format!("feature {feature} alone"), cargo(&one));
    }
    Ok(())
}

fn tests(steps: &mut Steps) {
    let all = ["--workspace", "--all-features"];
    // The tests run the examples, as programs.
    steps.run("examples", cargo(&[&["build", "--examples"], &all[..]].concat()));
    steps.run("tests", cargo(&[&["test", "--lib", "--bins", "--tests"], &all[..]].concat()));
    steps.run("doc tests", cargo(&[&["test", "--doc"], &all[..]].concat()));
}

/// The library's tests again on each fallback path. Own target folders, so that no build undoes another.
fn forced(steps: &mut Steps) -> Result<(), String> {
    for path in FORCED {
        let mut command = cargo(&["test", "-p", "heliogram", "--all-features"]);
        command.env("RUSTFLAGS", format!("--cfg {path}"));
        command.env("CARGO_TARGET_DIR", cargo::target_directory()?.join(path));
        steps.run(&format!("tests with {path}"), command);
    }
    Ok(())
}

fn docs(steps: &mut Steps) {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    steps.run("docs", command);
}
