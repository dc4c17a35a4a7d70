//! `cargo xtask soak`: mixed traffic for as long as one wants, in Rust and in each runtime at the same time.
//!
//! What it is and what it asserts is in `heliogram/tests/soak.rs` and `node/test/soak/`.

use crate::cargo::{cargo, output};
use crate::package::platforms::folder;
use crate::package::runtimes::{Node, OTHERS, VERSIONS, program_from_npm};
use crate::package::{host_addon, npm};
use crate::steps::Steps;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::thread::{self, JoinHandle};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long
    #[arg(long, default_value_t = 20)]
    minutes: u32,
    /// Only here: rust, node22, node24, node26, deno or bun; may be repeated
    #[arg(long)]
    runtime: Vec<String>,
    /// How much of one processor core all of it may use
    #[arg(long, default_value_t = CORES)]
    cores: f64,
}

const CORES: f64 = 0.4;

/// How long `cargo xtask test --all` has it run.
const MINUTES: u32 = 3;

pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    let all = names();
    if let Some(unknown) = options.runtime.iter().find(|name| !all.contains(name)) {
        return Err(format!("no runtime {unknown}; there are: {}", all.join(", ")));
    }
    let is_chosen = |name: &String| options.runtime.is_empty() || options.runtime.contains(name);
    let chosen: Vec<_> = all.into_iter().filter(is_chosen).collect();
    host_addon::build()?;
    npm::install()?;
    println!("{} minutes of traffic in {}", options.minutes, chosen.join(", "));
    println!("{}", soak(&chosen, options.minutes, options.cores)?);
    Ok(ExitCode::SUCCESS)
}

/// The step of `cargo xtask test --all`, which has built the addon.
pub(crate) fn check(steps: &mut Steps) {
    steps.check("soak", |_| soak(&names(), MINUTES, CORES));
}

fn names() -> Vec<String> {
    let nodes = VERSIONS.iter().map(|version| format!("node{version}"));
    let others = OTHERS.iter().map(|(name, _)| (*name).to_owned());
    ["rust".to_owned()].into_iter().chain(nodes).chain(others).collect()
}

/// Runs all at once; the last line of each.
fn soak(names: &[String], minutes: u32, cores: f64) -> Result<String, String> {
    output(&mut rust(&["--no-run"]))?;
    let (seconds, share) = (60 * minutes, cores / names.len() as f64);
    let running: Vec<_> = names
        .iter()
        .map(|name| Ok((name, start(name, command(name, seconds, share)?)?)))
        .collect::<Result<_, String>>()?;
    let ended = running.into_iter().map(|(name, thread)| {
        let ended = thread.join().unwrap_or_else(|_| Err("its output could not be read".into()));
        ended.map(|summary| format!("{name}: {summary}")).map_err(|error| format!("{name}: {error}"))
    });
    let (passed, failed): (Vec<_>, Vec<_>) = ended.partition(Result::is_ok);
    let text = |results: Vec<Result<String, String>>| {
        results.into_iter().map(|result| format!("\n    {}", result.unwrap_or_else(|error| error))).collect::<String>()
    };
    if failed.is_empty() { Ok(text(passed)) } else { Err(text(failed)) }
}

fn command(name: &str, seconds: u32, cores: f64) -> Result<Command, String> {
    let arguments = ["test/soak/soak.js", &seconds.to_string(), &cores.to_string()];
    let other = |file: &str, start: &[&str]| {
        let mut command = Command::new(program_from_npm(name, file)?);
        command.args(start).args(arguments).current_dir(folder());
        Ok(command)
    };
    match (name, name.strip_prefix("node")) {
        ("rust", _) => {
            let mut command = rust(&["--", "--nocapture"]);
            command.env("HELIOGRAM_SOAK_SECONDS", seconds.to_string()).env("HELIOGRAM_SOAK_CORES", cores.to_string());
            Ok(command)
        }
        (_, Some(version)) => Ok(Node::from_npm(version)?.command(&[&["--expose-gc"], &arguments[..]].concat())),
        ("deno", _) => other("deno", &["run", "--allow-all", "--quiet", "--v8-flags=--expose-gc"]),
        _ => other("bin/bun", &["--expose-gc"]),
    }
}

fn rust(arguments: &[&str]) -> Command {
    let mut command = cargo(&["test", "--quiet", "--package", "heliogram", "--all-features", "--test", "soak"]);
    command.args(arguments);
    command
}

/// Starts a program, and shows its lines with its name before each; its summary, or how it has failed.
fn start(name: &str, mut command: Command) -> Result<JoinHandle<Result<String, String>>, String> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|e| format!("{command:?}: {e}"))?;
    let output = child.stdout.take().ok_or("a program without output")?;
    let name = name.to_owned();
    Ok(thread::spawn(move || {
        let mut summary = None;
        for line in BufReader::new(output).lines().map_while(Result::ok).filter(|line| line.contains("datagrams")) {
            println!("{name}: {line}");
            summary = Some(line);
        }
        let status = child.wait().map_err(|e| e.to_string())?;
        if !status.success() {
            return Err(status.to_string());
        }
        summary.filter(|line| line.contains("none lost")).ok_or_else(|| "it ended without a summary".into())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_without_a_summary_has_failed() {
        let ended = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            start("sh", command).expect("there is a shell").join().expect("no panic")
        };
        assert!(ended("echo 3 datagrams, none lost").is_ok());
        assert!(ended("echo 3 datagrams").is_err());
        assert!(ended("echo 3 datagrams, none lost; exit 1").is_err());
    }
}
