//! Tasks that become something else: of another program, or on their way out.

use super::super::family::lost_privilege;
use super::Tracer;
use super::names::MOST_NAMES;
use crate::model::{Change, Pid, Tid};
use crate::sys::proc;
use crate::sys::ptrace::arch;
use crate::sys::ptrace::tracee::Stopped;

impl Tracer<'_> {
    /// A thread that was joined (`pthread_join(3)`) may still be on its way out of
    /// the kernel when its program exits: it is not one that was left running.
    pub(super) fn tell_of_leaving(&mut self, pid: Pid, exits: Tid) {
        if !self.family.has_threads(pid) {
            return;
        }
        for tid in proc::tasks_of(pid).into_iter().take(MOST_NAMES) {
            let other = tid != exits && self.family.pid_of(tid) == Some(pid);
            if other && proc::is_leaving(pid, tid) {
                self.tell(pid, tid, Change::ThreadExiting);
            }
        }
    }

    /// A program was executed: the task has the process's id from now on,
    /// whatever it had before.
    pub(super) fn executed(&mut self, task: &Stopped, pid: Pid) {
        let tid = task.tid();
        let former = task.message().ok().and_then(|m| u32::try_from(m).ok());
        let former = former.map_or(tid, Tid);
        if former != tid {
            self.leave_call(pid, former);
            self.family.remove(former);
        }
        self.leave_call(pid, tid);
        self.family.add(tid, pid);
        self.family.first_stop(tid);
        let _ = task.set_options(self.options(true));
        let what = Change::Executed {
            former,
            name: proc::name_of(pid).unwrap_or_default().into(),
            unprivileged: !self.privileged && lost_privilege(pid),
            foreign: task
                .call()
                .is_ok_and(|(_, convention)| !arch::knows(convention)),
            sockets: proc::sockets_of(pid),
        };
        self.tell(pid, tid, what);
    }

    /// A first thread is about to end. Where its process goes on without it,
    /// this is the only moment when that can be seen.
    pub(super) fn leader_exits(&mut self, task: &Stopped, pid: Pid) {
        let by_signal = task.message().is_ok_and(|status| status & 0x7f != 0);
        if !by_signal && self.family.goes_on_without_leader(pid) {
            self.tell(pid, task.tid(), Change::ThreadExiting);
        }
    }
}
