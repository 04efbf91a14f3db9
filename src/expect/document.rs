//! The records that expectations are about, each known by its JSON Schema.

use serde_json::Value;

use super::parse::Unit;
use super::walk::{Names, Place, Unfit, is_object};
use super::{Expectation, order};
use crate::model::Nanos;
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
    /// The names of the rows, where the record has rows.
    names: Vec<String>,
}

/// How many of the nearest names are offered.
const OFFERED: usize = 3;

impl Document {
    fn of(schema: &str) -> Self {
        Self {
            // The schemas are part of the program, and tests read them.
            schema: serde_json::from_str(schema).unwrap_or_default(),
            prefixes: &[],
            names: Vec::new(),
        }
    }

    /// The record of a run.
    #[must_use]
    pub fn run() -> Self {
        Self::of(include_str!("../../docs/schemas/run.schema.json"))
    }

    /// The summary of an analysis.
    #[must_use]
    pub fn analysis() -> Self {
        Self::of(include_str!("../../docs/schemas/analysis.schema.json"))
    }

    /// The record of a comparison whose rows will be called so.
    #[must_use]
    pub fn compare(names: Vec<String>) -> Self {
        Self {
            prefixes: &["rows", "rows.*"],
            names,
            ..Self::of(include_str!("../../docs/schemas/compare.schema.json"))
        }
    }

    /// Judges an expectation before there is a record: does its path exist, and
    /// can what is there be compared with the value?
    ///
    /// # Errors
    /// When not, with the names that were perhaps meant.
    pub fn check(&self, expectation: &Expectation) -> Result<(), Unfit> {
        self.places(expectation, None).map(drop)
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
        let names = Names(&self.names);
        let found = std::iter::once(None)
            .chain(self.prefixes.iter().map(Some))
            .find_map(|prefix| {
                let mut path: Vec<String> = prefix
                    .into_iter()
                    .flat_map(|p| p.split('.').map(str::to_owned))
                    .collect();
                path.extend_from_slice(&expectation.path);
                names.walk(self.top(record), &path)
            });
        let places = found.ok_or_else(|| Unfit::Unknown {
            path: printable(&expectation.path()).into_owned(),
            nearest: self.nearest(&expectation.path()),
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

    fn top(&self, record: Option<&Value>) -> Place<'_> {
        Place {
            at: String::new(),
            schema: Some(&self.schema),
            value: record.cloned(),
        }
    }

    /// The paths that exist and look most like this one.
    fn nearest(&self, path: &str) -> Vec<String> {
        let mut known = Vec::new();
        self.leaves(&self.schema, String::new(), &mut known);
        let distance = |known: &str| strsim::damerau_levenshtein(path, known);
        let mut ranked: Vec<(usize, String)> =
            known.into_iter().map(|k| (distance(&k), k)).collect();
        ranked.sort();
        ranked.truncate(OFFERED);
        ranked.into_iter().map(|(_, known)| known).collect()
    }

    /// Every path to a value, as short as it may be written.
    fn leaves(&self, schema: &Value, at: String, known: &mut Vec<String>) {
        let below = |name: &str| match (at.as_str(), name) {
            (_, "census") => at.clone(),
            ("", _) => name.to_owned(),
            _ => format!("{at}.{name}"),
        };
        if let Some(items) = schema.get("items") {
            known.push(below("length"));
            if at == "rows" {
                self.leaves(items, String::new(), known);
                for name in &self.names {
                    self.leaves(items, name.clone(), known);
                }
            } else {
                self.leaves(items, below("0"), known);
            }
        } else if is_object(schema) {
            for (name, of) in schema["properties"].as_object().into_iter().flatten() {
                self.leaves(of, below(name), known);
            }
            let names = schema["propertyNames"]["enum"].as_array();
            for name in names.into_iter().flatten().filter_map(Value::as_str) {
                known.push(below(name));
            }
        } else {
            known.push(at);
        }
    }
}

/// What did not hold, and what was there instead.
fn message(expectation: &Expectation, place: &Place<'_>, value: &Value, several: bool) -> String {
    let what = if several { place.at.as_str() } else { "it" };
    let is = match value {
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
