//! Starting cargo, and asking it about this workspace.

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// The folder of the workspace, however deep below it the command was typed.
pub(crate) fn root() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.parent().map_or(own.clone(), PathBuf::from)
}

/// A program, to be run in the folder of the workspace.
pub(crate) fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(root());
    command
}

/// The cargo that runs us, so that one toolchain does everything.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let name = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    program(&name, arguments)
}

/// The features of a package of this workspace, `default` left out.
pub(crate) fn features(package: &str) -> Result<Vec<String>, String> {
    let package = manifest(package)?;
    let features = package["features"].as_object().ok_or("cargo metadata lists no features")?;
    Ok(features.keys().filter(|name| *name != "default").cloned().collect())
}

/// The oldest Rust that a package of this workspace is for.
pub(crate) fn rust_version(package: &str) -> Result<String, String> {
    let package = manifest(package)?;
    package["rust_version"].as_str().map(String::from).ok_or_else(|| "cargo metadata names no rust-version".into())
}

fn manifest(package: &str) -> Result<Value, String> {
    let metadata = metadata()?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    let found = packages.iter().find(|p| p["name"] == package).cloned();
    found.ok_or_else(|| format!("the workspace has no package {package}"))
}

/// Where cargo puts what it builds.
pub(crate) fn target_directory() -> Result<PathBuf, String> {
    let metadata = metadata()?;
    let directory = metadata["target_directory"].as_str();
    directory.map(PathBuf::from).ok_or_else(|| "cargo metadata names no target directory".into())
}

fn metadata() -> Result<Value, String> {
    let output = cargo(&["metadata", "--no-deps", "--format-version=1"]).output();
    let output = output.map_err(|e| format!("cargo metadata: {e}"))?;
    serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))
}

/// Runs a command that prints its own errors, and ends as it ends.
pub(crate) fn exit_code(command: &mut Command) -> ExitCode {
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => u8::try_from(status.code().unwrap_or(1)).map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => {
            eprintln!("{command:?}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a program whose output stays visible.
pub(crate) fn succeed(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("{command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}

/// What a program printed, or what went wrong in its own words.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(format!("{}{}{command:?}: {}", text(&output.stdout), text(&output.stderr), output.status))
}
