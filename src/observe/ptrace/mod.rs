//! Tracing programs of any kind with ptrace(2) and seccomp(2).
//!
//! In comes a program to start, or a process that runs; out go
//! [`Event`]s: every task that begins and ends, and what was done with the
//! TCP sockets of interest. A program is stopped only where it creates a task,
//! executes a program, ends, or makes one of a dozen rare calls; every other
//! call runs at full speed.
//!
//! ```text
//! launch ── forks, filters (filter, calls), executes ──► tracer ──► events
//!                                              tracee ──┘  ├─ family: who is followed
//!                                    (typed stops, wait)   └─ sockets: what they do
//! ```

mod arguments;
mod awaited;
mod calls;
mod family;
mod looks;
mod observer;
mod outcome;
mod pending;
mod sockets;
mod talk;
mod tracer;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use rustix::thread::CapabilitySet;

pub use calls::Interest;
pub use observer::Traced;
use tracer::{Counted, Tracer};

use crate::model::{Event, Exit, Nanos, Pid, SideCost, Tid};
use crate::sys::privilege::give_up::for_good;
use crate::sys::process;
use crate::sys::process::signals;
use crate::sys::ptrace::{Launch, StartError, arch};

/// Who gets the events.
type Sink<'a> = Box<dyn FnMut(Event) + Send + 'a>;

/// What a tracer has to say when it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Totals {
    /// How often it stopped a task.
    pub stops: Counted,
    /// CPU time of its thread.
    pub cpu: Nanos,
    /// How the first process ended; `None` when it goes on without its tracer.
    pub exit: Option<Exit>,
    /// What the first process and its descendants cost; not known when some of
    /// them outlived it, because theirs is not in it then.
    pub cost: SideCost,
}

/// What is told of a process before it executes its program.
pub type Ready = Box<dyn FnOnce(Pid) -> io::Result<()> + Send>;

/// What to trace.
enum Subject {
    /// A program to start, and who is told of it first.
    Launch(Launch, Ready),
    /// A process that runs.
    Attach(Pid),
}

/// A tracer at work in a thread of its own.
#[derive(Debug)]
struct Tracing {
    root: Pid,
    tid: Tid,
    leave: Arc<AtomicBool>,
    wants_terminal: Arc<AtomicBool>,
    thread: JoinHandle<Totals>,
}

/// Starts to trace: when this returns, a program has been executed, or all
/// threads of a process are seized, and the tracer's thread has kept, of its
/// capabilities, `keep` and no more.
///
/// # Errors
/// When it may not be traced, or not be executed.
fn trace(
    subject: Subject,
    interest: Interest,
    name: &str,
    keep: CapabilitySet,
    sink: Sink<'static>,
) -> Result<Tracing, StartError> {
    if !arch::SUPPORTED {
        return Err(StartError::NotAllowed(io::ErrorKind::Unsupported.into()));
    }
    signals::wake_by(WAKE).map_err(StartError::System)?;
    let leave = Arc::new(AtomicBool::new(false));
    let leaves = Arc::clone(&leave);
    let (tell, told) = mpsc::sync_channel(1);
    let thread = Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            // The program has its streams; ours would keep its pipes open.
            let started = match subject {
                Subject::Launch(program, ready) => Tracer::launch(&program, interest, sink, ready),
                Subject::Attach(pid) => Tracer::attach(pid, interest, sink),
            };
            for_good(keep);
            match started {
                Ok(tracer) => {
                    let _ = tell.send(Ok((tracer.root(), process::tid(), tracer.wants_terminal())));
                    Some(tracer.run(&|| leaves.load(Acquire)))
                }
                Err(e) => {
                    let _ = tell.send(Err(e));
                    None
                }
            }
            .unwrap_or(NOTHING)
        })
        .map_err(StartError::System)?;
    let gone = || StartError::System(io::Error::other("the tracer thread ended unexpectedly"));
    let (root, tid, wants_terminal) = told.recv().map_err(|_| gone())??;
    tracing::debug!("{name}: tracing of pid {root} began, in thread {tid}");
    Ok(Tracing {
        root,
        tid,
        leave,
        wants_terminal,
        thread,
    })
}

/// Of a tracer that never began.
const NOTHING: Totals = Totals {
    stops: Counted::NONE,
    cpu: Nanos::new(0),
    exit: None,
    cost: SideCost {
        cpu_ns: None,
        peak_memory_bytes: None,
    },
};

/// Interrupts a tracer that waits. The sides of a run never see it.
const WAKE: i32 = libc::SIGUSR2;

impl Tracing {
    /// The process that was started or attached to.
    #[must_use]
    pub fn root(&self) -> Pid {
        self.root
    }

    /// Whether everything that was traced has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Whether it was stopped since this was asked the last time because it wants the
    /// terminal.
    fn wanted_terminal(&self) -> bool {
        self.wants_terminal.swap(false, AcqRel)
    }

    /// Waits until everything that is traced has ended.
    #[must_use]
    pub fn join(self) -> Totals {
        match self.thread.join() {
            Ok(totals) => totals,
            // A bug in the tracer must not pass for a program that did nothing.
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// Lets go of a process that was attached to: it runs on as before.
    #[must_use]
    pub fn leave(self) -> Totals {
        tracing::debug!("letting go of pid {}, which was attached to", self.root);
        self.leave.store(true, Release);
        while !self.thread.is_finished() {
            // The signal may come in the moment before the waiting begins.
            signals::send_to_thread(self.tid, WAKE);
            std::thread::sleep(Duration::from_millis(1));
        }
        self.join()
    }
}
