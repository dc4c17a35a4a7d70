//! `cargo xtask walk`: the files whose lines run for a received and for a sent datagram in Node, as docs/architecture.md lists
//! them.
//!
//! Lines of Rust are those of the optimised addon, inlined ones too, that `valgrind --tool=callgrind` sees after a warm-up; functions of
//! JavaScript those that V8's coverage counts meanwhile (`node/bench/walk.mjs`).

use crate::cargo::{self, cargo, output};
use crate::package::npm;
use crate::package::runtimes::{LATEST, Node};
use std::collections::BTreeSet;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Folders of product code.
const FOLDERS: [&str; 3] = ["heliogram/src/", "node/src/", "node/lib/"];

/// Runs only for slow listeners, as all are under valgrind.
const OF_SLOW_LISTENERS: &str = "node/src/ffi/cpu_time.rs";

pub(crate) fn run() -> Result<ExitCode, String> {
    npm::install()?;
    let addon = build()?;
    let node = Node::from_npm(LATEST)?;
    for direction in ["receive", "send"] {
        let files = crossed(&node, &addon, direction)?;
        println!("{direction}: {} files", files.len());
        files.iter().for_each(|file| println!("    {file}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The optimised addon with the places of its lines, in a folder of its own.
fn build() -> Result<PathBuf, String> {
    let target = cargo::target_directory()?.join("walk");
    let mut command =
        cargo(&["build", "--release", "--package", "heliogram-node", "--config", "profile.release.debug=1"]);
    output(command.arg("--target-dir").arg(&target))?;
    let built = target.join("release").join(format!("{DLL_PREFIX}heliogram_node{DLL_SUFFIX}"));
    let addon = target.join("heliogram.node");
    fs::copy(&built, &addon).map_err(|e| format!("{}: {e}", built.display()))?;
    Ok(addon)
}

fn crossed(node: &Node, addon: &Path, direction: &str) -> Result<BTreeSet<String>, String> {
    let profile = addon.with_extension(direction);
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--instr-atstart=no", "--quiet"]);
    command.arg(format!("--callgrind-out-file={}", profile.display()));
    command.arg(&node.program).args(["bench/walk.mjs", direction]).current_dir(cargo::root().join("node"));
    let scripts = output(command.env("HELIOGRAM_BINARY", addon))?;
    // The program has asked for the first dump; another follows when it ends.
    let dump = format!("{}.1", profile.display());
    let lines = fs::read_to_string(&dump).map_err(|e| format!("{dump}: {e}"))?;
    let files = scripts.lines().map(String::from).chain(files_of(&lines));
    Ok(files.filter_map(|file| product(&file)).filter(|file| file != OF_SLOW_LISTENERS).collect())
}

/// The path from the root of a file of the product.
fn product(file: &str) -> Option<String> {
    let root = cargo::root();
    let path = Path::new(file).strip_prefix(&root).unwrap_or(Path::new(file)).to_str()?;
    FOLDERS.iter().any(|folder| path.starts_with(folder)).then(|| path.replace('\\', "/"))
}

/// The files of which callgrind counts lines: `fl`, `fi` and `fe` name the file of the lines below, by a number or with the name
/// that the number has from now on. A line below `calls` counts for the file that is called.
fn files_of(profile: &str) -> BTreeSet<String> {
    let (mut names, mut files) = (std::collections::HashMap::new(), BTreeSet::new());
    let (mut current, mut is_call) = (None, false);
    for line in profile.lines() {
        let (key, value) = line.split_once('=').unwrap_or(("", line));
        match key {
            "fl" | "fi" | "fe" | "cfi" | "cfl" => {
                let (number, name) = value.split_once(' ').unwrap_or((value, ""));
                if !name.is_empty() {
                    names.insert(number.to_string(), name.to_string());
                }
                if !key.starts_with('c') {
                    current = names.get(number).cloned();
                }
            }
            "calls" => is_call = true,
            "" if is_cost(line) && !std::mem::take(&mut is_call) => files.extend(current.clone()),
            _ => {}
        }
    }
    files
}

/// Whether it is a line's number, absolute or relative to the one before, with what the line costs.
fn is_cost(line: &str) -> bool {
    line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_counts_if_a_line_of_it_does() {
        let profile = "events: Ir\nfl=(1) a.rs\nfn=(1) f\n12 3\nfi=(2) b.rs\n+1 4\ncfi=(3) c.rs\ncfn=(2) g\ncalls=1 7\n* 9\nfl=(4) d.rs\n";
        assert_eq!(files_of(profile), BTreeSet::from(["a.rs".to_string(), "b.rs".to_string()]));
    }

    #[test]
    fn files_of_others_do_not_count() {
        let own = cargo::root().join("node/src/send.rs");
        assert_eq!(product(&own.display().to_string()).as_deref(), Some("node/src/send.rs"));
        assert_eq!(product("/rustc/1/library/core/src/lib.rs"), None);
    }
}
