//! The house rules of `docs/architecture.md`, held against the source.
//!
//! Pure rooms know no room with effects and ask the system for nothing;
//! `unsafe` stands in `src/sys` only; no file outgrows 300 lines of code.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

const PURE: [&str; 17] = [
    "model",
    "text",
    "decode",
    "capfile",
    "flow",
    "analysis",
    "limits",
    "census",
    "correlate",
    "findings",
    "expect",
    "stats",
    "compare",
    "report",
    "activity",
    "assemble",
    "obsfile",
];

/// What a pure room does not name. Types of `std::net` that are only addresses
/// are fine.
const FORBIDDEN: [&str; 20] = [
    "crate::sys",
    "crate::lab",
    "crate::observe",
    "crate::session",
    "crate::commands",
    "crate::cli",
    "super::super::sys",
    "std::fs",
    "std::thread",
    "std::process",
    "std::env",
    "Instant",
    "SystemTime",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "chrono::Local",
    "Utc::now",
    "println!",
    "rustix::",
];

const LONGEST: usize = 300;

#[test]
fn pure_rooms_know_no_effects() {
    let mut broken = Vec::new();
    for file in sources().iter().filter(|f| PURE.contains(&room(f))) {
        for (number, line) in code(file) {
            broken.extend(
                FORBIDDEN
                    .iter()
                    .filter(|word| names(&line, word))
                    .map(|word| format!("{}:{number}: {word}", file.display())),
            );
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn unsafe_code_stands_in_sys_only() {
    let broken: Vec<String> = sources()
        .iter()
        .filter(|f| room(f) != "sys")
        .flat_map(|f| code(f).map(|(n, line)| (f.clone(), n, line)))
        .filter(|(_, _, line)| names(line, "unsafe"))
        .map(|(f, n, _)| format!("{}:{n}", f.display()))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_file_is_long() {
    let long: Vec<(String, usize)> = sources()
        .iter()
        .map(|f| (f.display().to_string(), code(f).count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .collect();
    assert!(long.is_empty(), "look for the second idea in: {long:?}");
}

/// Every source file that is not only for tests, relative to the package.
fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !only_tests(&path) {
                files.push(path.strip_prefix(root).expect("below the root").to_owned());
            }
        }
    }
    assert!(files.len() > 50, "the sources are not where they were");
    files.sort();
    files
}

/// Whether the module is declared under `#[cfg(test)]`, or lies in one that is.
fn only_tests(path: &Path) -> bool {
    path.ancestors()
        .take_while(|p| p.file_name().is_some_and(|name| name != "src"))
        .any(|module| {
            let (Some(name), Some(folder)) = (module.file_stem(), module.parent()) else {
                return false;
            };
            let declaration = format!("mod {};", name.display());
            let beside = folder.with_extension("rs");
            [folder.join("mod.rs"), folder.join("lib.rs"), beside]
                .iter()
                .filter_map(|parent| fs::read_to_string(parent).ok())
                .any(|text| {
                    let lines: Vec<&str> = text.lines().collect();
                    lines.windows(2).any(|two| {
                        two[0].trim().starts_with("#[cfg(test)]") && two[1].contains(&declaration)
                    })
                })
        })
}

fn room(path: &Path) -> &str {
    path.iter()
        .nth(1)
        .and_then(|name| name.to_str())
        .expect("a room")
}

/// The lines that are code, with their numbers: no comments, no empty lines,
/// nothing from the file's tests on, which stand at its end.
fn code(path: &Path) -> impl Iterator<Item = (usize, String)> + use<> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .expect("a source file");
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let tests = lines
        .windows(2)
        .position(|two| two[0].trim() == "#[cfg(test)]" && two[1].trim().ends_with('{'))
        .unwrap_or(lines.len());
    lines
        .into_iter()
        .take(tests)
        .enumerate()
        .map(|(i, line)| (i + 1, line))
        .filter(|(_, line)| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with("//")
        })
}

/// Whether `line` names `word` outside of string literals, as a whole word.
fn names(line: &str, word: &str) -> bool {
    let outside: String = line.split('"').step_by(2).collect();
    outside.match_indices(word).any(|(at, _)| {
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !letter(outside[..at].chars().next_back())
            && (word.ends_with(':') || !letter(outside[at + word.len()..].chars().next()))
    })
}

#[test]
fn a_word_is_named_whole_and_outside_of_strings() {
    assert!(names("use std::fs;", "std::fs"));
    assert!(names("let t = Instant::now();", "Instant"));
    assert!(!names("let t = Instantly;", "Instant"));
    assert!(!names("say(\"unsafe\");", "unsafe"));
    assert!(!names("unsafe_op_in_unsafe_fn", "unsafe"));
}
