//! In which language people are written to.

use crate::lang::Lang;

/// The language that was asked for; else that of the locale.
pub fn language(asked: Option<Lang>) -> Lang {
    asked.unwrap_or_else(|| {
        let set = |name| std::env::var(name).ok();
        let [all, messages, lang] = ["LC_ALL", "LC_MESSAGES", "LANG"].map(set);
        Lang::of_locale(all.as_deref(), messages.as_deref(), lang.as_deref())
    })
}
