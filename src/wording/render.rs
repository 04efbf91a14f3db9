//! A phrase and a language → the words.
//!
//! A phrase may come from a record that somebody else wrote: what it names may not be
//! there, and it may be as deep and as long as it likes.

use super::template::{Part, Template};
use super::texts;
use crate::lang::Lang;
use crate::model::{Argument, Phrase};

/// How deep phrases stand within phrases, at most. Ours do twice.
const DEEPEST: usize = 6;
/// How many bytes a message has at most: more than any of ours.
const LONGEST: usize = 16 * 1024;

/// Sentences one after the other, as a language says them; `None` where it cannot.
pub(super) fn sentences(said: &[Phrase], lang: Lang) -> Option<String> {
    let mut speech = Speech {
        lang,
        text: String::new(),
    };
    for (i, phrase) in said.iter().enumerate() {
        if i > 0 {
            speech.push(" ")?;
        }
        let start = speech.text.len();
        let template = texts::of(lang).get(&phrase.key)?;
        speech.phrase(phrase, template, 0)?;
        // What stands within a sentence may stand at its beginning, too. A name may not.
        let begins = match template.first() {
            Some(Part::Gap(name) | Part::Each(name, _)) => phrase.args.get(name),
            _ => None,
        };
        let begins = match begins {
            Some(Argument::Several(all)) => all.first(),
            begins => begins,
        };
        let inner = matches!(begins, Some(Argument::Phrase(_)));
        if inner && let Some(first) = speech.text[start..].chars().next() {
            let capital: String = first.to_uppercase().collect();
            speech
                .text
                .replace_range(start..start + first.len_utf8(), &capital);
        }
    }
    (!speech.text.is_empty()).then_some(speech.text)
}

/// What has been said.
struct Speech {
    lang: Lang,
    text: String,
}

impl Speech {
    fn push(&mut self, text: &str) -> Option<()> {
        (self.text.len() + text.len() <= LONGEST).then(|| self.text.push_str(text))
    }

    fn phrase(&mut self, phrase: &Phrase, template: &Template, depth: usize) -> Option<()> {
        for part in template {
            match part {
                Part::Text(text) => self.push(text)?,
                Part::Gap(name) => self.argument(phrase.args.get(name)?, depth)?,
                Part::Forms(name, forms) => {
                    let Argument::Count(n) = phrase.args.get(name)? else {
                        return None;
                    };
                    self.phrase(phrase, forms.get(self.lang.form(*n))?, depth)?;
                }
                Part::If(name, then, otherwise) => {
                    let filled = phrase.args.contains_key(name);
                    self.phrase(phrase, if filled { then } else { otherwise }, depth)?;
                }
                Part::Each(name, between) => {
                    let Argument::Several(all) = phrase.args.get(name)? else {
                        return None;
                    };
                    for (i, one) in all.iter().enumerate() {
                        if i > 0 {
                            self.push(between)?;
                        }
                        self.argument(one, depth)?;
                    }
                }
            }
        }
        Some(())
    }

    fn argument(&mut self, argument: &Argument, depth: usize) -> Option<()> {
        let lang = self.lang;
        match argument {
            Argument::Count(n) => self.push(&lang.count(*n)),
            Argument::Text(text) => self.push(text),
            Argument::Duration { ns } => self.push(&lang.duration(*ns)),
            Argument::Given { given_ns } => self.push(&lang.seconds(*given_ns)),
            Argument::Bytes { bytes } => self.push(&lang.bytes(*bytes)),
            Argument::Outcome { outcome } => self.push(lang.outcome(*outcome)),
            Argument::Incomplete { incomplete } => self.push(lang.incomplete(*incomplete)),
            Argument::Phrase(phrase) if depth < DEEPEST => {
                let template = texts::of(lang).get(&phrase.key)?;
                self.phrase(phrase, template, depth + 1)
            }
            // Only a text says how several are told.
            Argument::Phrase(_) | Argument::Several(_) | Argument::Yes(_) => None,
        }
    }
}
