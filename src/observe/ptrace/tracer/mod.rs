//! The tracer: follows every task of a program and tells what it does.
//!
//! ptrace(2) belongs to the thread that uses it, so a tracer starts a program,
//! serves it and ends in one thread. It is told of tasks that begin and end by
//! the kernel itself, so none is missed; it stops a program only at the calls
//! that [`Interest`] names.

mod changes;
mod company;
mod counted;
mod leave;
mod names;
mod newborn;
mod start;
mod terminal;
mod undisturbed;

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::thread::CapabilitySet;

use super::calls::Interest;
use super::family::Family;
use super::sockets::Sockets;
use super::{Sink, Totals};
use crate::model::{Change, Event, Exit, Pid, SideCost, Tid, Timestamp};
use crate::sys::clock;
use crate::sys::privilege::give_up::held;
use crate::sys::ptrace::filter::Filter;
use crate::sys::ptrace::launch::may_filter_with_privileges;
use crate::sys::ptrace::tracee::{self, Options, Patience, Report, Stop, Stopped, Until};
pub(super) use counted::Counted;
use undisturbed::{go_on_waiting, go_on_waiting_after};

/// The most reports that are taken in at once.
const BATCH: usize = 256;

/// With so few left the next report may be the last one.
const FEW: usize = 4;

/// A task whose creator has not been heard of yet.
#[derive(Debug)]
enum Early {
    Stopped(Stopped, Stop),
    Ended(Exit),
}

/// Whether the program was started by the tracer, or ran already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// It has a filter, and dies with the tracer.
    Launched,
    /// It has none, so it stops at every call; it goes on without the tracer.
    Attached,
}

/// Follows one program and everything that it starts.
pub struct Tracer<'a> {
    root: Pid,
    mode: Mode,
    /// Whether what it traces may get privileges by executing a file: the kernel asks
    /// what the tracer could do when it seized the program (`ptracer_capable`), and
    /// whether the program has `no_new_privs`.
    privileged: bool,
    family: Family,
    sockets: Sockets,
    early: HashMap<Tid, Early>,
    /// Those that were told of before their creators were heard of.
    adopted: HashSet<Tid>,
    reports: VecDeque<Report>,
    sink: Sink<'a>,
    stops: Counted,
    ended: Option<(Exit, SideCost)>,
    outlived: bool,
    wants_terminal: Arc<AtomicBool>,
    /// What a process is stopped at besides when it is alone with its connections no
    /// longer; `None` where everybody is from the beginning.
    in_company: Option<Filter>,
    /// New processes that share connections of which something is still to be learnt.
    to_be_looked_at: HashSet<Pid>,
    /// Tasks whose process is alone no longer at the end of the call that they are in.
    at_the_end: HashSet<Tid>,
    /// ptrace(2) answers the thread that began it, and no other.
    bound_to_thread: PhantomData<*const ()>,
}

impl<'a> Tracer<'a> {
    fn new(root: Pid, mode: Mode, interest: Interest, sink: Sink<'a>) -> Self {
        Self {
            root,
            mode,
            privileged: held().contains(CapabilitySet::SYS_PTRACE)
                && (mode == Mode::Attached || may_filter_with_privileges()),
            family: Family::default(),
            sockets: Sockets::new(interest),
            early: HashMap::new(),
            adopted: HashSet::new(),
            reports: VecDeque::new(),
            sink,
            stops: Counted::default(),
            ended: None,
            outlived: false,
            wants_terminal: Arc::default(),
            in_company: match mode {
                Mode::Launched => company::filter_in_company(interest),
                Mode::Attached => None,
            },
            to_be_looked_at: HashSet::new(),
            at_the_end: HashSet::new(),
            bound_to_thread: PhantomData,
        }
    }

    /// The process that was started or attached to.
    pub fn root(&self) -> Pid {
        self.root
    }

    fn options(&self, leader: bool) -> Options {
        let options = match self.mode {
            Mode::Launched => Options::BASIC.and_kill(),
            Mode::Attached => Options::BASIC,
        };
        // A first thread that ends before the others is reported only when all
        // have ended; this tells when it really ended.
        if leader { options.and_exit() } else { options }
    }

    /// How far the tasks of a process are let run.
    fn until(&self, pid: Pid) -> Until {
        match self.mode {
            Mode::Launched if !self.family.is_supervised(pid) => Until::Event,
            Mode::Launched | Mode::Attached => Until::Call,
        }
    }

    fn tell(&mut self, pid: Pid, tid: Tid, what: Change) {
        self.tell_at(clock::now(), pid, tid, what);
    }

    fn tell_at(&mut self, at: Timestamp, pid: Pid, tid: Tid, what: Change) {
        (self.sink)(Event { at, pid, tid, what });
    }

    /// Follows the program until everything of it has ended, or until `leave`
    /// says so, which is asked whenever a signal interrupts the waiting.
    pub fn run(mut self, leave: &dyn Fn() -> bool) -> Totals {
        while let Some(report) = self.next(leave) {
            self.handle(report);
        }
        self.leave();
        Totals {
            stops: self.stops,
            cpu: clock::thread_cpu(),
            exit: self.ended.map(|e| e.0),
            cost: self
                .ended
                .filter(|_| !self.outlived)
                .map_or_else(SideCost::default, |e| e.1),
        }
    }

    /// The next report, and `None` when there will be no more.
    fn next(&mut self, leave: &dyn Fn() -> bool) -> Option<Report> {
        if self.reports.is_empty() {
            self.adopt_the_early();
        }
        while self.reports.is_empty() {
            if leave() {
                return None;
            }
            match self.wait(Patience::Wait) {
                Ok(None) => {}
                Ok(Some(report)) => self.take_in(report),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        self.reports.pop_front()
    }

    /// Waits for a report. What the first process has cost is told with its end, and only
    /// where it is the last one: until then nobody asks.
    fn wait(&self, patience: Patience) -> io::Result<Option<Report>> {
        // Each report that waits may be the end of one that is still counted.
        if self.family.len() > FEW + self.reports.len() {
            tracee::wait_without_cost(patience)
        } else {
            tracee::wait(patience)
        }
    }

    /// A task that has ended when another one begins is not counted beside it:
    /// so with a beginning, everything that has happened is taken in, and ends
    /// come first.
    fn take_in(&mut self, report: Report) {
        let begins = match &report {
            Report::Stopped(task, stop) => {
                matches!(stop, Stop::Created { .. }) || !self.family.knows(task.tid())
            }
            Report::Ended(..) => false,
        };
        self.reports.push_back(report);
        while begins && self.reports.len() < BATCH {
            match self.wait(Patience::Look) {
                Ok(Some(ended @ Report::Ended(..))) => self.reports.push_front(ended),
                Ok(Some(report)) => self.reports.push_back(report),
                _ => return,
            }
        }
    }

    fn handle(&mut self, report: Report) {
        match report {
            Report::Ended(tid, exit, cost) => self.ended(tid, exit, cost),
            Report::Stopped(task, stop) => {
                self.stops.add(stop);
                match self.family.pid_of(task.tid()) {
                    Some(pid) => self.stopped(task, pid, stop),
                    None => {
                        self.early.insert(task.tid(), Early::Stopped(task, stop));
                    }
                }
            }
        }
    }

    fn ended(&mut self, tid: Tid, exit: Exit, cost: SideCost) {
        let Some(pid) = self.family.remove(tid) else {
            self.early.insert(tid, Early::Ended(exit));
            return;
        };
        self.leave_call(pid, tid);
        self.at_the_end.remove(&tid);
        if pid.0 == tid.0 {
            self.sockets.forget_process(pid);
            self.to_be_looked_at.remove(&pid);
        }
        self.tell(pid, tid, Change::Ended(exit));
        if tid.0 == self.root.0 {
            self.ended = Some((exit, cost));
            // What lives on is not in its cost.
            self.outlived = !self.family.is_empty();
        }
    }

    /// A task is in no call any more.
    fn leave_call(&mut self, pid: Pid, tid: Tid) {
        if let Some(what) = self.sockets.forget(tid) {
            self.tell(pid, tid, what);
        }
    }

    /// What a stopped task wants, and on it goes.
    fn stopped(&mut self, task: Stopped, pid: Pid, stop: Stop) {
        let mut until = self.until(pid);
        // A task that is gone tells its end next, so that `Gone` needs nothing
        // to be done.
        let _ = match stop {
            Stop::Signal(signal) => {
                // It may be the end of a program that has no handler.
                if signal == libc::SIGTERM || signal == libc::SIGINT {
                    self.tell_names(pid, true);
                }
                go_on_waiting_after(signal, &task);
                task.resume(until, signal)
            }
            Stop::Group(signal) => {
                self.group_stopped(pid, signal);
                task.listen()
            }
            Stop::Interrupted => {
                if self.family.first_stop(task.tid()) {
                    let leader = pid.0 == task.tid().0;
                    let _ = task.set_options(self.options(leader));
                }
                go_on_waiting(&task);
                let Some(task) = self.is_looked_at_from_birth(task, pid) else {
                    return;
                };
                task.resume(self.until(pid), 0)
            }
            Stop::Created { fork } => {
                // Task ids have 32 bits (proc(5), pid_max: 22).
                let child = task.message().ok();
                let child = child.map(|child| Tid(u32::try_from(child).unwrap_or(0)));
                // The creator waits no longer than it has to; what it created
                // goes on when it is known who it is.
                self.goes_on_after_creating(task, pid, child);
                if let Some(child) = child {
                    self.created(child, pid, fork);
                }
                return;
            }
            Stop::Executed => {
                self.executed(&task, pid);
                task.resume(until, 0)
            }
            Stop::Exiting => {
                self.leader_exits(&task, pid);
                match self.ends_as_alone(&task, pid) {
                    Some(exit) => {
                        self.ended(task.tid(), exit, SideCost::default());
                        task.detach(0)
                    }
                    None => task.resume(until, 0),
                }
            }
            Stop::Filtered | Stop::Call => {
                let mut said = Vec::new();
                let demand = self.sockets.stopped(&task, pid, &mut said);
                if demand.end {
                    until = Until::Call;
                }
                for what in &said {
                    match what {
                        Change::ExitBegun => {
                            self.tell_of_leaving(pid, task.tid());
                            self.family.exits(pid);
                            self.tell_names(pid, true);
                        }
                        Change::Connected { .. } | Change::Accepted { .. } => {
                            self.tell_names(pid, false);
                        }
                        Change::Supervised => {
                            self.look_at_every_call(pid, task.tid());
                            until = Until::Call;
                        }
                        _ => {}
                    }
                }
                let (tid, at) = (task.tid(), clock::now());
                let company = demand.company || self.at_the_end.remove(&tid);
                let waiting = if company {
                    Some(task)
                } else {
                    let _ = task.resume(until, 0);
                    None
                };
                for what in said {
                    self.tell_at(at, pid, tid, what);
                }
                let task = waiting.and_then(|task| self.has_company(task, pid));
                task.map_or(Ok(()), |task| task.resume(self.until(pid), 0))
            }
        };
    }
}
