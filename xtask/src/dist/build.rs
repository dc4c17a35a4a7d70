//! How the binaries of a platform are built: cargo with zig as the linker.

use super::rules;
use crate::cargo;
use crate::package::platforms::Platform;
use crate::tools::toolchain::Toolchain;
use crate::tools::zig;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

pub(crate) struct Build {
    platform: Platform,
    toolchain: Toolchain,
    zig: PathBuf,
    /// Libraries that stand for those of the system when it links.
    stubs: PathBuf,
    target_directory: PathBuf,
}

impl Build {
    /// An error if this machine cannot have a compiler or a linker for the platform.
    pub(crate) fn new(platform: &Platform) -> Result<Self, String> {
        let toolchain = Toolchain::for_target(&platform.target)?;
        let target_directory = cargo::target_directory()?;
        let zig = zig::install()?;
        let stubs = libnode()?;
        libsystem(&stubs).map_err(|e| format!("libSystem: {e}"))?;
        Ok(Build { platform: platform.clone(), toolchain, zig, stubs, target_directory })
    }

    pub(crate) fn addon(&self) -> Command {
        // A library that is loaded into a program uses the program's C library.
        let mut flags = vec!["-Ctarget-feature=-crt-static"];
        if self.is_macos() {
            // Else the library's own name is the path of the build.
            flags.extend(["-Clink-arg=-install_name", "-Clink-arg=@rpath/heliogram.node"]);
        }
        self.cargo("heliogram-node", &flags)
    }

    pub(crate) fn command(&self) -> Command {
        self.cargo("heliogram-cli", &[])
    }

    fn cargo(&self, package: &str, flags: &[&str]) -> Command {
        // zig's own linker for macOS keeps every symbol and the path of the build; LLVM's does not.
        let subcommand = if self.is_macos() { "build" } else { "zigbuild" };
        let mut command = self.toolchain.cargo(subcommand, &self.platform.target);
        zig::add_to_path(&mut command, &self.zig);
        command.args(["--release", "--package", package, "--target", &self.zig_target()]);
        command.args(["--config", "profile.release.strip=\"symbols\""]);
        command.env("CARGO_ENCODED_RUSTFLAGS", self.flags(flags).join("\u{1f}"));
        command.envs(self.environment());
        command
    }

    fn environment(&self) -> Option<(&str, &OsStr)> {
        match self.platform.os.as_str() {
            "darwin" => Some(("MACOSX_DEPLOYMENT_TARGET", self.platform.oldest.as_ref()?.as_ref())),
            "win32" => Some(("LIBNODE_PATH", self.stubs.as_ref())),
            _ => None,
        }
    }

    fn is_macos(&self) -> bool {
        self.platform.os == "darwin"
    }

    /// zig takes the version of glibc as the end of the target's name.
    fn zig_target(&self) -> String {
        match (&self.platform.libc, &self.platform.oldest) {
            (Some(_), Some(oldest)) => format!("{}.{oldest}", self.platform.target),
            _ => self.platform.target.clone(),
        }
    }

    /// No path of this machine stays in a binary.
    fn flags(&self, flags: &[&str]) -> Vec<String> {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).unwrap_or_default();
        let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
        let mut all: Vec<_> = flags.iter().map(ToString::to_string).collect();
        all.extend([remap(&home, "cargo"), remap(&cargo::root(), "heliogram")]);
        if self.is_macos() {
            all.extend(["-Clinker=rust-lld", "-Clinker-flavor=ld64.lld"].map(String::from));
            // Without the names of the objects, which rustc leaves to a program that only macOS has.
            all.extend([format!("-Clink-arg=-L{}", self.stubs.display()), "-Clink-arg=-S".into()]);
        }
        all
    }

    /// The addon that cargo has built; an error if it breaks a rule, or with a note about it.
    pub(crate) fn checked_addon(&self) -> Result<(PathBuf, String), String> {
        let file = self.file("heliogram_node", true)?;
        let note = rules::addon(&file, &self.platform)?;
        Ok((file, note))
    }

    pub(crate) fn checked_command(&self) -> Result<(PathBuf, String), String> {
        let file = self.file("heliogram", false)?;
        let note = rules::command(&file, &self.platform)?;
        Ok((file, note))
    }

    /// The file of this name that cargo has built.
    fn file(&self, name: &str, is_library: bool) -> Result<PathBuf, String> {
        let (prefix, ending) = match (self.platform.os.as_str(), is_library) {
            ("win32", true) => ("", ".dll"),
            ("win32", false) => ("", ".exe"),
            ("darwin", true) => ("lib", ".dylib"),
            (_, true) => ("lib", ".so"),
            (_, false) => ("", ""),
        };
        let folder = self.target_directory.join(&self.platform.target).join("release");
        let file = folder.join(format!("{prefix}{name}{ending}"));
        if file.is_file() { Ok(file) } else { Err(format!("cargo has not built {}", file.display())) }
    }
}

/// The folder with an empty library of Node-API for Windows. The build script of `napi` links one, though the addon looks every
/// function up when it is loaded.
pub(crate) fn libnode() -> Result<PathBuf, String> {
    let folder = cargo::target_directory()?.join("xtask").join("stubs");
    let write = || -> io::Result<()> {
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("libnode.dll"), "")?;
        fs::write(folder.join("libnode.a"), "!<arch>\n")
    };
    write().map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(folder)
}

/// Puts zig's description of macOS's one library into the folder, under each of its names. LLVM's linker does not know zig's
/// newest name of ARM, and asks for the plain one.
fn libsystem(folder: &Path) -> io::Result<()> {
    let system = fs::read_to_string(zig::file("lib/libc/darwin/libSystem.tbd")?)?.replace("arm64e.x1-", "arm64-");
    let names = ["System", "c", "m", "iconv"];
    names.iter().try_for_each(|name| fs::write(folder.join(format!("lib{name}.tbd")), &system))
}
