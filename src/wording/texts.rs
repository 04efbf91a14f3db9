//! The texts of a language: one file each.
//!
//! ```text
//! [group]
//! name: A text with gaps, which `template` explains. A long one
//!   goes on in indented lines.
//! ```

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::template::{Template, parse};
use crate::lang::Lang;

/// The texts of a language by their keys: `group.name`.
pub(super) type Texts = BTreeMap<String, Template>;

/// All that is said in a language. What cannot be read is not there; a test sees to it
/// that nothing is missing.
pub(super) fn of(lang: Lang) -> &'static Texts {
    static ENGLISH: OnceLock<Texts> = OnceLock::new();
    static INDONESIAN: OnceLock<Texts> = OnceLock::new();
    let texts = match lang {
        Lang::En => &ENGLISH,
        Lang::Id => &INDONESIAN,
    };
    texts.get_or_init(|| {
        let lines = lines(file(lang)).into_iter();
        let read = lines.filter_map(|(key, text)| Some((key, parse(&text)?)));
        read.collect()
    })
}

/// The file of a language.
pub(super) const fn file(lang: Lang) -> &'static str {
    match lang {
        Lang::En => include_str!("en.txt"),
        Lang::Id => include_str!("id.txt"),
    }
}

/// The keys and texts of a file, in its order.
pub(super) fn lines(text: &str) -> Vec<(String, String)> {
    let mut texts: Vec<(String, String)> = Vec::new();
    let mut group = "";
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
        } else if let Some(more) = line.strip_prefix("  ") {
            if let Some((_, text)) = texts.last_mut() {
                text.push(' ');
                text.push_str(more);
            }
        } else if let Some(next) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            group = next;
        } else if let Some((name, text)) = line.split_once(": ") {
            texts.push((format!("{group}.{name}"), text.to_owned()));
        }
    }
    texts
}
