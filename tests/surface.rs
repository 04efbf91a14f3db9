//! What the crate lets others use: the names in `surface.txt`, no more and no less.
//!
//! A name that is public by accident is a promise by accident. Where one is meant
//! to be public, or to be so no longer, write the list again and look at what has
//! changed: `THREADTAP_WRITE_SURFACE=1 cargo test --test surface`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What an item begins with, and the name comes next.
const ITEMS: [&str; 8] = [
    "fn", "struct", "enum", "trait", "type", "const", "static", "union",
];

#[test]
fn the_public_names_are_those_of_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    collect(
        &root.join("src"),
        &root.join("src/lib.rs"),
        "threadtap",
        &mut names,
    );
    let lines: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = lines.join("\n") + "\n";
    let list = root.join("tests/surface.txt");
    if std::env::var_os("THREADTAP_WRITE_SURFACE").is_some() {
        fs::write(&list, &text).unwrap();
    }
    let known = fs::read_to_string(list).unwrap();
    let known: BTreeSet<String> = known.lines().map(str::to_owned).collect();
    let more: Vec<_> = names.difference(&known).collect();
    let fewer: Vec<_> = known.difference(&names).collect();
    assert!(
        more.is_empty() && fewer.is_empty(),
        "public, and not in tests/surface.txt: {more:#?}; there, and not public: {fewer:#?}"
    );
}

/// The public names of a module and of the public modules in it.
fn collect(folder: &Path, file: &Path, path: &str, names: &mut BTreeSet<String>) {
    let text = fs::read_to_string(file).unwrap();
    let tokens: Vec<TokenTree> = text.parse::<TokenStream>().unwrap().into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        if !is_word(token, "pub") {
            continue;
        }
        let mut after = tokens[at + 1..].iter().peekable();
        // `const fn` and `unsafe fn` are functions.
        while after
            .next_if(|t| is_word(t, "unsafe") || is_word(t, "async"))
            .is_some()
        {}
        let kind = match after.next() {
            Some(TokenTree::Ident(kind)) => kind.to_string(),
            // `pub(crate)` and the like.
            _ => continue,
        };
        if kind == "const" {
            after.next_if(|t| is_word(t, "fn"));
        }
        if kind == "use" {
            let tree: TokenStream = after
                .take_while(|t| !matches!(t, TokenTree::Punct(p) if p.as_char() == ';'))
                .cloned()
                .collect();
            names.extend(leaves(tree).map(|name| format!("{path}::{name}")));
            continue;
        }
        let Some(TokenTree::Ident(name)) = after.next() else {
            continue;
        };
        let full = format!("{path}::{name}");
        if kind == "mod" {
            let (file, folder) = find(folder, &name.to_string());
            names.insert(full.clone());
            collect(&folder, &file, &full, names);
        } else {
            assert!(ITEMS.contains(&&*kind), "{full}: what is a `{kind}`?");
            names.insert(full);
        }
    }
}

fn find(folder: &Path, module: &str) -> (PathBuf, PathBuf) {
    let below = folder.join(module);
    let beside = below.with_extension("rs");
    let within = below.join("mod.rs");
    (if beside.exists() { beside } else { within }, below)
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

/// The names that a `use` brings in: the last word of each branch.
fn leaves(tree: TokenStream) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    let mut last = None;
    for token in tree {
        match token {
            TokenTree::Ident(word) => last = Some(word.to_string()),
            TokenTree::Punct(sign) if sign.as_char() == ',' => found.extend(last.take()),
            TokenTree::Punct(sign) => {
                assert_ne!(sign.as_char(), '*', "`pub use …::*` hides what is public");
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                last = None;
                found.extend(leaves(group.stream()));
            }
            _ => {}
        }
    }
    found.extend(last);
    found.into_iter()
}

/// Nothing that takes over signals, forks or reaps can be reached, but `main`.
#[test]
fn no_effect_can_be_called_from_outside() {
    let names = include_str!("surface.txt");
    for room in [
        "sys", "observe", "session", "lab", "commands", "cli", "notes",
    ] {
        let room = format!("threadtap::{room}");
        let open = names
            .lines()
            .find(|n| *n == room || n.starts_with(&format!("{room}::")));
        assert_eq!(open, None);
    }
    assert!(names.lines().any(|name| name == "threadtap::main"));
}
