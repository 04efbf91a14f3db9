//! The languages that people are written to in, and how figures look in each.
//!
//! A name or a locale comes in, a language goes out; figures come in, and go out as
//! they are written there. What is said stands in one file a language, beside whoever
//! says it.

mod figures;
mod id;
mod kept;
mod model;
mod texts;

#[cfg(test)]
pub(crate) use texts::complete;
pub(crate) use texts::{Noun, Text, fill, texts};

use strum::{Display, EnumMessage, VariantArray, VariantNames};

/// A language. What is said of each is its help text, too.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumMessage,
    VariantArray,
    VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Indonesian (bahasa Indonesia).
    Id,
}

impl Lang {
    /// Every one, in the order in which they are told.
    pub const ALL: &'static [Self] = <Self as VariantArray>::VARIANTS;

    /// Its name: a code of ISO 639-1.
    #[must_use]
    pub const fn name(self) -> &'static str {
        <Self as VariantNames>::VARIANTS[self as usize]
    }

    /// How many forms a word has by the number before it: `1 thread`, `2 threads`.
    #[cfg(test)]
    pub const fn forms(self) -> usize {
        match self {
            Self::En => 2,
            Self::Id => 1,
        }
    }

    /// Which of these forms stands with this number.
    #[must_use]
    pub const fn form(self, n: u64) -> usize {
        match self {
            Self::En => (n != 1) as usize,
            Self::Id => 0,
        }
    }

    /// The language of a locale, by the values of `LC_ALL`, `LC_MESSAGES` and `LANG`:
    /// the first of them that is set and not empty decides (POSIX, Base Definitions,
    /// 8.2). English where that names none that is known here.
    #[must_use]
    pub fn of_locale(lc_all: Option<&str>, lc_messages: Option<&str>, lang: Option<&str>) -> Self {
        let set = [lc_all, lc_messages, lang].into_iter().flatten();
        let locale = set.into_iter().find(|value| !value.is_empty());
        let language = locale.and_then(|l| l.split(['_', '-', '.', '@']).next());
        match language.unwrap_or_default().to_ascii_lowercase().as_str() {
            // The second was the code until 1989, and Java wrote it for long; the third
            // is that of ISO 639-2.
            "id" | "in" | "ind" => Self::Id,
            _ => Self::En,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_names_a_language() {
        for (locale, lang) in [
            ("id", Lang::Id),
            ("id_ID", Lang::Id),
            ("id_ID.UTF-8", Lang::Id),
            ("id_ID.utf8@euro", Lang::Id),
            ("id-ID", Lang::Id),
            ("ID", Lang::Id),
            ("in_ID", Lang::Id),
            ("ind", Lang::Id),
            ("id.UTF-8", Lang::Id),
            ("C", Lang::En),
            ("POSIX", Lang::En),
            ("C.UTF-8", Lang::En),
            ("en_ID.UTF-8", Lang::En),
            ("idx", Lang::En),
            ("jv_ID.UTF-8", Lang::En),
            ("_", Lang::En),
        ] {
            assert_eq!(Lang::of_locale(None, None, Some(locale)), lang, "{locale}");
        }
        assert_eq!(Lang::of_locale(None, None, None), Lang::En);
    }

    /// As locale(7) has it; an empty value is none.
    #[test]
    fn the_first_that_is_set_decides() {
        let (id, en) = (Some("id_ID.UTF-8"), Some("en_US.UTF-8"));
        let of = Lang::of_locale;
        assert_eq!(of(id, en, en), Lang::Id);
        assert_eq!(of(en, id, id), Lang::En);
        assert_eq!(of(None, id, en), Lang::Id);
        assert_eq!(of(Some(""), Some(""), id), Lang::Id);
        assert_eq!(of(Some("C"), id, id), Lang::En);
    }

    #[test]
    fn names_are_codes() {
        let names: Vec<&str> = Lang::ALL.iter().map(|lang| lang.name()).collect();
        assert_eq!(names, ["en", "id"]);
    }
}
