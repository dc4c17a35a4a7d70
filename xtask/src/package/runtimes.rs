//! The runtimes that run the package: Node, Deno and Bun.

use super::host_addon;
use super::npm;
use super::platforms::folder;
use crate::cargo::output;
use std::env::consts::{ARCH, EXE_SUFFIX, OS};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The versions of Node that the tests take from npm, whatever Node the machine has.
pub(crate) const VERSIONS: [&str; 3] = ["22", "24", LATEST];
pub(crate) const LATEST: &str = "26";

/// Other versions, for `--all`: both neighbours of each change of Node's dgram, and the newest of each line.
pub(crate) const OLD: [&str; 10] =
    ["22.0", "22.23", "24.0", "24.16", "24.18", "24.19", "24.20", "24.22", "26.0", "26.12"];

/// The other runtimes, each with its program in the npm package of a platform.
pub(crate) const OTHERS: [(&str, &str); 2] = [("deno", "deno"), ("bun", "bin/bun")];

/// The lowest Deno and Bun that heliogram takes the place of, beside [`OLD`].
pub(crate) const LOWEST_OTHERS: [(&str, &str); 2] = [("deno2.8", "deno"), ("bun1.2", "bin/bun")];

/// How long one test file may take, in ms.
const FILE_LIMIT: &str = "300000";

/// A Node to run things on.
pub(crate) struct Node {
    pub(crate) program: PathBuf,
    pub(crate) version: String,
}

impl Node {
    pub(crate) fn new(program: PathBuf) -> Result<Self, String> {
        let version = output(Command::new(&program).arg("--version"))?.trim().to_string();
        Ok(Node { program, version })
    }

    pub(crate) fn from_npm(version: &str) -> Result<Self, String> {
        Node::new(program_from_npm(&format!("node{version}"), "bin/node")?)
    }

    /// One of [`OLD`], from a folder of its own: they take 2 GB.
    pub(crate) fn old(version: &str) -> Result<Self, String> {
        Node::new(program_in("old-runtimes", &format!("node{version}"), "bin/node")?)
    }

    /// The one that the machine has.
    pub(crate) fn host() -> Result<Self, String> {
        Node::new("node".into())
    }

    /// Runs it in the package's folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(folder());
        command
    }

    /// Runs a program of `examples/` with heliogram in the place of `node:dgram`.
    pub(crate) fn example(&self, name: &str) -> Command {
        self.command(&["--import", "heliogram/register", &format!("examples/{name}")])
    }

    /// Runs test files.
    pub(crate) fn test(&self, files: &[PathBuf]) -> Command {
        let mut command =
            self.command(&["--test", "--test-timeout", FILE_LIMIT, "--test-reporter", "./test/reporter.mjs"]);
        command.args(files);
        // The tests start programs by this one, which the kernel then refuses system calls.
        command.envs(std::env::current_exe().map(|program| ("HELIOGRAM_TEST_LAUNCHER", program)));
        command
    }
}

/// A program of an npm package in `test/runtimes`, which has one package for each platform.
pub(crate) fn program_from_npm(name: &str, file: &str) -> Result<PathBuf, String> {
    program_in("runtimes", name, file)
}

/// The same in a folder of `test`.
pub(crate) fn program_in(runtimes: &str, name: &str, file: &str) -> Result<PathBuf, String> {
    let arch = ARCH.replace("x86_64", "x64").replace("aarch64", "arm64");
    let program = folder().join(format!("test/{runtimes}/node_modules/{name}-{OS}-{arch}/{file}{EXE_SUFFIX}"));
    if program.exists() { Ok(program) } else { Err(format!("test/{runtimes} has no {name} for {OS} {arch}")) }
}

/// The `--runtime` arguments of the bench, with the addon built: the latest Node, and Deno and Bun where npm has them.
pub(crate) fn for_bench() -> Result<Vec<String>, String> {
    host_addon::build()?;
    npm::install()?;
    let others =
        OTHERS.iter().filter_map(|(name, file)| Some(bench_argument(name, &program_from_npm(name, file).ok()?)));
    Ok([bench_argument("node", &Node::from_npm(LATEST)?.program)].into_iter().chain(others).collect())
}

/// A runtime as the bench takes it.
pub(crate) fn bench_argument(name: &str, program: &Path) -> String {
    format!("{name}={}", program.display())
}
