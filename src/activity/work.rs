//! The work of a side, as it was seen: who was at which connection, when, and
//! who was not.

use std::collections::{HashMap, HashSet};

use super::helpers::Apart;
use super::made::Made;
use super::tasks::TaskLife;
use super::{Activity, TaskIndex};
use crate::census::Change;
use crate::model::{Side, Timestamp};

/// What the record says about the work of a side.
pub(super) struct Work<'a> {
    pub side: &'a Activity,
    pub of: Side,
    pub all: &'a [Made],
    pub by_worker: HashMap<TaskIndex, u64>,
    /// The places of the processes that did it.
    pub processes: HashSet<usize>,
    /// Those of the others.
    pub apart: Apart,
    /// How many connections a server served unseen.
    pub unseen: u64,
    /// The most by one worker.
    pub most: u64,
    pub at_once: Option<u64>,
    /// Whether a worker was at one connection before it was done with another.
    pub overlaps: bool,
    /// How many connections one task received from and another one sent on.
    pub shared: u64,
    /// How many connections several tasks received from.
    pub passed: u64,
    /// Whether there was a moment when all workers were there.
    pub together: bool,
}

impl<'a> Work<'a> {
    pub fn of(side: &'a Activity, of: Side, work: &'a [Made]) -> Self {
        let mut by_worker: HashMap<TaskIndex, u64> = HashMap::new();
        for one in work {
            *by_worker.entry(one.task).or_default() += 1;
        }
        let unseen = work.iter().filter(|one| of == Side::Server && !one.seen);
        Self {
            side,
            of,
            all: work,
            most: by_worker.values().copied().max().unwrap_or(0),
            processes: by_worker
                .keys()
                .filter_map(|t| side.tasks.get(*t).process)
                .collect(),
            by_worker,
            apart: Apart::of(side, of, work),
            unseen: unseen.count() as u64,
            at_once: at_once(work),
            overlaps: overlaps(work),
            shared: work.iter().filter(|one| one.shared).count() as u64,
            passed: work.iter().filter(|one| one.passed).count() as u64,
            together: together(side, work),
        }
    }

    pub fn workers(&self) -> u64 {
        self.by_worker.len() as u64
    }

    pub fn connections(&self) -> u64 {
        self.by_worker.values().sum()
    }

    /// The threads, or first threads of processes, that were created, without
    /// helpers; `None` where it cannot be told who is one.
    pub fn created(&self, first: bool) -> Option<u64> {
        let tasks = self.side.tasks.all().iter().skip(1);
        let created = tasks.filter(|t| t.first == first && !t.found);
        let is_in =
            |t: &TaskLife, set: &HashSet<usize>| t.process.is_some_and(|p| set.contains(&p));
        let others = created.filter(|t| !is_in(t, &self.apart.idle));
        let unclear = others.clone().any(|t| is_in(t, &self.apart.unclear));
        (!unclear).then(|| others.count() as u64)
    }
}

/// Whether all workers lived at one moment.
fn together(side: &Activity, work: &[Made]) -> bool {
    let lives = || work.iter().map(|one| side.tasks.get(one.task));
    let last = lives().map(|task| task.started).max();
    let first = lives().filter_map(|task| task.ended).min();
    last.zip(first).is_none_or(|(last, first)| last <= first)
}

/// Whether somebody was at one connection before it was done with another.
fn overlaps(work: &[Made]) -> bool {
    let mut turns: Vec<_> = work
        .iter()
        .filter_map(|one| Some((one.task, one.at_it, one.until?)))
        .collect();
    turns.sort_unstable();
    turns
        .windows(2)
        .any(|two| two[0].0 == two[1].0 && two[1].1 < two[0].2)
}

/// The greatest number of connections that one side was busy with at one
/// moment; `None` where the end of one is not known.
fn at_once(work: &[Made]) -> Option<u64> {
    let mut changes: Vec<(Timestamp, Change)> = Vec::with_capacity(work.len() * 2);
    for one in work {
        changes.push((one.from, Change::Begins));
        changes.push(Change::end(one.from, one.until?));
    }
    changes.sort_unstable();
    let (mut now, mut most) = (0u64, 0);
    for (_, change) in changes {
        if change == Change::Begins {
            now += 1;
            most = most.max(now);
        } else {
            now = now.saturating_sub(1);
        }
    }
    Some(most)
}
