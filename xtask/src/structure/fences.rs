//! Where `unsafe` and questions of the operating system may stand, and what each module must not do.

use super::circles::Graph;
use super::finding::Finding;
use super::sources::Sources;

/// The only places of `unsafe` and `cfg(target_os)` in product code.
const FENCED: [&str; 2] = ["heliogram/src/sys/", "node/src/ffi/"];
const PRODUCT: [&str; 3] = ["heliogram/src/", "cli/src/", "node/src/"];
const SYSTEM_WORDS: [&str; 5] = ["target_os", "unsafe {", "unsafe fn", "unsafe impl", "libc::"];

/// Nothing in these folders and files waits, so that every event loop can drive them.
const NEVER_WAITS: [&str; 2] = ["heliogram/src/socket/", "heliogram/src/socket.rs"];
const WAITING: [&str; 6] = ["async ", ".await", "thread::", "Instant", "Duration", "sleep"];

/// The state machine has no descriptor, no clock, and does no I/O.
const STATE: &str = "heliogram/src/state.rs";
const ACTING: [&str; 7] = ["std::io", "std::os", "std::net", "std::time", "crate::sys", "Mutex", "Atomic"];

/// `sys` imports only itself and plain data.
const SYSTEM: &str = "heliogram/src/sys/";
const BELOW_SYSTEM: [&str; 2] = ["heliogram/src/sys/", "heliogram/src/types/"];

pub(super) fn unsafe_code(sources: &Sources) -> Vec<Finding> {
    let product = sources.iter().filter(|(path, _)| starts_with(path, &PRODUCT) && !starts_with(path, &FENCED));
    product.flat_map(|(path, text)| lines_with("fence", path, text, &SYSTEM_WORDS)).collect()
}

/// As many SAFETY comments as blocks.
pub(super) fn safety_comments(sources: &Sources) -> Vec<Finding> {
    let fenced = sources.iter().filter(|(path, _)| starts_with(path, &FENCED));
    fenced.filter_map(|(path, text)| missing_comments(path, text)).collect()
}

fn missing_comments(path: &str, text: &str) -> Option<Finding> {
    let blocks = text.matches("unsafe {").count() + text.matches("unsafe impl").count();
    let comments = text.matches("SAFETY:").count();
    let what = format!("{blocks} unsafe blocks, {comments} SAFETY comments");
    (comments < blocks).then(|| Finding::new("safety", path, what))
}

pub(super) fn waiting(sources: &Sources) -> Vec<Finding> {
    let socket = sources.iter().filter(|(path, _)| starts_with(path, &NEVER_WAITS));
    let socket = socket.flat_map(|(path, text)| lines_with("wall", path, text, &WAITING));
    let state = sources.iter().filter(|(path, _)| *path == STATE);
    socket.chain(state.flat_map(|(path, text)| lines_with("wall", path, text, &ACTING))).collect()
}

pub(super) fn system_layer(graph: &Graph) -> Vec<Finding> {
    let up = graph.edges().filter(|(from, to)| from.starts_with(SYSTEM) && !starts_with(to, &BELOW_SYSTEM));
    up.map(|(from, to)| Finding::new("sys", from, format!("imports {to}"))).collect()
}

fn starts_with(path: &str, folders: &[&str]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}

/// The lines of code, without comments, in which one of `words` stands.
fn lines_with(check: &'static str, path: &str, text: &str, words: &[&str]) -> Vec<Finding> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let found = code.filter(|line| words.iter().any(|word| line.contains(word)));
    found.map(|line| Finding::new(check, path, line.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_and_the_system_s_name_stand_inside_the_fence_alone() {
        let code = "fn f() { unsafe { g() } }\n#[cfg(target_os = \"linux\")]\n// unsafe { } in words\n";
        let sources =
            Sources::of([("heliogram/src/sys/a.rs", code), ("node/src/b.rs", code), ("xtask/src/c.rs", code)]);
        let found = ["fn f() { unsafe { g() } }", "#[cfg(target_os = \"linux\")]"];
        assert_eq!(unsafe_code(&sources), found.map(|what| Finding::new("fence", "node/src/b.rs", what)));
    }

    #[test]
    fn a_block_without_its_comment_is_found() {
        let sources = Sources::of([
            ("heliogram/src/sys/a.rs", "// SAFETY: a fact\nunsafe { a() }\nunsafe { b() }"),
            ("node/src/ffi/b.rs", "// SAFETY: a fact\nunsafe impl Send for B {}"),
        ]);
        let found = Finding::new("safety", "heliogram/src/sys/a.rs", "2 unsafe blocks, 1 SAFETY comments");
        assert_eq!(safety_comments(&sources), [found]);
    }

    #[test]
    fn the_socket_never_waits_and_the_state_machine_never_acts() {
        let sources = Sources::of([
            ("heliogram/src/socket/io.rs", "future.await"),
            (STATE, "use std::net::IpAddr;"),
            ("heliogram/src/events/send.rs", "future.await; use std::net::IpAddr;"),
        ]);
        let found = [("heliogram/src/socket/io.rs", "future.await"), (STATE, "use std::net::IpAddr;")];
        assert_eq!(waiting(&sources), found.map(|(path, line)| Finding::new("wall", path, line)));
    }

    #[test]
    fn the_system_layer_imports_itself_and_plain_data() {
        let mut graph = Graph::default();
        graph.add("heliogram/src/sys/a.rs", "heliogram/src/sys/b.rs");
        graph.add("heliogram/src/sys/a.rs", "heliogram/src/types/family.rs");
        graph.add("heliogram/src/sys/a.rs", "heliogram/src/error.rs");
        graph.add("heliogram/src/error.rs", "heliogram/src/sys/a.rs");
        let found = Finding::new("sys", "heliogram/src/sys/a.rs", "imports heliogram/src/error.rs");
        assert_eq!(system_layer(&graph), [found]);
    }
}
