//! The platforms of the package, as `node/npm/platforms.json` lists them.

use crate::cargo;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// The package's folder.
pub(crate) fn folder() -> PathBuf {
    cargo::root().join("node")
}

/// A platform that a binary is published for.
pub(crate) struct Platform {
    /// The name in the package's name: `linux-x64-gnu`.
    pub(crate) name: String,
    /// Rust's name for it: `x86_64-unknown-linux-gnu`.
    pub(crate) target: String,
}

impl Platform {
    pub(crate) fn all() -> Result<Vec<Platform>, String> {
        let text = fs::read_to_string(folder().join("npm/platforms.json"));
        let list = text.map_err(|e| e.to_string()).and_then(|text| parse(&text));
        list.map_err(|e| format!("npm/platforms.json: {e}"))
    }

    /// The one that the compiler builds for by default.
    pub(crate) fn of_host() -> Result<Platform, String> {
        let target = cargo::host_target()?;
        let found = Platform::all()?.into_iter().find(|platform| platform.target == target);
        found.ok_or_else(|| format!("npm/platforms.json has no entry for {target}"))
    }

    /// The file's name of its binary.
    pub(crate) fn binary(&self) -> String {
        format!("heliogram.{}.node", self.name)
    }
}

fn parse(text: &str) -> Result<Vec<Platform>, String> {
    let list: Vec<Value> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    list.iter().map(platform).collect()
}

fn platform(entry: &Value) -> Result<Platform, String> {
    let text = |key: &str| entry[key].as_str().map(String::from).ok_or_else(|| format!("{entry} has no {key}"));
    Ok(Platform { name: text("name")?, target: text("target")? })
}
