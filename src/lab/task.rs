//! How a thread or process of either side tells its ledger of its life.
//!
//! Both sides count their tasks in the same way: the creator notes that the
//! task was created, the task notes its own first and last moment.

use crate::sys::ledger::TaskSlot;
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
