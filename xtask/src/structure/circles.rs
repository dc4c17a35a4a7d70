//! Import circles: files that import each other, directly or through others.

use super::finding::Finding;
use std::collections::{BTreeMap, BTreeSet};

/// Which file imports which, of one crate or package.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    /// An import of its own file is none.
    pub(super) fn add(&mut self, from: &str, to: &str) {
        if from != to {
            self.0.entry(from.into()).or_default().insert(to.into());
        }
    }

    pub(super) fn edges(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|(from, to)| to.iter().map(move |to| (from.as_str(), to.as_str())))
    }

    /// Every file that can be reached from this one by imports.
    fn reached<'a>(&'a self, from: &'a str) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut next = vec![from];
        while let Some(file) = next.pop() {
            let imports = self.0.get(file).into_iter().flatten();
            next.extend(imports.map(String::as_str).filter(|import| reached.insert(*import)));
        }
        reached
    }
}

/// One finding for each set of files that reach each other.
pub(super) fn in_graph(graph: &Graph) -> Vec<Finding> {
    let reached: BTreeMap<_, _> = graph.0.keys().map(|file| (file.as_str(), graph.reached(file))).collect();
    let mut circles = BTreeSet::new();
    for (file, all) in &reached {
        let circle: Vec<_> =
            all.iter().copied().filter(|other| reached.get(other).is_some_and(|all| all.contains(file))).collect();
        if !circle.is_empty() {
            circles.insert(circle);
        }
    }
    circles.into_iter().map(|circle| finding(graph, &circle)).collect()
}

fn finding(graph: &Graph, circle: &[&str]) -> Finding {
    let inside = graph.edges().filter(|(from, to)| circle.contains(from) && circle.contains(to));
    let imports: Vec<_> = inside.map(|(from, to)| format!("{} -> {}", short(from), short(to))).collect();
    Finding::new("circle", circle[0], format!("{} files: {}", circle.len(), imports.join(", ")))
}

/// The last two parts of a path.
fn short(path: &str) -> &str {
    path.rmatch_indices('/').nth(1).map_or(path, |(at, _)| &path[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        edges.iter().for_each(|(from, to)| graph.add(from, to));
        graph
    }

    #[test]
    fn a_tree_has_no_circle() {
        assert_eq!(in_graph(&graph(&[("a", "b"), ("a", "c"), ("b", "c"), ("c", "c")])), []);
    }

    #[test]
    fn each_circle_is_one_finding_and_who_only_leads_to_it_is_not_in_it() {
        let found = in_graph(&graph(&[("a", "b"), ("b", "c"), ("c", "b"), ("x/y", "z"), ("z", "x/y")]));
        let circles = [("b", "2 files: b -> c, c -> b"), ("x/y", "2 files: x/y -> z, z -> x/y")];
        assert_eq!(found, circles.map(|(place, what)| Finding::new("circle", place, what)));
    }
}
