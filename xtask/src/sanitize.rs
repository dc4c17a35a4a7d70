//! `cargo xtask sanitize`: the library's suites under AddressSanitizer, with leaks, and under ThreadSanitizer; the addon's hostile
//! and lifetime suites in Node under AddressSanitizer. The standard library is built with them, so that what happens in it is seen too.
//!
//! Leaks are not looked for in Node: V8 keeps pointers in memory that LeakSanitizer does not read, and at its end frees little.
//! `test/lifetime/leaks.test.js`, which measures memory, does not run there: AddressSanitizer keeps what has been freed.

use crate::cargo::{self, output, program};
use crate::package::npm;
use crate::package::runtimes::{LATEST, Node};
use crate::steps::Steps;
use crate::test::package_files;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Repeats the suites until so many minutes have passed
    #[arg(long, default_value_t = 0)]
    minutes: u64,
    /// Only this part
    part: Option<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The library under AddressSanitizer and LeakSanitizer
    Address,
    /// The library under ThreadSanitizer
    Thread,
    /// The addon in Node under AddressSanitizer
    Node,
}

const PARTS: [Part; 3] = [Part::Address, Part::Thread, Part::Node];

pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    let host = toolchain()?;
    let mut steps = Steps::new("sanitize")?;
    let chosen: Vec<_> = PARTS.into_iter().filter(|part| options.part.is_none_or(|only| only == *part)).collect();
    let suites: Vec<_> = chosen.iter().map(|part| part.prepare(&mut steps, &host)).collect::<Result<_, _>>()?;
    let start = Instant::now();
    loop {
        suites.iter().flatten().try_for_each(|suite| suite.run(&mut steps, &host))?;
        if start.elapsed() >= Duration::from_secs(60 * options.minutes) {
            return Ok(steps.finish());
        }
    }
}

/// The part of `cargo xtask test --all`.
pub(crate) fn check(steps: &mut Steps) -> Result<(), String> {
    let host = match toolchain() {
        Ok(host) => host,
        Err(error) => {
            steps.check("sanitizers", |_| Ok(format!("\n    SKIPPED sanitizers: {error}")));
            return Ok(());
        }
    };
    for part in PARTS {
        part.prepare(steps, &host)?.into_iter().try_for_each(|suite| suite.run(steps, &host))?;
    }
    Ok(())
}

/// The target of this machine, if the nightly compiler and the source of its standard library are there.
fn toolchain() -> Result<String, String> {
    let missing = "it needs nightly Rust and its source: rustup toolchain install nightly --component rust-src";
    let rustc = |arguments: &[&str]| output(nightly("rustc").args(arguments)).map_err(|_| missing.to_owned());
    let source = Path::new(rustc(&["--print", "sysroot"])?.trim()).join("lib/rustlib/src/rust/library/std");
    let host = rustc(&["--print", "host-tuple"])?;
    if source.is_dir() { Ok(host.trim().to_owned()) } else { Err(missing.into()) }
}

/// What runs once a part has been built.
enum Suite {
    Library(Sanitizer),
    Addon { addon: PathBuf, runtime: PathBuf },
}

impl Part {
    /// Builds what the part runs; nothing if that cannot run.
    fn prepare(self, steps: &mut Steps, host: &str) -> Result<Option<Suite>, String> {
        match self {
            Part::Address => library(steps, host, Sanitizer::Address),
            Part::Thread => library(steps, host, Sanitizer::Thread),
            Part::Node => addon(steps, host),
        }
    }
}

fn library(steps: &mut Steps, host: &str, sanitizer: Sanitizer) -> Result<Option<Suite>, String> {
    // The tests run the examples as programs.
    let examples = ["build", "--package", "heliogram", "--all-features", "--examples"];
    steps.run(&format!("examples for {}", sanitizer.name()), sanitizer.cargo(&examples, host)?);
    let mut build = sanitizer.cargo(&TESTS, host)?;
    build.arg("--no-run");
    steps.run(&format!("library for {}", sanitizer.name()), build);
    Ok(Some(Suite::Library(sanitizer)))
}

const TESTS: [&str; 6] = ["test", "--package", "heliogram", "--all-features", "--lib", "--tests"];

fn addon(steps: &mut Steps, host: &str) -> Result<Option<Suite>, String> {
    let build = Sanitizer::Address.cargo(&["build", "--package", "heliogram-node"], host)?;
    steps.run("addon for AddressSanitizer", build);
    let mut suite = None;
    steps.check("AddressSanitizer for Node", |_| {
        npm::install()?;
        let folder = Sanitizer::Address.folder()?;
        let addon = folder.join("heliogram.node");
        let library = folder.join(host).join("debug/libheliogram_node.so");
        fs::copy(&library, &addon).map_err(|e| format!("{}: {e}", library.display()))?;
        suite = Some(Suite::Addon { addon, runtime: shared_runtime(&folder)? });
        Ok(String::new())
    });
    Ok(suite)
}

/// The compiler's own AddressSanitizer as a library that can be loaded before Node. The compiler has it as an archive for programs; all
/// but the part that registers it at a program's start can be in a library.
fn shared_runtime(folder: &Path) -> Result<PathBuf, String> {
    let libraries = output(nightly("rustc").args(["--print", "target-libdir"]))?;
    let original = Path::new(libraries.trim()).join("librustc-nightly_rt.asan.a");
    let (archive, library) = (folder.join("asan.a"), folder.join("runtime.so"));
    fs::copy(&original, &archive).map_err(|e| format!("{}: {e}", original.display()))?;
    output(program("ar", &["d"]).arg(&archive).arg("asan_preinit.cpp.o"))?;
    let mut link = program("cc", &["-shared", "-o"]);
    link.arg(&library).arg("-Wl,--whole-archive").arg(&archive);
    output(link.args(["-Wl,--no-whole-archive", "-ldl", "-lpthread", "-lrt", "-lm"]))?;
    Ok(library)
}

impl Suite {
    fn run(&self, steps: &mut Steps, host: &str) -> Result<(), String> {
        match self {
            Suite::Library(sanitizer) => {
                let mut tests = sanitizer.cargo(&TESTS, host)?;
                let (name, options) = sanitizer.options()?;
                tests.env(name, options).args(["--", "--skip", MEASURES_TIME, "--skip", MEASURES_MEMORY]);
                steps.run(&format!("library under {}", sanitizer.name()), tests);
            }
            Suite::Addon { addon, runtime } => {
                let node = Node::from_npm(LATEST)?;
                let mut tests = node.test(&files());
                tests.env("HELIOGRAM_BINARY", addon).env("LD_PRELOAD", runtime).env("ASAN_OPTIONS", IN_NODE);
                steps.run(&format!("addon in Node {} under AddressSanitizer", node.version), tests);
            }
        }
        Ok(())
    }
}

/// The test that compares rates, which no sanitizer leaves as they are.
const MEASURES_TIME: &str = "a_video_is_paced";

/// The soak, which would find the freed memory that AddressSanitizer keeps.
const MEASURES_MEMORY: &str = "mixed_traffic";

/// Memory that a program asks for in vain is no error in JavaScript.
const IN_NODE: &str = "detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=2048";

fn files() -> Vec<PathBuf> {
    let is_chosen = |file: &PathBuf| {
        let text = file.to_string_lossy();
        ["test/hostile/", "test/lifetime/"].iter().any(|folder| text.contains(folder))
            && !text.ends_with("leaks.test.js")
    };
    package_files().into_iter().filter(is_chosen).collect()
}

/// What ThreadSanitizer takes for a race and is none: `connect(2)` beside sends and receives on one descriptor, which it counts as
/// making the descriptor, while the kernel orders them; and tokio's own memory that reaches its driver through epoll.
const NO_RACES: &str = "race:socket2::sys::connect\nrace:tokio::runtime::io::driver::dispatch_event\n";

#[derive(Clone, Copy)]
enum Sanitizer {
    Address,
    Thread,
}

impl Sanitizer {
    fn name(self) -> &'static str {
        match self {
            Sanitizer::Address => "AddressSanitizer",
            Sanitizer::Thread => "ThreadSanitizer",
        }
    }

    /// The variable that it reads, and what is said there.
    fn options(self) -> Result<(&'static str, String), String> {
        match self {
            Sanitizer::Address => Ok(("ASAN_OPTIONS", "detect_leaks=1".into())),
            Sanitizer::Thread => {
                let file = self.folder()?.join("suppressions");
                fs::write(&file, NO_RACES).map_err(|e| format!("{}: {e}", file.display()))?;
                Ok(("TSAN_OPTIONS", format!("halt_on_error=1 suppressions={}", file.display())))
            }
        }
    }

    fn folder(self) -> Result<PathBuf, String> {
        Ok(cargo::target_directory()?.join("sanitize").join(self.name()))
    }

    /// Nightly cargo, building for this machine with this sanitizer, in a target directory of its own.
    fn cargo(self, arguments: &[&str], host: &str) -> Result<Command, String> {
        let flag = match self {
            Sanitizer::Address => "-Zsanitizer=address",
            Sanitizer::Thread => "-Zsanitizer=thread",
        };
        let mut command = nightly("cargo");
        command.args(arguments).args(["-Zbuild-std", "--target", host]).env("RUSTFLAGS", flag);
        command.env("CARGO_TARGET_DIR", self.folder()?);
        Ok(command)
    }
}

/// A program of the nightly toolchain, which the variables of the one that runs us would lead astray.
fn nightly(name: &str) -> Command {
    let mut command = program("rustup", &["run", "nightly", name]);
    ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH"]
        .iter()
        .for_each(|name| _ = command.env_remove(name));
    command
}
