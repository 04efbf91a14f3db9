//! The texts of the page's data: each once, however often it occurs.

use std::collections::HashMap;

use super::words::Say;
use crate::text::escape::printable;

/// No text is longer, in characters: what a peer sends has no bound of its own.
const LONGEST: usize = 300;

/// All texts together take at most so many bytes. Rows whose text has no room any
/// more say so, and `flows.jsonl` has it.
const ROOM: usize = 256 << 10;

/// The texts, in the order of their numbers.
#[derive(Debug)]
pub(super) struct Texts {
    /// The language of those that are ours.
    pub(super) say: Say,
    numbers: HashMap<String, usize>,
    all: Vec<String>,
    used: usize,
}

impl Texts {
    pub(super) fn new(say: Say) -> Self {
        Self {
            say,
            numbers: HashMap::new(),
            all: Vec::new(),
            used: 0,
        }
    }

    /// The number of a text.
    pub(super) fn number(&mut self, text: &str) -> Option<i64> {
        let text = printable(text);
        let text = match text.char_indices().nth(LONGEST) {
            None => text.into_owned(),
            Some((at, _)) => format!("{}…", &text[..at]),
        };
        let room = self.used + text.len() <= ROOM || self.numbers.contains_key(&text);
        let text = if room {
            text
        } else {
            self.say.no_room().to_owned()
        };
        let next = self.all.len();
        let number = *self.numbers.entry(text).or_insert_with_key(|text| {
            self.used += text.len();
            self.all.push(text.clone());
            next
        });
        i64::try_from(number).ok()
    }

    /// The number of a word of our own, for which there always is room.
    pub(super) fn own(&mut self, word: &'static str) -> Option<i64> {
        let next = self.all.len();
        let number = *self.numbers.entry(word.to_owned()).or_insert(next);
        if number == next {
            self.all.push(word.to_owned());
        }
        i64::try_from(number).ok()
    }

    /// All of them.
    pub(super) fn end(self) -> Vec<String> {
        self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    const EN: Say = Say::new(Lang::En);

    #[test]
    fn a_text_stands_there_once_and_acts_on_nothing() {
        let mut texts = Texts::new(EN);
        let twice = [texts.number("a\u{202e}b"), texts.number("a\u{202e}b")];
        assert_eq!((twice, texts.number("c")), ([Some(0), Some(0)], Some(1)));
        assert_eq!(texts.end(), ["a\\u{202e}b", "c"]);
    }

    #[test]
    fn texts_have_bounds() {
        let mut texts = Texts::new(EN);
        texts.number(&"é".repeat(100_000));
        for n in 0..100_000 {
            texts.number(&format!("{n} {}", "x".repeat(100)));
        }
        let (first, last) = (texts.number("0 short"), texts.number("1 short"));
        assert_eq!(first, last);
        // A name of ours has room all the same.
        let own = texts.own("client");
        assert!(own > last && texts.own("client") == own);
        let all = texts.end();
        assert_eq!(all[0].chars().count(), 301);
        assert_eq!(all[all.len() - 2..], [EN.no_room(), "client"]);
        assert!(all.iter().map(String::len).sum::<usize>() <= ROOM + 100);
    }
}
