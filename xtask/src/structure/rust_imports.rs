//! Which file of a crate imports which. A name that a module re-exports counts for the file that defines it.

use super::circles::Graph;
use super::sources::Sources;
use std::collections::BTreeMap;
use std::slice::from_ref;
use syn::visit::{self, Visit};
use syn::{File, Item, ItemMacro, ItemMod, ItemUse, Macro, UseTree};

/// The first file of each crate.
const CRATES: [&str; 5] = [
    "heliogram/src/lib.rs",
    "heliogram/benches/src/main.rs",
    "node/src/lib.rs",
    "cli/src/main.rs",
    "xtask/src/main.rs",
];

pub(super) fn all(sources: &Sources) -> Vec<Graph> {
    CRATES.iter().filter_map(|first| Some(Crate::parse(sources, first)?.graph())).collect()
}

/// `["socket", "io"]` of `crate::socket::io`.
type Path = Vec<String>;

/// The modules of a crate that have a file of their own.
#[derive(Default)]
struct Crate(BTreeMap<Path, Module>);

struct Module {
    file: String,
    code: File,
    /// The names that `use` brings in, with what they stand for.
    names: BTreeMap<String, Path>,
    /// The modules whose names `use x::*` brings in.
    globs: Vec<Path>,
}

impl Crate {
    fn parse(sources: &Sources, first: &str) -> Option<Crate> {
        let mut modules = Crate::default();
        let folder = first.rsplit_once('/')?.0;
        modules.add(sources, Path::new(), first.into(), folder)?;
        Some(modules)
    }

    /// Adds the module in `file`, and those that it declares, whose files are in `folder`.
    fn add(&mut self, sources: &Sources, path: Path, file: String, folder: &str) -> Option<()> {
        let code = syn::parse_file(sources.get(&file)?).ok()?;
        let children: Vec<_> = code.items.iter().filter_map(declared).collect();
        let (names, globs) = imports(&code);
        self.0.insert(path.clone(), Module { file, code, names, globs });
        for child in children {
            let below = format!("{folder}/{child}");
            let files = [format!("{below}.rs"), format!("{below}/mod.rs")];
            let file = files.into_iter().find(|file| sources.get(file).is_some());
            let path = [&path[..], &[child]].concat();
            file.and_then(|file| self.add(sources, path, file, &below));
        }
        Some(())
    }

    fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        for (path, module) in &self.0 {
            let mut uses = Uses::default();
            uses.visit_file(&module.code);
            let files = uses.paths.iter().filter_map(|used| self.file_of(path, used, 0));
            files.for_each(|file| graph.add(&module.file, file));
        }
        graph
    }

    /// The file that defines what `used` names inside `module`; nothing if it is of another crate.
    fn file_of(&self, module: &Path, used: &[String], depth: usize) -> Option<&str> {
        let (first, rest) = used.split_first()?;
        match first.as_str() {
            "crate" => self.defined(&Path::new(), rest, depth),
            "self" => self.defined(module, rest, depth),
            "super" => self.file_of(&module[..module.len().checked_sub(1)?].to_vec(), &below_self(rest), depth),
            _ if self.0.contains_key(&[&module[..], from_ref(first)].concat()) => self.defined(module, used, depth),
            _ => None,
        }
    }

    /// The file that defines the item at this path below `module`.
    fn defined(&self, module: &Path, rest: &[String], depth: usize) -> Option<&str> {
        let own = self.0.get(module)?;
        let Some((name, after)) = rest.split_first() else { return Some(&own.file) };
        let child = [&module[..], from_ref(name)].concat();
        if self.0.contains_key(&child) {
            return self.defined(&child, after, depth);
        }
        // Names that stand for each other in a circle would go on for ever.
        if depth < 8 && !defines(&own.code, name) {
            let named =
                own.names.get(name).and_then(|path| self.file_of(module, &[&path[..], after].concat(), depth + 1));
            let globs = || own.globs.iter().find_map(|glob| self.file_with(module, glob, name, depth + 1));
            if let Some(file) = named.or_else(globs) {
                return Some(file);
            }
        }
        Some(&own.file)
    }

    /// The file that defines `name`, if the module that `glob` names has it.
    fn file_with(&self, module: &Path, glob: &Path, name: &str, depth: usize) -> Option<&str> {
        let file = self.file_of(module, &[&glob[..], &[name.into()]].concat(), depth)?;
        let found = self.0.values().find(|module| module.file == file)?;
        defines(&found.code, name).then_some(file)
    }
}

/// `super::x` of a module is `self::x` of its parent; `super::super::x` goes on upwards.
fn below_self(rest: &[String]) -> Path {
    match rest.first().map(String::as_str) {
        Some("super") => rest.to_vec(),
        _ => [&["self".into()], rest].concat(),
    }
}

/// The name of a module that has a file of its own.
fn declared(item: &Item) -> Option<String> {
    match item {
        Item::Mod(ItemMod { ident, content: None, .. }) => Some(ident.to_string()),
        _ => None,
    }
}

fn defines(code: &File, name: &str) -> bool {
    code.items.iter().any(|item| match item {
        Item::Const(item) => item.ident == name,
        Item::Enum(item) => item.ident == name,
        Item::Fn(item) => item.sig.ident == name,
        Item::Macro(ItemMacro { ident: Some(ident), .. }) => ident == name,
        Item::Mod(item) => item.content.is_some() && item.ident == name,
        Item::Static(item) => item.ident == name,
        Item::Struct(item) => item.ident == name,
        Item::Trait(item) => item.ident == name,
        Item::Type(item) => item.ident == name,
        Item::Union(item) => item.ident == name,
        _ => false,
    })
}

/// The names that the `use` items of a module bring in, and the modules behind its globs.
fn imports(code: &File) -> (BTreeMap<String, Path>, Vec<Path>) {
    let uses = code.items.iter().filter_map(|item| if let Item::Use(item) = item { Some(&item.tree) } else { None });
    let (named, globs): (Vec<_>, Vec<_>) = uses.flat_map(leaves).partition(|(_, name)| name.is_some());
    let names = named.into_iter().filter_map(|(path, name)| Some((name?, path))).collect();
    (names, globs.into_iter().map(|(path, _)| path).collect())
}

/// Each path of a `use`, and the name that it gets; a glob gives none.
fn leaves(tree: &UseTree) -> Vec<(Path, Option<String>)> {
    match tree {
        UseTree::Path(path) => below(&path.ident.to_string(), leaves(&path.tree)),
        UseTree::Name(name) if name.ident == "self" => vec![(Path::new(), Some("self".into()))],
        UseTree::Name(name) => vec![(vec![name.ident.to_string()], Some(name.ident.to_string()))],
        UseTree::Rename(rename) if rename.ident == "self" => vec![(Path::new(), Some(rename.rename.to_string()))],
        UseTree::Rename(rename) => vec![(vec![rename.ident.to_string()], Some(rename.rename.to_string()))],
        UseTree::Glob(_) => vec![(Path::new(), None)],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

/// Puts a segment before each path. `use a::{self}` gets the name `a`.
fn below(segment: &str, leaves: Vec<(Path, Option<String>)>) -> Vec<(Path, Option<String>)> {
    let name = |name: Option<String>| name.map(|name| if name == "self" { segment.into() } else { name });
    leaves.into_iter().map(|(path, own)| ([&[segment.into()], &path[..]].concat(), name(own))).collect()
}

/// Every path in a file.
#[derive(Default)]
struct Uses {
    paths: Vec<Path>,
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.paths.extend(leaves(&item.tree).into_iter().map(|(path, _)| path));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        // A single segment is a local name, which a `use` brought in.
        if path.segments.len() > 1 {
            self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, _: &'ast Macro) {}

    /// `super` inside an inline module is this file.
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let Some((_, items)) = &item.content else { return };
        let mut inside = Uses::default();
        items.iter().for_each(|item| inside.visit_item(item));
        let outside = inside.paths.into_iter().filter_map(|path| match path.first()?.as_str() {
            "super" => Some(below_self(&path[1..])),
            "crate" => Some(path),
            _ => None,
        });
        self.paths.extend(outside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(files: &[(&str, &str)]) -> Vec<(String, String)> {
        let graphs = all(&Sources::of(files.iter().copied()));
        let short = |path: &str| path.trim_start_matches("cli/src/").to_owned();
        graphs.iter().flat_map(Graph::edges).map(|(from, to)| (short(from), short(to))).collect()
    }

    fn strings(edges: &[(&str, &str)]) -> Vec<(String, String)> {
        edges.iter().map(|(from, to)| ((*from).into(), (*to).into())).collect()
    }

    #[test]
    fn paths_of_every_kind_count() {
        let found = edges(&[
            ("cli/src/main.rs", "mod a; mod b; mod c; use a::{f, g as h}; fn main() { b::run(); std::io::stdout(); }"),
            ("cli/src/a.rs", "pub fn f() { crate::c::inner::x(); }\npub fn g() {}"),
            ("cli/src/b/mod.rs", "mod deep; pub fn run() { self::deep::go() }"),
            ("cli/src/b/deep.rs", "use super::super::a; pub fn go() { let _: super::Own; a::f() }"),
            ("cli/src/c.rs", "mod inner;"),
            ("cli/src/c/inner.rs", "#[cfg(test)] mod tests { use super::*; use crate::a::f; }"),
        ]);
        let expected = [
            ("a.rs", "c/inner.rs"),
            ("b/deep.rs", "a.rs"),
            ("b/deep.rs", "b/mod.rs"),
            ("b/mod.rs", "b/deep.rs"),
            ("c/inner.rs", "a.rs"),
            ("main.rs", "a.rs"),
            ("main.rs", "b/mod.rs"),
        ];
        assert_eq!(found, strings(&expected));
    }

    #[test]
    fn a_re_exported_name_counts_for_the_file_that_defines_it() {
        let found = edges(&[
            ("cli/src/main.rs", "mod a; mod b; pub use a::Thing; pub use b::*; struct Own;"),
            ("cli/src/a.rs", "pub struct Thing; use crate::Other;"),
            ("cli/src/b.rs", "pub struct Other; fn f(_: crate::Thing, _: crate::Own) {}"),
        ]);
        let expected =
            [("a.rs", "b.rs"), ("b.rs", "a.rs"), ("b.rs", "main.rs"), ("main.rs", "a.rs"), ("main.rs", "b.rs")];
        assert_eq!(found, strings(&expected));
    }

    #[test]
    fn each_crate_of_the_repository_is_understood() {
        let sources = Sources::of_repository().expect("a clone");
        let graphs = all(&sources);
        assert_eq!(graphs.len(), CRATES.len());
        assert!(graphs.iter().all(|graph| graph.edges().count() > 5));
    }
}
