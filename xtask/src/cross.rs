//! `cargo xtask cross`: library, command and addon compile without a warning for systems that this machine is not.
//!
//! Nothing is linked or run: it takes a compiler and the target's standard library, or that library's source.

use crate::cargo;
use crate::dist::build::libnode;
use crate::package::platforms::Platform;
use crate::steps::Steps;
use crate::tools::toolchain::Toolchain;
use std::process::{Command, ExitCode};

/// One target for each system that the library knows, besides Linux. (Windows in the flavour whose import libraries rustc
/// writes without a linker's help.)
const SYSTEMS: [&str; 3] = ["aarch64-apple-darwin", "x86_64-unknown-freebsd", "x86_64-pc-windows-msvc"];

/// Targets of the library alone, besides those of the platforms: 32 bits, and Android.
const LIBRARY_ALONE: [&str; 2] = ["i686-unknown-linux-gnu", "aarch64-linux-android"];

const LIBRARY: [&str; 3] = ["--package", "heliogram", "--all-features"];
const PRODUCTS: [&str; 4] = ["--package", "heliogram-cli", "--package", "heliogram-node"];

pub(crate) fn run() -> Result<ExitCode, String> {
    let mut steps = Steps::new("cross")?;
    check_all(&mut steps)?;
    Ok(steps.finish())
}

/// One target for each system.
pub(crate) fn check(steps: &mut Steps) -> Result<(), String> {
    SYSTEMS.iter().try_for_each(|target| step(steps, target, &[&LIBRARY[..], &PRODUCTS].concat()))
}

/// Every platform's target, and those of the library alone. On systems other than Linux the library also with each feature alone.
pub(crate) fn check_all(steps: &mut Steps) -> Result<(), String> {
    SYSTEMS.iter().try_for_each(|target| features(steps, target))?;
    for platform in Platform::all()? {
        step(steps, &platform.target, &[&LIBRARY[..], &PRODUCTS].concat())?;
    }
    LIBRARY_ALONE.iter().try_for_each(|target| step(steps, target, &LIBRARY))
}

/// The library without any feature, and with each one alone.
fn features(steps: &mut Steps, target: &str) -> Result<(), String> {
    let none = ["--package", "heliogram", "--no-default-features"];
    named(steps, target, ", no feature", &none)?;
    let alone = |feature: &String| {
        let packages = [&none[..], &["--features", feature]].concat();
        named(steps, target, &format!(", feature {feature} alone"), &packages)
    };
    cargo::features("heliogram")?.iter().try_for_each(alone)
}

fn step(steps: &mut Steps, target: &str, packages: &[&str]) -> Result<(), String> {
    named(steps, target, "", packages)
}

/// Clippy for one target. Without a compiler for it, the step says what to install.
fn named(steps: &mut Steps, target: &str, what: &str, packages: &[&str]) -> Result<(), String> {
    let name = format!("clippy for {target}{what}");
    match Toolchain::for_target(target) {
        Ok(toolchain) => steps.run(&name, clippy(&toolchain, target, packages)?),
        Err(error) => steps.check(&name, |_| Ok(format!("\n    SKIPPED {target}: {error}"))),
    }
    Ok(())
}

fn clippy(toolchain: &Toolchain, target: &str, packages: &[&str]) -> Result<Command, String> {
    let mut command = toolchain.cargo("clippy", target);
    // A target directory of its own: another compiler's builds must not undo this one's.
    command.args(packages).args(["--target", target, "--target-dir"]).arg(cargo::target_directory()?.join("cross"));
    command.env("LIBNODE_PATH", libnode()?).args(["--", "-D", "warnings"]);
    Ok(command)
}
