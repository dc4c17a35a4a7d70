//! Programs that are published as Python packages, in virtual environments in the target directory.

use super::once::once;
use crate::cargo::{self, output, program};
use std::fs;
use std::path::PathBuf;

const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// The folder of the programs of these packages, which are installed if they are not there yet.
pub(crate) fn programs(environment: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let environment = cargo::target_directory()?.join("xtask").join(environment);
    let programs = environment.join(if cfg!(windows) { "Scripts" } else { "bin" });
    once(&environment, &packages.join("\n"), || {
        output(&mut program(PYTHON, &["-m", "venv", "--clear", &environment.to_string_lossy()]))?;
        let python = programs.join(PYTHON);
        let arguments = ["-m", "pip", "--quiet", "--disable-pip-version-check", "install"];
        output(program(&python.to_string_lossy(), &arguments).args(packages)).map(drop)
    })?;
    Ok(programs)
}

/// The folder with the files of a package for another platform.
pub(crate) fn files(package: &str, platform: &str) -> Result<PathBuf, String> {
    let folder = cargo::target_directory()?.join("xtask").join(format!("{package}-{platform}"));
    once(&folder, package, || {
        let wheels = folder.join("wheels");
        let mut download = program(PYTHON, &["-m", "pip", "--quiet", "--disable-pip-version-check"]);
        download.args(["download", "--no-deps", "--only-binary=:all:", "--platform", platform, package, "--dest"]);
        output(download.arg(&wheels))?;
        for wheel in fs::read_dir(&wheels).map_err(|e| format!("{}: {e}", wheels.display()))?.flatten() {
            output(program(PYTHON, &["-m", "zipfile", "-e"]).arg(wheel.path()).arg(&folder))?;
        }
        Ok(())
    })?;
    Ok(folder)
}
