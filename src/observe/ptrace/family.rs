//! The tasks that a tracer follows, and the processes that they belong to.

use std::collections::HashMap;

use crate::model::{Pid, Tid};
use crate::sys::privilege::give_up::has_capabilities;
use crate::sys::proc;
use crate::sys::ptrace::tracee;

/// One task.
#[derive(Clone, Copy, Debug)]
struct Member {
    pid: Pid,
    /// Whether its first stop has been seen.
    stopped_once: bool,
}

/// One process.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    tasks: usize,
    exits: bool,
    named: bool,
    supervised: bool,
    parent: Option<Pid>,
}

/// Who is followed at the moment.
#[derive(Debug, Default)]
pub struct Family {
    members: HashMap<Tid, Member>,
    groups: HashMap<Pid, Group>,
}

/// How many processes are asked, one by one, whether a thread is theirs.
const FEW: usize = 4;

impl Family {
    /// Follows a task. One that is followed already stays as it is.
    pub fn add(&mut self, tid: Tid, pid: Pid) {
        self.members.entry(tid).or_insert_with(|| {
            self.groups.entry(pid).or_default().tasks += 1;
            Member {
                pid,
                stopped_once: false,
            }
        });
    }

    /// Follows it no more; returns its process.
    pub fn remove(&mut self, tid: Tid) -> Option<Pid> {
        let pid = self.members.remove(&tid)?.pid;
        if let Some(group) = self.groups.get_mut(&pid) {
            group.tasks -= 1;
            if group.tasks == 0 {
                self.groups.remove(&pid);
            }
        }
        Some(pid)
    }

    /// Whether a task is followed.
    pub fn knows(&self, tid: Tid) -> bool {
        self.members.contains_key(&tid)
    }

    /// The process of a task.
    pub fn pid_of(&self, tid: Tid) -> Option<Pid> {
        Some(self.members.get(&tid)?.pid)
    }

    /// Whether a process is followed.
    pub fn has(&self, pid: Pid) -> bool {
        self.groups.contains_key(&pid)
    }

    /// The tasks of a process.
    pub fn tids_of(&self, pid: Pid) -> Vec<Tid> {
        let of_it = self.members.iter().filter(|(_, m)| m.pid == pid);
        of_it.map(|(tid, _)| *tid).collect()
    }

    /// A process has a filter that hides calls from the one that it was given.
    pub fn supervise(&mut self, pid: Pid) {
        if let Some(group) = self.groups.get_mut(&pid) {
            group.supervised = true;
        }
    }

    /// Whether a process has such a filter. What it creates has it as well.
    pub fn is_supervised(&self, pid: Pid) -> bool {
        self.groups.get(&pid).is_some_and(|g| g.supervised)
    }

    /// Notes who created a process, whose filters it has as well.
    pub fn has_parent(&mut self, pid: Pid, parent: Pid) {
        let supervised = self.is_supervised(parent);
        if let Some(group) = self.groups.get_mut(&pid) {
            group.parent = Some(parent);
            group.supervised |= supervised;
        }
    }

    /// Whether a process has one task only, and somebody who is followed as well has
    /// created it and may wait for its end.
    pub fn is_one_that_is_waited_for(&self, pid: Pid) -> bool {
        let waits = |parent: Pid| self.groups.contains_key(&parent);
        self.groups
            .get(&pid)
            .is_some_and(|g| g.tasks == 1 && g.parent.is_some_and(waits))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Everybody.
    pub fn tids(&self) -> Vec<Tid> {
        self.members.keys().copied().collect()
    }

    /// Notes a task's first stop; whether it was the first.
    pub fn first_stop(&mut self, tid: Tid) -> bool {
        self.members
            .get_mut(&tid)
            .is_some_and(|m| !std::mem::replace(&mut m.stopped_once, true))
    }

    /// Whether everybody's first stop has been seen.
    pub fn all_have_stopped(&self) -> bool {
        self.members.values().all(|m| m.stopped_once)
    }

    /// Whether the names of a process's threads are to be looked at: it has
    /// several, and this is its first connection, or its end.
    pub fn are_to_be_named(&mut self, pid: Pid, at_the_end: bool) -> bool {
        self.groups.get_mut(&pid).is_some_and(|group| {
            let again = std::mem::replace(&mut group.named, true);
            group.tasks > 1 && (at_the_end || !again)
        })
    }

    /// Whether a process has more than one thread.
    pub fn has_threads(&self, pid: Pid) -> bool {
        self.groups.get(&pid).is_some_and(|group| group.tasks > 1)
    }

    /// The whole process begins to exit.
    pub fn exits(&mut self, pid: Pid) {
        if let Some(group) = self.groups.get_mut(&pid) {
            group.exits = true;
        }
    }

    /// Whether the process has other threads and does not exit as a whole.
    pub fn goes_on_without_leader(&self, pid: Pid) -> bool {
        self.groups
            .get(&pid)
            .is_some_and(|g| g.tasks > 1 && !g.exits)
    }
}

/// The process of a task that nobody has announced, and for a process its
/// parent. `None` when it has ended.
pub fn origin(tid: Tid, family: &Family) -> Option<(Pid, Option<Pid>)> {
    if family.groups.len() <= FEW {
        let mut pids = family.groups.keys();
        if let Some(&pid) = pids.find(|pid| tracee::belongs_to(tid, **pid)) {
            return Some((pid, None));
        }
    }
    let (pid, parent) = proc::process_of(tid)?;
    Some((pid, Some(parent)))
}

/// Whether a process executes a file that asks for privileges (execve(2)) and
/// has not got them where it is traced by somebody without privileges: a
/// set-user-ID program, or one with file capabilities (capabilities(7)).
pub fn lost_privilege(pid: Pid) -> bool {
    use std::os::unix::fs::MetadataExt;
    const SET_ID: u32 = libc::S_ISUID | libc::S_ISGID;
    let exe = proc::Proc::of(pid).path("exe");
    let set_id = std::fs::metadata(&exe).is_ok_and(|file| {
        file.mode() & SET_ID != 0 && file.uid() != rustix::process::getuid().as_raw()
    });
    set_id || has_capabilities(&exe)
}
