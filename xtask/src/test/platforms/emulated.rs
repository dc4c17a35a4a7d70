//! Other processors, by qemu's emulation of Linux. The unit tests of the library are run: those in `tests/` set more options than
//! qemu has.

use super::attempt::{Lacks, installed, library_by_zig, skip, step};
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

/// What qemu 7.2 does not emulate (a program that sets each of these options gets ENOPROTOOPT), with the tests that need it.
const LACKS: Lacks<'_> = &[
    ("it has no IP_MULTICAST_IF, and reads ip_mreqn wrongly", &["a_groups_address_is_not_ours"]),
    ("it has no SO_TXTIME", &["a_time_to_leave_needs_a_clock"]),
    ("it has no SO_RXQ_OVFL", &["how_many_were_lost"]),
    ("it has no SO_TIMESTAMPNS and SO_TIMESTAMPING", &["when_it_came"]),
];

pub(super) fn test(steps: &mut Steps) {
    for (target, emulator, processor) in TARGETS {
        step(steps, &format!("library for {target}"), || emulated(target, emulator, processor));
    }
}

fn emulated(target: &str, emulator: &str, processor: Option<&str>) -> Result<Command, String> {
    let program = installed(&[&format!("/usr/bin/qemu-{emulator}-static")], "qemu-user-static")?;
    let mut command = library_by_zig(target, &program, &["--lib"])?;
    if let Some(processor) = processor {
        command.env("QEMU_LD_PREFIX", debian::root(LIBRARIES.0, processor, LIBRARIES.1)?);
    }
    skip(&mut command, target, LACKS);
    Ok(command)
}
