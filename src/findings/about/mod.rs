//! What the codes of findings mean, in every language.
//!
//! A code goes in, its words come out: what it means, what to look at, what to do. The
//! English words of a run's findings stand in their rules, those of a comparison's in
//! [`compared`]. The words of other languages stand in one file a language, which is
//! read here; a test holds each file to be complete.

mod compared;
mod page;
mod words;

#[cfg(test)]
mod tests;

pub use page::PageWords;
pub use words::Words;

use super::{About, Code};
use crate::lang::Lang;
use crate::model::{ComparisonCode, Severity};

/// Something that can be explained: a code of a run's findings, or one that only
/// comparisons have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Of a run. A comparison may have it, too.
    Run(Code),
    /// Of a comparison only.
    Comparison(ComparisonCode),
}

impl Topic {
    /// Every one, in the order of the registry.
    pub fn all() -> impl Iterator<Item = Self> {
        let runs = Code::ALL.iter().map(|code| Self::Run(*code));
        runs.chain(ComparisonCode::ALL.into_iter().map(Self::Comparison))
    }

    /// The code in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Run(code) => code.name(),
            Self::Comparison(code) => code.name(),
        }
    }

    /// How much it can matter, the usual one first.
    #[must_use]
    pub const fn severities(self) -> &'static [Severity] {
        self.about().severities
    }

    /// The same in words.
    #[must_use]
    pub fn told_severities(self, around: &PageWords) -> String {
        let names = self.severities().iter().map(|severity| severity.name());
        names.collect::<Vec<_>>().join(&format!(" {} ", around.or))
    }

    /// The display filter that shows in Wireshark what it is about, for a server on
    /// this port; `None` where the wire does not show it.
    #[must_use]
    pub fn display_filter(self, port: u16) -> Option<String> {
        let filter = self.about().filter?;
        Some(filter.replace("{port}", &port.to_string()))
    }

    /// What it means, in this language.
    #[must_use]
    pub fn words(self, lang: Lang) -> Words {
        let english = Words::english(self.about());
        match words::of(lang) {
            None => english,
            Some(words) => words.get(self.name()).cloned().unwrap_or(english),
        }
    }

    /// The one of this name, as people write it: as it stands in brackets behind a
    /// message, with hyphens, or in capitals.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = plain(name);
        Self::all().find(|topic| topic.name() == name)
    }

    /// The one whose name is the nearest to this one, if any is near.
    #[must_use]
    pub fn nearest(name: &str) -> Option<Self> {
        let name = plain(name);
        let distance = |topic: &Self| strsim::damerau_levenshtein(&name, topic.name());
        let near = |topic: &Self| {
            let longest = name.chars().count().max(topic.name().len());
            // A third of its letters, or all of it as a part of the name.
            distance(topic) * 3 <= longest || (name.len() > 3 && topic.name().contains(&name))
        };
        Self::all().filter(near).min_by_key(distance)
    }

    const fn about(self) -> &'static About {
        match self {
            Self::Run(code) => code.about(),
            Self::Comparison(code) => compared::about(code),
        }
    }
}

/// A code as it stands in records.
fn plain(name: &str) -> String {
    let name = name.trim_matches(|c: char| "[]`'\" ".contains(c));
    name.to_lowercase().replace(['-', ' '], "_")
}
