//! `cargo xtask dist`: what is published, built and checked: the npm packages and the command's archives.

mod archive;
pub(crate) mod build;
mod rules;

use crate::cargo::{self, output, program};
use crate::package::platforms::Platform;
use crate::steps::Steps;
use build::Build;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Platforms of node/npm/platforms.json; all of them if none is given
    platforms: Vec<String>,
    /// Only the addons, not the command
    #[arg(long)]
    addons: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    let platforms = chosen(&options.platforms)?;
    let out = cargo::target_directory()?.join("dist");
    fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let mut steps = Steps::new("dist")?;
    for platform in &platforms {
        make(&mut steps, platform, &out, options.addons);
    }
    steps.check("npm packages", |_| stage(&out));
    steps.check("checksums", |_| archive::checksums(&out));
    Ok(steps.finish())
}

fn chosen(names: &[String]) -> Result<Vec<Platform>, String> {
    if names.is_empty() {
        return Platform::all();
    }
    names.iter().map(|name| Platform::named(name)).collect()
}

/// Builds and checks the binaries of a platform. Without a compiler or linker for it, the step says what is missing.
fn make(steps: &mut Steps, platform: &Platform, out: &Path, addon_alone: bool) {
    let name = &platform.name;
    match Build::new(platform) {
        Ok(build) => {
            steps.run(&format!("{name}: addon"), build.addon());
            steps.check(&format!("{name}: addon's checks"), |_| keep_addon(&build, platform, out));
            if !addon_alone {
                steps.run(&format!("{name}: command"), build.command());
                steps.check(&format!("{name}: command's checks"), |_| keep_command(&build, platform, out));
            }
        }
        Err(error) => steps.check(name, |_| Ok(format!("\n    SKIPPED {name}: {error}"))),
    }
}

/// An addon that breaks a rule is not kept.
fn keep_addon(build: &Build, platform: &Platform, out: &Path) -> Result<String, String> {
    let file = out.join(platform.addon());
    let (built, note) = build.checked_addon()?;
    fs::copy(&built, &file).map_err(|e| format!("{}: {e}", built.display()))?;
    Ok(note)
}

fn keep_command(build: &Build, platform: &Platform, out: &Path) -> Result<String, String> {
    let (built, note) = build.checked_command()?;
    archive::pack(&built, platform, out)?;
    Ok(note)
}

/// The npm packages of all platforms whose addon is there.
fn stage(out: &Path) -> Result<String, String> {
    let packages: PathBuf = out.join("npm");
    output(program("node", &["node/npm/stage.mjs"]).arg(packages).arg(out)).map(|text| text.trim().to_owned())
}
