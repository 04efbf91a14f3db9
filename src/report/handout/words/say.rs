//! Figures as the language writes them, and several things in a row.

use super::Say;
use crate::model::Nanos;

/// What stands for a figure that was not measured.
const ABSENT: &str = "—";

impl Say {
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
