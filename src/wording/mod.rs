//! What conclusions say, in each language.
//!
//! A rule says a sentence by its name, with the figures and names that are in it
//! ([`table`](mod@table) lists all of them); the record keeps that ([`Phrase`]), and the
//! words come last: they stand in one file a language (`en.txt`, `id.txt`), which
//! [`template`] explains. Another language is another file, and a variant of [`Lang`]. A
//! sentence that a rule says has to be in the table, or it does not compile; one that no
//! rule says is dead code; and a test holds each file to have the texts of the table, with
//! the gaps that it names.
//!
//! English is the message of the record, and stays as it is there. Other languages are made
//! of the phrases, and where these are missing, or are not known here, the message stands
//! for them.

mod argument;
mod nouns;
mod recorded;
mod render;
mod table;
mod template;
mod texts;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub(crate) use argument::{Bytes, Given};
pub(crate) use recorded::recorded;
pub(crate) use table::*;

use crate::lang::Lang;
use crate::model::{Argument, Finding, Phrase, Severity};
use crate::text::escape::printable;

/// A finding that says this.
pub(crate) fn finding(code: &str, severity: Severity, said: Vec<Phrase>) -> Finding {
    Finding {
        message: english(&said),
        said,
        ..Finding::new(code, severity, "")
    }
}

/// What a finding says, in a language; in English where it cannot be said there.
pub(crate) fn message(finding: &Finding, lang: Lang) -> Cow<'_, str> {
    let english = Cow::Borrowed(finding.message.as_str());
    if lang == Lang::En {
        return english;
    }
    spoken(&finding.said, lang).map_or(english, Cow::Owned)
}

/// Whether a finding can be said in this language.
pub(crate) fn is_told(finding: &Finding, lang: Lang) -> bool {
    lang == Lang::En || spoken(&finding.said, lang).is_some()
}

/// The same in English.
pub(crate) fn english(said: &[Phrase]) -> String {
    spoken(said, Lang::En).unwrap_or_else(|| {
        let keys: Vec<&str> = said.iter().map(|phrase| phrase.key.as_str()).collect();
        keys.join(" ")
    })
}

/// Sentences in a language, safe on a terminal line; `None` where it has no words for them.
fn spoken(said: &[Phrase], lang: Lang) -> Option<String> {
    render::sentences(said, lang).map(|text| printable(&text).into_owned())
}

fn phrase<const N: usize>(key: &str, args: [(&str, Option<Argument>); N]) -> Phrase {
    let filled = args
        .into_iter()
        .filter_map(|(name, arg)| Some((name.to_owned(), arg?)));
    Phrase {
        key: key.to_owned(),
        args: filled.collect::<BTreeMap<_, _>>(),
    }
}
