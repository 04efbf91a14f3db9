//! How a thread or process of either side tells its ledger of its life.
//!
//! Both sides count their tasks in the same way: the creator notes that the
//! task was created, the task notes its own first and last moment.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use thiserror::Error;

use crate::reserve::Kept;
use crate::sys::ledger::{Ledger, TaskSlot};
use crate::sys::{clock, process};

/// Does the calling task's work between its first note and its last.
pub fn live(slot: Option<&TaskSlot>, is_process: bool, work: impl FnOnce()) {
    if let Some(slot) = slot {
        let (pid, tid) = (process::pid(), process::tid());
        slot.begin(is_process, pid.0, tid.0, clock::now().as_nanos());
    }
    work();
    if let Some(slot) = slot {
        slot.end(clock::now().as_nanos());
    }
}

/// For the creator, once clone(2) or fork(2) has succeeded.
pub fn created(slot: Option<&TaskSlot>, is_process: bool) {
    if let Some(slot) = slot {
        slot.created(is_process, clock::now().as_nanos());
    }
}

/// Why there is no thread or process.
#[derive(Debug, Error)]
pub enum NoTask {
    /// The system refused it.
    #[error("{0}")]
    Refused(#[from] io::Error),
    /// It would have taken what is left to other programs.
    #[error("{} is left to other programs (--reserve)", room(*.0))]
    Kept(Kept),
}

impl From<Kept> for NoTask {
    fn from(kept: Kept) -> Self {
        Self::Kept(kept)
    }
}

fn room(kept: Kept) -> &'static str {
    match kept {
        Kept::Tasks => "the rest of the system's threads and processes",
        Kept::Memory => "the rest of the memory",
    }
}

/// Counts a thread or process that was not to be had.
pub fn note_none(ledger: &Ledger, why: &NoTask) {
    let header = ledger.header();
    let counter = match why {
        NoTask::Refused(_) => &header.refused_tasks,
        NoTask::Kept(Kept::Tasks) => &header.kept_tasks,
        NoTask::Kept(Kept::Memory) => &header.kept_memory,
    };
    counter.fetch_add(1, Relaxed);
}
