//! The words of a language: one file each, in which each code has a section.
//!
//! ```text
//! [code]
//! title: What happened, in a few words
//! means: What it means. A long text
//!   goes on in indented lines.
//! look_at: …
//! to_do: …
//! evidence side: what it holds
//! ```

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::About;
use crate::lang::Lang;

/// What a code means, in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// What happened, in a few words.
    pub title: String,
    /// What it means, in whole sentences.
    pub means: String,
    /// What to look at, to understand it.
    pub look_at: String,
    /// What to do about it.
    pub to_do: String,
    /// The names of its evidence, and what each holds.
    pub evidence: Vec<(String, String)>,
}

impl Words {
    pub(super) fn english(about: &About) -> Self {
        let evidence = about.evidence.iter();
        Self {
            title: about.title.to_owned(),
            means: about.means.to_owned(),
            look_at: about.look_at.to_owned(),
            to_do: about.to_do.to_owned(),
            evidence: evidence
                .map(|(name, holds)| ((*name).to_owned(), (*holds).to_owned()))
                .collect(),
        }
    }

    fn of_section(section: Section) -> Self {
        let mut words = Self::default();
        for (key, text) in section {
            match key {
                "title" => words.title = text,
                "means" => words.means = text,
                "look_at" => words.look_at = text,
                "to_do" => words.to_do = text,
                // A test finds a key that is none of these.
                other => {
                    let name = other.strip_prefix("evidence ").unwrap_or(other);
                    words.evidence.push((name.to_owned(), text));
                }
            }
        }
        words
    }
}

/// The keys of a section and their texts, in the order of the file.
pub(super) type Section = Vec<(&'static str, String)>;

/// The words of every code; `None` of English, which stands in the rules.
pub(super) fn of(lang: Lang) -> Option<&'static BTreeMap<&'static str, Words>> {
    static INDONESIAN: OnceLock<BTreeMap<&'static str, Words>> = OnceLock::new();
    match lang {
        Lang::En => None,
        Lang::Id => Some(INDONESIAN.get_or_init(|| {
            let sections = sections(file(lang)).into_iter();
            sections
                .map(|(code, section)| (code, Words::of_section(section)))
                .collect()
        })),
    }
}

/// The file of a language.
pub(super) const fn file(lang: Lang) -> &'static str {
    match lang {
        Lang::En => include_str!("en.txt"),
        Lang::Id => include_str!("id.txt"),
    }
}

/// The sections of a file, by their names.
pub(super) fn sections(text: &'static str) -> BTreeMap<&'static str, Section> {
    let mut sections: BTreeMap<&'static str, Section> = BTreeMap::new();
    let mut name = "";
    for line in text.lines() {
        let section = sections.entry(name).or_default();
        if line.is_empty() || line.starts_with('#') {
        } else if let Some(more) = line.strip_prefix("  ") {
            if let Some((_, text)) = section.last_mut() {
                text.push(' ');
                text.push_str(more);
            }
        } else if let Some(next) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            name = next;
        } else if let Some((key, text)) = line.split_once(": ") {
            section.push((key, text.to_owned()));
        }
    }
    sections.retain(|_, section| !section.is_empty());
    sections
}
