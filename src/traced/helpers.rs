//! Processes that belong to a side's tree and do none of its work: a version
//! manager's shim, a resource tracker.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use super::{TaskIndex, TracedSide};
use crate::model::Helper;

/// The processes, other than the first, that neither made nor accepted nor
/// used a connection, and none of whose descendants did; by name, those with
/// the most processes first.
#[must_use]
pub fn helpers(side: &TracedSide) -> Vec<Helper> {
    let idle = idle(side);
    let processes = side.tasks.processes();
    let mut by_name: BTreeMap<&str, Helper> = BTreeMap::new();
    for task in side.tasks.all() {
        let Some(process) = task.process.filter(|p| idle.contains(p)) else {
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

/// The places of those processes among all.
pub(super) fn idle(side: &TracedSide) -> HashSet<usize> {
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
fn workers(side: &TracedSide) -> HashSet<TaskIndex> {
    let makers = side.sockets.made.iter().map(|c| c.task);
    let servers = side.sockets.accepted.iter().flat_map(|a| {
        let users = [a.received, a.sent].into_iter().flatten();
        std::iter::once(a.task).chain(users.map(|u| u.0))
    });
    makers.chain(servers).collect()
}
