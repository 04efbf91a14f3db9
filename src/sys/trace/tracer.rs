//! The tracer: follows every task of a program and tells what it does.
//!
//! ptrace(2) belongs to the thread that uses it, so a tracer starts a program,
//! serves it and ends in one thread. It is told of tasks that begin and end by
//! the kernel itself, so none is missed; it stops a program only at the calls
//! that [`Interest`] names.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::marker::PhantomData;

use rustix::io::Errno;

use super::calls::Interest;
use super::family::{Family, lost_privilege, origin};
use super::filter::Filter;
use super::launch::{Launch, Step};
use super::sockets::Sockets;
use super::tracee::{self, Options, Patience, Report, Stop, Stopped, Until};
use super::{Sink, StartError, Totals};
use crate::model::{Exit, Pid, SideCost, Tid, TraceChange, TraceEvent};
use crate::sys::{clock, procfs};

/// The most reports that are taken in at once.
const BATCH: usize = 256;

/// The most threads of one process whose names are looked at, which takes some
/// microseconds each while the program waits.
const MOST_NAMES: usize = 1024;

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
    family: Family,
    sockets: Sockets,
    early: HashMap<Tid, Early>,
    /// Tasks that were followed before their creators told of them, so that
    /// those do not announce others: they may be gone by then.
    adopted: HashSet<Tid>,
    reports: VecDeque<Report>,
    sink: Sink<'a>,
    stops: u64,
    ended: Option<(Exit, SideCost)>,
    outlived: bool,
    /// ptrace(2) answers the thread that began it, and no other.
    bound_to_thread: PhantomData<*const ()>,
}

impl<'a> Tracer<'a> {
    fn new(root: Pid, mode: Mode, interest: Interest, sink: Sink<'a>) -> Self {
        Self {
            root,
            mode,
            family: Family::default(),
            sockets: Sockets::new(interest),
            early: HashMap::new(),
            adopted: HashSet::new(),
            reports: VecDeque::new(),
            sink,
            stops: 0,
            ended: None,
            outlived: false,
            bound_to_thread: PhantomData,
        }
    }

    /// Starts a program and stops it right after its exec.
    ///
    /// # Errors
    /// When tracing is not allowed, or the program cannot be executed.
    pub fn launch(launch: &Launch, interest: Interest, sink: Sink<'a>) -> Result<Self, StartError> {
        let filter = Filter::stopping_at(interest.calls().iter().map(|c| c.0));
        let mut waiting = launch.fork(Some(&filter)).map_err(StartError::System)?;
        let root = waiting.pid;
        let mut tracer = Self::new(root, Mode::Launched, interest, sink);
        let tid = Tid(root.0);
        if let Err(e) = tracee::seize(tid, tracer.options(true)) {
            drop(waiting);
            let _ = tracee::wait(Patience::Wait);
            return Err(StartError::NotAllowed(e));
        }
        waiting.open_gate();
        loop {
            let report = match tracee::wait(Patience::Wait) {
                Ok(Some(report)) => report,
                Ok(None) => continue,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(StartError::System(e)),
            };
            // A task that is gone tells its end next.
            let _ = match report {
                Report::Stopped(task, Stop::Executed) => {
                    tracer.begin(task);
                    return Ok(tracer);
                }
                Report::Stopped(task, Stop::Signal(signal)) => task.resume(Until::Event, signal),
                Report::Stopped(task, Stop::Group) => task.listen(),
                Report::Stopped(task, _) => task.resume(Until::Event, 0),
                Report::Ended(_, exit, _) => {
                    return Err(match waiting.failure() {
                        Some((Step::Filter, e)) => StartError::NotAllowed(e),
                        Some((Step::Execute, e)) => StartError::Execute(e),
                        Some((Step::Prepare, e)) => StartError::System(e),
                        None => StartError::System(io::Error::other(format!(
                            "it ended before it was executed ({exit})"
                        ))),
                    });
                }
            };
        }
    }

    /// Begins to trace a process that runs already, with all its threads and
    /// descendants.
    ///
    /// # Errors
    /// When that is not allowed, or there is no such process.
    pub fn attach(root: Pid, interest: Interest, sink: Sink<'a>) -> Result<Self, StartError> {
        let mut tracer = Self::new(root, Mode::Attached, interest, sink);
        // Threads and children that come while this looks are followed by the
        // ones that create them, once those are seized: so until nothing is new.
        loop {
            let mut news = false;
            for pid in procfs::tree_of(root) {
                for tid in procfs::tasks_of(pid) {
                    if tracer.family.knows(tid) {
                        continue;
                    }
                    match tracee::seize(tid, tracer.options(pid.0 == tid.0)) {
                        Ok(()) => {}
                        Err(e) if e.raw_os_error() == Some(libc::ESRCH) => continue,
                        // A child or thread of a seized one is traced from its
                        // birth, and one that has ended has nothing to tell.
                        Err(_) if !tracee::may_be_seized(tid) => continue,
                        Err(e) => return Err(StartError::NotAllowed(e)),
                    }
                    news = true;
                    let process = pid.0 == tid.0;
                    tracer.family.add(tid, pid);
                    tracer.tell(pid, tid, TraceChange::Found { process });
                    // To see the calls that it makes from now on.
                    tracee::interrupt(tid);
                }
            }
            if !news {
                break;
            }
        }
        if tracer.family.is_empty() {
            return Err(StartError::Execute(Errno::SRCH.into()));
        }
        Ok(tracer)
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

    fn until(&self) -> Until {
        match self.mode {
            Mode::Launched => Until::Event,
            Mode::Attached => Until::Call,
        }
    }

    fn tell(&mut self, pid: Pid, tid: Tid, what: TraceChange) {
        (self.sink)(TraceEvent {
            at: clock::now(),
            pid,
            tid,
            what,
        });
    }

    /// The program has been executed, and nothing of it has run yet.
    fn begin(&mut self, task: Stopped) {
        let tid = task.tid();
        self.family.add(tid, self.root);
        let started = TraceChange::Started {
            process: true,
            parent: None,
        };
        self.tell(self.root, tid, started);
        self.executed(&task, self.root);
        let _ = task.resume(self.until(), 0);
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
            match tracee::wait(Patience::Wait) {
                Ok(None) => {}
                Ok(Some(report)) => self.take_in(report),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        self.reports.pop_front()
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
            match tracee::wait(Patience::Look) {
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
                self.stops += 1;
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
        self.sockets.forget(tid);
        self.tell(pid, tid, TraceChange::Ended(exit));
        if tid.0 == self.root.0 {
            self.ended = Some((exit, cost));
            // What lives on is not in its cost.
            self.outlived = !self.family.is_empty();
        }
    }

    /// What a stopped task wants, and on it goes.
    fn stopped(&mut self, task: Stopped, pid: Pid, stop: Stop) {
        let mut until = self.until();
        // A task that is gone tells its end next, so that `Gone` needs nothing
        // to be done.
        let _ = match stop {
            Stop::Signal(signal) => {
                // It may be the end of a program that has no handler.
                if signal == libc::SIGTERM || signal == libc::SIGINT {
                    self.tell_names(pid, true);
                }
                task.resume(until, signal)
            }
            Stop::Group => task.listen(),
            Stop::Interrupted => {
                if self.family.greet(task.tid()) {
                    let leader = pid.0 == task.tid().0;
                    let _ = task.set_options(self.options(leader));
                }
                task.resume(until, 0)
            }
            Stop::Created { fork } => {
                if let Ok(child) = task.message() {
                    // Task ids have 32 bits (proc(5), pid_max: 22).
                    self.created(Tid(u32::try_from(child).unwrap_or(0)), pid, fork);
                }
                task.resume(until, 0)
            }
            Stop::Executed => {
                self.executed(&task, pid);
                task.resume(until, 0)
            }
            Stop::Exiting => {
                self.leader_exits(&task, pid);
                task.resume(until, 0)
            }
            Stop::Filtered | Stop::Call => {
                let mut said = Vec::new();
                if self.sockets.stopped(&task, pid, &mut said) {
                    until = Until::Call;
                }
                for what in said {
                    match what {
                        TraceChange::ExitBegun => {
                            self.family.exits(pid);
                            self.tell_names(pid, true);
                        }
                        TraceChange::Connecting { .. } | TraceChange::Accepted { .. } => {
                            self.tell_names(pid, false);
                        }
                        _ => {}
                    }
                    self.tell(pid, task.tid(), what);
                }
                task.resume(until, 0)
            }
        };
    }

    /// Tells what the threads of a process are called.
    fn tell_names(&mut self, pid: Pid, at_the_end: bool) {
        if !self.family.are_to_be_named(pid, at_the_end) {
            return;
        }
        for tid in procfs::tasks_of(pid).into_iter().take(MOST_NAMES) {
            if self.family.pid_of(tid) == Some(pid)
                && let Some(name) = procfs::name_of_thread(pid, tid)
            {
                self.tell(pid, tid, TraceChange::Named { name });
            }
        }
    }

    fn created(&mut self, child: Tid, parent: Pid, fork: bool) {
        if self.adopted.remove(&child) || self.family.knows(child) {
            return;
        }
        // One of the same id that ended without ever being announced, because
        // its creator was killed, is not this one.
        let early = self.early.remove(&child);
        let early = early.filter(|e| matches!(e, Early::Stopped(..)) || !tracee::exists(child));
        let thread = tracee::belongs_to(child, parent)
            // It has ended: what fork(2) made was a process.
            || !fork && !tracee::exists(child);
        let pid = if thread { parent } else { Pid(child.0) };
        self.welcome(child, pid, Some(parent), early);
    }

    fn welcome(&mut self, tid: Tid, pid: Pid, parent: Option<Pid>, early: Option<Early>) {
        let process = pid.0 == tid.0;
        let parent = parent.filter(|_| process);
        self.tell(pid, tid, TraceChange::Started { process, parent });
        match early {
            Some(Early::Ended(exit)) => self.tell(pid, tid, TraceChange::Ended(exit)),
            Some(Early::Stopped(task, stop)) => {
                self.family.add(tid, pid);
                self.family.greet(tid);
                let _ = task.set_options(self.options(process));
                // One that is born into a stopped process stays stopped with it.
                let _ = match stop {
                    Stop::Group => task.listen(),
                    _ => task.resume(self.until(), 0),
                };
            }
            None => self.family.add(tid, pid),
        }
    }

    /// Tasks whose creator's event has not come: it may have been killed, so
    /// nobody waits for it.
    fn adopt_the_early(&mut self) {
        if self.early.is_empty() {
            return;
        }
        for (tid, early) in std::mem::take(&mut self.early) {
            match early {
                Early::Stopped(task, stop) => match origin(tid, &self.family) {
                    Some((pid, parent)) => {
                        self.adopted.insert(tid);
                        self.welcome(tid, pid, parent, Some(Early::Stopped(task, stop)));
                    }
                    // Killed meanwhile: it tells its end next.
                    None => drop(task.resume(self.until(), 0)),
                },
                ended @ Early::Ended(_) => {
                    self.early.insert(tid, ended);
                }
            }
        }
    }

    /// A program was executed: the task has the process's id from now on,
    /// whatever it had before.
    fn executed(&mut self, task: &Stopped, pid: Pid) {
        let tid = task.tid();
        let former = task.message().ok().and_then(|m| u32::try_from(m).ok());
        let former = former.map_or(tid, Tid);
        if former != tid {
            self.family.remove(former);
            self.sockets.forget(former);
        }
        self.sockets.forget(tid);
        self.family.add(tid, pid);
        self.family.greet(tid);
        let _ = task.set_options(self.options(true));
        let what = TraceChange::Executed {
            former,
            name: procfs::name_of(pid).unwrap_or_default(),
            unprivileged: lost_privilege(pid),
            foreign: task
                .call()
                .is_ok_and(|(_, convention)| convention != super::arch::AUDIT_ARCH),
        };
        self.tell(pid, tid, what);
    }

    /// A first thread is about to end. Where its process goes on without it,
    /// this is the only moment when that can be seen.
    fn leader_exits(&mut self, task: &Stopped, pid: Pid) {
        let by_signal = task.message().is_ok_and(|status| status & 0x7f != 0);
        if !by_signal && self.family.goes_on_without_leader(pid) {
            self.tell(pid, task.tid(), TraceChange::LeaderEnded);
        }
    }

    /// Lets go of everything that is still traced, as it is.
    fn leave(&mut self) {
        for early in std::mem::take(&mut self.early).into_values() {
            if let Early::Stopped(task, _) = early {
                let _ = task.detach(0);
            }
        }
        let mut left: Vec<Report> = std::mem::take(&mut self.reports).into();
        for tid in self.family.tids() {
            tracee::interrupt(tid);
        }
        while !self.family.is_empty() {
            let report = match left.pop() {
                Some(report) => report,
                None => match tracee::wait(Patience::Wait) {
                    Ok(Some(report)) => report,
                    Ok(None) => continue,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    Err(_) => return,
                },
            };
            match report {
                Report::Ended(tid, exit, cost) => self.ended(tid, exit, cost),
                Report::Stopped(task, stop) => {
                    if let Stop::Created { .. } = stop
                        && let Ok(child) = task.message()
                        && let (Ok(child), Some(pid)) =
                            (u32::try_from(child), self.family.pid_of(task.tid()))
                    {
                        // It is traced already, and has to be let go as well.
                        self.family.add(Tid(child), pid);
                    }
                    self.family.remove(task.tid());
                    let signal = match stop {
                        Stop::Signal(signal) => signal,
                        _ => 0,
                    };
                    let _ = task.detach(signal);
                }
            }
        }
    }
}
