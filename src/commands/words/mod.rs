//! The lines that close a run, a comparison or a search, in each language.
//!
//! Errors and progress are not among them: they are English everywhere, so that whoever
//! searches for one finds it.

mod en;
mod id;

#[cfg(test)]
mod tests;

use crate::lang::texts;

texts! {
    /// Speaks a language.
    pub(in crate::commands) struct Say;
    nouns {}
    words {}
    saved_in(folder); next(steps); open(file); on_demand(command, n);
}
