//! Tasks and processes: what the kernel tells as they end, put in the order in which
//! facts are told.
//!
//! A process that ends as a whole does so in the task that calls `exit_group(2)`, and
//! the others follow, some before that task's own end is told. They were there when it
//! called: so their ends wait for that one's.
//!
//! A process has ended when none of its tasks is counted any more, and the kernel counts a
//! task out some time before it tells of its end: who tells that the process has ended may
//! be followed by others. Its end waits for theirs.

use foldhash::{HashMap, HashSet};

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
    over: Option<Over>,
}

/// A process has ended, by what was told last.
#[derive(Clone, Copy, Debug)]
struct Over {
    at: Timestamp,
    exit: Exit,
    /// Whether all its tasks were ended at once, with that.
    with_all: bool,
}

/// So long is the end of a task waited for whose process has ended.
const LATE: Nanos = Nanos::new(2_000_000_000);

/// The processes of a side.
#[derive(Debug, Default)]
pub struct Lives {
    processes: HashMap<Pid, Process>,
    /// Those that have ended, and of which ends of tasks are still to come.
    ending: HashSet<Pid>,
}

impl Lives {
    /// A task was created, or was there; whether that is news. A process that has ended and
    /// had this number before is waited for no longer.
    pub fn begins(&mut self, pid: Pid, tid: Tid, told: &mut Vec<Event>) -> bool {
        if pid.0 == tid.0 && self.ending.contains(&pid) {
            self.conclude(pid, told);
        }
        let process = self.processes.entry(pid).or_default();
        let new = process.tasks.insert(tid);
        process.had_threads |= process.tasks.len() > 1;
        new
    }

    /// A process executed a program: the task that did is its only one.
    pub fn executed(&mut self, pid: Pid, tid: Tid) {
        let process = self.processes.entry(pid).or_default();
        process.tasks = std::iter::once(tid).collect();
        process.had_threads = false;
        process.first_ended = None;
    }

    /// Whether a process has more than one task, or had.
    pub fn had_threads(&self, pid: Pid) -> bool {
        self.processes.get(&pid).is_some_and(|p| p.had_threads)
    }

    /// A task ends. Of one whose process is not known nothing is told: it has been told
    /// that it ended.
    pub fn ends(
        &mut self,
        (at, pid, tid): (Timestamp, Pid, Tid),
        exit: Exit,
        how: How,
        told: &mut Vec<Event>,
    ) {
        let Some(process) = self.processes.get_mut(&pid) else {
            return;
        };
        process.tasks.remove(&tid);
        let tell = |at, tid, what| Event { at, pid, tid, what };
        // One that was killed in the call did not get as far as that.
        let by_will = how.by_exit_group && matches!(exit, Exit::Code(_));
        if by_will && process.exits.is_none() {
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
        if how.last || process.over.is_some() {
            let over = process.over.filter(|over| over.with_all);
            process.over = Some(Over {
                at,
                exit: over.map_or(exit, |over| over.exit),
                with_all: how.with_all || over.is_some(),
            });
            if process.tasks.is_empty() {
                self.conclude(pid, told);
            } else {
                self.ending.insert(pid);
            }
        }
    }

    /// A process has ended: tells what has waited for that.
    fn conclude(&mut self, pid: Pid, told: &mut Vec<Event>) {
        self.ending.remove(&pid);
        let Some(mut process) = self.processes.remove(&pid) else {
            return;
        };
        let Some(Over { at, exit, with_all }) = process.over else {
            return;
        };
        told.append(&mut process.waiting);
        let first = process.first_ended.filter(|_| !with_all);
        let whole = first.unwrap_or(exit);
        let tell = |tid| Event {
            at,
            pid,
            tid,
            what: Change::Ended(whole),
        };
        // Tasks of which the end has not come.
        let left = process.tasks.into_iter().filter(|t| t.0 != pid.0);
        told.extend(left.map(tell));
        told.push(tell(Tid(pid.0)));
    }

    /// Ends that have not come up to now are waited for no longer.
    pub fn late(&mut self, now: Timestamp, told: &mut Vec<Event>) {
        let is_late = |pid: &&Pid| {
            let over = self.processes.get(pid).and_then(|process| process.over);
            over.is_none_or(|over| now.since(over.at) > LATE)
        };
        let late: Vec<Pid> = self.ending.iter().filter(is_late).copied().collect();
        for pid in late {
            self.conclude(pid, told);
        }
    }

    /// Tells what still waits.
    pub fn rest(&mut self, told: &mut Vec<Event>) {
        for pid in std::mem::take(&mut self.ending) {
            self.conclude(pid, told);
        }
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
        let mut told = Vec::new();
        for tid in 10..13 {
            assert!(lives.begins(P, Tid(tid), &mut told));
        }
        for &(at, tid, exit, how) in ends {
            let who = (Timestamp::from_nanos(at), P, Tid(tid));
            lives.ends(who, exit, how, &mut told);
        }
        lives.rest(&mut told);
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

    /// Say by the signal of its parent's death (`PR_SET_PDEATHSIG`), while it exits.
    #[test]
    fn who_was_killed_in_the_call_did_not_exit_at_its_own_will() {
        let kill = Exit::Signal(9);
        let told = told(&[(1, 10, kill, last(CALLS))]);
        assert!(!told.iter().any(|(.., what)| *what == Change::ExitBegun));
        assert_eq!(told.last(), Some(&(1, 10, Change::Ended(kill))));
    }

    #[test]
    fn the_first_to_tell_of_the_end_may_not_be_the_last() {
        // The thread left, and who waited for it ended the process before it was told so.
        let ends = [
            (1, 12, OK, ALONE),
            (
                2,
                11,
                OK,
                last(How {
                    with_all: true,
                    ..ALONE
                }),
            ),
            (4, 10, OK, last(CALLS)),
        ];
        let expected = [
            (1, 12, ENDED),
            (2, 11, ENDED),
            (4, 10, Change::ExitBegun),
            (4, 10, ENDED),
        ];
        assert_eq!(told(&ends), expected);
        // Who is told of later need not find itself the last.
        let all = |tid| (3, tid, OK, KILLED);
        let ends = [(1, 10, OK, last(CALLS)), all(12), all(11)];
        let expected = [
            (1, 10, Change::ExitBegun),
            (3, 12, ENDED),
            (3, 11, ENDED),
            (3, 10, ENDED),
        ];
        assert_eq!(told(&ends), expected);
    }

    #[test]
    fn what_does_not_come_is_waited_for_a_while() {
        let mut lives = Lives::default();
        let mut told = Vec::new();
        for tid in 10..13 {
            lives.begins(P, Tid(tid), &mut told);
        }
        let at = |ns| (Timestamp::from_nanos(ns), P, Tid(11));
        lives.ends(at(1), OK, last(KILLED), &mut told);
        lives.late(Timestamp::from_nanos(1).plus(LATE), &mut told);
        assert_eq!(told, []);
        lives.late(Timestamp::from_nanos(2).plus(LATE), &mut told);
        let ended: Vec<u32> = told.iter().map(|e| e.tid.0).collect();
        assert_eq!((ended.len(), ended.last()), (3, Some(&10)));
        // It comes after all, and is not told again.
        lives.ends(at(9), OK, CALLS, &mut told);
        lives.rest(&mut told);
        assert_eq!(told.len(), 3);
        // Nor longer than until its number is another's.
        for tid in [10, 11] {
            lives.begins(P, Tid(tid), &mut told);
        }
        lives.ends(at(10), OK, last(KILLED), &mut told);
        assert_eq!(told.len(), 3);
        assert!(lives.begins(P, Tid(10), &mut told));
        assert_eq!(told.len(), 5);
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
