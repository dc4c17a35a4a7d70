//! Zig as a linker, by cargo-zigbuild: it brings the C libraries of other systems, and old versions of this one's.

use super::python;
use crate::cargo::{output, program};
use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGES: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.1"];

/// The folder of both programs.
pub(crate) fn install() -> Result<PathBuf, String> {
    python::programs("zig", &PACKAGES)
}

/// Lets a command find zig and cargo-zigbuild in this folder.
pub(crate) fn add_to_path(command: &mut Command, programs: &Path) {
    let path = env::var_os("PATH").unwrap_or_default();
    let paths = [programs.to_path_buf()].into_iter().chain(env::split_paths(&path));
    // A path with a colon cannot be joined; the command then finds no zig, and says so.
    command.env("PATH", env::join_paths(paths).unwrap_or(path));
}

/// A file of zig's own.
pub(crate) fn file(path: &str) -> io::Result<PathBuf> {
    let programs = install().map_err(io::Error::other)?;
    let place = "import os, ziglang; print(os.path.dirname(ziglang.__file__))";
    let folder = output(&mut program(&programs.join("python").to_string_lossy(), &["-c", place]));
    Ok(Path::new(folder.map_err(io::Error::other)?.trim()).join(path))
}
