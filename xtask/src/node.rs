//! The npm package: its binary, what npm installs for it, its tests on every Node.

use crate::bench;
use crate::cargo::{self, cargo, succeed};
use crate::demo::Server;
use crate::steps::Steps;
use serde_json::Value;
use std::env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX, OS};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The versions that the tests take from npm, whatever Node the machine has.
const VERSIONS: [&str; 3] = ["22", "24", LATEST];
const LATEST: &str = "26";

/// The other runtimes, each with its program in the npm package of a platform. Their tests are driven by the latest Node,
/// whose own dgram is the measure there too.
const OTHERS: [(&str, &str); 2] = [("deno", "deno"), ("bun", "bin/bun")];

/// What the other runtimes are tested with: what a program sees, of Node's sockets and beyond, and that nothing is left behind.
const FOR_OTHERS: [&str; 5] =
    ["test/behaviour/", "test/extras/", "test/lifetime/", "test/unix-datagram/", "test/workers/"];

/// The test of the types, which no Node runs differently.
const TYPES: &str = "types/types.test.js";

/// How long one file of tests may take, in ms: a process that does not end fails its file, and not the whole run.
const FILE_LIMIT: &str = "300000";

/// The programs that the demo shows beside the server.
const CLIENTS: [&str; 3] = ["send.mjs", "send-parts.mjs", "send-connected.mjs"];

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

#[derive(clap::Args)]
pub(crate) struct Options {}

/// `cargo xtask build`.
pub(crate) fn run(_: &Options) -> ExitCode {
    match build() {
        Ok(file) => {
            println!("{}: require('./node') works now", file.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("xtask build: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The package's folder.
fn package() -> PathBuf {
    cargo::root().join("node")
}

/// Builds the addon and puts it where the package's loader looks first.
fn build() -> Result<PathBuf, String> {
    succeed(&mut compile())?;
    place()
}

fn compile() -> Command {
    cargo(&["build", "--release", "--package", "heliogram-node"])
}

fn place() -> Result<PathBuf, String> {
    let built = cargo::target_directory()?.join("release").join(format!("{DLL_PREFIX}heliogram_node{DLL_SUFFIX}"));
    let file = package().join(format!("heliogram.{}.node", platform()?));
    replace(&built, &file).map_err(|e| format!("{} to {}: {e}", built.display(), file.display()))?;
    Ok(file)
}

/// Not a copy onto the old file: a process that has that one mapped would run into the new one's code.
fn replace(from: &Path, to: &Path) -> std::io::Result<()> {
    let beside = to.with_extension("new");
    fs::copy(from, &beside)?;
    fs::rename(beside, to)
}

/// The package's name for the platform that we build for, `linux-x64-gnu`.
fn platform() -> Result<String, String> {
    let target = host_target()?;
    let list =
        fs::read_to_string(package().join("npm/platforms.json")).map_err(|e| format!("npm/platforms.json: {e}"))?;
    let platforms: Vec<Value> = serde_json::from_str(&list).map_err(|e| format!("npm/platforms.json: {e}"))?;
    let found = platforms.iter().find(|platform| platform["target"] == target.as_str());
    let name = found.and_then(|platform| platform["name"].as_str());
    name.map(String::from).ok_or_else(|| format!("npm/platforms.json has no entry for {target}"))
}

fn host_target() -> Result<String, String> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let text = output(&mut cargo::program(&rustc, &["-vV"]))?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(String::from).ok_or_else(|| "rustc -vV names no host".into())
}

/// Everything that npm has for us, in both folders that have a lock file.
fn install() -> Result<(), String> {
    for folder in [package(), package().join("test/runtimes")] {
        install_in(&folder).map_err(|e| format!("npm ci in {}: {e}", folder.display()))?;
    }
    Ok(())
}

/// As the lock file says, unless that has been done: then the folder holds a copy of the same lock file.
fn install_in(folder: &Path) -> Result<(), String> {
    let lock = fs::read(folder.join("package-lock.json")).map_err(|e| format!("package-lock.json: {e}"))?;
    let done = folder.join("node_modules/.installed-lock.json");
    if fs::read(&done).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    output(cargo::program(NPM, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder))?;
    fs::write(&done, lock).map_err(|e| format!("{}: {e}", done.display()))
}

/// A Node to run things on.
struct Runtime {
    program: PathBuf,
    version: String,
}

impl Runtime {
    fn new(program: PathBuf) -> Result<Self, String> {
        let version = output(Command::new(&program).arg("--version"))?.trim().to_string();
        Ok(Runtime { program, version })
    }

    fn from_npm(version: &str) -> Result<Self, String> {
        Runtime::new(program_from_npm(&format!("node{version}"), "bin/node")?)
    }

    /// The one that the machine has.
    fn host() -> Result<Self, String> {
        Runtime::new("node".into())
    }

    /// This Node, in the package's folder.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(package());
        command
    }

    /// A program of `examples/`, with heliogram in the place of `node:dgram`.
    fn example(&self, name: &str) -> Command {
        self.command(&["--import", "heliogram/register", &format!("examples/{name}")])
    }

    fn test(&self, files: &[PathBuf]) -> Command {
        let mut command =
            self.command(&["--test", "--test-timeout", FILE_LIMIT, "--test-reporter", "./test/reporter.mjs"]);
        command.args(files);
        command
    }
}

/// A program of an npm package under `test/runtimes`, which has one for each platform.
fn program_from_npm(name: &str, file: &str) -> Result<PathBuf, String> {
    let arch = ARCH.replace("x86_64", "x64").replace("aarch64", "arm64");
    let program = package().join(format!("test/runtimes/node_modules/{name}-{OS}-{arch}/{file}"));
    if program.exists() { Ok(program) } else { Err(format!("test/runtimes has no {name} for {OS} {arch}")) }
}

/// The package's part of `cargo xtask test`.
pub(crate) fn test(steps: &mut Steps) {
    steps.check("npm packages", |_| install().map(|()| String::new()));
    steps.run("addon", compile());
    steps.check("addon in its place", |_| place().map(|file| file.display().to_string()));
    let files = test_files();
    let (types, others): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.ends_with(TYPES));
    test_on(steps, "types", Runtime::from_npm(LATEST), &types);
    for version in VERSIONS {
        test_on(steps, &format!("Node {version}"), Runtime::from_npm(version), &others);
    }
    let for_others: Vec<_> = others.iter().filter(|file| is_for_others(file)).cloned().collect();
    for (name, file) in OTHERS {
        test_other(steps, name, file, &for_others);
    }
    let (any, _): (Vec<_>, Vec<_>) = others.into_iter().partition(|file| is_for_any_node(file));
    test_on(steps, "the machine's Node", Runtime::host(), &any);
}

/// Whether a file asks nothing of the version: in an older Node than those above the package is the host's own dgram, and
/// what must hold there is that it can be had and used in every way.
fn is_for_any_node(file: &Path) -> bool {
    file.parent().and_then(Path::file_name).is_some_and(|folder| folder == "test" || folder == "clients")
}

fn is_for_others(file: &Path) -> bool {
    let text = file.to_string_lossy().replace('\\', "/");
    FOR_OTHERS.iter().any(|part| text.contains(part))
}

/// The tests in Node of what runs in another runtime.
fn test_other(steps: &mut Steps, name: &str, file: &str, files: &[PathBuf]) {
    let found = program_from_npm(name, file).and_then(|other| Ok((Runtime::from_npm(LATEST)?, other)));
    match found {
        Ok((node, other)) => {
            let mut command = node.test(files);
            command.env("HELIOGRAM_TEST_RUNTIME", other);
            steps.run(name, command);
        }
        Err(error) => steps.check(name, |_| Err(error)),
    }
}

fn test_on(steps: &mut Steps, title: &str, runtime: Result<Runtime, String>, files: &[PathBuf]) {
    match runtime {
        Ok(runtime) => steps.run(&format!("{title}, {}", runtime.version), runtime.test(files)),
        Err(error) => steps.check(title, |_| Err(error)),
    }
}

/// The package's part of `cargo xtask demo`: the manual's examples, then ten seconds of comparison.
pub(crate) fn demo() -> Result<(), String> {
    println!("\nbuilding the addon, fetching what npm has for it ...");
    build()?;
    install()?;
    let node = Runtime::from_npm(LATEST).or_else(|_| Runtime::host())?;
    println!("\n# the same on Node {}: node --import heliogram/register examples/server.mjs", node.version);
    let server = Server::start(node.example("server.mjs"))?;
    for client in CLIENTS {
        println!("\n# node --import heliogram/register examples/{client}");
        succeed(&mut node.example(client))?;
        server.expect("server got: Some bytes from 127.0.0.1:")?;
    }
    compare(&node)
}

/// What the demo shows of the bench.
const COMPARISON: [&str; 8] = [
    "--only=js receive",
    "--only=js send",
    "--only=js round trip",
    "--who=heliogram",
    "--size=256",
    "--rounds=3",
    "--milliseconds=150",
    "--output=target/demo",
];

fn compare(node: &Runtime) -> Result<(), String> {
    if OS != "linux" {
        println!("\nSKIPPED: ten seconds of node:dgram and heliogram in turn; the bench runs on Linux only");
        return Ok(());
    }
    println!("\n# ten seconds of node:dgram and heliogram in turn: cargo xtask bench {}", COMPARISON.join(" "));
    succeed(bench::command(&[for_bench("node", &node.program)]).args(COMPARISON))
}

/// What the bench is to be told when the addon is in its place: the runtimes that the tests have, from npm; Deno and Bun
/// where npm has them for this platform.
pub(crate) fn runtimes_for_bench() -> Result<Vec<String>, String> {
    build()?;
    install()?;
    let others = OTHERS.iter().filter_map(|(name, file)| Some(for_bench(name, &program_from_npm(name, file).ok()?)));
    Ok([for_bench("node", &Runtime::from_npm(LATEST)?.program)].into_iter().chain(others).collect())
}

/// A runtime as the bench takes it.
fn for_bench(name: &str, program: &Path) -> String {
    format!("{name}={}", program.display())
}

/// Every `*.test.js` of the package, in order.
fn test_files() -> Vec<PathBuf> {
    let mut folders = vec![package().join("test")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            match path.file_name().and_then(|name| name.to_str()) {
                Some("node_modules") | None => {}
                Some(_) if path.is_dir() => folders.push(path),
                Some(name) if name.ends_with(".test.js") => files.push(path),
                Some(_) => {}
            }
        }
    }
    files.sort();
    files
}

/// What a program printed, or what went wrong in its own words.
fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(format!("{}{}{command:?}: {}", text(&output.stdout), text(&output.stderr), output.status))
}
