//! What a rule is: its documentation, and what it concludes from the evidence.

use serde_json::{Map, Value};

use super::FindingsInput;
use crate::model::{Phrase, Severity};

/// One rule. Its code is the name of its file, which the registry gives it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// What it means, for people.
    pub about: About,
    /// The rule itself.
    pub judge: Judge,
}

/// What a code means, what to look at, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// What happened, in a few words.
    pub title: &'static str,
    /// How much it matters. The first one is the usual one.
    pub severities: &'static [Severity],
    /// What it means, in whole sentences.
    pub means: &'static str,
    /// What to look at, to understand it.
    pub look_at: &'static str,
    /// What to do about it.
    pub to_do: &'static str,
    /// The frames to look at in Wireshark: a display filter, in which `{port}` stands
    /// for the port of the server; `None` where the wire does not show it.
    pub filter: Option<&'static str>,
    /// The names of its evidence, and what each holds.
    pub evidence: &'static [(&'static str, &'static str)],
}

/// A rule: evidence in, conclusions out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Judge {
    /// One that has one thing to say at most.
    Once(fn(&FindingsInput<'_>) -> Option<Conclusion>),
    /// One that may speak of several sides or reasons.
    Each(fn(&FindingsInput<'_>) -> Vec<Conclusion>),
}

/// What a rule says. Whose words they are, the registry adds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Conclusion {
    /// `None`: the rule's usual one.
    pub severity: Option<Severity>,
    /// Whole sentences, with what to do about it where something can be done.
    pub said: Sentences,
    /// The figures behind it.
    pub evidence: Map<String, Value>,
}

/// What is said: a sentence, or several.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sentences(pub Vec<Phrase>);

impl From<Phrase> for Sentences {
    fn from(sentence: Phrase) -> Self {
        Self(vec![sentence])
    }
}

impl From<Vec<Phrase>> for Sentences {
    fn from(sentences: Vec<Phrase>) -> Self {
        Self(sentences)
    }
}

/// A conclusion of the rule's usual severity, without evidence yet. Names and
/// words of others may stand in the message as they are: control characters
/// in it are escaped for every rule.
pub(super) fn says(sentences: impl Into<Sentences>) -> Conclusion {
    Conclusion {
        severity: None,
        said: sentences.into(),
        evidence: Map::new(),
    }
}

impl Conclusion {
    /// The same with another severity, one of those that the rule names.
    pub fn at(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// The same with one more figure behind it.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.evidence.insert(name.to_owned(), value.into());
        self
    }
}
