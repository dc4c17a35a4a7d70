//! The platforms of the package, as `node/npm/platforms.json` lists them.

use crate::cargo;
use serde::Deserialize;
use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::PathBuf;

/// The package's folder.
pub(crate) fn folder() -> PathBuf {
    cargo::root().join("node")
}

/// A platform that a binary is published for.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Platform {
    /// The name in the package's name: `linux-x64-gnu`.
    pub(crate) name: String,
    /// Rust's name for what its binaries are built for. For Windows it is not the ABI of the platform's name: the addon calls
    /// the system and Node-API only, whose ABI both have.
    pub(crate) target: String,
    /// Node's `process.platform`.
    pub(crate) os: String,
    /// `glibc` or `musl`, on Linux.
    pub(crate) libc: Option<String>,
    /// The oldest version of glibc or macOS that the binaries run with.
    pub(crate) oldest: Option<String>,
}

impl Platform {
    pub(crate) fn all() -> Result<Vec<Platform>, String> {
        let text = fs::read_to_string(folder().join("npm/platforms.json")).map_err(|e| e.to_string());
        let list = text.and_then(|text| serde_json::from_str(&text).map_err(|e| e.to_string()));
        list.map_err(|e| format!("npm/platforms.json: {e}"))
    }

    pub(crate) fn named(name: &str) -> Result<Platform, String> {
        let all = Platform::all()?;
        let names: Vec<_> = all.iter().map(|platform| platform.name.clone()).collect();
        let found = all.into_iter().find(|platform| platform.name == name);
        found.ok_or_else(|| format!("no platform {name:?}; npm/platforms.json has {}", names.join(", ")))
    }

    /// This machine's.
    pub(crate) fn of_host() -> Result<Platform, String> {
        Platform::named(&host_name())
    }

    /// The file name of its addon.
    pub(crate) fn addon(&self) -> String {
        format!("heliogram.{}.node", self.name)
    }

    pub(crate) fn is_musl(&self) -> bool {
        self.libc.as_deref() == Some("musl")
    }
}

/// The name of the platform that this program was built for.
fn host_name() -> String {
    let os = OS.replace("macos", "darwin").replace("windows", "win32");
    let cpu = ARCH.replace("x86_64", "x64").replace("aarch64", "arm64").replace("powerpc64", "ppc64");
    let abi = match os.as_str() {
        "linux" if cfg!(target_env = "musl") => "-musl",
        "linux" => "-gnu",
        "win32" => "-msvc",
        _ => "",
    };
    format!("{os}-{cpu}{abi}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_has_its_own_name_and_target() {
        let all = Platform::all().expect("the list");
        for (i, platform) in all.iter().enumerate() {
            let others = || all[..i].iter();
            assert!(others().all(|other| other.name != platform.name && other.target != platform.target));
            assert_eq!(Platform::named(&platform.name), Ok(platform.clone()));
        }
    }

    #[test]
    fn a_name_that_is_not_listed_is_an_error_with_those_that_are() {
        let error = Platform::named("plan9-mips").expect_err("nobody builds for it");
        assert!(error.starts_with("no platform \"plan9-mips\"; npm/platforms.json has linux-x64-gnu, "), "{error}");
    }
}
