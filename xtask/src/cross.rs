//! `cargo xtask cross`: the library, the command and the npm package's native half compile, without a warning, for systems that this machine is not.
//!
//! Nothing is linked or run: it takes a compiler and the target's standard library, or that library's source.

use crate::cargo;
use crate::steps::Steps;
use crate::tools::toolchain::Toolchain;
use std::process::ExitCode;

/// One target for each system that the library knows, besides Linux. (Windows in the flavour whose import libraries rustc
/// writes without a linker's help.)
const TARGETS: [&str; 3] = ["aarch64-apple-darwin", "x86_64-unknown-freebsd", "x86_64-pc-windows-msvc"];

const CHECK: [&str; 8] = ["check", "-p", "heliogram", "-p", "heliogram-cli", "-p", "heliogram-node", "--all-features"];

pub(crate) fn run() -> Result<ExitCode, String> {
    let mut steps = Steps::new("cross")?;
    check(&mut steps)?;
    Ok(steps.finish())
}

/// One step for each target. Without a compiler for one, the step says what to install.
pub(crate) fn check(steps: &mut Steps) -> Result<(), String> {
    let toolchains = Toolchain::all();
    for target in TARGETS {
        let name = format!("compiles for {target}");
        match toolchains.iter().find_map(|toolchain| toolchain.cargo(&CHECK, target)) {
            Some(mut command) => {
                // Own folder: another compiler's builds must not undo this one's.
                command
                    .arg("--target-dir")
                    .arg(cargo::target_directory()?.join("cross"))
                    .env("RUSTFLAGS", "-D warnings");
                steps.run(&name, command);
            }
            None => steps.check(&name, |_| Ok(skipped(target))),
        }
    }
    Ok(())
}

fn skipped(target: &str) -> String {
    format!("\n    SKIPPED {target}: no compiler here has it; install it with: rustup target add {target}")
}
