//! Sentences that records keep: their English is a part of the record, and the same in
//! every language; to people they are told in their own.
//!
//! A sentence comes in as the record has it, and goes out in the language: the file of the
//! language has a pair of lines for each, the English one and its own, with gaps `{a}` for
//! what differs from run to run. What stands in a gap is told in the same way where it is
//! a sentence or a figure itself, and else as it is; in a gap `{text}` always. In a gap
//! `{n}` stands a figure. A sentence that the file does not have, of an older or a newer
//! threadtap, is told as it is.
//!
//! ```text
//! {n} connections by one thread, never two at the same time
//! = {n} koneksi oleh satu thread, tidak pernah dua pada saat yang sama
//! ```

use std::borrow::Cow;
use std::sync::OnceLock;

use super::{Lang, fill};
use crate::text::units::count;

/// A sentence: in English, and in the other language.
type Pair = (&'static str, &'static str);

/// A gap of this name has bytes of a peer in it: they are told as they are.
const FOREIGN: &str = "text";

/// No sentence stands deeper than this within another one.
const DEEPEST: usize = 4;

impl Lang {
    /// A sentence of a record.
    #[must_use]
    pub fn kept(self, sentence: &str) -> Cow<'_, str> {
        match pairs(self) {
            None => Cow::Borrowed(sentence),
            Some(pairs) => Cow::Owned(self.told(pairs, sentence, DEEPEST)),
        }
    }

    fn told(self, pairs: &[Pair], sentence: &str, deeper: usize) -> String {
        let found = pairs
            .iter()
            .find_map(|(english, other)| Some((matched(english, sentence)?, *other)));
        let (Some((gaps, other)), 1..) = (found, deeper) else {
            return self.figure(sentence);
        };
        let gaps: Vec<(&str, String)> = gaps
            .into_iter()
            .map(|(name, text)| match name {
                FOREIGN => (name, text.to_owned()),
                _ => (name, self.told(pairs, text, deeper - 1)),
            })
            .collect();
        let gaps: Vec<(&str, &str)> = gaps.iter().map(|(name, text)| (*name, &**text)).collect();
        fill(other, &gaps)
    }

    /// A count as the language writes it; anything else as it is.
    fn figure(self, text: &str) -> String {
        let digits: String = text.chars().filter(|c| *c != ',').collect();
        match digits.parse::<u64>() {
            // Only what we wrote so ourselves.
            Ok(n) if count(n) == text => self.count(n),
            _ => text.to_owned(),
        }
    }
}

/// The sentences of a language; `None` of English.
fn pairs(lang: Lang) -> Option<&'static [Pair]> {
    static INDONESIAN: OnceLock<Vec<Pair>> = OnceLock::new();
    match lang {
        Lang::En => None,
        Lang::Id => Some(INDONESIAN.get_or_init(|| read(include_str!("kept.id.txt")))),
    }
}

fn read(file: &'static str) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut english = "";
    for line in file.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("= ") {
            Some(other) => pairs.push((english, other)),
            None => english = line,
        }
    }
    pairs
}

/// What stands in the gaps, where the sentence is one of these.
fn matched<'a>(form: &'static str, sentence: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    let Some((before, rest)) = form.split_once('{') else {
        return (form == sentence).then(Vec::new);
    };
    let sentence = sentence.strip_prefix(before)?;
    let (name, rest) = rest.split_once('}')?;
    let next = rest.split('{').next().unwrap_or(rest);
    if next.is_empty() {
        // The last gap: it takes all that is left.
        let fits = rest.is_empty() && fits(name, sentence);
        return fits.then(|| vec![(name, sentence)]);
    }
    // The shortest text that fits.
    let ends = sentence.match_indices(next).map(|(at, _)| at);
    ends.filter(|at| fits(name, &sentence[..*at]))
        .find_map(|at| {
            let (text, after) = sentence.split_at(at);
            let mut gaps = matched(rest, after)?;
            gaps.push((name, text));
            Some(gaps)
        })
}

/// Whether a text can stand in this gap: some text, and in a gap `{n}` a figure.
fn fits(name: &str, text: &str) -> bool {
    let figure = |c: char| c.is_ascii_digit() || c == ',' || c == '-';
    !text.is_empty() && (name != "n" || text.chars().all(figure))
}

#[cfg(test)]
mod tests;
