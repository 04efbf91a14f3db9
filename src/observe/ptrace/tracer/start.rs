//! How tracing begins: with a program that is started for it, or with a process
//! that runs already.

use std::io;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::super::calls::{Interest, Watched};
use super::super::{Ready, Sink};
use super::{Mode, Tracer};
use crate::model::{Change, Pid, Tid};
use crate::sys::proc;
use crate::sys::ptrace::StartError;
use crate::sys::ptrace::filter::Filter;
use crate::sys::ptrace::launch::{Launch, Step};
use crate::sys::ptrace::tracee::{self, Patience, Report, Stop, Stopped, Until};

/// How long the tasks of a process that is attached to may take to stop: one
/// that waits for its child's exec (vfork(2)) cannot.
const LONGEST_STOP: Duration = Duration::from_secs(2);

impl<'a> Tracer<'a> {
    /// Starts a program and stops it right after its exec; `ready` is told of its process
    /// while that waits at its gate.
    ///
    /// # Errors
    /// When tracing is not allowed, or the program cannot be executed; and that of `ready`.
    pub fn launch(
        launch: &Launch,
        interest: Interest,
        sink: Sink<'a>,
        ready: Ready,
    ) -> Result<Self, StartError> {
        let stops = interest.calls_at_first();
        let stops: Vec<_> = stops.iter().map(Watched::stop).collect();
        let filter = Filter::stopping_at(&stops);
        let mut waiting = launch.fork(Some(&filter)).map_err(StartError::System)?;
        let root = waiting.pid;
        let mut tracer = Self::new(root, Mode::Launched, interest, sink);
        let tid = Tid(root.0);
        let options = tracer.options(true);
        if let Err(e) = ready(root).and_then(|()| tracee::seize(tid, options)) {
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
                Report::Stopped(task, Stop::Group(_)) => task.listen(),
                Report::Stopped(task, _) => task.resume(Until::Event, 0),
                Report::Ended(_, exit, _) => {
                    return Err(match waiting.failure() {
                        Some((Step::Filter, e)) => StartError::NotAllowed(e),
                        Some((Step::Execute, e)) => StartError::Execute(e),
                        Some((Step::Prepare, e)) => StartError::System(e),
                        None => StartError::System(io::Error::other(format!(
                            "the process ended before it executed the program ({exit})"
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
            for pid in proc::tree_of(root) {
                if tracer.family.tids_of(pid).is_empty() && proc::has_lost_its_first_thread(pid) {
                    // It cannot be seized, and is the process's all the same.
                    let first = Tid(pid.0);
                    tracer.tell(pid, first, Change::Found { process: true });
                    tracer.tell(pid, first, Change::ThreadExiting);
                }
                for tid in proc::tasks_of(pid) {
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
                    tracer.tell(pid, tid, Change::Found { process });
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
        tracer.until_all_have_stopped();
        Ok(tracer)
    }

    /// A call that a task was in when it was seized is not seen: so nothing may
    /// be asked of the process before each of its tasks has stopped once, and
    /// begins its call anew.
    fn until_all_have_stopped(&mut self) {
        let until = Instant::now() + LONGEST_STOP;
        while !self.family.all_have_stopped() && Instant::now() < until {
            match tracee::wait(Patience::Look) {
                Ok(Some(report)) => self.handle(report),
                Ok(None) => std::thread::sleep(Duration::from_micros(200)),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// The program has been executed, and nothing of it has run yet.
    fn begin(&mut self, task: Stopped) {
        let tid = task.tid();
        self.family.add(tid, self.root);
        let started = Change::Started {
            process: true,
            parent: None,
        };
        self.tell(self.root, tid, started);
        self.executed(&task, self.root);
        self.is_alone_from_now_on(self.root);
        let _ = task.resume(self.until(self.root), 0);
    }
}
