//! Rust compilers of this machine, and the targets that they build for.

use crate::cargo::program;
use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A compiler and its cargo.
pub(crate) struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
}

impl Toolchain {
    /// The one that runs us, then the distribution's own; those that are there and recent enough.
    pub(crate) fn all() -> Vec<Toolchain> {
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

    /// The first that can build for `target`. Asks rustup for the target's library if none has it.
    pub(crate) fn for_target(target: &str) -> Result<Toolchain, String> {
        let find = || Toolchain::all().into_iter().find(|toolchain| toolchain.has_library(target));
        let ask = || program("rustup", &["target", "add", target]).output().is_ok();
        let found = find().or_else(|| ask().then(find)?);
        let found = found.or_else(|| Toolchain::all().into_iter().find(Toolchain::has_source));
        found.ok_or_else(|| format!("no compiler here has it; install it with: rustup target add {target}"))
    }

    /// Cargo's subcommand, with what it takes to build for `target`.
    pub(crate) fn cargo(&self, subcommand: &str, target: &str) -> Command {
        let mut command = self.start(&self.cargo);
        command.arg(subcommand).env("RUSTC", &self.rustc);
        self.build_library(&mut command, target);
        command
    }

    /// cargo-zigbuild's subcommand, for the same; `programs` is the folder of it and of zig.
    pub(crate) fn cargo_zigbuild(&self, programs: &Path, subcommand: &str, target: &str) -> Command {
        let mut command = self.start(&programs.join("cargo-zigbuild"));
        command.arg(subcommand).env("CARGO", &self.cargo).env("RUSTC", &self.rustc);
        self.build_library(&mut command, target);
        command
    }

    fn build_library(&self, command: &mut Command, target: &str) {
        if !self.has_library(target) {
            // `-Zbuild-std` is unstable; RUSTC_BOOTSTRAP lets a stable compiler take it.
            command.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
        }
    }

    fn has_library(&self, target: &str) -> bool {
        self.says(&["--print", "target-libdir", "--target", target]).is_some_and(|path| Path::new(&path).is_dir())
    }

    fn has_source(&self) -> bool {
        let source = |root| Path::new(&root).join("lib/rustlib/src/rust/library/std/Cargo.toml");
        self.says(&["--print", "sysroot"]).is_some_and(|root| source(root).is_file())
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
        let command = own.cargo("check", &host);
        assert!(command.get_args().all(|argument| argument != "-Zbuild-std=std,panic_abort"));
    }

    #[test]
    fn a_toolchain_that_is_not_there_builds_nothing() {
        let none = Toolchain::at("/no/such/cargo".into());
        assert!(!none.is_recent());
        assert!(!none.has_library("aarch64-apple-darwin") && !none.has_source());
    }
}
