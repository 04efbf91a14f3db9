//! How many threads, processes or connections the limits allow, and which of
//! them binds.
//!
//! In come figures that somebody has read from the system ([`Readings`]); out
//! go the limits with the number that each would allow ([`limits`]), what
//! follows from them ([`weigh()`]), the limit that a refusal is to be blamed on
//! ([`blame()`]), and the command that raises it ([`remedy()`]). Nothing here asks
//! the system: an invented environment is as good as a real one.

mod blame;
mod connection;
mod readings;
mod remedy;
mod task;
#[cfg(test)]
mod tests;
mod weigh;

pub use blame::{Blame, Call, Refusal, blame};
pub use readings::{GroupReading, MemoryReadings, Readings, SocketReadings, SpaceReadings};
pub use readings::{RlimitReading, TaskReadings};
pub use remedy::remedy;
pub use weigh::{Outlook, growth, weigh};

use crate::model::{CeilingKind, Limit, LimitName, Scope};

/// Every limit that bounds this kind, with the number that it would allow.
/// `stack_bytes` is the size of a thread's stack.
#[must_use]
pub fn limits(kind: CeilingKind, readings: &Readings, stack_bytes: u64) -> Vec<Limit> {
    match kind {
        CeilingKind::Thread => task::of_threads(readings, stack_bytes),
        CeilingKind::Process => task::of_processes(readings),
        CeilingKind::Connection => connection::limits(readings),
    }
}

/// A limit of which each one takes as much as `each`.
fn bound(
    name: LimitName,
    scope: Scope,
    value: Option<u64>,
    in_use: Option<u64>,
    each: u64,
) -> Limit {
    let left = value.zip(in_use).map(|(v, used)| v.saturating_sub(used));
    Limit {
        name,
        value,
        in_use,
        in_use_at_least: false,
        each: Some(each),
        allows: left.and_then(|left| left.checked_div(each)),
        scope,
        estimated: false,
        path: None,
        note: None,
    }
}

/// A limit that is told, and bounds nothing by itself.
fn aside(name: LimitName, scope: Scope, value: Option<u64>, note: &str) -> Limit {
    Limit {
        name,
        value,
        in_use: None,
        in_use_at_least: false,
        each: None,
        allows: None,
        scope,
        estimated: false,
        path: None,
        note: Some(note.to_owned()),
    }
}

impl Limit {
    /// The same limit, with the word that its arithmetic is an estimate.
    fn estimated(mut self) -> Self {
        self.estimated = true;
        self
    }

    /// The same limit, of which more may be in use than can be seen.
    fn at_least(mut self, why: &str) -> Self {
        self.in_use_at_least = true;
        self.note = Some(why.to_owned());
        self
    }

    /// The same limit, which does not hold here.
    fn lifted(mut self, why: &str) -> Self {
        self.allows = None;
        self.note = Some(why.to_owned());
        self
    }

    /// The same limit, of this control group.
    fn of_group(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }
}
