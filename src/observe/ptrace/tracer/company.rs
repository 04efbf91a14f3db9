//! Processes that are alone with their connections, and what ends that: the filter that
//! stops at receiving and sending is then installed in them, too, before anybody else can
//! do so (`sockets::alone`).

use super::super::calls::{Interest, Watched};
use super::Tracer;
use crate::model::{Change, Pid, Tid};
use crate::sys::clock;
use crate::sys::ptrace::filter::Filter;
use crate::sys::ptrace::made_to_call::{
    Creates, Installed, creates, install, to_the_end_of_its_call,
};
use crate::sys::ptrace::tracee::{Stopped, Until};

/// The filter of those that are alone no longer; `None` where everybody has it from the
/// beginning.
pub(super) fn filter_in_company(interest: Interest) -> Option<Filter> {
    let stops: Vec<_> = interest
        .calls_in_company()
        .iter()
        .map(Watched::stop)
        .collect();
    (!stops.is_empty()).then(|| Filter::stopping_at(&stops))
}

impl Tracer<'_> {
    /// A process begins with one task, and nobody looks at what that receives.
    pub(super) fn is_alone_from_now_on(&mut self, pid: Pid) {
        if self.in_company.is_some() && !self.family.is_supervised(pid) {
            self.sockets.is_alone_from_now_on(pid);
            self.tell(pid, Tid(pid.0), Change::Alone);
        }
    }

    /// A process that has just been created: whether it is alone, too. To be asked before
    /// anything of it runs.
    pub(super) fn is_born(&mut self, pid: Pid, parent: Option<Pid>) {
        let parent = parent.filter(|p| self.sockets.is_alone(*p));
        if parent.is_some() && !self.to_be_looked_at.contains(&pid) {
            self.is_alone_from_now_on(pid);
        }
    }

    /// A task has created another one, and goes on. What that means for a process that
    /// is alone is done before.
    pub(super) fn goes_on_after_creating(&mut self, task: Stopped, pid: Pid, child: Option<Tid>) {
        let until = self.until(pid);
        if !self.sockets.is_alone(pid) {
            let _ = task.resume(until, 0);
            return;
        }
        let how = creates(&task);
        let tid = task.tid();
        if how != Creates::Sharing {
            let mut said = Vec::new();
            let left =
                self.sockets.has_accepted_alone(pid) && self.sockets.shares(&task, pid, &mut said);
            self.tell_all(pid, tid, said);
            if !left {
                let _ = task.resume(until, 0);
                return;
            }
        }
        // A thread gets the filter together with its creator; a process has to be made to.
        self.to_be_looked_at.extend(child.map(|c| Pid(c.0)));
        if how == Creates::Vfork {
            // It comes to the end of its call when the child lets it.
            self.at_the_end.insert(tid);
            let _ = task.resume(Until::Call, 0);
            return;
        }
        match to_the_end_of_its_call(task) {
            Ok(task) => {
                if let Some(task) = self.has_company(task, pid) {
                    let _ = task.resume(self.until(pid), 0);
                }
            }
            Err(report) => self.reports.extend(report),
        }
    }

    /// A process is alone no longer. Its only task that runs is this one, which is given
    /// back unless it is gone.
    pub(super) fn has_company(&mut self, task: Stopped, pid: Pid) -> Option<Stopped> {
        if self.sockets.is_alone(pid) {
            let mut said = Vec::new();
            self.sockets.has_company(&task, pid, &mut said);
            let tid = task.tid();
            self.tell_all(pid, tid, said);
            self.tell(pid, tid, Change::Accompanied);
        }
        self.gets_the_filter(task, pid)
    }

    /// A new process that others share connections with, at its first stop.
    pub(super) fn is_looked_at_from_birth(&mut self, task: Stopped, pid: Pid) -> Option<Stopped> {
        if self.to_be_looked_at.remove(&pid) {
            self.gets_the_filter(task, pid)
        } else {
            Some(task)
        }
    }

    fn gets_the_filter(&mut self, task: Stopped, pid: Pid) -> Option<Stopped> {
        let Some(filter) = &self.in_company else {
            return Some(task);
        };
        match install(task, filter, true) {
            Installed::Done(task) => Some(task),
            Installed::Refused(task) => {
                // Then every call of theirs is looked at.
                self.family.supervise(pid);
                Some(task)
            }
            Installed::Lost(report) => {
                self.reports.extend(report);
                None
            }
        }
    }

    fn tell_all(&mut self, pid: Pid, tid: Tid, said: Vec<Change>) {
        let at = clock::now();
        for what in said {
            self.tell_at(at, pid, tid, what);
        }
    }
}
