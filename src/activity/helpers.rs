//! Processes that belong to a side's tree and do none of its work: a version
//! manager's shim, a resource tracker.
//!
//! Whoever accepts a connection or makes it need not be the one that uses it.
//! Where who did was not seen, those that may have are no helpers and no
//! workers: of them it cannot be told.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use super::made::Made;
use super::{Activity, TaskIndex};
use crate::model::{Helper, Side, Timestamp};

/// The processes, other than the first, that neither made nor accepted nor
/// used a connection, as far as that is known for certain, and none of whose
/// descendants did; by name, those with the most processes first. `work`: the
/// side's connections.
#[must_use]
pub fn helpers(side: &Activity, of: Side, work: &[Made]) -> Vec<Helper> {
    by_name(side, &Apart::of(side, of, work).idle)
}

/// The processes that were not seen to use a connection, and of which it is not
/// known that they, or descendants of theirs, did not; by name as
/// [`helpers`].
#[must_use]
pub fn unclear(side: &Activity, of: Side, work: &[Made]) -> Vec<Helper> {
    by_name(side, &Apart::of(side, of, work).unclear)
}

fn by_name(side: &Activity, which: &HashSet<usize>) -> Vec<Helper> {
    let processes = side.tasks.processes();
    let mut by_name: BTreeMap<&str, Helper> = BTreeMap::new();
    for task in side.tasks.all() {
        let Some(process) = task.process.filter(|p| which.contains(p)) else {
            continue;
        };
        let name = processes[process].name.as_str();
        let helper = by_name.entry(name).or_insert_with(|| Helper {
            name: name.to_owned(),
            processes: 0,
            threads: 0,
        });
        helper.processes += u64::from(task.first);
        helper.threads += 1;
    }
    let mut helpers: Vec<Helper> = by_name.into_values().collect();
    helpers.sort_by_key(|h| Reverse(h.processes));
    helpers
}

/// The processes that were not seen at a connection, by their places among all.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// They had nothing to do with any.
    pub idle: HashSet<usize>,
    /// They, or descendants of theirs, may have used one.
    pub unclear: HashSet<usize>,
}

impl Apart {
    pub fn of(side: &Activity, of: Side, work: &[Made]) -> Self {
        let processes = side.tasks.processes();
        let mut idle = idle(side);
        let users = Users::of(of, work);
        let may_have: Vec<usize> = idle
            .iter()
            .copied()
            .filter(|&p| users.may_include(side, p))
            .collect();
        let mut unclear = HashSet::new();
        for process in may_have {
            let mut next = Some(process);
            while let Some(p) = next.filter(|p| idle.remove(p)) {
                unclear.insert(p);
                next = processes[p].parent;
            }
        }
        Self { idle, unclear }
    }
}

/// The connections whose users were not seen: of a server those that nobody was
/// seen to serve, of a client all. Who made or accepted one may have handed it to
/// a child (fork(2)), or to a process that was there before (unix(7),
/// `SCM_RIGHTS`).
struct Users(Spans);

impl Users {
    fn of(of: Side, work: &[Made]) -> Self {
        let unseen = work.iter().filter(|one| of == Side::Client || !one.seen);
        Self(Spans::new(unseen.map(|one| (one.from, one.held))))
    }

    /// Whether a process lived while somebody could use one. Whoever has executed
    /// a program, and kept no socket over that, has none but its own.
    fn may_include(&self, side: &Activity, process: usize) -> bool {
        let process = &side.tasks.processes()[process];
        let has_none = process.executed && process.sockets == Some(0);
        !has_none && self.0.meet(process.started, process.ended)
    }
}

/// When connections were in use.
#[derive(Debug, Default)]
pub(super) struct Spans {
    /// Each one's beginning, in order, and the latest end of those up to it.
    begun: Vec<(Timestamp, Timestamp)>,
}

/// Later than everything: the end of what has none.
const NEVER: Timestamp = Timestamp::from_nanos(i64::MAX);

impl Spans {
    /// When these connections were worked on.
    pub fn of<'a>(work: impl IntoIterator<Item = &'a Made>) -> Self {
        Self::new(work.into_iter().map(|one| (one.from, one.until)))
    }

    fn new(spans: impl Iterator<Item = (Timestamp, Option<Timestamp>)>) -> Self {
        let ended = |(from, until): (_, Option<_>)| (from, until.unwrap_or(NEVER));
        let mut begun: Vec<_> = spans.map(ended).collect();
        begun.sort_unstable();
        for i in 1..begun.len() {
            begun[i].1 = begun[i].1.max(begun[i - 1].1);
        }
        Self { begun }
    }

    /// Whether one of them was in use in this time.
    pub fn meet(&self, from: Timestamp, until: Option<Timestamp>) -> bool {
        let until = until.unwrap_or(NEVER);
        let before = self.begun.partition_point(|span| span.0 <= until);
        let latest = before.checked_sub(1).map(|last| self.begun[last].1);
        latest.is_some_and(|end| end >= from)
    }
}

/// The processes that were not seen at a connection, nor a descendant of theirs.
fn idle(side: &Activity) -> HashSet<usize> {
    let processes = side.tasks.processes();
    let mut busy = vec![false; processes.len()];
    for task in workers(side) {
        let mut next = side.tasks.get(task).process;
        while let Some(i) = next.filter(|&i| !busy[i]) {
            busy[i] = true;
            next = processes[i].parent;
        }
    }
    (1..processes.len()).filter(|&i| !busy[i]).collect()
}

/// The tasks that did something with a connection.
fn workers(side: &Activity) -> HashSet<TaskIndex> {
    let makers = side.sockets.made.iter().map(|c| c.task);
    let servers = side.sockets.accepted.iter().flat_map(|a| {
        let users = [a.received, a.sent].into_iter().flatten();
        std::iter::once(a.task).chain(users.map(|u| u.0))
    });
    makers.chain(servers).collect()
}
