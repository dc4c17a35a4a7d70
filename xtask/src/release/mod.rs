//! `cargo xtask release --check`: whether what the repository says of a release is complete and agrees.

mod compatibility;
mod manifests;

use crate::cargo::{cargo, output};
use crate::steps::Steps;
use manifests::{read, value};
use std::process::ExitCode;

/// The crates that are published.
const CRATES: [&str; 3] = ["heliogram", "heliogram-quinn", "heliogram-cli"];

/// What must be in each of them.
const PACKAGED: [&str; 4] = ["Cargo.toml", "README.md", "LICENSE-APACHE", "LICENSE-MIT"];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Checks and publishes nothing, which is all that this command does
    #[arg(long, required = true)]
    check: bool,
}

pub(crate) fn run(_: &Options) -> Result<ExitCode, String> {
    let mut steps = Steps::new("release")?;
    steps.check("the repository's address", |_| address(&read("Cargo.toml")?));
    steps.check("one version", |_| one_version(&read("Cargo.toml")?, &read("node/package.json")?));
    steps.check("changelog", |_| dated(&read("CHANGELOG.md")?, env!("CARGO_PKG_VERSION")));
    for name in CRATES {
        steps.check(&format!("files of the crate {name}"), |_| packaged(name));
    }
    compatibility::check(&mut steps);
    Ok(steps.finish())
}

fn address(manifest: &str) -> Result<String, String> {
    match value(manifest, "repository = \"") {
        Some(address) if address.starts_with("https://") => Ok(address.into()),
        _ => {
            Err("Cargo.toml: [workspace.package] repository: put the address of the repository there (https://...)"
                .into())
        }
    }
}

fn one_version(workspace: &str, package: &str) -> Result<String, String> {
    let versions = (value(workspace, "version = \""), value(package, "\"version\": \""));
    match versions {
        (Some(rust), Some(js)) if rust == js => Ok(rust.into()),
        (rust, js) => Err(format!("Cargo.toml has version {rust:?}, node/package.json {js:?}")),
    }
}

/// The changelog has "## 1.2.3 - 2026-01-31" or the like.
fn dated(changelog: &str, version: &str) -> Result<String, String> {
    let heading = changelog.lines().find(|line| line.starts_with("## ") && line.contains(version));
    let has_date = |line: &&str| line.split(|c: char| !(c.is_ascii_digit() || c == '-')).any(|word| word.len() == 10);
    heading.filter(has_date).map(String::from).ok_or_else(|| format!("CHANGELOG.md has no dated section for {version}"))
}

fn packaged(name: &str) -> Result<String, String> {
    let list = output(&mut cargo(&["package", "--list", "--allow-dirty", "--package", name]))?;
    let missing: Vec<_> = PACKAGED.iter().filter(|file| !list.lines().any(|line| line == **file)).collect();
    if missing.is_empty() { Ok(format!("{} files", list.lines().count())) } else { Err(format!("lacks {missing:?}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_address_is_refused() {
        assert!(address("repository = \"\"\n").is_err());
        assert_eq!(
            address("[workspace.package]\nrepository = \"https://example.org/x\"\n"),
            Ok("https://example.org/x".into())
        );
    }

    #[test]
    fn versions_must_agree() {
        assert_eq!(one_version("version = \"1.2.3\"", "{\n  \"version\": \"1.2.3\",\n}"), Ok("1.2.3".into()));
        assert!(one_version("version = \"1.2.3\"", "{\n  \"version\": \"1.2.4\",\n}").is_err());
    }

    #[test]
    fn the_changelog_names_version_and_date() {
        assert!(dated("# Changelog\n\n## 1.2.3 - 2026-01-31\n", "1.2.3").is_ok());
        assert!(dated("## Unreleased\n", "1.2.3").is_err());
        assert!(dated("## 1.2.3\n", "1.2.3").is_err());
    }
}
