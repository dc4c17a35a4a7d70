//! `cargo xtask cross`: the library, the command and the npm package's native half compile, without a warning, for systems that this machine is not.
//!
//! Nothing is linked or run: it takes a compiler and the target's standard library, or that library's source.

use crate::cargo::{self, program};
use crate::steps::Steps;
use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// One target for each system that the library knows, besides Linux. (Windows in the flavour whose import libraries rustc
/// writes without a linker's help.)
const TARGETS: [&str; 3] = ["aarch64-apple-darwin", "x86_64-unknown-freebsd", "x86_64-pc-windows-msvc"];

const CHECK: [&str; 8] = ["check", "-p", "heliogram", "-p", "heliogram-cli", "-p", "heliogram-node", "--all-features"];

#[derive(clap::Args)]
pub(crate) struct Options {}

pub(crate) fn run(_: &Options) -> ExitCode {
    match all() {
        Ok(steps) => steps.finish(),
        Err(error) => {
            eprintln!("xtask cross: {error}");
            ExitCode::FAILURE
        }
    }
}

fn all() -> Result<Steps, String> {
    let mut steps = Steps::new(cargo::target_directory()?.join("xtask").join("cross"))?;
    check(&mut steps)?;
    Ok(steps)
}

/// One step for each target; one that this machine has no means for says so, and what to install.
pub(crate) fn check(steps: &mut Steps) -> Result<(), String> {
    let toolchains = Toolchain::all();
    for target in TARGETS {
        let name = format!("compiles for {target}");
        match toolchains.iter().find_map(|toolchain| toolchain.check(target)) {
            Some(mut command) => {
                // Own folder: another compiler's builds must not undo this one's.
                command.arg("--target-dir").arg(cargo::target_directory()?.join("cross"));
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

/// A compiler and its cargo.
struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
}

impl Toolchain {
    /// The one that runs us, then the distribution's own; those that are there and recent enough.
    fn all() -> Vec<Toolchain> {
        let own = std::env::var_os("CARGO").map(PathBuf::from);
        let places = own.into_iter().chain([PathBuf::from("/usr/bin/cargo")]);
        places.map(Toolchain::at).filter(Toolchain::is_recent).collect()
    }

    fn at(cargo: PathBuf) -> Self {
        let rustc = cargo.with_file_name(format!("rustc{EXE_SUFFIX}"));
        Toolchain { cargo, rustc }
    }

    fn is_recent(&self) -> bool {
        let version = self.says(&["--version"]).as_deref().and_then(minor);
        version >= minor(concat!("rustc ", env!("CARGO_PKG_RUST_VERSION")))
    }

    /// How to check for `target`, if this toolchain can.
    fn check(&self, target: &str) -> Option<Command> {
        if self.has_library(target) {
            return Some(self.command(target));
        }
        // Rust's own bootstrap switch: building the standard library is not stable, but for a check it serves.
        self.has_source().then(|| {
            let mut command = self.command(target);
            command.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
            command
        })
    }

    fn has_library(&self, target: &str) -> bool {
        self.says(&["--print", "target-libdir", "--target", target]).is_some_and(|path| Path::new(&path).is_dir())
    }

    fn has_source(&self) -> bool {
        let source = |root| Path::new(&root).join("lib/rustlib/src/rust/library/std/Cargo.toml");
        self.says(&["--print", "sysroot"]).is_some_and(|root| source(root).is_file())
    }

    fn command(&self, target: &str) -> Command {
        let mut command = self.start(&self.cargo);
        command.args(CHECK).args(["--target", target]).env("RUSTC", &self.rustc).env("RUSTFLAGS", "-D warnings");
        command
    }

    /// What rustc prints, if it is there and content.
    fn says(&self, arguments: &[&str]) -> Option<String> {
        let output = self.start(&self.rustc).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    }

    /// A program of this toolchain, without the library path that cargo has set for its own.
    fn start(&self, path: &Path) -> Command {
        let mut command = program(&path.to_string_lossy(), &[]);
        command.env_remove("LD_LIBRARY_PATH");
        command
    }
}

/// The 88 of "rustc 1.88.0 (...)".
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(minor("rustc 1.88.0 (6b00bc388 2025-06-23)"), Some(88));
        assert_eq!(minor("rustc 1.100"), Some(100));
        assert_eq!(minor("rustc 2.0"), None);
    }

    #[test]
    fn the_compiler_that_built_this_is_recent_and_knows_its_own_target() {
        let own = Toolchain::all();
        let own = own.first().expect("cargo runs the tests and names itself");
        let host = own.says(&["--print", "host-tuple"]).expect("rustc names its own target");
        let command = own.check(&host).expect("a compiler has its own target's library");
        assert!(command.get_args().all(|argument| argument != "-Zbuild-std=std,panic_abort"));
    }

    #[test]
    fn a_toolchain_that_is_not_there_checks_nothing() {
        let none = Toolchain::at("/no/such/cargo".into());
        assert!(!none.is_recent());
        assert!(TARGETS.iter().all(|target| none.check(target).is_none()));
    }
}
