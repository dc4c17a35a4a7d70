//! The Rust part: style, the tests of all crates, the fallback paths, documents.

use super::oldest_rust;
use super::tier::Tier;
use crate::cargo::{self, cargo};
use crate::cross;
use crate::steps::Steps;
use crate::structure;

/// The cfgs that make Linux take the paths of other systems.
const FORCED: [&str; 2] = ["heliogram_force_single", "heliogram_force_copy"];

pub(crate) fn test(steps: &mut Steps, tier: Tier) -> Result<(), String> {
    style(steps);
    tests(steps);
    if tier == Tier::Quick {
        return Ok(());
    }
    features(steps)?;
    oldest_rust::check(steps)?;
    forced(steps)?;
    docs(steps);
    if tier == Tier::All { cross::check_all(steps) } else { cross::check(steps) }
}

fn style(steps: &mut Steps) {
    steps.run("formatting", cargo(&["fmt", "--all", "--check"]));
    steps.check("structure", |_| structure::check());
    let clippy = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    steps.run("clippy", cargo(&clippy));
}

fn tests(steps: &mut Steps) {
    let all = ["--workspace", "--all-features"];
    // The tests run the examples as programs.
    steps.run("examples", cargo(&[&["build", "--examples"], &all[..]].concat()));
    steps.run("tests", cargo(&[&["test", "--lib", "--bins", "--tests"], &all[..]].concat()));
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

/// The library's tests again on each fallback path. Each has a target directory of its own, so that no build undoes another.
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
    steps.run("doc tests", cargo(&["test", "--doc", "--workspace", "--all-features"]));
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    steps.run("docs", command);
}
