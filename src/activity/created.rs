//! Whether a server's workers were created for the connections that they served, where
//! each served one. A pool that has as many workers as there are connections shows one
//! each, too; it differs in when its workers come and go.

use super::work::Work;
use crate::model::{Side, Timestamp};

/// What their lives say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Created {
    /// Nothing against it.
    ForThem,
    /// All of them were there before the first connection came.
    Before,
    /// Some were given a connection that came after them.
    BeforeSome,
    /// None has ended although its connection was over: each may wait for more.
    Waiting,
}

impl Work<'_> {
    /// Of a client nothing is said: its workers may wait for each other before they
    /// connect, and all end together.
    pub(super) fn created_for_each(&self) -> Created {
        if self.of == Side::Client {
            return Created::ForThem;
        }
        let task = |one: &super::Made| self.side.tasks.get(one.task);
        let first = self.all.iter().map(|one| one.from).min();
        let before = |moment: Timestamp| self.all.iter().all(|one| task(one).started < moment);
        if first.is_some_and(before) {
            return Created::Before;
        }
        // Whoever accepts for itself is there before.
        let given = |one: &super::Made| one.at_it != one.from && task(one).started < one.from;
        if self.all.iter().any(given) {
            return Created::BeforeSome;
        }
        let processes = self.side.tasks.processes();
        let exit = processes.first().and_then(|p| p.exit_begun);
        let by_itself = |moment: Option<Timestamp>| {
            moment.is_some_and(|moment| exit.is_none_or(|exit| moment < exit))
        };
        let over = self.all.iter().any(|one| by_itself(one.until));
        if over && !self.all.iter().any(|one| by_itself(task(one).ended)) {
            return Created::Waiting;
        }
        Created::ForThem
    }
}
