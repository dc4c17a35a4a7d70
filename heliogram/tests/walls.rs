//! The walls of the house (docs/architecture.md) that the compiler does not hold by itself.

use std::fs;
use std::path::{Path, PathBuf};

/// Every Rust source of the workspace's crates, with its path from the root.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for room in ["heliogram/src", "cli/src", "node/src"] {
        collect(&root.join(room), root, &mut found);
    }
    assert!(found.len() > 10, "the sources are where they were");
    found
}

fn collect(folder: &Path, root: &Path, found: &mut Vec<(PathBuf, String)>) {
    // A face that does not exist yet has no sources.
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, root, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.strip_prefix(root).unwrap().into(), fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The lines of code, without comments, in which one of `words` stands.
fn lines_with(text: &str, words: &[&str]) -> Vec<String> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.filter(|line| words.iter().any(|word| line.contains(word))).map(str::to_owned).collect()
}

fn fenced(path: &Path) -> bool {
    path.starts_with("heliogram/src/sys") || path.starts_with("node/src/ffi")
}

#[test]
fn only_the_fenced_rooms_know_the_system_and_unsafe() {
    let words = ["target_os", "unsafe {", "unsafe fn", "unsafe impl", "libc::"];
    for (path, text) in sources().into_iter().filter(|(path, _)| !fenced(path)) {
        assert_eq!(lines_with(&text, &words), [] as [String; 0], "{}", path.display());
    }
}

#[test]
fn each_unsafe_block_names_the_fact_that_makes_it_sound() {
    for (path, text) in sources().into_iter().filter(|(path, _)| fenced(path)) {
        let blocks = text.matches("unsafe {").count() + text.matches("unsafe impl").count();
        let facts = text.matches("SAFETY:").count();
        assert!(facts >= blocks, "{}: {blocks} unsafe blocks, {facts} SAFETY comments", path.display());
    }
}

#[test]
fn the_socket_never_waits_and_the_state_machine_never_acts() {
    let waiting: &[&str] = &["async ", ".await", "thread::", "Instant", "Duration", "sleep"];
    let rules = [
        ("heliogram/src/socket/errors.rs", waiting),
        ("heliogram/src/socket/lifecycle.rs", waiting),
        ("heliogram/src/socket/mod.rs", waiting),
        ("heliogram/src/socket/multicast.rs", waiting),
        ("heliogram/src/socket/offload.rs", waiting),
        ("heliogram/src/socket/sockopt.rs", waiting),
        ("heliogram/src/socket/transfer.rs", waiting),
        ("heliogram/src/state.rs", &["std::io", "std::os", "std::net", "std::time", "crate::sys", "Mutex", "Atomic"]),
    ];
    let sources = sources();
    for (file, words) in rules {
        let (_, text) = sources.iter().find(|(path, _)| path == Path::new(file)).expect(file);
        assert_eq!(lines_with(text, words), [] as [String; 0], "{file}");
    }
}

#[test]
fn the_system_layer_knows_nobody_above_but_plain_data() {
    // reactor.rs registers the socket itself, whose descriptor it needs for as long as the registration lives.
    let above = ["crate::events", "crate::tokio", "crate::queue", "crate::state", "crate::error"];
    for (path, text) in sources().into_iter().filter(|(path, _)| path.starts_with("heliogram/src/sys")) {
        assert_eq!(lines_with(&text, &above), [] as [String; 0], "{}", path.display());
    }
}
