//! What a tracer's events say about one side: its tasks, its processes, its
//! connections, and how it is built.
//!
//! Pure. In come [`Event`]s in the order in which they were seen; out go
//! the lives of tasks (for `census`), sockets (for `correlate`), helper
//! processes and the side's shape.

pub mod beside;
pub mod classes;
mod created;
pub mod fallback;
mod hands;
mod helpers;
mod made;
mod others;
pub mod outcomes;
mod shape;
mod sockets;
mod talk;
mod tasks;
mod work;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
pub use hands::Hands;
pub use helpers::{helpers, unclear};
pub use made::Made;
pub use others::keeps_threads;
pub use shape::{client_shape, server_shape};
pub use sockets::{Accepted, Connection, SocketLog, User};
pub use tasks::{TaskIndex, Tasks};

use crate::model::{Change, Endpoint, Event, Provenance};

/// Everything that is known about a side that is or was traced.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// How many events there were.
    pub events: u64,
    /// Its tasks and processes.
    pub tasks: Tasks,
    /// Its sockets.
    pub sockets: SocketLog,
    /// Where it listens, in the order of its listen(2) calls.
    pub listening: Vec<Endpoint>,
    /// Programs that used ptrace(2) themselves.
    pub tracers: BTreeSet<String>,
    /// Set-user-ID programs that got no privilege because they were traced.
    pub unprivileged: BTreeSet<String>,
    /// Programs whose calls were made in another convention, so that their
    /// sockets were not seen.
    pub foreign: BTreeSet<String>,
    /// Programs that set up an `io_uring(7)`: what goes through it was not seen.
    pub rings: BTreeSet<String>,
    /// Programs that were refused the strict mode of seccomp(2).
    pub strict: BTreeSet<String>,
    /// Its connections to other ports than the server's: where to, what connect(2)
    /// returned, and how often. Not all of them, where there were very many.
    pub elsewhere: BTreeMap<(Endpoint, i32), u64>,
    /// What the system refused its tracer.
    pub refused: Vec<LookRefused>,
}

/// A look at its sockets that the system refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookRefused {
    /// The call by which the tracer looks.
    pub call: String,
    /// The error.
    pub errno: i32,
    /// Whether it is refused of every process.
    pub of_all: bool,
    /// Whether the socket was found by its inode instead.
    pub found: bool,
}

impl Activity {
    /// Whether connections may have been made or taken in a way that is not seen.
    #[must_use]
    pub fn has_blind_spots(&self) -> bool {
        !self.foreign.is_empty() || !self.rings.is_empty() || self.hides_sockets()
    }

    /// Whether the system refused to show some of its sockets: what is not among its
    /// connections may have been there all the same.
    #[must_use]
    pub fn hides_sockets(&self) -> bool {
        self.refused.iter().any(|refused| !refused.found)
    }

    /// How it is known whose its connections are.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        if self.refused.iter().any(|refused| refused.found) {
            Provenance::Matched
        } else {
            Provenance::Traced
        }
    }

    /// Takes one more event into account.
    pub fn apply(&mut self, event: &Event) {
        self.events += 1;
        match &event.what {
            Change::Started { .. }
            | Change::Found { .. }
            | Change::Executed { .. }
            | Change::Named { .. }
            | Change::ExitBegun
            | Change::ThreadExiting
            | Change::Ended(_) => {
                if let Change::Started { process: true, .. } = event.what {
                    self.sockets.begins_anew(event.pid);
                }
                self.tasks.apply(event);
            }
            Change::ConnectedElsewhere { target, errno } => {
                *self.elsewhere.entry((*target, *errno)).or_default() += 1;
            }
            Change::Listening { local } => self.listening.push(*local),
            Change::CalledPtrace => {
                self.tracers.insert(self.tasks.name_of(event.pid));
            }
            Change::LookRefused {
                call,
                errno,
                of_all,
                found,
            } => self.refused.push(LookRefused {
                call: call.to_string(),
                errno: *errno,
                of_all: *of_all,
                found: *found,
            }),
            Change::SetUpRing => {
                self.rings.insert(self.tasks.name_of(event.pid));
            }
            Change::StrictRefused => {
                self.strict.insert(self.tasks.name_of(event.pid));
            }
            Change::Supervised => {}
            _ => {
                if let Some(task) = self.tasks.index_of(event.tid) {
                    self.sockets.apply(event, task);
                }
            }
        }
        if let Change::Executed {
            name,
            unprivileged,
            foreign,
            ..
        } = &event.what
        {
            if *unprivileged {
                self.unprivileged.insert(name.to_string());
            }
            if *foreign {
                self.foreign.insert(name.to_string());
            }
        }
    }
}
