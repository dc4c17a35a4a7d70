//! Other processors, by qemu's emulation of Linux.

use super::attempt::{installed, library_by_zig, step};
use crate::cargo;
use crate::steps::Steps;
use crate::tools::debian;
use std::process::Command;

/// A target with the name of its emulator, and Debian's name of its processor where it needs a C library.
const TARGETS: [(&str, &str, Option<&str>); 4] = [
    ("aarch64-unknown-linux-musl", "aarch64", None),
    ("aarch64-unknown-linux-gnu", "aarch64", Some("arm64")),
    ("armv7-unknown-linux-gnueabihf", "arm", Some("armhf")),
    ("s390x-unknown-linux-gnu", "s390x", Some("s390x")),
];

const LIBRARIES: (&str, &[&str]) = ("bookworm", &["libc6", "libgcc-s1"]);

/// What qemu 7.2 does not emulate, with the beginnings of the names of the tests that need it.
const LACKS: [(&str, &[&str]); 0] = [];

pub(super) fn test(steps: &mut Steps) {
    for (target, emulator, processor) in TARGETS {
        step(steps, &format!("library for {target}"), || emulated(target, emulator, processor));
    }
}

fn emulated(target: &str, emulator: &str, processor: Option<&str>) -> Result<Command, String> {
    let program = installed(&[&format!("/usr/bin/qemu-{emulator}-static")], "qemu-user-static")?;
    let mut command = library_by_zig(target, &program)?;
    if let Some(processor) = processor {
        command.env("QEMU_LD_PREFIX", debian::root(LIBRARIES.0, processor, LIBRARIES.1)?);
    }
    command.arg("--");
    for (what, tests) in LACKS {
        println!("SKIPPED {target}: qemu has no {what}");
        tests.iter().for_each(|test| _ = command.args(["--skip", test]));
    }
    command.env("CARGO_TARGET_DIR", cargo::target_directory()?.join("platforms"));
    Ok(command)
}
