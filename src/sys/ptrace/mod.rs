//! ptrace(2), seccomp(2) and what belongs to them, as typed calls: a program
//! that waits to be traced, a task that is stopped, a filter of system calls,
//! a look at another process's socket. Who is followed and what is told of it
//! is decided in `observe::ptrace`.

pub mod arch;
pub mod filter;
pub mod launch;
pub mod made_to_call;
mod memory;
pub mod probe;
pub mod remote_socket;
mod search;
pub mod tracee;

use std::io;

use thiserror::Error;

pub use launch::Launch;
use launch::Step;

use crate::model::Pid;
use crate::sys::proc::status::Status;
use crate::sys::proc::{Proc, sysctl};
use crate::sys::process::{Child, asks_for_orphans};

/// Why a program is not traced.
#[derive(Debug, Error)]
pub enum StartError {
    /// The system does not allow ptrace(2) or seccomp(2) here.
    #[error("tracing is not allowed here: {0}")]
    NotAllowed(#[source] io::Error),
    /// The program cannot be executed, or there is no such process.
    #[error("{0}")]
    Execute(#[source] io::Error),
    /// The system refused something else.
    #[error("{0}")]
    System(#[source] io::Error),
}

/// Starts a program that is not traced, below a guardian.
///
/// # Errors
/// When it cannot be executed, or the system refuses it.
pub fn start_untraced(launch: &Launch) -> Result<Child, StartError> {
    start_untraced_when(launch, &mut |_| Ok(()))
}

/// The same; before it executes the program, `ready` is told of its process.
///
/// # Errors
/// As above, and that of `ready`, as one of tracing.
pub fn start_untraced_when(
    launch: &Launch,
    ready: &mut dyn FnMut(Pid) -> io::Result<()>,
) -> Result<Child, StartError> {
    // Where orphans are this process's because it is the first of its pid namespace, that
    // ends with it, whatever is left.
    let (mut waiting, guarded) = if asks_for_orphans() {
        launch.fork_guarded()
    } else {
        launch.fork(None).map(|waiting| (waiting, None))
    }
    .map_err(StartError::System)?;
    let child = match guarded {
        Some(guarded) => Child::adopt_guarded(waiting.pid, guarded),
        None => Child::adopt(waiting.pid),
    };
    let child = child.map_err(StartError::System)?;
    ready(child.pid()).map_err(StartError::NotAllowed)?;
    waiting.open_gate();
    // Its end of the pipe is closed by its exec, so this waits for that.
    match waiting.failure() {
        None => Ok(child),
        Some((Step::Execute, e)) => Err(StartError::Execute(e)),
        Some((_, e)) => Err(StartError::System(e)),
    }
}

/// What would make tracing possible here, as the end of a sentence; empty where
/// nothing is known that would.
#[must_use]
pub fn remedy() -> String {
    let status = Status::read(Proc::this());
    let tracer = status.as_ref().and_then(Status::tracer).flatten();
    let filtered = status.as_ref().and_then(Status::seccomp) == Some(true);
    // Without Yama there is no such limit.
    let scope = sysctl::number("kernel/yama/ptrace_scope").unwrap_or(0);
    if tracer.is_some() {
        "; threadtap itself is being traced: run it without that tracer".to_owned()
    } else if scope >= 2 {
        format!("; kernel.yama.ptrace_scope is {scope}: run as root, or set it to 1 or 0")
    } else if scope == 1 && !filtered {
        "; with kernel.yama.ptrace_scope = 1 only programs that threadtap starts can be traced: \
         let it start the program, or run as root"
            .to_owned()
    } else if filtered {
        "; this container's seccomp profile may forbid it: allow SYS_PTRACE \
         (--cap-add=SYS_PTRACE), or use another profile"
            .to_owned()
    } else {
        String::new()
    }
}
