//! The modules of a crate, from the files in its `src`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;

use super::tokens::{self, Declared, Found, Import};

/// How many names may stand for one another in a row.
const DEEPEST: usize = 16;

/// A module.
#[derive(Debug)]
pub struct Module {
    /// The file it stands in, relative to `src`.
    pub file: PathBuf,
    /// What it names.
    pub imports: Vec<Import>,
    /// Whether it is compiled for tests only.
    pub for_tests: bool,
    names: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
}

/// All modules of a crate, by their path without `crate`.
#[derive(Debug, Default)]
pub struct Tree {
    modules: BTreeMap<Vec<String>, Module>,
}

impl Tree {
    /// Reads what `lib.rs` in `src` declares, and so on.
    pub fn read(src: &Path) -> Self {
        let mut tree = Self::default();
        tree.add_file(src, Path::new("lib.rs"), Vec::new(), false);
        tree
    }

    /// All modules with their paths.
    pub fn modules(&self) -> impl Iterator<Item = (&Vec<String>, &Module)> {
        self.modules.iter()
    }

    /// One of them.
    pub fn module(&self, path: &[String]) -> &Module {
        &self.modules[path]
    }

    /// The module in which that is defined what `path` means, written in the
    /// module `at`; `None` for what is of another crate.
    pub fn resolve(&self, at: &[String], path: &[String]) -> Option<Vec<String>> {
        self.follow(at, path, DEEPEST)
    }

    fn follow(&self, at: &[String], path: &[String], depth: usize) -> Option<Vec<String>> {
        let mut here = at.to_vec();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" | "threadtap" => {
                here.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {}
            first => {
                let known = self.modules[at].names.contains_key(first)
                    || self.is_module(at, first)
                    || self.by_glob(at, first, depth).is_some();
                if !known {
                    return None;
                }
            }
        }
        while rest.first().is_some_and(|word| word == "super") {
            here.pop();
            rest = &rest[1..];
        }
        self.descend(here, rest, depth)
    }

    fn descend(&self, mut here: Vec<String>, rest: &[String], depth: usize) -> Option<Vec<String>> {
        let depth = depth.checked_sub(1)?;
        for (n, word) in rest.iter().enumerate() {
            if self.is_module(&here, word) {
                here.push(word.clone());
                continue;
            }
            let module = &self.modules[&here];
            if let Some(path) = module.names.get(word) {
                let is_itself = path.len() == 1 && path[0] == *word;
                if !is_itself {
                    let path: Vec<String> = path.iter().chain(&rest[n + 1..]).cloned().collect();
                    return self.follow(&here, &path, depth);
                }
            }
            return Some(self.by_glob(&here, word, depth).unwrap_or(here));
        }
        Some(here)
    }

    /// Where a name comes from that a `use …::*` has brought in.
    fn by_glob(&self, here: &[String], word: &str, depth: usize) -> Option<Vec<String>> {
        let depth = depth.checked_sub(1)?;
        self.modules[here].globs.iter().find_map(|glob| {
            let from = self.follow(here, glob, depth)?;
            let module = &self.modules[&from];
            let has_it = module.names.contains_key(word) || self.is_module(&from, word);
            has_it.then(|| self.descend(from, &[word.to_owned()], depth))?
        })
    }

    fn is_module(&self, at: &[String], name: &str) -> bool {
        let mut path = at.to_vec();
        path.push(name.to_owned());
        self.modules.contains_key(&path)
    }

    fn add_file(&mut self, src: &Path, file: &Path, path: Vec<String>, for_tests: bool) {
        let text = fs::read_to_string(src.join(file)).expect("a source file");
        let source: TokenStream = text.parse().expect("Rust");
        self.add(src, file, path, for_tests, source);
    }

    fn add(
        &mut self,
        src: &Path,
        file: &Path,
        path: Vec<String>,
        for_tests: bool,
        source: TokenStream,
    ) {
        let Found {
            imports,
            names,
            globs,
            modules,
        } = tokens::read(source);
        for Declared {
            name,
            body,
            for_tests: only,
        } in modules
        {
            let mut below = path.clone();
            below.push(name);
            let for_tests = for_tests || only;
            if let Some(source) = body {
                self.add(src, file, below, for_tests, source);
                continue;
            }
            let folder: PathBuf = below.iter().collect();
            let beside = folder.with_extension("rs");
            let file = if src.join(&beside).exists() {
                beside
            } else {
                folder.join("mod.rs")
            };
            self.add_file(src, &file, below, for_tests);
        }
        let module = Module {
            file: file.to_owned(),
            imports,
            for_tests,
            names,
            globs,
        };
        self.modules.insert(path, module);
    }
}
