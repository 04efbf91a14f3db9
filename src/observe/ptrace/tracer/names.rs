//! What the threads of a program are called.

use super::Tracer;
use crate::model::{Change, Pid};
use crate::sys::proc;

/// The most threads of one process whose names are looked at, which takes some
/// microseconds each while the program waits.
pub(super) const MOST_NAMES: usize = 1024;

impl Tracer<'_> {
    /// Tells what the threads of a process are called.
    pub(super) fn tell_names(&mut self, pid: Pid, at_the_end: bool) {
        if !self.family.are_to_be_named(pid, at_the_end) {
            return;
        }
        for tid in proc::tasks_of(pid).into_iter().take(MOST_NAMES) {
            if self.family.pid_of(tid) == Some(pid)
                && let Some(name) = proc::name_of_thread(pid, tid)
            {
                self.tell(pid, tid, Change::Named { name: name.into() });
            }
        }
    }
}
