//! The npm package's part: the addon, the types, the tests on every runtime.

use super::tier::Tier;
use crate::dist::build::Build;
use crate::package::platforms::{Platform, folder};
use crate::package::runtimes::{LATEST, LOWEST_OTHERS, Node, OLD, OTHERS, VERSIONS, program_from_npm, program_in};
use crate::package::{host_addon, npm};
use crate::steps::Steps;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of the quick tier.
const QUICK: [&str; 2] = ["test/behaviour/", "test/extras/"];

/// The files that run in Deno and Bun too, driven by the latest Node, whose own dgram they are compared with.
const FOR_OTHERS: [&str; 7] = [
    "test/behaviour/",
    "test/extras/",
    "test/fallback/",
    "test/lifetime/",
    "test/soak/",
    "test/unix-datagram/",
    "test/workers/",
];

/// The files that run in old versions of Node.
const FOR_OLD: [&str; 3] = ["test/versions.test.js", "test/behaviour/bind.test.js", "test/behaviour/send.test.js"];

/// The files that run in the lowest Deno and Bun.
const FOR_OLD_OTHERS: [&str; 4] =
    ["test/behaviour/receive.test.js", "test/extras/sending/", "test/fallback/", "test/unix-datagram/"];

/// The test of the types, which no Node runs differently.
const TYPES: [&str; 1] = ["test/types/"];

/// The tests with package managers and bundlers, which only `--all` installs. Without them installing by npm is tested.
const TOOLS: [&str; 2] = ["test/installers/", "test/bundlers/"];

/// What npm installs, and the addon as it is published.
pub(crate) fn prepare(steps: &mut Steps) {
    install(steps);
    published_addon(steps);
}

/// What npm installs.
pub(crate) fn install(steps: &mut Steps) {
    steps.check("npm packages", |_| npm::install().map(|()| String::new()));
}

pub(crate) fn test(steps: &mut Steps, tier: Tier) {
    let files = test_files();
    if tier == Tier::Quick {
        install(steps);
        plain_addon(steps);
        test_on(steps, "Node", Node::from_npm(LATEST), &in_folders(&files, &QUICK));
        return;
    }
    prepare(steps);
    let (types, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| is_in(file, &TYPES));
    test_on(steps, "types", Node::from_npm(LATEST), &types);
    let (tools, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| is_in(file, &TOOLS));
    if tier == Tier::All {
        steps.check("package managers, bundlers", |_| install_tools());
    }
    test_on(steps, "installed and bundled,", Node::from_npm(LATEST), &tools);
    for version in VERSIONS {
        test_on(steps, "Node", Node::from_npm(version), &files);
    }
    if tier == Tier::All {
        test_old(steps, &files);
    }
    for (name, file) in OTHERS {
        test_other(steps, name, program_from_npm(name, file), &in_folders(&files, &FOR_OTHERS));
    }
    let any: Vec<_> = files.into_iter().filter(|file| is_for_any_node(file)).collect();
    test_on(steps, "the machine's Node", Node::host(), &any);
}

/// What other versions of Node do differently, and what depends on it. Their packages are those of Linux on x64.
fn test_old(steps: &mut Steps, files: &[PathBuf]) {
    if (std::env::consts::OS, std::env::consts::ARCH) != ("linux", "x86_64") {
        return steps
            .check("old Nodes", |_| Ok("\n    SKIPPED old Nodes: test/old-runtimes has those of Linux on x64".into()));
    }
    steps.check("old Nodes from npm", |_| npm::install_in(&folder().join("test/old-runtimes")).map(|()| String::new()));
    for version in OLD {
        test_on(steps, "Node", Node::old(version), &in_folders(files, &FOR_OLD));
    }
    for (name, file) in LOWEST_OTHERS {
        test_other(steps, name, program_in("old-runtimes", name, file), &in_folders(files, &FOR_OLD_OTHERS));
    }
}

fn install_tools() -> Result<String, String> {
    TOOLS.iter().try_for_each(|tool| npm::install_in(&folder().join(tool)))?;
    Ok(String::new())
}

fn plain_addon(steps: &mut Steps) {
    steps.run("addon", host_addon::compile());
    steps.check("addon in its place", |_| host_addon::place().map(|file| file.display().to_string()));
}

/// The addon as it is published; where that cannot be built, the plain one serves for the tests.
fn published_addon(steps: &mut Steps) {
    let published = Platform::of_host().and_then(|platform| Ok((Build::new(&platform)?, platform)));
    match published {
        Ok((build, platform)) => {
            steps.run("addon as published", build.addon());
            steps.check("addon's checks", |_| {
                let (built, note) = build.checked_addon()?;
                host_addon::install(&built, &platform).map(|_| note)
            });
        }
        Err(error) => {
            steps.check("addon as published", |_| Ok(format!("\n    SKIPPED addon as published: {error}")));
            plain_addon(steps);
        }
    }
}

fn is_in(file: &Path, folders: &[&str]) -> bool {
    let text = file.to_string_lossy().replace('\\', "/");
    folders.iter().any(|part| text.contains(part))
}

fn in_folders(files: &[PathBuf], folders: &[&str]) -> Vec<PathBuf> {
    files.iter().filter(|file| is_in(file, folders)).cloned().collect()
}

/// Whether a file asks nothing of the version: in a Node older than those above the package is the host's own dgram, and
/// the test is that it loads and works in every way.
fn is_for_any_node(file: &Path) -> bool {
    file.parent().and_then(Path::file_name).is_some_and(|folder| folder == "test" || folder == "clients")
}

/// Tests of another runtime, driven by Node.
fn test_other(steps: &mut Steps, name: &str, program: Result<PathBuf, String>, files: &[PathBuf]) {
    let found = program.and_then(|other| Ok((Node::from_npm(LATEST)?, other)));
    match found {
        Ok((node, other)) => {
            let mut command = node.test(files);
            command.env("HELIOGRAM_TEST_RUNTIME", other);
            steps.run(name, command);
        }
        Err(error) => steps.check(name, |_| Err(error)),
    }
}

fn test_on(steps: &mut Steps, title: &str, node: Result<Node, String>, files: &[PathBuf]) {
    match node {
        Ok(node) => steps.run(&format!("{title} {}", node.version), node.test(files)),
        Err(error) => steps.check(title, |_| Err(error)),
    }
}

/// Every `*.test.js` of the package, in order.
pub(crate) fn test_files() -> Vec<PathBuf> {
    let mut folders = vec![folder().join("test")];
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
