//! What a program wrote to its log, as far as it tells how the program fared.

use serde::{Deserialize, Serialize};

/// A program's log, read once the program was over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// How many reports of exceptions are in it: tracebacks, panics, uncaught
    /// errors. One that its program caught and wrote down is among them.
    pub exceptions: u64,
    /// What the first of them says; `None` without one, and where it was cut off
    /// before it said so.
    pub first: Option<String>,
    /// The last line that holds anything; `None` without one.
    pub last_line: Option<String>,
}
