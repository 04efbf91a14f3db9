//! The lives of tasks and processes, from what a tracer saw.

use foldhash::HashMap;

use crate::census::{SideSpans, Span};
use crate::model::{Change, Event, Exit, Nanos, Pid, Tid, Timestamp};

/// One task of a side, for as long as the side is known: task ids are used
/// again, this number is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskIndex(pub usize);

/// The life of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLife {
    /// Its process, by its place among [`Tasks::processes`].
    pub process: Option<usize>,
    /// Its process.
    pub pid: Pid,
    /// Its id; the process's once it has executed a program (execve(2)).
    pub tid: Tid,
    /// Whether it was its process's first.
    pub first: bool,
    /// Whether it was there when the tracer came.
    pub found: bool,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` when it was still there at the end.
    pub ended: Option<Timestamp>,
    /// What it was called when somebody last looked.
    pub name: Option<Box<str>>,
}

/// The life of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessLife {
    /// Its id.
    pub pid: Pid,
    /// The process that created it, by its place in this list.
    pub parent: Option<usize>,
    /// The last program that it executed, or else its parent's.
    pub name: String,
    /// Whether it has executed a program of its own (execve(2)).
    pub executed: bool,
    /// How many sockets it has kept over its last execve(2), and has not made
    /// itself; `None` where it made no such call, or that was not to be seen.
    pub sockets: Option<u64>,
    /// Whether it was there when the tracer came.
    pub found: bool,
    /// Its first task.
    pub first_task: TaskIndex,
    /// When it began.
    pub started: Timestamp,
    /// When its last task ended.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub exit: Option<Exit>,
    /// When it began to exit as a whole: its `exit_group(2)`, or the first of
    /// its tasks that a signal ended; else the end of its last task.
    pub exit_begun: Option<Timestamp>,
    /// When the latest of its tasks ended.
    latest_end: Option<Timestamp>,
    /// The task that ended it by `exit_group(2)`; `None` where none was seen to.
    pub exit_by: Option<TaskIndex>,
}

/// The tasks and processes of a side.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    lives: Vec<TaskLife>,
    processes: Vec<ProcessLife>,
    live: HashMap<Tid, usize>,
    live_processes: HashMap<Pid, usize>,
}

impl Tasks {
    /// Every task, in the order in which they were seen.
    #[must_use]
    pub fn all(&self) -> &[TaskLife] {
        &self.lives
    }

    /// Every process, in the order in which they were seen; the side's first
    /// is the first.
    #[must_use]
    pub fn processes(&self) -> &[ProcessLife] {
        &self.processes
    }

    /// A task.
    #[must_use]
    pub fn get(&self, task: TaskIndex) -> &TaskLife {
        &self.lives[task.0]
    }

    /// The living task of this id.
    #[must_use]
    pub fn index_of(&self, tid: Tid) -> Option<TaskIndex> {
        self.live.get(&tid).copied().map(TaskIndex)
    }

    /// The living process of this id, by its place among [`Tasks::processes`].
    #[must_use]
    pub fn process_of(&self, pid: Pid) -> Option<usize> {
        self.live_processes.get(&pid).copied()
    }

    /// The program of a living process; empty when it is not known.
    #[must_use]
    pub fn name_of(&self, pid: Pid) -> String {
        self.process_of(pid)
            .map(|p| self.processes[p].name.clone())
            .unwrap_or_default()
    }

    /// The processes that live.
    #[must_use]
    pub fn living(&self) -> Vec<Pid> {
        self.live_processes.keys().copied().collect()
    }

    /// Takes one more event into account.
    pub fn apply(&mut self, event: &Event) {
        let at = event.at;
        match &event.what {
            Change::Started { process, parent } => {
                self.begin(event, *process, parent.as_ref(), false);
            }
            Change::Found { process } => self.begin(event, *process, None, true),
            Change::Executed {
                former,
                name,
                sockets,
                ..
            } => {
                if let Some(process) = self.process_of(event.pid) {
                    let process = &mut self.processes[process];
                    process.name = name.to_string();
                    process.executed = true;
                    process.sockets = *sockets;
                }
                self.execute(event.pid, event.tid, *former, at);
            }
            Change::Named { name } => {
                if let Some(&task) = self.live.get(&event.tid) {
                    self.lives[task].name = Some(name.clone());
                }
            }
            Change::ExitBegun => {
                let by = self.index_of(event.tid);
                if let Some(process) = self.process_of(event.pid) {
                    let process = &mut self.processes[process];
                    process.exit_by = process.exit_by.or(by);
                }
                self.exit_begins(event.pid, at);
            }
            Change::ThreadExiting => self.task_ends(event.tid, at),
            Change::Ended(exit) => self.end(event, *exit),
            _ => {}
        }
    }

    fn begin(&mut self, event: &Event, process: bool, parent: Option<&Pid>, found: bool) {
        let task = self.lives.len();
        let place = if process {
            Some(self.processes.len())
        } else {
            self.process_of(event.pid)
        };
        self.lives.push(TaskLife {
            process: place,
            pid: event.pid,
            tid: event.tid,
            first: process,
            found,
            started: event.at,
            ended: None,
            name: None,
        });
        self.live.insert(event.tid, task);
        if process {
            let parent = parent.and_then(|p| self.process_of(*p));
            let name = parent.map(|p| self.processes[p].name.clone());
            self.live_processes.insert(event.pid, self.processes.len());
            self.processes.push(ProcessLife {
                pid: event.pid,
                parent,
                name: name.unwrap_or_default(),
                executed: false,
                sockets: None,
                found,
                first_task: TaskIndex(task),
                started: event.at,
                ended: None,
                exit: None,
                exit_begun: None,
                latest_end: None,
                exit_by: None,
            });
        }
    }

    /// A task executes a program: it takes its process's id, and whoever had
    /// that is gone (execve(2)). The others tell their ends themselves.
    fn execute(&mut self, pid: Pid, tid: Tid, former: Tid, at: Timestamp) {
        if former == tid {
            return;
        }
        if let Some(leader) = self.live.remove(&tid) {
            self.lives[leader].ended = Some(at);
        }
        if let Some(task) = self.live.remove(&former) {
            self.lives[task].tid = tid;
            self.lives[task].pid = pid;
            self.live.insert(tid, task);
        }
    }

    fn exit_begins(&mut self, pid: Pid, at: Timestamp) {
        if let Some(process) = self.process_of(pid) {
            self.processes[process].exit_begun.get_or_insert(at);
        }
    }

    fn task_ends(&mut self, tid: Tid, at: Timestamp) {
        if let Some(task) = self.live.remove(&tid) {
            let life = &mut self.lives[task];
            life.ended = Some(at);
            if let Some(process) = life.process {
                let latest = &mut self.processes[process].latest_end;
                *latest = (*latest).max(Some(at));
            }
        }
    }

    fn end(&mut self, event: &Event, exit: Exit) {
        self.task_ends(event.tid, event.at);
        if let Exit::Signal(_) = exit {
            // The signal ends all of them: this is the first that was seen.
            self.exit_begins(event.pid, event.at);
        }
        // The first task's end is told when all of the process's have ended.
        if event.pid.0 == event.tid.0
            && let Some(process) = self.live_processes.remove(&event.pid)
        {
            let process = &mut self.processes[process];
            process.ended = Some(event.at);
            process.exit = Some(exit);
            // Where nothing else ended it, its last task has, of which an observer may
            // tell before.
            let last = process.latest_end.unwrap_or(event.at);
            process.exit_begun.get_or_insert(last);
        }
    }

    /// The spans to count, and the two moments of the census of a program that
    /// is somebody else's: at its exec, and when its first process begins to
    /// exit, or is `asked` to: what ends then in which order is no news of it.
    /// `over`: when it was left, if it still ran then.
    #[must_use]
    pub fn spans(&self, asked: Option<Timestamp>, over: Timestamp) -> Option<SideSpans> {
        let root = self.processes.first()?;
        let first = root.first_task.0;
        let after = match asked.or(root.exit_begun) {
            // What ends at that moment was still there.
            Some(at) => at.plus(Nanos::new(-1)),
            None => over,
        };
        let mut spans = SideSpans {
            initial: Vec::new(),
            created: Vec::new(),
            ready: root.started,
            after: Some(after),
        };
        let mut whole = vec![false; self.lives.len()];
        for process in &self.processes {
            let task = &self.lives[process.first_task.0];
            let span = Span {
                process: true,
                thread: task.ended == process.ended,
                started: process.started,
                ended: process.ended,
            };
            whole[process.first_task.0] = span.thread;
            let there = process.found || process.first_task.0 == first;
            spans.put(span, there);
        }
        for (i, task) in self.lives.iter().enumerate().filter(|(i, _)| !whole[*i]) {
            let span = Span {
                process: false,
                thread: true,
                started: task.started,
                ended: task.ended,
            };
            spans.put(span, task.found || i == first);
        }
        if root.found {
            // Whoever was there is there at the moment of looking.
            let seen = spans.initial.iter().map(|s| s.started).max();
            spans.ready = seen.unwrap_or(spans.ready);
        }
        Some(spans)
    }
}
