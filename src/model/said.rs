//! What is said to people, kept so that it can be said in any language.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::{Incomplete, Nanos, Outcome};

/// A sentence or a part of one: which, and what fills its gaps. The words stand in one
/// file a language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Phrase {
    /// Which one, as the files of the languages name it.
    pub key: String,
    /// What fills its gaps, by their names; a gap that has nothing is not here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, Argument>,
}

/// What fills a gap of a phrase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Argument {
    /// That something holds.
    Yes(bool),
    /// How many.
    Count(u64),
    /// A name or a text of somebody else's, which is the same in every language.
    Text(String),
    /// Several, one after the other.
    Several(Vec<Argument>),
    /// A phrase within the phrase.
    Phrase(Phrase),
    /// A duration.
    Duration {
        /// How long.
        ns: Nanos,
    },
    /// A duration that somebody asked for, told as exactly as it was given.
    Given {
        /// How long.
        given_ns: Nanos,
    },
    /// A number of bytes.
    Bytes {
        /// How many.
        bytes: u64,
    },
    /// What became of a request.
    Outcome {
        /// Which outcome.
        outcome: Outcome,
    },
    /// Why a figure is not known exactly.
    Incomplete {
        /// Which reason.
        incomplete: Incomplete,
    },
}

/// Reads what can be said; nothing where a later version, or a hostile person, wrote
/// something else: the English message is there all the same.
pub(super) fn as_far_as_known<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Phrase>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}
