//! Expectations: `client.threads.peak <= 9`, held against a record.
//!
//! A line of text comes in and becomes an [`Expectation`]; a [`Document`] knows
//! the paths of one of the contract's records from its JSON Schema, so that a
//! name that does not exist is found before anything is run. Then the record
//! comes in as JSON, and what did not hold goes out, with the value that was
//! there.
//!
//! Paths are the names of the record, with dots between them. An element of a
//! list is named by its number, by its `name` where it has one, a pair by its two
//! names in either order, or by `*`, which is each of them; `length` is how many
//! there are. `census.` may be left out, and in a comparison `rows.` with or
//! without the row's name: without it every row has to hold.
//!
//! What was not measured (`null`) meets no expectation but those of `null`
//! itself: a guard that nothing was measured for has to fail. Nor does a figure that
//! the record calls incomplete, unless what it is at least is enough.

mod document;
mod nearest;
mod parse;
mod walk;

use std::fmt;

use serde_json::Value;
use strum::{Display, VariantArray, VariantNames};

pub use self::document::{Compared, Document};
use crate::model::named::named;

/// How two values are compared. Signs that begin with another come before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, VariantArray, VariantNames)]
pub enum Comparison {
    /// `==` or `=`.
    #[strum(serialize = "==")]
    Equal,
    /// `!=`.
    #[strum(serialize = "!=")]
    NotEqual,
    /// `<=`.
    #[strum(serialize = "<=")]
    AtMost,
    /// `>=`.
    #[strum(serialize = ">=")]
    AtLeast,
    /// `<`.
    #[strum(serialize = "<")]
    Less,
    /// `>`.
    #[strum(serialize = ">")]
    Greater,
}

named!(Comparison);

impl Comparison {
    /// Whether it needs numbers.
    #[must_use]
    pub fn orders(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// Something that has to hold of a record: a path, a comparison, a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// As it was given.
    text: String,
    /// The names of the path.
    path: Vec<String>,
    comparison: Comparison,
    wanted: Value,
}

impl Expectation {
    /// The path as it was given.
    #[must_use]
    pub fn path(&self) -> String {
        self.path.join(".")
    }

    /// Whether it is about points of a timeline.
    #[must_use]
    pub fn asks_for_a_timeline(&self) -> bool {
        self.path.iter().any(|name| name == "timeline")
    }

    /// Whether every number from this one on is as it should be.
    fn holds_above(&self, least: u64) -> bool {
        matches!(self.comparison, Comparison::AtLeast | Comparison::Greater)
            && self.holds(&least.into())
    }

    /// Whether a value is as it should be. Numbers compare by value, whole ones
    /// exactly; nothing is more or less than what is no number, and what was not
    /// measured is not even unequal to one.
    fn holds(&self, actual: &Value) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        if actual.is_null() && !self.wanted.is_null() {
            return false;
        }
        let order = order(actual, &self.wanted);
        match self.comparison {
            Comparison::Equal => order == Some(Equal) || *actual == self.wanted,
            Comparison::NotEqual => order != Some(Equal) && *actual != self.wanted,
            Comparison::Less => order == Some(Less),
            Comparison::AtMost => matches!(order, Some(Less | Equal)),
            Comparison::Greater => order == Some(Greater),
            Comparison::AtLeast => matches!(order, Some(Greater | Equal)),
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The order of two numbers; `None` where one is none.
fn order(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    let whole = |v: &Value| {
        let unsigned = v.as_u64().map(i128::from);
        v.as_i64().map(i128::from).or(unsigned)
    };
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

#[cfg(test)]
mod tests;
