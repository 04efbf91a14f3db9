//! Every language says everything; the page and its script say what is there, and all of
//! it.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::lang::complete;
use crate::report::html::{PAGE, Parts, SCRIPT, several};

/// Both pages, and both scripts.
const PAGES: [&str; 2] = [PAGE, several::PAGE];
const SCRIPTS: [&str; 2] = [SCRIPT, several::SCRIPT];

#[test]
fn every_language_says_everything() {
    let same = ["bytes", "histogram_of", "client_is", "share_is"];
    complete(&en::TEXTS.all(), &[&id::TEXTS.all()], &same);
}

#[test]
fn figures_have_the_marks_that_they_have_elsewhere() {
    for lang in [Lang::En, Lang::Id] {
        let texts = all(lang);
        let mark = |name: &str| texts[name].as_str().unwrap().to_owned();
        let thousands = format!("1{}000", mark("thousands_mark"));
        assert_eq!(thousands, lang.count(1_000));
        let decimal = format!("0{}5", mark("decimal_mark"));
        assert_eq!(decimal, lang.decimal(0.5, 1));
    }
}

/// What the script asks for: names with the gaps that it fills.
fn asked() -> BTreeMap<String, BTreeSet<String>> {
    let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for way in ["say(\"", "counted(\"", "figure(\"", "words(\"", "name: \""] {
        for call in SCRIPTS.iter().flat_map(|s| s.split(way).skip(1)) {
            let (name, rest) = call.split_once('"').unwrap();
            let gaps = asked.entry(name.to_owned()).or_default();
            if let Some(object) = rest.strip_prefix(", {") {
                gaps.extend(keys(object));
            }
        }
    }
    asked
}

/// The keys of an object, which begins here.
fn keys(object: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut depth = 0;
    let mut part = String::new();
    for c in object.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                let key = part.split(':').next().unwrap().trim();
                keys.extend((!key.is_empty()).then(|| key.to_owned()));
                part.clear();
            }
            _ => {}
        }
        if c == '}' && depth == 0 {
            break;
        }
        part.push(if c == ',' && depth == 0 { ' ' } else { c });
    }
    keys
}

#[test]
fn the_script_says_what_is_there_and_fills_its_gaps() {
    let texts: BTreeMap<&str, BTreeSet<&str>> = en::TEXTS
        .all()
        .into_iter()
        .map(|(name, _, gaps)| (name, gaps.into_iter().collect()))
        .collect();
    let asked = asked();
    assert!(asked.len() > 80, "{asked:?}");
    for (name, gaps) in &asked {
        let there = texts.get(name.as_str());
        let there = there.unwrap_or_else(|| panic!("no text is called {name}"));
        // Where they are in a variable, they cannot be seen here.
        let gaps: BTreeSet<&str> = gaps.iter().map(String::as_str).collect();
        assert!(
            gaps.is_empty() || gaps == *there,
            "{name}: {gaps:?}, {there:?}"
        );
    }
    for name in texts.keys() {
        let place = format!("{{{{{name}}}}}");
        let said = asked.contains_key(*name) || PAGES.iter().any(|p| p.contains(&place));
        assert!(said, "nobody says {name}");
    }
    for place in PAGES.iter().flat_map(|p| p.split("{{").skip(1)) {
        let name = place.split("}}").next().unwrap();
        assert!(
            Parts::NAMES.contains(&name) || texts.contains_key(name),
            "{name}"
        );
    }
}

/// No sentence stands in the script itself.
#[test]
fn the_script_has_no_text_of_its_own() {
    // Names, selectors, styles and the like.
    let allowed = [
        "use strict",
        "when since",
        "reading quiet",
        "said careful",
        "first syn syn_ack ack request response server_closed client_closed last ",
        "c_started c_connected c_ended s_accepted s_started s_ended started connected ended at",
        "thead tr",
        "Segoe UI",
        "Noto Sans",
    ];
    let mut found = Vec::new();
    let lines = SCRIPTS.iter().flat_map(|s| s.lines());
    for line in lines.filter(|l| !l.trim_start().starts_with(['/', '*'])) {
        for quoted in line.split('"').skip(1).step_by(2) {
            let words = quoted.split(' ').filter(|w| !w.is_empty()).count();
            let letters = quoted
                .chars()
                .all(|c| c.is_alphabetic() || " _'.,;:()".contains(c));
            if words > 1 && letters && !allowed.contains(&quoted) {
                found.push(quoted);
            }
        }
    }
    assert_eq!(found, Vec::<&str>::new());
}
