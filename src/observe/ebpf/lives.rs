//! Tasks and processes: what the kernel tells as they end, put in the order in which
//! facts are told.
//!
//! A process that ends as a whole does so in the task that calls `exit_group(2)`, and
//! the others follow, some before that task's own end is told. They were there when it
//! called: so their ends wait for that one's.

use std::collections::{HashMap, HashSet};

use super::record::How;
use crate::model::{Change, Event, Exit, Nanos, Pid, Tid, Timestamp};

/// One process.
#[derive(Debug, Default)]
struct Process {
    tasks: HashSet<Tid>,
    /// Whether it ever had more than one task.
    had_threads: bool,
    /// Whether its first task has ended, and how.
    first_ended: Option<Exit>,
    /// When it began to exit as a whole.
    exits: Option<Timestamp>,
    /// Ends of tasks that went with all, told before it is known who has called
    /// `exit_group(2)`.
    waiting: Vec<Event>,
}

/// The processes of a side.
#[derive(Debug, Default)]
pub struct Lives {
    processes: HashMap<Pid, Process>,
}

impl Lives {
    /// A task was created, or was there; whether that is news.
    pub fn begins(&mut self, pid: Pid, tid: Tid) -> bool {
        let process = self.processes.entry(pid).or_default();
        let new = process.tasks.insert(tid);
        process.had_threads |= process.tasks.len() > 1;
        new
    }

    /// A process executed a program: the task that did is its only one.
    pub fn executed(&mut self, pid: Pid, tid: Tid) {
        let process = self.processes.entry(pid).or_default();
        process.tasks = HashSet::from([tid]);
        process.had_threads = false;
        process.first_ended = None;
    }

    /// Whether a process has more than one task, or had.
    pub fn had_threads(&self, pid: Pid) -> bool {
        self.processes.get(&pid).is_some_and(|p| p.had_threads)
    }

    /// A task ends.
    pub fn ends(
        &mut self,
        (at, pid, tid): (Timestamp, Pid, Tid),
        exit: Exit,
        how: How,
        told: &mut Vec<Event>,
    ) {
        let process = self.processes.entry(pid).or_default();
        process.tasks.remove(&tid);
        let tell = |at, tid, what| Event { at, pid, tid, what };
        if how.by_exit_group && process.exits.is_none() {
            let first = process.waiting.iter().map(|e| e.at).min();
            let begun = first.map_or(at, |first| first.min(at));
            process.exits = Some(begun);
            told.push(tell(begun, tid, Change::ExitBegun));
            told.append(&mut process.waiting);
        }
        let first = tid.0 == pid.0;
        if first {
            // Of a process that goes on its first task's end is told when all have
            // ended; here only that it leaves.
            if !how.last && !how.with_all {
                told.push(tell(at, tid, Change::ThreadExiting));
            }
            process.first_ended = Some(exit);
        } else {
            // Who left by itself while all were being ended was on its way before.
            let at = match process.exits {
                Some(begun) if how.by_exit => at.min(begun.plus(Nanos::new(-1))),
                _ => at,
            };
            let event = tell(at, tid, Change::Ended(exit));
            let unknown = how.with_all && !how.by_exit && process.exits.is_none();
            if unknown && matches!(exit, Exit::Code(_)) {
                process.waiting.push(event);
            } else {
                told.push(event);
            }
        }
        if how.last {
            told.append(&mut process.waiting);
            let whole = if how.with_all {
                exit
            } else {
                process.first_ended.unwrap_or(exit)
            };
            // Tasks that are on their way out as well, and whose records were not made.
            let left: Vec<Tid> = process.tasks.drain().filter(|t| t.0 != pid.0).collect();
            told.extend(left.into_iter().map(|t| tell(at, t, Change::Ended(exit))));
            told.push(tell(at, Tid(pid.0), Change::Ended(whole)));
            self.processes.remove(&pid);
        }
    }

    /// Tells what still waits.
    pub fn rest(&mut self, told: &mut Vec<Event>) {
        for process in self.processes.values_mut() {
            told.append(&mut process.waiting);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: Pid = Pid(10);
    const ALONE: How = How {
        with_all: false,
        last: false,
        by_exit_group: false,
        by_exit: true,
    };
    const KILLED: How = How {
        with_all: true,
        by_exit: false,
        ..ALONE
    };
    const CALLS: How = How {
        by_exit_group: true,
        ..KILLED
    };

    fn last(how: How) -> How {
        How { last: true, ..how }
    }

    /// A process of three tasks, whose ends these are; what is told of them.
    fn told(ends: &[(i64, u32, Exit, How)]) -> Vec<(i64, u32, Change)> {
        let mut lives = Lives::default();
        for tid in 10..13 {
            assert!(lives.begins(P, Tid(tid)));
        }
        let mut told = Vec::new();
        for &(at, tid, exit, how) in ends {
            let who = (Timestamp::from_nanos(at), P, Tid(tid));
            lives.ends(who, exit, how, &mut told);
        }
        let plain = |e: Event| (e.at.as_nanos(), e.tid.0, e.what);
        told.into_iter().map(plain).collect()
    }

    const OK: Exit = Exit::Code(0);
    const ENDED: Change = Change::Ended(OK);

    #[test]
    fn one_after_another() {
        let ends = [
            (1, 11, OK, ALONE),
            (2, 12, OK, ALONE),
            (3, 10, OK, last(CALLS)),
        ];
        let expected = [
            (1, 11, ENDED),
            (2, 12, ENDED),
            (3, 10, Change::ExitBegun),
            (3, 10, ENDED),
        ];
        assert_eq!(told(&ends), expected);
    }

    #[test]
    fn all_were_there_when_one_of_them_ended_all() {
        // The two that are ended are on another processor, and faster.
        let ends = [
            (1, 12, OK, KILLED),
            (2, 10, OK, CALLS),
            (3, 11, OK, last(KILLED)),
        ];
        let expected = [
            (1, 10, Change::ExitBegun),
            (1, 12, ENDED),
            (3, 11, ENDED),
            (3, 10, ENDED),
        ];
        assert_eq!(told(&ends), expected);
    }

    #[test]
    fn who_left_by_itself_was_gone_before() {
        let ends = [
            (5, 10, OK, CALLS),
            (
                6,
                11,
                OK,
                How {
                    with_all: true,
                    ..ALONE
                },
            ),
            (7, 12, OK, last(KILLED)),
        ];
        let expected = [
            (5, 10, Change::ExitBegun),
            (4, 11, ENDED),
            (7, 12, ENDED),
            (7, 10, ENDED),
        ];
        assert_eq!(told(&ends), expected);
    }

    #[test]
    fn the_first_task_leaves_and_the_process_goes_on() {
        let code = Exit::Code(7);
        let ends = [
            (1, 10, code, ALONE),
            (2, 11, OK, ALONE),
            (3, 12, OK, last(ALONE)),
        ];
        let expected = [
            (1, 10, Change::ThreadExiting),
            (2, 11, ENDED),
            (3, 12, ENDED),
            (3, 10, Change::Ended(code)),
        ];
        assert_eq!(told(&ends), expected);
    }

    #[test]
    fn a_signal_needs_nobody_who_called() {
        let kill = Exit::Signal(9);
        let ends = [
            (1, 11, kill, KILLED),
            (2, 10, kill, KILLED),
            (3, 12, kill, last(KILLED)),
        ];
        let expected = [
            (1, 11, Change::Ended(kill)),
            (3, 12, Change::Ended(kill)),
            (3, 10, Change::Ended(kill)),
        ];
        assert_eq!(told(&ends), expected);
    }

    #[test]
    fn the_last_one_tells_of_all() {
        // Two that ended at once both found themselves the last.
        let ends = [(1, 11, OK, ALONE), (2, 10, OK, last(CALLS))];
        let expected = [
            (1, 11, ENDED),
            (2, 10, Change::ExitBegun),
            (2, 12, ENDED),
            (2, 10, ENDED),
        ];
        assert_eq!(told(&ends), expected);
    }
}
