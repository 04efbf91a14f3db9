//! Advice that an observation keeps in English: what would let a program start, who has a
//! port. It comes in as it was recorded, and goes out as a phrase, where its form is known.

use std::collections::BTreeMap;

use super::table::{RECORDED, recorded as told};
use super::template::Part;
use super::texts;
use crate::lang::Lang;
use crate::model::{Argument, Phrase};

/// What was recorded, as a phrase; as it is where its form is not known.
pub(crate) fn recorded(text: &str) -> Phrase {
    let english = texts::of(Lang::En);
    let known = RECORDED.iter().filter_map(|(key, _)| {
        let template = english.get(*key)?;
        let mut args = BTreeMap::new();
        matches(template, text, &mut args).then(|| {
            // Where two forms fit, the one that says more of it itself is meant.
            let left: usize = args.values().map(text_len).sum();
            let key = (*key).to_owned();
            (left, Phrase { key, args })
        })
    });
    let nearest = known.min_by_key(|(left, _)| *left);
    nearest.map_or_else(|| told::as_it_is(text), |(_, phrase)| phrase)
}

fn text_len(argument: &Argument) -> usize {
    match argument {
        Argument::Text(text) => text.len(),
        _ => 0,
    }
}

/// Whether the text has this form; what stands in its gaps.
fn matches(form: &[Part], text: &str, args: &mut BTreeMap<String, Argument>) -> bool {
    match form {
        [] => text.is_empty(),
        [Part::Text(own), rest @ ..] => {
            let after = text.strip_prefix(own.as_str());
            after.is_some_and(|after| matches(rest, after, args))
        }
        [Part::Gap(name), rest @ ..] => {
            let ends: Vec<usize> = match rest.first() {
                None => vec![text.len()],
                Some(Part::Text(next)) => text.match_indices(next).map(|(at, _)| at).collect(),
                Some(_) => Vec::new(),
            };
            let end = ends
                .into_iter()
                .find(|&end| matches(rest, &text[end..], args));
            if let Some(end) = end {
                args.insert(name.clone(), Argument::Text(text[..end].to_owned()));
            }
            end.is_some()
        }
        _ => false,
    }
}
