//! The library with the oldest Rust that its manifest names, without what only its tests need.

use crate::cargo::{self, output, program};
use crate::steps::Steps;
use std::process::Command;

const PACKAGE: &str = "heliogram";

pub(super) fn check(steps: &mut Steps) -> Result<(), String> {
    let version = cargo::rust_version(PACKAGE)?;
    if let Err(error) = output(&mut install(&version)) {
        let reason = error.lines().last().unwrap_or_default().to_owned();
        steps.check(&format!("Rust {version}"), |_| Ok(format!("\n    SKIPPED Rust {version}: {reason}")));
        return Ok(());
    }
    for features in ["--all-features", "--no-default-features"] {
        let mut command = program("rustup", &["run", &version, "cargo", "check", "--package", PACKAGE, features]);
        command.env("CARGO_TARGET_DIR", cargo::target_directory()?.join("oldest-rust"));
        steps.run(&format!("Rust {version} {features}"), command);
    }
    Ok(())
}

/// Does nothing if the toolchain is there.
fn install(version: &str) -> Command {
    program("rustup", &["toolchain", "install", version, "--profile", "minimal", "--no-self-update"])
}
