//! Which file of `src` imports which, drawn from the source itself.
//!
//! Every path is looked at, in a `use` and in the code, tests included: those
//! that start at `crate`, `self` or `super`, at a module, or at a name that a
//! `use` has brought in. A name that a module hands on (`pub use`) is followed to
//! the file that defines it.

mod tokens;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use self::tokens::Import;
pub use self::tree::Tree;

/// One file needs something of another.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The file that imports, relative to `src`.
    pub from: PathBuf,
    /// In this line.
    pub line: usize,
    /// The file where the imported thing is defined, relative to `src`.
    pub to: PathBuf,
    /// Whether it stands in a test.
    pub for_tests: bool,
    /// How the two modules are related.
    pub kin: Kin,
}

/// How a module that imports is related to the one that it imports from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kin {
    /// It hands on (`pub use`) what a module below it defines, and need not use it.
    HandsOn,
    /// It lies below the other, and uses what that defines for all below it.
    Below,
    /// None of these.
    Other,
}

/// All imports between files.
pub fn draw(tree: &Tree) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (at, module) in tree.modules() {
        for Import { path, line, public } in &module.imports {
            let Some(to) = tree.resolve(at, path) else {
                continue;
            };
            let target = tree.module(&to);
            if target.file == module.file {
                continue;
            }
            edges.push(Edge {
                from: module.file.clone(),
                line: *line,
                to: target.file.clone(),
                for_tests: module.for_tests,
                kin: if *public && to.starts_with(at) {
                    Kin::HandsOn
                } else if at.starts_with(&to) {
                    Kin::Below
                } else {
                    Kin::Other
                },
            });
        }
    }
    edges
}

/// Who needs whom.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// The rings in a graph: sets of at least two names that all reach each other.
pub fn rings(graph: &Graph) -> BTreeSet<Vec<String>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> = graph
        .keys()
        .map(|name| (name.as_str(), reachable(graph, name)))
        .collect();
    let ring = |name: &str| -> Vec<String> {
        let there = reach[name].iter();
        let back = |other: &&&str| reach.get(**other).is_some_and(|r| r.contains(name));
        there
            .filter(back)
            .map(|other| (*other).to_owned())
            .collect()
    };
    let rings = reach.keys().map(|name| ring(name));
    rings.filter(|ring| ring.len() > 1).collect()
}

fn reachable<'a>(graph: &'a Graph, from: &'a str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        let next = graph.get(name).into_iter().flatten();
        open.extend(next.map(String::as_str).filter(|name| found.insert(*name)));
    }
    found
}
