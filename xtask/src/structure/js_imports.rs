//! Which file of the npm package imports which.

use super::circles::Graph;
use super::sources::Sources;

/// What stands before an import's name. A `require` inside a function counts like one at the top.
const BEFORE: [&str; 4] = ["require(", "import(", "from ", "import "];

/// The endings that an import may leave out.
const ENDINGS: [&str; 3] = ["", ".js", "/index.js"];

pub(super) fn all(sources: &Sources) -> Vec<Graph> {
    let mut graph = Graph::default();
    for (path, text) in sources.iter().filter(|(path, _)| is_package_code(path)) {
        let files = imports(text).filter_map(|import| file(sources, path, import));
        files.for_each(|file| graph.add(path, &file));
    }
    vec![graph]
}

/// The package's own files: its entries and `lib/`.
fn is_package_code(path: &str) -> bool {
    let inside = path.strip_prefix("node/").is_some_and(|rest| rest.starts_with("lib/") || !rest.contains('/'));
    inside && [".js", ".mjs", ".cjs"].iter().any(|ending| path.ends_with(ending))
}

/// The names of imports that are paths.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| BEFORE.iter().flat_map(move |before| line.split(before).skip(1)).filter_map(quoted))
        .filter(|import| import.starts_with('.'))
}

/// The text between the quotes with which this begins.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    text[1..].split(quote).next()
}

/// The path of the imported file, if there is one.
fn file(sources: &Sources, importer: &str, import: &str) -> Option<String> {
    let mut parts: Vec<_> = importer.split('/').collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    let path = parts.join("/");
    ENDINGS.iter().map(|ending| format!("{path}{ending}")).find(|path| sources.get(path).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_import_a_file_counts() {
        let sources = Sources::of([
            ("node/index.js", "const a = require('./lib/a.js');\n// require('./lib/b.js')"),
            (
                "node/index.mjs",
                "import dgram from './index.js';\nimport(\"./lib/b.js\");\nimport { x } from 'node:net';",
            ),
            ("node/lib/a.js", "function late() { return [require('./c'), require('../lib/b.js')]; }"),
            ("node/lib/b.js", ""),
            ("node/lib/c/index.js", "require('../none.js')"),
            ("node/test/t.js", "require('../index.js')"),
        ]);
        let edges = [
            ("node/index.js", "node/lib/a.js"),
            ("node/index.mjs", "node/index.js"),
            ("node/index.mjs", "node/lib/b.js"),
            ("node/lib/a.js", "node/lib/b.js"),
            ("node/lib/a.js", "node/lib/c/index.js"),
        ];
        let graphs = all(&sources);
        assert_eq!(graphs[0].edges().collect::<Vec<_>>(), edges);
    }
}
