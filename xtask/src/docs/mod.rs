//! `cargo xtask docs`: the documentation site, and a check of the links in all documents.

mod picture;

use crate::cargo::{self, program};
use crate::package::npm;
use crate::steps::Steps;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Where the site is written, below cargo's target directory.
const SITE: &str = "docs";

pub(crate) fn run() -> Result<ExitCode, String> {
    let site = cargo::target_directory()?.join(SITE);
    let mut steps = Steps::new("site")?;
    steps.check("picture", |_| picture::write(&folder()));
    steps.check("npm packages", |_| npm::install_in(&folder()).map(|()| String::new()));
    let mut build = npm(&["run", "build", "--", "--outDir"]);
    build.arg(&site);
    steps.run("site", build);
    steps.run("links", npm(&["run", "links"]));
    println!("\n{}", site.join("index.html").display());
    Ok(steps.finish())
}

fn folder() -> PathBuf {
    cargo::root().join("docs")
}

fn npm(arguments: &[&str]) -> Command {
    let mut command = program(npm::PROGRAM, arguments);
    command.current_dir(folder());
    command
}
