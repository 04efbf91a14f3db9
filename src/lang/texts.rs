//! Texts in every language: what there is to be said is listed once, by [`texts`], and
//! said in one file a language.
//!
//! The list makes a type with a field a text, which each language's file fills: the
//! compiler sees to it that no language lacks one, and finds texts that nobody says any
//! more. A test (`complete`) holds each text to its gaps, and finds what was forgotten in
//! English.

/// Things that are counted: one of them, and several.
pub(crate) type Noun = [&'static str; 2];

/// The text with its gaps `{name}` filled. What fills them is not looked into.
pub(crate) fn fill(text: &str, gaps: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let with = gaps.iter().find(|(gap, _)| *gap == name);
        filled.push_str(with.map_or("", |(_, with)| with));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// Lists the texts of a place. `en.rs` and `id.rs` beside it each have a `TEXTS` that says
/// them all. Out come `Texts`, the type of these two, and a `Say` that speaks a language:
/// of a noun with its count, of a word as it is, of a text with its gaps filled. With
/// `list Texts` in place of `struct Say`, the list alone comes out, for a page's script.
macro_rules! texts {
    (
        $(#[$about:meta])*
        $seen:vis struct Say;
        nouns { $($noun:ident)* }
        words { $($word:ident)* }
        $($name:ident($($gap:ident),*);)*
    ) => {
        /// All that is said. A text has a gap `{name}` for each of its parameters.
        #[derive(Debug)]
        struct Texts {
            $($noun: $crate::lang::Noun,)*
            $($word: &'static str,)*
            $($name: &'static str,)*
        }

        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        $seen struct Say {
            $seen lang: $crate::lang::Lang,
            texts: &'static Texts,
        }

        impl Say {
            /// One that speaks it.
            $seen const fn new(lang: $crate::lang::Lang) -> Self {
                let texts = match lang {
                    $crate::lang::Lang::En => &en::TEXTS,
                    $crate::lang::Lang::Id => &id::TEXTS,
                };
                Self { lang, texts }
            }

            $($seen fn $noun(self, n: u64) -> String {
                let word = self.texts.$noun[usize::from(n != 1)];
                format!("{} {word}", self.lang.count(n))
            })*
            $($seen const fn $word(self) -> &'static str {
                self.texts.$word
            })*
            $($seen fn $name(self, $($gap: &str),*) -> String {
                $crate::lang::fill(self.texts.$name, &[$((stringify!($gap), $gap)),*])
            })*
        }

        #[cfg(test)]
        impl Texts {
            $crate::lang::texts!(@all [] [$($noun)*] [$($word)*] [$($name($($gap)*))*]);
        }
    };
    // A list that is handed to somebody else as a whole: nobody speaks it here.
    (
        $(#[$about:meta])*
        $seen:vis list Texts;
        nouns { $($noun:ident)* }
        words { $($word:ident)* }
        $($name:ident($($gap:ident),*);)*
    ) => {
        $(#[$about])*
        #[derive(Debug)]
        $seen struct Texts {
            $($noun: $crate::lang::Noun,)*
            $($word: &'static str,)*
            $($name: &'static str,)*
        }

        impl Texts {
            $crate::lang::texts!(@all [$seen] [$($noun)*] [$($word)*] [$($name($($gap)*))*]);
        }
    };
    (
        @all [$($seen:tt)*]
        [$($noun:ident)*] [$($word:ident)*] [$($name:ident($($gap:ident)*))*]
    ) => {
        /// Each text with its name and its gaps; of a noun, both its words.
        $($seen)* fn all(&self) -> Vec<$crate::lang::Text> {
            let nouns: Vec<(&'static str, $crate::lang::Noun)> =
                vec![$((stringify!($noun), self.$noun)),*];
            let nouns = nouns.into_iter().flat_map(|(name, forms)| {
                forms.map(|form| (name, form, Vec::new()))
            });
            nouns
                .chain(vec![$((stringify!($word), self.$word, Vec::new()),)*])
                .chain(vec![
                    $((stringify!($name), self.$name, vec![$(stringify!($gap)),*]),)*
                ])
                .collect()
        }
    };
}

pub(crate) use texts;

/// A text: its name, what is said, and its gaps.
pub(crate) type Text = (&'static str, &'static str, Vec<&'static str>);

/// Words that Indonesian took over, names, and terms of the tools that people use beside
/// this one: they may stand in a text of any language.
#[cfg(test)]
const SHARED: &[&str] = &[
    "ack",
    "async",
    "backlog",
    "cgroup",
    "cpu",
    "data",
    "file",
    "filter",
    "fin",
    "flag",
    "flow",
    "frame",
    "handshake",
    "holm",
    "join",
    "kernel",
    "len",
    "link",
    "max",
    "median",
    "min",
    "p",
    "pid",
    "pool",
    "request",
    "rst",
    "run",
    "seq",
    "server",
    "syn",
    "thread",
    "tid",
    "time",
    "type",
    "window",
    "worker",
];

/// Words that no Indonesian text has: where one stands, something was forgotten.
#[cfg(test)]
const ENGLISH: &[&str] = &[
    "the",
    "of",
    "and",
    "or",
    "is",
    "are",
    "was",
    "were",
    "not",
    "with",
    "without",
    "by",
    "from",
    "for",
    "each",
    "one",
    "more",
    "than",
    "no",
    "none",
    "all",
    "some",
    "its",
    "it",
    "that",
    "which",
    "when",
    "what",
    "how",
    "to",
    "on",
    "at",
    "client",
    "threads",
    "processes",
    "connection",
    "connections",
    "answer",
    "answers",
    "requests",
    "limit",
    "limits",
    "known",
    "unknown",
    "first",
    "last",
    "most",
    "least",
    "between",
    "still",
];

/// Holds the texts of a place to be complete in every language: each has its gaps, is one
/// line without a pipe (which would end a cell), and is said in its own words. `same`: the
/// names of those that are the same in every language.
#[cfg(test)]
pub(crate) fn complete(english: &[Text], others: &[&[Text]], same: &[&str]) {
    let words = |text: &str| -> Vec<String> {
        let spoken = text.split(|c: char| !c.is_alphanumeric());
        let spoken = spoken.filter(|word| word.chars().any(char::is_alphabetic));
        spoken.map(str::to_lowercase).collect()
    };
    for texts in std::iter::once(&english).chain(others) {
        for (name, text, wanted) in *texts {
            let mut wanted = wanted.clone();
            wanted.sort_unstable();
            assert_eq!(gaps(text), wanted, "{name}: {text}");
            assert!(!text.contains(['\n', '|']), "{name}: {text}");
            assert!(!text.is_empty(), "{name}");
        }
    }
    for other in others {
        assert_eq!(english.len(), other.len());
        for ((name, in_english, _), (_, text, _)) in english.iter().zip(*other) {
            if same.contains(name) {
                continue;
            }
            let bare = without_gaps(text);
            let forgotten = words(&bare)
                .into_iter()
                .find(|w| ENGLISH.contains(&w.as_str()));
            assert_eq!(forgotten, None, "{name}: {text}");
            if text == in_english {
                let other = words(&bare)
                    .into_iter()
                    .find(|w| !SHARED.contains(&w.as_str()));
                assert_eq!(other, None, "{name} is not translated: {text}");
            }
        }
    }
}

/// What stands between the gaps, and not in backticks or behind hyphens, where options,
/// files and commands stand.
#[cfg(test)]
fn without_gaps(text: &str) -> String {
    let mut bare = String::new();
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 0 {
            bare.push_str(part);
        }
        bare.push(' ');
    }
    let mut spoken = String::new();
    let mut rest = bare.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        spoken.push_str(before);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    spoken.push_str(rest);
    spoken
}

/// The gaps of a text, each once.
#[cfg(test)]
fn gaps(text: &str) -> Vec<&str> {
    let parts = text.split('{').skip(1);
    let mut gaps: Vec<&str> = parts.map(|part| part.split_once('}').unwrap().0).collect();
    gaps.sort_unstable();
    gaps.dedup();
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_once() {
        let both = [("a", "{b}"), ("b", "2")];
        assert_eq!(fill("{a} and {b}", &both), "{b} and 2");
        assert_eq!(fill("no gap", &[]), "no gap");
    }

    fn judged(english: Text, other: Text) -> bool {
        let both = ([english], [other]);
        std::panic::catch_unwind(|| complete(&both.0, &[&both.1], &["said"])).is_ok()
    }

    #[test]
    fn what_was_forgotten_is_found() {
        let text = |text| ("a", text, vec!["n"]);
        let english = || text("{n} of the threads");
        assert!(judged(english(), text("{n} dari semua thread")));
        for wrong in [
            "{n} of the threads",
            "{n} dari the thread",
            "dari semua thread",
            "{n} dari {m} thread",
            "{n} dari | thread",
            "",
        ] {
            assert!(!judged(english(), text(wrong)), "{wrong}");
        }
        let word = |text| ("a", text, vec![]);
        assert!(judged(word("handshake"), word("handshake")));
        assert!(!judged(word("duration"), word("duration")));
        let said = |text| ("said", text, vec![]);
        assert!(judged(said("of the"), said("of the")));
    }
}
