//! The paths that were perhaps meant by one that does not exist.
//!
//! A path and a schema come in, the nearest paths go out. Most who miss a path
//! leave out its front (`peak`, `threads.peak`) or misspell one name: so paths
//! that end in the given names come first, then those that have them in the
//! middle, then those whose last names look most alike.

use serde_json::Value;

use super::walk::{Lists, is_object};

/// How many are offered.
const OFFERED: usize = 3;

/// How many where they all end in the given names.
const OFFERED_AT_MOST: usize = 6;

/// The nearest paths, the nearest first.
pub(super) fn to(path: &str, schema: &Value, lists: &Lists) -> Vec<String> {
    let mut known = Vec::new();
    leaves(schema, String::new(), lists, &mut known);
    let mut ranked: Vec<_> = known.into_iter().map(|k| (rank(path, &k), k)).collect();
    ranked.sort();
    let ends = |(rank, _): &&(Rank, String)| rank.0 == Shares::End;
    let offered = ranked.iter().filter(ends).count();
    ranked.truncate(offered.clamp(OFFERED, OFFERED_AT_MOST));
    ranked.into_iter().map(|(_, known)| known).collect()
}

/// Which of its names a path has in common with the given one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shares {
    /// It ends in all of them.
    End,
    /// It has all of them somewhere, one after the other.
    Middle,
    /// Not all of them.
    Some,
}

/// What they share, how far the last names are apart, how far the whole paths.
type Rank = (Shares, usize, usize);

fn rank(path: &str, known: &str) -> Rank {
    let dotted = format!(".{known}.");
    let shares = if dotted.ends_with(&format!(".{path}.")) {
        Shares::End
    } else if dotted.contains(&format!(".{path}.")) {
        Shares::Middle
    } else {
        Shares::Some
    };
    let names: Vec<&str> = known.split('.').collect();
    let last = names.len().saturating_sub(path.split('.').count());
    let distance = strsim::damerau_levenshtein;
    let of_last = match shares {
        Shares::Some => distance(path, &names[last..].join(".")),
        _ => 0,
    };
    (shares, of_last, distance(path, known))
}

/// Every path to a value, as short as it may be written.
fn leaves(schema: &Value, at: String, lists: &Lists, known: &mut Vec<String>) {
    let below = |name: &str| match (at.as_str(), name) {
        (_, "census") => at.clone(),
        ("", _) => name.to_owned(),
        _ => format!("{at}.{name}"),
    };
    if let Some(items) = schema.get("items") {
        known.push(below("length"));
        if at == "rows" {
            leaves(items, String::new(), lists, known);
        }
        match lists.elements(&at) {
            None => leaves(items, below("0"), lists, known),
            Some(elements) => {
                for name in elements.iter().filter_map(|names| names.first()) {
                    let of = if at == "rows" {
                        name.clone()
                    } else {
                        below(name)
                    };
                    leaves(items, of, lists, known);
                }
            }
        }
    } else if is_object(schema) {
        let fields = schema["properties"].as_object().into_iter().flatten();
        // The points of a timeline have no names that anybody could have meant.
        for (name, of) in fields.filter(|(name, _)| *name != "timeline") {
            leaves(of, below(name), lists, known);
        }
        let names = schema["propertyNames"]["enum"].as_array();
        for name in names.into_iter().flatten().filter_map(Value::as_str) {
            known.push(below(name));
        }
    } else {
        known.push(at);
    }
}
