//! What would not have happened without a tracer, undone: calls that end with EINTR
//! because a task was stopped, calls that another filter hides, an end that is told
//! twice.

use super::{Mode, Tracer};
use crate::model::{Exit, Pid, Tid};
use crate::sys::proc::Proc;
use crate::sys::proc::status::Status;
use crate::sys::ptrace::arch::interrupted_call_begins_anew;
use crate::sys::ptrace::tracee::{self, Stopped};

/// A task was stopped in a call that the kernel does not restart (`epoll_wait(2)` and
/// others, signal(7)): it begins anew, unless a signal waits that the program handles,
/// which ends such a call without a tracer, too. A time limit of the call begins anew
/// with it.
pub(super) fn go_on_waiting(task: &Stopped) {
    interrupted_call_begins_anew(task, || {
        let status = Status::read(Proc::of_task(task.tid()));
        status.and_then(|s| s.handles_one_that_waits()) == Some(false)
    });
}

/// The same after a signal that the program ignores. It interrupts nothing, unless the
/// program is traced: then the tracer is told of it (ptrace(2)).
pub(super) fn go_on_waiting_after(signal: i32, task: &Stopped) {
    interrupted_call_begins_anew(task, || {
        let status = Status::read(Proc::of_task(task.tid()));
        status.is_some_and(|s| s.ignores(signal) && s.handles_one_that_waits() == Some(false))
    });
}

impl Tracer<'_> {
    /// How a process is about to end that is to end without its tracer; `None` for
    /// one that is followed to its end. Whoever waits for a traced process is told
    /// of its end by a pidfd at once, and by wait(2) only when its tracer has waited
    /// for it (`wait_consider_task` of Linux): in between it finds nobody.
    pub(super) fn ends_as_alone(&self, task: &Stopped, pid: Pid) -> Option<Exit> {
        let untraced = self.mode == Mode::Launched
            && pid != self.root
            && self.family.is_one_that_is_waited_for(pid);
        if !untraced {
            return None;
        }
        let status = i32::try_from(task.message().ok()?).ok()?;
        Some(match libc::WTERMSIG(status) {
            0 => Exit::Code(libc::WEXITSTATUS(status)),
            signal => Exit::Signal(signal),
        })
    }

    /// The tasks of a process stop at every call from now on.
    pub(super) fn look_at_every_call(&mut self, pid: Pid, but: Tid) {
        self.family.supervise(pid);
        for tid in self.family.tids_of(pid) {
            if tid != but {
                // It may have got the filter as well.
                tracee::interrupt(tid);
            }
        }
    }
}
