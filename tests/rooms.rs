//! The house rules of `docs/architecture.md`, held against the source.
//!
//! A room imports what its row of the tables there says, and all of it; no rooms
//! and no files import each other in a ring; pure rooms ask the system for
//! nothing; `unsafe` stands in `src/sys` only; no file outgrows 300 lines of code.
#![allow(clippy::unwrap_used)]

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use imports::{Edge, Graph, Kin, Tree, draw, rings};

/// A row of the tables.
#[derive(Debug, Default, PartialEq)]
struct Row {
    pure: bool,
    imports: BTreeSet<String>,
    /// What only its tests import.
    tests: BTreeSet<String>,
}

/// A table's rows, by the rooms' names. A room in a room has a row of its own,
/// and is another room than the one around it.
type Rooms = BTreeMap<String, Row>;

/// Reads the tables below "The rooms".
fn rows(text: &str) -> Rooms {
    let mut rooms = Rooms::new();
    let mut pure = false;
    let section = text.split("\n## The rooms\n").nth(1).expect("the rooms");
    for line in section.split("\n## ").next().unwrap().lines() {
        if let Some(title) = line.strip_prefix("### ") {
            pure = title.starts_with("Pure");
        }
        let cells: Vec<&str> = line.split(" | ").collect();
        let [name, _, imports, tests] = cells[..] else {
            continue;
        };
        let name = names(name);
        let (Some(name), 1) = (name.first(), name.len()) else {
            continue;
        };
        let row = Row {
            pure,
            imports: names(imports),
            tests: names(tests),
        };
        assert_eq!(rooms.insert(name.clone(), row), None, "{name} twice");
    }
    rooms
}

/// What stands in backticks in a cell.
fn names(cell: &str) -> BTreeSet<String> {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

fn the_rooms() -> Rooms {
    rows(include_str!("../docs/architecture.md"))
}

/// The room of a file in `src`: the innermost that has a row.
fn room_of(rooms: &Rooms, file: &Path) -> Option<String> {
    let module = file.with_extension("");
    let mut names: Vec<&str> = module.iter().filter_map(|n| n.to_str()).collect();
    while !names.is_empty() {
        let name = names.join("::");
        if rooms.contains_key(&name) {
            return Some(name);
        }
        names.pop();
    }
    None
}

/// All imports, without those of `lib.rs`, which only opens doors.
fn edges() -> Vec<Edge> {
    let mut edges = draw(&Tree::read(&root().join("src")));
    assert!(edges.len() > 1_000, "the imports are not seen");
    edges.retain(|e| e.from != Path::new("lib.rs"));
    edges
}

/// The imports between rooms, with an example of each. `for_tests`: those of tests
/// or those of everything else.
fn between_rooms(rooms: &Rooms, for_tests: bool) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for edge in edges().iter().filter(|e| e.for_tests == for_tests) {
        let (Some(from), Some(to)) = (room_of(rooms, &edge.from), room_of(rooms, &edge.to)) else {
            continue;
        };
        if from != to && edge.kin != Kin::HandsOn {
            let example = format!("src/{}:{}", edge.from.display(), edge.line);
            found.entry((from, to)).or_insert(example);
        }
    }
    found
}

#[test]
fn every_file_is_in_a_room() {
    let rooms = the_rooms();
    let outside: Vec<PathBuf> = sources(true)
        .into_iter()
        .filter(|f| room_of(&rooms, f.strip_prefix("src").unwrap()).is_none())
        .collect();
    let doors = ["src/lib.rs", "src/main.rs"].map(PathBuf::from);
    assert_eq!(outside, doors, "they have no row in docs/architecture.md");
}

#[test]
fn a_room_imports_what_its_row_says() {
    let rooms = the_rooms();
    let real = between_rooms(&rooms, false);
    let mut wrong: Vec<String> = real
        .iter()
        .filter(|((from, to), _)| !rooms[from].imports.contains(to))
        .map(|((from, to), example)| format!("`{from}` may not import `{to}`: {example}"))
        .collect();
    for (from, row) in &rooms {
        let idle = row.imports.iter();
        let idle = idle.filter(|to| !real.contains_key(&(from.clone(), (*to).clone())));
        wrong.extend(idle.map(|to| format!("`{from}` does not import `{to}`: its row says so")));
    }
    assert!(
        wrong.is_empty(),
        "docs/architecture.md:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_rooms_tests_import_what_its_row_says() {
    let rooms = the_rooms();
    let real = between_rooms(&rooms, true);
    let allowed = |from: &str, to: &str| {
        let row = &rooms[from];
        row.imports.contains(to) || row.tests.contains(to)
    };
    let mut wrong: Vec<String> = real
        .iter()
        .filter(|((from, to), _)| !allowed(from, to))
        .map(|((from, to), example)| format!("tests of `{from}` may not import `{to}`: {example}"))
        .collect();
    for (from, row) in &rooms {
        let idle = row.tests.iter();
        let idle = idle.filter(|to| {
            row.imports.contains(*to) || !real.contains_key(&(from.clone(), (*to).clone()))
        });
        wrong.extend(idle.map(|to| format!("`{to}` is not what only tests of `{from}` import")));
    }
    assert!(
        wrong.is_empty(),
        "docs/architecture.md:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_rooms_import_each_other_in_a_ring() {
    let mut graph = Graph::new();
    for (name, row) in the_rooms() {
        let all = row.imports.into_iter().chain(row.tests).collect();
        graph.insert(name, all);
    }
    assert_eq!(rings(&graph), BTreeSet::new());
}

#[test]
fn pure_rooms_import_pure_rooms() {
    let rooms = the_rooms();
    for (name, row) in rooms.iter().filter(|(_, row)| row.pure) {
        for to in row.imports.iter().chain(&row.tests) {
            assert!(rooms[to].pure, "`{name}` imports `{to}`");
        }
    }
    assert!(rooms.values().filter(|row| row.pure).count() > 15);
}

/// Files, not modules: a file's own tests belong to it. Two arrows do not count,
/// both between a module and one below it. A module may hand on what is below it
/// (`pub use`): whoever imports that is counted as importing the file that defines
/// it. And a file may use what a module around it defines itself, say in its `mod.rs`:
/// the types that all below share. What is only handed on there it imports, as
/// everybody does, from the file that defines it.
#[test]
fn no_files_import_each_other_in_a_ring() {
    let mut graph = Graph::new();
    for edge in edges().iter().filter(|e| e.kin == Kin::Other) {
        let from = edge.from.display().to_string();
        let to = edge.to.display().to_string();
        graph.entry(from).or_default().insert(to);
    }
    assert_eq!(rings(&graph), BTreeSet::new());
}

/// What is drawn is what stands in the source.
#[test]
fn imports_are_seen_wherever_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let src = folder.path();
    fs::create_dir(src.join("a")).unwrap();
    for (file, text) in [
        (
            "lib.rs",
            "mod a;\npub mod b;\nmod c;\n#[cfg(test)]\nmod kit;\n",
        ),
        (
            "a/mod.rs",
            "mod one;\nmod two;\npub use one::One;\npub struct Shared;\n",
        ),
        ("a/one.rs", "use super::Shared;\npub struct One(Shared);\n"),
        ("a/two.rs", "fn f(x: super::One) {}\n"),
        (
            "b.rs",
            "use crate::a::{self as letters, Shared as S};\nfn f() -> letters::One {}\n\
             // crate::c::X\nconst S: &str = \"crate::c::X\";\n\
             #[cfg(test)]\nmod tests {\n    use super::*;\n    use crate::kit::Kit;\n}\n",
        ),
        (
            "c.rs",
            "pub(in crate::b) struct X;\nmacro_rules! m { () => { vec![$crate::b::f()] } }\n",
        ),
        ("kit.rs", "pub struct Kit;\n"),
    ] {
        fs::write(src.join(file), text).unwrap();
    }
    let mut seen: Vec<String> = draw(&Tree::read(src))
        .iter()
        .map(|e| {
            let test = if e.for_tests { " test" } else { "" };
            let (from, to) = (e.from.display(), e.to.display());
            format!("{from}:{} {to} {:?}{test}", e.line, e.kin)
        })
        .collect();
    seen.sort();
    assert_eq!(
        seen,
        [
            "a/mod.rs:3 a/one.rs HandsOn",
            "a/one.rs:1 a/mod.rs Below",
            "a/two.rs:1 a/one.rs Other",
            "b.rs:1 a/mod.rs Other",
            "b.rs:1 a/mod.rs Other",
            "b.rs:2 a/one.rs Other",
            "b.rs:8 kit.rs Other test",
            "c.rs:2 b.rs Other",
        ]
    );
}

#[test]
fn a_ring_is_found_and_a_row_is_read() {
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|n| (*n).to_owned())
            .collect::<BTreeSet<_>>()
    };
    let graph = Graph::from([
        ("a".to_owned(), names(&["b", "x"])),
        ("b".to_owned(), names(&["c"])),
        ("c".to_owned(), names(&["a"])),
        ("d".to_owned(), names(&["a"])),
    ]);
    let ring = ["a", "b", "c"].map(str::to_owned).to_vec();
    assert_eq!(rings(&graph), BTreeSet::from([ring]));
    let text = "\n## The rooms\n### Pure rooms\n| `a` | x → y | `b`, `c::d` | `kit` |\n## Next\n| `e` | | | |\n";
    let row = Row {
        pure: true,
        imports: names(&["b", "c::d"]),
        tests: names(&["kit"]),
    };
    assert_eq!(rows(text), Rooms::from([("a".to_owned(), row)]));
}

/// What a pure room does not name. Types of `std::net` that are only addresses
/// are fine.
const FORBIDDEN: [&str; 13] = [
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
    let rooms = the_rooms();
    let is_pure = |file: &Path| {
        let room = room_of(&rooms, file.strip_prefix("src").unwrap());
        room.is_some_and(|room| rooms[&room].pure)
    };
    let mut broken = Vec::new();
    for file in sources(false).iter().filter(|f| is_pure(f)) {
        for (number, line) in code(file) {
            broken.extend(
                FORBIDDEN
                    .iter()
                    .filter(|word| has_word(&line, word))
                    .map(|word| format!("{}:{number}: {word}", file.display())),
            );
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn unsafe_code_stands_in_sys_only() {
    let broken: Vec<String> = sources(false)
        .iter()
        .filter(|f| room(f) != "sys")
        .flat_map(|f| code(f).map(|(n, line)| (f.clone(), n, line)))
        .filter(|(_, _, line)| has_word(line, "unsafe"))
        .map(|(f, n, _)| format!("{}:{n}", f.display()))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_file_is_long() {
    let long: Vec<(String, usize)> = sources(false)
        .iter()
        .map(|f| (f.display().to_string(), code(f).count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .collect();
    assert!(long.is_empty(), "look for the second idea in: {long:?}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file, relative to the package; `all`: also those only for tests.
fn sources(all: bool) -> Vec<PathBuf> {
    let root = root();
    let mut files = Vec::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && (all || !only_tests(&path)) {
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
    let text = fs::read_to_string(root().join(path)).expect("a source file");
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
fn has_word(line: &str, word: &str) -> bool {
    let outside: String = line.split('"').step_by(2).collect();
    outside.match_indices(word).any(|(at, _)| {
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !letter(outside[..at].chars().next_back())
            && (word.ends_with(':') || !letter(outside[at + word.len()..].chars().next()))
    })
}

#[test]
fn a_word_is_named_whole_and_outside_of_strings() {
    assert!(has_word("use std::fs;", "std::fs"));
    assert!(has_word("let t = Instant::now();", "Instant"));
    assert!(!has_word("let t = Instantly;", "Instant"));
    assert!(!has_word("say(\"unsafe\");", "unsafe"));
    assert!(!has_word("unsafe_op_in_unsafe_fn", "unsafe"));
}
