//! Tasks that begin. Their first stop may come before the event of the task
//! that created them, and they may end before it, too: each is told once.

use super::super::family::origin;
use super::{Early, Tracer};
use crate::model::{Change, Pid, Tid};
use crate::sys::ptrace::tracee::{self, Stop, Until};

impl Tracer<'_> {
    /// A task has created another one, which may have been heard of before.
    pub(super) fn created(&mut self, child: Tid, parent: Pid, fork: bool) {
        let adopted = self.adopted.remove(&child);
        if self.family.knows(child) {
            return;
        }
        // One of the same id that ended without ever being announced, because
        // its creator was killed, is not this one.
        let early = self.early.remove(&child);
        let early = early.filter(|e| matches!(e, Early::Stopped(..)) || !tracee::exists(child));
        if adopted && early.is_none() {
            // It came, was told of, and has ended, all before its creator had its turn,
            // who may still have to wait for it. A new one of the same id, if it is that,
            // is told of at its first stop.
            return;
        }
        let thread = tracee::belongs_to(child, parent)
            // It has ended: what fork(2) made was a process.
            || !fork && !tracee::exists(child);
        let pid = if thread { parent } else { Pid(child.0) };
        if thread {
            // It has the filter together with its creator.
            self.to_be_looked_at.remove(&Pid(child.0));
        }
        self.welcome(child, pid, Some(parent), early);
    }

    fn welcome(&mut self, tid: Tid, pid: Pid, parent: Option<Pid>, early: Option<Early>) {
        let process = pid.0 == tid.0;
        let parent = parent.filter(|_| process);
        self.tell(pid, tid, Change::Started { process, parent });
        match early {
            Some(Early::Ended(exit)) => self.tell(pid, tid, Change::Ended(exit)),
            Some(Early::Stopped(task, stop)) => {
                self.follow(tid, pid, parent);
                self.family.first_stop(tid);
                let _ = task.set_options(self.options(process));
                let looked_at = self.to_be_looked_at.contains(&pid);
                let Some(task) = self.is_looked_at_from_birth(task, pid) else {
                    return;
                };
                // One that is born into a stopped process stays stopped with it; one
                // that was made to do something meanwhile stops with it once more.
                let _ = match stop {
                    Stop::Group(_) if !looked_at => task.listen(),
                    _ => task.resume(self.until(pid), 0),
                };
            }
            None => self.follow(tid, pid, parent),
        }
    }

    fn follow(&mut self, tid: Tid, pid: Pid, parent: Option<Pid>) {
        self.family.add(tid, pid);
        if let Some(parent) = parent {
            self.family.has_parent(pid, parent);
        }
        if pid.0 == tid.0 {
            self.is_born(pid, parent);
        }
    }

    /// Tasks whose creator's event has not come: it may have been killed, so
    /// nobody waits for it.
    pub(super) fn adopt_the_early(&mut self) {
        if self.early.is_empty() {
            return;
        }
        for (tid, early) in std::mem::take(&mut self.early) {
            match early {
                Early::Stopped(task, stop) => match origin(tid, &self.family) {
                    // What is new to a process that is alone waits for its creator's
                    // event, which comes unless that one was killed.
                    Some((pid, parent)) if self.sockets.is_alone(parent.unwrap_or(pid)) => {
                        self.early.insert(tid, Early::Stopped(task, stop));
                    }
                    Some((pid, parent)) => {
                        let orphan = parent.is_some_and(|p| !self.family.has(p));
                        if orphan && self.in_company.is_some() {
                            // It may have got connections of whoever created it.
                            self.to_be_looked_at.insert(pid);
                        }
                        self.adopted.insert(tid);
                        let early = Some(Early::Stopped(task, stop));
                        self.welcome(tid, pid, parent, early);
                    }
                    // Killed meanwhile: it tells its end next.
                    None => drop(task.resume(Until::Event, 0)),
                },
                ended @ Early::Ended(_) => {
                    self.early.insert(tid, ended);
                }
            }
        }
    }
}
