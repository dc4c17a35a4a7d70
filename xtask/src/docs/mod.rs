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
    let mut steps = Steps::new("site")?;
    build(&mut steps)?;
    println!("\n{}", site()?.join("index.html").display());
    Ok(steps.finish())
}

/// Draws the README's picture, builds the site, and checks the links of all documents.
pub(crate) fn build(steps: &mut Steps) -> Result<(), String> {
    steps.check("picture", |_| draw_picture());
    steps.check("npm packages of the site", |_| npm::install_in(&folder()).map(|()| String::new()));
    let mut build = npm(&["run", "build", "--", "--outDir"]);
    build.arg(site()?);
    steps.run("site", build);
    steps.run("links", npm(&["run", "links"]));
    Ok(())
}

/// Draws the README's picture from the benchmark's table.
pub(crate) fn draw_picture() -> Result<String, String> {
    picture::write(&folder())
}

fn site() -> Result<PathBuf, String> {
    Ok(cargo::target_directory()?.join(SITE))
}

fn folder() -> PathBuf {
    cargo::root().join("docs")
}

fn npm(arguments: &[&str]) -> Command {
    let mut command = program(npm::PROGRAM, arguments);
    command.current_dir(folder());
    command
}
