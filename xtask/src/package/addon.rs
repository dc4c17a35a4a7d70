//! `cargo xtask build`: the addon, built and put where the package looks for it.

use super::binary;
use super::npm;
use super::platforms::{self, Platform};
use crate::cargo::{self, cargo, succeed};
use crate::tools::zig;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const BUILD: [&str; 4] = ["build", "--release", "--package", "heliogram-node"];

/// The newest glibc that a Linux binary may ask for. Node 22 to 26 themselves need 2.28.
const GLIBC: &str = "2.17";

pub(crate) fn run() -> Result<ExitCode, String> {
    println!("{}: require('./node') works now", build()?.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the package for this machine: its JavaScript and the addon.
pub(crate) fn build() -> Result<PathBuf, String> {
    npm::build()?;
    succeed(&mut compile())?;
    place(Path::new("release"))
}

/// The plain build, linked to the C library of this machine.
pub(crate) fn compile() -> Command {
    cargo(&BUILD)
}

/// The build that is published, which runs with an old glibc too; an error if this machine has no means for it.
pub(crate) fn compile_for_old_glibc() -> Result<Command, String> {
    let target = cargo::host_target()?;
    if !target.ends_with("linux-gnu") {
        return Err(format!("{target} has no glibc"));
    }
    let mut command = zig::cargo_zigbuild(&BUILD[1..])?;
    command.args(["--target", &format!("{target}.{GLIBC}")]);
    command.args(["--config", "profile.release.strip=\"symbols\""]);
    Ok(command)
}

/// Checks what `compile_for_old_glibc` made, and puts it where the package looks for it.
pub(crate) fn place_for_old_glibc() -> Result<PathBuf, String> {
    let file = place(&Path::new(&cargo::host_target()?).join("release"))?;
    binary::require_glibc(&file, GLIBC)?;
    Ok(file)
}

/// Puts the addon of this folder of cargo's target directory where the package looks for it.
pub(crate) fn place(built: &Path) -> Result<PathBuf, String> {
    let built = cargo::target_directory()?.join(built).join(format!("{DLL_PREFIX}heliogram_node{DLL_SUFFIX}"));
    let file = platforms::folder().join(Platform::of_host()?.binary());
    replace(&built, &file).map_err(|e| format!("{} to {}: {e}", built.display(), file.display()))?;
    Ok(file)
}

/// Puts a new file in the old one's place. Writing into the old one would change the code of processes that have it mapped.
fn replace(from: &Path, to: &Path) -> std::io::Result<()> {
    let beside = to.with_extension("new");
    fs::copy(from, &beside)?;
    fs::rename(beside, to)
}
