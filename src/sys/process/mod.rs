//! Child processes: started, tied to their parent's life, waited for, ended.
//!
//! Nothing of a run may be left behind, however it ends. Three nets hold it:
//! every process of a side asks the kernel for SIGKILL when its parent dies
//! (`PR_SET_PDEATHSIG`), the coordinator becomes the subreaper of orphans
//! (`PR_SET_CHILD_SUBREAPER`), and at the end it kills and reaps what is left.

mod child;
pub mod crowd;
pub mod dont_fork;
mod fork;
pub mod futex;
pub mod guardian;
pub mod job;
pub mod rusage;
mod self_exec;
pub mod signals;
pub mod starter;
pub mod stderr;
pub mod stoppable;
mod sweep;
pub mod unfinished;

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::process::{
    Pid as RawPid, Signal, child_subreaper, getpid, getppid, kill_process, set_child_subreaper,
    set_parent_process_death_signal,
};

pub use self::child::{Child, Keeper};
pub use self::fork::fork_and;
pub use self::sweep::{Ends, Reaped, reap_any, reap_if_ended, sweep};
pub use crate::model::Exit;
use crate::model::{Pid, Tid};

/// This process.
#[must_use]
pub fn pid() -> Pid {
    Pid(getpid().as_raw_nonzero().get().cast_unsigned())
}

/// This thread.
#[must_use]
pub fn tid() -> Tid {
    Tid(rustix::thread::gettid()
        .as_raw_nonzero()
        .get()
        .cast_unsigned())
}

/// The process group of a process, by the number of its leader; `None` when the
/// process is gone.
#[must_use]
pub fn group_of(pid: Pid) -> Option<Pid> {
    let group = rustix::process::getpgid(raw(pid)).ok()?;
    Some(Pid(group.as_raw_nonzero().get().cast_unsigned()))
}

fn raw(pid: Pid) -> Option<RawPid> {
    RawPid::from_raw(pid.0.cast_signed())
}

/// Asks for SIGKILL when the parent dies; ends at once if it is dead already.
///
/// To be called early in every process of a side: the request is lost on fork
/// and on executing a file with capabilities (prctl(2)).
pub fn tie_to_parent(parent: Pid) {
    // It fails only for an invalid signal.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    if getppid() != raw(parent) {
        exit_now(1);
    }
}

/// Makes this process the one that orphaned descendants are handed to.
pub fn adopt_orphans() {
    // Without it (an old kernel) the other two nets hold.
    let _ = set_child_subreaper(Some(getpid()));
}

/// Whether what loses its parent is handed to this process: it asked for that, or it
/// is the first of its pid namespace (`pid_namespaces`(7)).
#[must_use]
pub fn adopts_orphans() -> bool {
    pid() == Pid(1) || asks_for_orphans()
}

/// Whether this process has asked for what loses its parent (prctl(2)).
#[must_use]
pub fn asks_for_orphans() -> bool {
    child_subreaper().is_ok_and(|adopts| adopts.is_some())
}

/// Lets the program that is executed next start without Rust's handler of stack
/// overflows, which is installed only where these signals have their default
/// action. It takes eight system calls a thread, on memory that all threads
/// share: a sixth of the time of a thousand threads. A fault ends the process
/// all the same (signal(7): an ignored SIGSEGV that the kernel raises kills).
fn without_overflow_handler() {
    crate::sys::process::signals::ignore(libc::SIGSEGV);
    crate::sys::process::signals::ignore(libc::SIGBUS);
}

/// This program's file. By its own name, so that tools show that name; where
/// the file is gone, by the kernel's link to it.
pub fn this_program() -> PathBuf {
    std::env::current_exe()
        .ok()
        .filter(|path| path.exists())
        .unwrap_or_else(|| super::proc::Proc::this().path("exe"))
}

/// Asks the out-of-memory killer to take this process, and those that it forks, before
/// any other (`oom_score_adj` in proc(5)): who has started it is there to tell what
/// became of it. Raising it is everybody's right; where proc(5) is missing nobody can.
///
/// It makes three system calls and allocates nothing: to be called in a forked child,
/// too.
pub fn die_first() {
    // SAFETY: async-signal-safe functions (signal-safety(7)), a path that ends with NUL,
    // and a buffer of the length that is told.
    unsafe {
        let path = c"/proc/self/oom_score_adj";
        let file = libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        if file >= 0 {
            libc::write(file, b"1000".as_ptr().cast(), 4);
            libc::close(file);
        }
    }
}

/// Executes this program anew in the same process, with the same arguments,
/// unless it runs already as [`Child::start_self`] starts it: without Rust's
/// handler of stack overflows. Returns where there is nothing to do, and where
/// it cannot be done: the handler costs time, no more.
pub fn shed_overflow_handler() {
    if crate::sys::process::signals::is_ignored(libc::SIGSEGV) {
        return;
    }
    without_overflow_handler();
    let mut arguments = std::env::args_os();
    let mut command = Command::new(this_program());
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    let _ = command.args(arguments).exec();
}

/// How long a process that was killed may take to end. Nothing can refuse, but
/// it needs a processor to do so, for which it may have to wait behind hundreds.
/// One that is held in the kernel never ends.
pub const DYING: Duration = Duration::from_mins(1);

/// Ends this process now, with all its threads: no destructor, no exit handler.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: as exit_group(2); nothing after it runs.
    unsafe { libc::_exit(status) }
}

/// Sends a signal to a process that is known by number only.
pub fn signal(pid: Pid, signal: Signal) {
    if let Some(pid) = raw(pid) {
        let _ = kill_process(pid, signal);
    }
}
