//! The words around an explanation, in every language.

use super::words::{file, sections};
use crate::lang::Lang;

/// The headings of an explanation, and the words of the list of codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageWords {
    /// Above what to look at.
    pub look_at: String,
    /// Above a display filter.
    pub wireshark: String,
    /// Above what to do.
    pub to_do: String,
    /// Above the names of the evidence.
    pub evidence: String,
    /// Between two severities.
    pub or: String,
    /// Above the codes of a run's findings.
    pub of_runs: String,
    /// Above those that only comparisons have.
    pub of_comparisons: String,
    /// Below them: how to have one explained.
    pub one: String,
}

impl PageWords {
    /// Those of a language.
    #[must_use]
    pub fn of(lang: Lang) -> Self {
        let mut words = Self::default();
        let section = sections(file(lang)).remove("page");
        for (key, text) in section.into_iter().flatten() {
            if let Some(word) = words.word(key) {
                *word = text;
            }
        }
        words
    }

    /// The word that a file has under this key.
    pub(super) fn word(&mut self, key: &str) -> Option<&mut String> {
        Some(match key {
            "look_at" => &mut self.look_at,
            "wireshark" => &mut self.wireshark,
            "to_do" => &mut self.to_do,
            "evidence" => &mut self.evidence,
            "or" => &mut self.or,
            "of_runs" => &mut self.of_runs,
            "of_comparisons" => &mut self.of_comparisons,
            "one" => &mut self.one,
            _ => return None,
        })
    }

    /// Whether each of them has a text.
    #[cfg(test)]
    pub(super) fn is_complete(&self) -> bool {
        let all = [
            &self.look_at,
            &self.wireshark,
            &self.to_do,
            &self.evidence,
            &self.or,
            &self.of_runs,
            &self.of_comparisons,
            &self.one,
        ];
        all.iter().all(|word| !word.is_empty())
    }
}
