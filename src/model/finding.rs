//! Conclusions with their evidence.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::{Display, VariantArray, VariantNames};

use super::named::serialised;
use super::said::{Phrase, as_far_as_known};

/// How much a finding matters.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, VariantArray, VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// The figures are correct, but something was not as it should be.
    Warning,
    /// Something that was asked for did not happen, or a figure cannot be trusted.
    Error,
}

serialised!(Severity);

/// A conclusion: a code for programs, a sentence for people, and its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// A stable name in snake case.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence, with what to do about it where something can be done.
    pub message: String,
    /// The sentences of the message, so that they can be said in another language; empty
    /// in records of earlier versions.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "as_far_as_known"
    )]
    pub said: Vec<Phrase>,
    /// The figures behind it.
    pub evidence: Map<String, Value>,
}

impl Finding {
    /// A finding without evidence yet.
    #[must_use]
    pub fn new(code: &str, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            severity,
            message: message.into(),
            said: Vec::new(),
            evidence: Map::new(),
        }
    }

    /// The same finding with one more figure behind it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.evidence.insert(name.to_owned(), value.into());
        self
    }
}
