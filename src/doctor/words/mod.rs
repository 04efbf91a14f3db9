//! What the page of `threadtap doctor` says, in each language.

mod en;
mod id;

#[cfg(test)]
mod tests;

use crate::lang::texts;

texts! {
    /// Speaks a language.
    pub(in crate::doctor) struct Say;
    nouns { cpus }
    words {
        yes no to_do interfaces limits unlimited ready missing root ordinary_user no_libpcap
        no_tshark none
    }
    memory(bytes); tool_on(tool, user, kernel, architecture, system);
}
