//! What npm installs for the tests and the documentation site.

use super::platforms::folder;
use crate::cargo::{output, program};
use std::fs;
use std::path::Path;

pub(crate) const PROGRAM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Installs the packages of the folders that have a lock file.
pub(crate) fn install() -> Result<(), String> {
    let frameworks = folder().join("test/frameworks");
    install_in(&frameworks).map_err(|e| format!("npm ci in {}: {e}", frameworks.display()))?;
    install_runtimes()
}

/// Installs the runtimes alone, and builds the package's JavaScript.
pub(crate) fn install_runtimes() -> Result<(), String> {
    let runtimes = folder().join("test/runtimes");
    install_in(&runtimes).map_err(|e| format!("npm ci in {}: {e}", runtimes.display()))?;
    build()
}

/// Builds the package's JavaScript, which `require('./node')` loads.
pub(crate) fn build() -> Result<(), String> {
    install_in(&folder()).map_err(|e| format!("npm ci in node: {e}"))?;
    output(program(PROGRAM, &["run", "--silent", "build"]).current_dir(folder())).map(drop)
}

/// Does nothing if the folder holds a copy of the same lock file from an earlier time.
pub(crate) fn install_in(folder: &Path) -> Result<(), String> {
    let lock = fs::read(folder.join("package-lock.json")).map_err(|e| format!("package-lock.json: {e}"))?;
    let done = folder.join("node_modules/.installed-lock.json");
    if fs::read(&done).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    output(program(PROGRAM, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder))?;
    fs::write(&done, lock).map_err(|e| format!("{}: {e}", done.display()))
}
