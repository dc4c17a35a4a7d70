//! Zig as a linker, by cargo-zigbuild: it brings the C libraries of other systems, and old versions of this one's.

use crate::cargo::{self, cargo, output, program};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Both are published as Python packages.
const PACKAGES: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.1"];

/// Cargo with zig as the linker. Installs what is needed into the target directory if it is not there yet.
pub(crate) fn cargo_zigbuild(arguments: &[&str]) -> Result<Command, String> {
    let programs = install()?;
    let mut path = vec![programs];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let path = env::join_paths(path).map_err(|e| format!("PATH: {e}"))?;
    let mut command = cargo(&["zigbuild"]);
    command.args(arguments).env("PATH", path);
    Ok(command)
}

/// The folder of the programs, in a virtual environment of Python's.
fn install() -> Result<PathBuf, String> {
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
