//! `cargo xtask build`: the addon, built and put where the package looks for it.

use super::npm;
use super::platforms::{self, Platform};
use crate::cargo::{self, cargo, succeed};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

pub(crate) fn run() -> Result<ExitCode, String> {
    println!("{}: require('./node') works now", build()?.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the package for this machine: its JavaScript and the addon.
pub(crate) fn build() -> Result<PathBuf, String> {
    npm::build()?;
    succeed(&mut compile())?;
    place()
}

/// The plain build, linked to the C library of this machine.
pub(crate) fn compile() -> Command {
    cargo(&["build", "--release", "--package", "heliogram-node"])
}

/// Puts what `compile` made where the package looks for it.
pub(crate) fn place() -> Result<PathBuf, String> {
    let name = format!("{DLL_PREFIX}heliogram_node{DLL_SUFFIX}");
    install(&cargo::target_directory()?.join("release").join(name), &Platform::of_host()?)
}

/// Puts an addon where the package looks for it.
pub(crate) fn install(built: &Path, platform: &Platform) -> Result<PathBuf, String> {
    let file = platforms::folder().join(platform.addon());
    replace(built, &file).map_err(|e| format!("{} to {}: {e}", built.display(), file.display()))?;
    Ok(file)
}

/// Puts a new file in the old one's place. Writing into the old one would change the code of processes that have it mapped.
fn replace(from: &Path, to: &Path) -> std::io::Result<()> {
    let beside = to.with_extension("new");
    fs::copy(from, &beside)?;
    fs::rename(beside, to)
}
