//! The records that expectations are about, each known by its JSON Schema.

use serde_json::Value;

use super::nearest;
use super::parse::Unit;
use super::walk::{Lists, Place, Unfit};
use super::{Expectation, order};
use crate::model::{IncompleteFigure, Nanos};
use crate::text::escape::printable;
use crate::text::units::{bytes, duration};

/// An expectation that did not hold, and what was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In words: the expectation, and the actual value.
    pub message: String,
}

/// A kind of record.
#[derive(Clone, Debug)]
pub struct Document {
    schema: Value,
    /// What may stand before a path that does not begin at the top.
    prefixes: &'static [&'static str],
    /// Lists whose elements are known beforehand.
    lists: Lists,
}

/// What a comparison will be about, as far as its command line tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The names of its rows.
    pub rows: Vec<String>,
    /// The pairs of rows that are set against each other.
    pub pairs: Vec<(String, String)>,
    /// The names of its growth rows.
    pub grown: Vec<String>,
}

impl Document {
    fn of(schema: &str) -> Self {
        Self {
            // The schemas are part of the program, and tests read them.
            schema: serde_json::from_str(schema).unwrap_or_default(),
            prefixes: &[],
            lists: Lists::default(),
        }
    }

    /// The record of a run.
    #[must_use]
    pub fn run() -> Self {
        Self {
            prefixes: &["requests"],
            ..Self::of(include_str!("../../docs/schemas/run.schema.json"))
        }
    }

    /// The summary of an analysis.
    #[must_use]
    pub fn analysis() -> Self {
        Self::of(include_str!("../../docs/schemas/analysis.schema.json"))
    }

    /// The record of a comparison of these.
    #[must_use]
    pub fn compare(compared: Compared) -> Self {
        let named = |names: Vec<String>| names.into_iter().map(|name| vec![name]).collect();
        let either_way = |(a, b): (String, String)| vec![format!("{a}.{b}"), format!("{b}.{a}")];
        Self {
            prefixes: &["rows", "rows.*"],
            lists: Lists(vec![
                ("rows", named(compared.rows)),
                (
                    "differences",
                    compared.pairs.into_iter().map(either_way).collect(),
                ),
                ("growth", named(compared.grown)),
            ]),
            ..Self::of(include_str!("../../docs/schemas/compare.schema.json"))
        }
    }

    /// Judges an expectation before there is a record: does its path exist, and
    /// can what is there be compared with the value?
    ///
    /// # Errors
    /// When not, with the names that were perhaps meant.
    pub fn check(&self, expectation: &Expectation) -> Result<(), Unfit> {
        let places = self.places(expectation, None)?;
        let absent = places.iter().find_map(|place| place.absent.as_deref());
        match absent {
            None => Ok(()),
            Some(reason) => Err(Unfit::Mismatch {
                path: expectation.path(),
                reason: format!("does not exist: {reason}"),
            }),
        }
    }

    /// What does not hold of a record: nothing when the expectation is met.
    ///
    /// # Errors
    /// When the path leads nowhere in this record.
    pub fn judge(&self, expectation: &Expectation, record: &Value) -> Result<Vec<Failure>, Unfit> {
        let places = self.places(expectation, Some(record))?;
        let several = places.len() > 1;
        let failure = |place: &Place<'_>| {
            let value = place.value.as_ref()?;
            if let Some(figure) = incomplete(record, &place.at)
                && !expectation.wanted.is_null()
            {
                let sure = figure.at_least.is_some_and(|n| expectation.holds_above(n));
                return (!sure).then(|| Failure {
                    message: unsure(expectation, place, &figure, several),
                });
            }
            (!expectation.holds(value)).then(|| Failure {
                message: message(expectation, place, value, several),
            })
        };
        Ok(places.iter().filter_map(failure).collect())
    }

    fn places(
        &self,
        expectation: &Expectation,
        record: Option<&Value>,
    ) -> Result<Vec<Place<'_>>, Unfit> {
        let found = match self.find(&expectation.path, record) {
            // `failed == 0` is meant of all reasons together: of `failed_total`.
            Some(places) if places.iter().any(Place::has_fields) => {
                let total = self.find(&total_of(&expectation.path), record);
                total.or(Some(places))
            }
            found => found,
        };
        let places = found.ok_or_else(|| Unfit::Unknown {
            path: printable(&expectation.path()).into_owned(),
            nearest: nearest::to(&expectation.path(), &self.schema, &self.lists),
        })?;
        let misfit = places.iter().find_map(|p| p.fits(expectation).err());
        match misfit {
            None => Ok(places),
            Some(reason) => Err(Unfit::Mismatch {
                path: expectation.path(),
                reason,
            }),
        }
    }

    /// The places of the first path that leads somewhere: this one, or one with a
    /// prefix of the document's before it.
    fn find(&self, path: &[String], record: Option<&Value>) -> Option<Vec<Place<'_>>> {
        let prefixes = std::iter::once("").chain(self.prefixes.iter().copied());
        prefixes.into_iter().find_map(|prefix| {
            let before = prefix.split('.').filter(|name| !name.is_empty());
            let before = before.map(str::to_owned);
            let whole: Vec<String> = before.chain(path.iter().cloned()).collect();
            self.lists.walk(self.top(record), &whole)
        })
    }

    fn top(&self, record: Option<&Value>) -> Place<'_> {
        Place {
            at: String::new(),
            schema: Some(&self.schema),
            value: record.cloned(),
            absent: None,
        }
    }
}

/// The path of the sum of what stands at this one: it has the same name with
/// `_total` behind it.
fn total_of(path: &[String]) -> Vec<String> {
    let mut total = path.to_vec();
    if let Some(last) = total.last_mut() {
        last.push_str("_total");
    }
    total
}

/// What the record says of a figure that is not known exactly, itself or that to
/// which it belongs.
fn incomplete(record: &Value, path: &str) -> Option<IncompleteFigure> {
    let all = record.get("incomplete")?.as_object()?;
    let belongs = |to: &str| {
        path.strip_prefix(to)
            .is_some_and(|p| p.is_empty() || p.starts_with('.'))
    };
    let (_, figure) = all.iter().find(|(name, _)| belongs(name))?;
    serde_json::from_value(figure.clone()).ok()
}

/// Why it is not known whether an expectation holds.
fn unsure(
    expectation: &Expectation,
    place: &Place<'_>,
    figure: &IncompleteFigure,
    several: bool,
) -> String {
    let what = if several { place.at.as_str() } else { "it" };
    let least = match figure.at_least {
        Some(n) if n > 0 => format!(", at least {n}"),
        _ => String::new(),
    };
    let reasons = figure.reasons();
    printable(&format!(
        "{expectation}: {what} is not known exactly{least}: {reasons}"
    ))
    .into_owned()
}

/// What did not hold, and what was there instead.
fn message(expectation: &Expectation, place: &Place<'_>, value: &Value, several: bool) -> String {
    let what = if several { place.at.as_str() } else { "it" };
    let is = match value {
        Value::Null if place.absent.is_some() => {
            format!(
                "does not exist: {}",
                place.absent.as_deref().unwrap_or_default()
            )
        }
        Value::Null if place.may_be_unlimited() => {
            "is null: unlimited, or it could not be read".to_owned()
        }
        Value::Null if order(&expectation.wanted, &expectation.wanted).is_some() => {
            "was not measured".to_owned()
        }
        Value::Null => "is null".to_owned(),
        Value::String(text) => format!("is {text:?}"),
        Value::Object(_) | Value::Array(_) => "is not null".to_owned(),
        other => format!("is {other}{}", read(&place.at, other)),
    };
    printable(&format!("{expectation}: {what} {is}")).into_owned()
}

/// A figure as a person reads it, where its name says its unit.
fn read(path: &str, value: &Value) -> String {
    match (Unit::of(path.split('.')), value.as_i64(), value.as_u64()) {
        (Some(Unit::Time), Some(ns), _) => format!(" ({})", duration(Nanos::new(ns))),
        (Some(Unit::Size), _, Some(n)) => format!(" ({})", bytes(n)),
        _ => String::new(),
    }
}
