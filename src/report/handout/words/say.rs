//! Texts with their gaps filled, and figures as the language writes them.

use super::{Texts, en, id};
use crate::lang::Lang;
use crate::model::Nanos;

/// What stands for a figure that was not measured.
const ABSENT: &str = "—";

/// Speaks a language.
#[derive(Clone, Copy, Debug)]
pub(in crate::report::handout) struct Say {
    pub(in crate::report::handout) lang: Lang,
    pub(super) texts: &'static Texts,
}

impl Say {
    /// One that speaks it.
    pub(in crate::report::handout) const fn new(lang: Lang) -> Self {
        let texts = match lang {
            Lang::En => &en::TEXTS,
            Lang::Id => &id::TEXTS,
        };
        Self { lang, texts }
    }

    /// A count.
    pub(in crate::report::handout) fn n(self, n: u64) -> String {
        self.lang.count(n)
    }

    /// A duration.
    pub(in crate::report::handout) fn time(self, span: Nanos) -> String {
        self.lang.duration(span)
    }

    /// A count in a table; one that was not measured is not 0.
    pub(in crate::report::handout) fn cell(self, n: Option<u64>) -> String {
        n.map_or_else(|| ABSENT.to_owned(), |n| self.n(n))
    }

    /// A duration in a table.
    pub(in crate::report::handout) fn time_cell(self, span: Option<Nanos>) -> String {
        span.map_or_else(|| ABSENT.to_owned(), |span| self.time(span))
    }

    /// A multiple, to three digits.
    pub(in crate::report::handout) fn times(self, ratio: f64) -> String {
        let digits = match ratio {
            r if r < 9.995 => 2,
            r if r < 99.95 => 1,
            _ => 0,
        };
        self.lang.decimal(ratio, digits)
    }

    /// Several things in a row: `a, b and c`.
    pub(in crate::report::handout) fn list(self, parts: &[String]) -> String {
        match parts {
            [] => String::new(),
            [one] => one.clone(),
            [one, other] => self.and(one, other),
            [first @ .., last] => self.and_last(&first.join(", "), last),
        }
    }
}

/// The text with its gaps `{name}` filled. What fills them is not looked into.
pub(super) fn fill(text: &str, gaps: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let with = gaps.iter().find(|(gap, _)| *gap == name);
        filled.push_str(with.map_or("", |(_, with)| with));
        rest = after;
    }
    filled.push_str(rest);
    filled
}
