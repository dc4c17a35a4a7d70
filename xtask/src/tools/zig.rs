//! Zig as a linker, by cargo-zigbuild: it brings the C libraries of other systems, and old versions of this one's.

use crate::cargo::{self, output, program};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Both are published as Python packages.
const PACKAGES: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.1"];

/// Lets a command find zig and cargo-zigbuild in this folder.
pub(crate) fn add_to_path(command: &mut Command, programs: &Path) {
    let path = env::var_os("PATH").unwrap_or_default();
    let paths = [programs.to_path_buf()].into_iter().chain(env::split_paths(&path));
    // A path with a colon cannot be joined; the command then finds no zig, and says so.
    command.env("PATH", env::join_paths(paths).unwrap_or(path));
}

/// The folder of both programs: a virtual environment of Python in the target directory, which is made if it is not there.
pub(crate) fn install() -> Result<PathBuf, String> {
    let environment = cargo::target_directory()?.join("xtask").join("zig");
    let programs = environment.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let done = environment.join("installed");
    if fs::read_to_string(&done).is_ok_and(|installed| installed == PACKAGES.join("\n")) {
        return Ok(programs);
    }
    output(&mut program(PYTHON, &["-m", "venv", "--clear", &environment.to_string_lossy()]))?;
    output(pip(&programs).args(PACKAGES))?;
    fs::write(&done, PACKAGES.join("\n")).map_err(|e| format!("{}: {e}", done.display()))?;
    Ok(programs)
}

const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

fn pip(programs: &Path) -> Command {
    let mut command = program(&programs.join(PYTHON).to_string_lossy(), &["-m", "pip", "install", "--quiet"]);
    command.arg("--disable-pip-version-check");
    command
}
