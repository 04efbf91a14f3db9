//! Which life of a number it was: the kernel gives the number of a thread that has ended
//! to another one, later.

use std::collections::HashMap;

use super::tracks::Who;
use crate::model::{Pid, RunRecord, Side, Tid, Timestamp, WorkerRecord};
use crate::report::join::{has_one_each, tells_lives};

/// A number that nobody else of the side has at the same time.
type Number = (Side, Pid, Tid);

/// What tells threads of the same number apart.
#[derive(Debug)]
pub(super) struct Lives {
    /// Each request or connection of the client, and of the server, has a thread of its own.
    one_each: [bool; 2],
    /// When the threads of a number began, in their order.
    begun: HashMap<Number, Vec<Timestamp>>,
}

impl Lives {
    /// Those of a run.
    pub(super) fn of(run: &RunRecord, workers: &[WorkerRecord]) -> Self {
        let mut begun: HashMap<Number, Vec<Timestamp>> = HashMap::new();
        for worker in workers.iter().filter(|w| tells_lives(run, w.side)) {
            if let (Some(pid), Some(tid), Some(at)) = (worker.pid, worker.tid, worker.started_ns) {
                begun.entry((worker.side, pid, tid)).or_default().push(at);
            }
        }
        for all in begun.values_mut() {
            all.sort_unstable();
            all.dedup();
        }
        Self {
            one_each: [Side::Client, Side::Server].map(|side| has_one_each(run, side)),
            begun,
        }
    }

    /// The thread that worked at that moment, on the request or connection `of`.
    pub(super) fn at_work(&self, side: Side, pid: Pid, tid: Tid, of: u64, at: Timestamp) -> Who {
        let own = self.one_each[usize::from(side == Side::Server)];
        let life = if own {
            of.saturating_add(1)
        } else {
            self.nth(side, pid, tid, at)
        };
        Who::known(side, pid, tid, life)
    }

    /// The thread that accepted at that moment: no connection is its own.
    pub(super) fn accepting(&self, pid: Pid, tid: Tid, at: Timestamp) -> Who {
        let life = self.nth(Side::Server, pid, tid, at);
        Who::known(Side::Server, pid, tid, life)
    }

    /// Of the lives of a number that are known, the last one that had begun by then; 0 is
    /// the first one, and the only one where none is known.
    fn nth(&self, side: Side, pid: Pid, tid: Tid, at: Timestamp) -> u64 {
        let begun = self.begun.get(&(side, pid, tid));
        let by_then = begun.map_or(0, |all| all.partition_point(|began| *began <= at));
        by_then.saturating_sub(1) as u64
    }
}
