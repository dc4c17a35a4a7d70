//! Other platforms, as far as an x64 Linux can run them: other C libraries, 32 bits, other processors, Windows.

mod attempt;
mod emulated;
mod loaders;
mod package;
mod wine;

use crate::steps::Steps;
use attempt::{library, step};
use std::path::{Path, PathBuf};

/// Targets whose programs this machine runs itself: with musl they are linked statically, and need no loader.
const NATIVE: [&str; 2] = ["x86_64-unknown-linux-musl", "i686-unknown-linux-musl"];

/// What runs in a Node or Bun of another C library.
const SUITES: [&str; 3] = ["test/behaviour/", "test/extras/", "test/lifetime/"];

/// Runs the groups whose name begins so: `native`, `libc`, `qemu`, `wine`.
pub(crate) fn test(steps: &mut Steps, group: &str, files: &[PathBuf]) {
    let wanted = |name: &str| name.starts_with(group);
    if wanted("native") {
        native(steps);
    }
    if wanted("libc") {
        let files: Vec<_> = files.iter().filter(|file| is_in_suites(file)).cloned().collect();
        loaders::test(steps, &files);
    }
    if wanted("qemu") {
        emulated::test(steps);
    }
    if wanted("wine") {
        wine::test(steps);
    }
}

fn native(steps: &mut Steps) {
    for target in NATIVE {
        step(steps, &format!("library for {target}"), || library(target));
    }
}

fn is_in_suites(file: &Path) -> bool {
    SUITES.iter().any(|suite| file.to_string_lossy().contains(suite))
}
