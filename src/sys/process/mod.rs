//! Child processes: started, tied to their parent's life, waited for, ended.
//!
//! Nothing of a run may be left behind, however it ends. Three nets hold it:
//! every process of a side asks the kernel for SIGKILL when its parent dies
//! (`PR_SET_PDEATHSIG`), the coordinator becomes the subreaper of orphans
//! (`PR_SET_CHILD_SUBREAPER`), and at the end it kills and reaps what is left.

pub mod crowd;
mod fork;
pub mod futex;
pub mod guardian;
pub mod job;
pub mod rusage;
pub mod self_exec;
pub mod signals;
pub mod stderr;
pub mod stoppable;

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid as RawPid, PidfdFlags, Signal, WaitOptions, WaitStatus, child_subreaper, getpid, getppid,
    kill_process, pidfd_open, pidfd_send_signal, set_child_subreaper,
    set_parent_process_death_signal, wait, waitpid,
};

use rustix::thread::CapabilitySet;

use self::guardian::Guarded;
use super::privilege::give_up::{hand_on, has_capabilities};

pub use fork::fork_and;

pub use crate::model::Exit;
use crate::model::{Pid, SideCost, Tid};

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

/// How a process ended, from what wait(2) says.
fn exit_of(status: WaitStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or(0)),
    }
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

/// A child process that runs this same program with other arguments.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    pidfd: OwnedFd,
    /// What it writes on its standard output.
    pub stdout: Option<File>,
    exit: Option<Exit>,
    cost: SideCost,
    /// Where its parent is not this process, but its guardian.
    guarded: Option<Guarded>,
}

impl Child {
    /// Starts this program anew with `args`. Its standard input is `stdin`
    /// (the ledger), its standard output a pipe to us, its errors go to `stderr`. Of
    /// this thread's capabilities it has `keep` and no more; `None`: as any program.
    ///
    /// # Errors
    /// When the system refuses the process.
    pub fn start_self(
        args: &[String],
        stdin: File,
        stderr: Stdio,
        keep: Option<CapabilitySet>,
    ) -> io::Result<Self> {
        let mut command = Command::new(this_program());
        command
            .args(args)
            .stdin(Stdio::from(stdin))
            .stdout(Stdio::piped())
            .stderr(stderr)
            // What is sent to our group is for the coordinator, and what it sends to
            // its own is not for us.
            .process_group(0);
        let file_has_some = has_capabilities(&this_program());
        // SAFETY: signal(2), prctl(2), the calls on capabilities and what `die_first`
        // calls are async-signal-safe, and
        // nothing else is called.
        unsafe {
            command.pre_exec(move || {
                without_overflow_handler();
                // Of a program with capabilities proc(5) is root's (PR_SET_DUMPABLE in
                // prctl(2)); to execute it anew sets that again.
                libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0);
                die_first();
                if let Some(keep) = keep {
                    hand_on(keep, file_has_some);
                }
                Ok(())
            });
        }
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().map(|s| File::from(OwnedFd::from(s)));
        let mut adopted = Self::adopt(Pid(child.id()))?;
        adopted.stdout = stdout;
        Ok(adopted)
    }

    /// Takes charge of a child process that was forked otherwise.
    ///
    /// # Errors
    /// When the system refuses a descriptor for it; it is killed then, for it
    /// must not stay behind unobserved.
    pub fn adopt(pid: Pid) -> io::Result<Self> {
        let opened = raw(pid)
            .ok_or(rustix::io::Errno::SRCH)
            .and_then(|p| pidfd_open(p, PidfdFlags::empty()));
        match opened {
            Ok(pidfd) => Ok(Self {
                pid,
                pidfd,
                stdout: None,
                exit: None,
                cost: SideCost::default(),
                guarded: None,
            }),
            Err(e) => {
                signal(pid, Signal::KILL);
                let _ = rusage::reap(pid);
                Err(e.into())
            }
        }
    }

    /// Takes charge of one whose parent is its guardian.
    ///
    /// # Errors
    /// As [`Child::adopt`]; the guardian sees to its end.
    pub fn adopt_guarded(pid: Pid, guarded: Guarded) -> io::Result<Self> {
        let mut child = Self::adopt(pid)?;
        child.guarded = Some(guarded);
        Ok(child)
    }

    /// Whose children its orphans become: this process's, or its guardian's, as long as
    /// that is there.
    #[must_use]
    pub fn keeper(&self) -> Keeper {
        let guardian = self.guarded.as_ref().and_then(Guarded::guardian);
        guardian.map_or(Keeper::ThisProcess, Keeper::Guardian)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The signal that has stopped it since this was asked the last time.
    #[must_use]
    pub fn stopped_by(&mut self) -> Option<i32> {
        if let Some(guarded) = &mut self.guarded {
            return guarded.stopped_by();
        }
        // SAFETY: a `siginfo_t` of zeros is a valid one; the kernel fills it in.
        unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            let options = libc::WSTOPPED | libc::WNOHANG;
            let done = libc::waitid(libc::P_PID, self.pid.0, &raw mut info, options);
            (done == 0 && info.si_code == libc::CLD_STOPPED).then(|| info.si_status())
        }
    }

    /// Sends a signal; does nothing when it has been reaped.
    pub fn signal(&self, signal: Signal) {
        if self.exit.is_none()
            && let Some(pid) = raw(self.pid)
        {
            tracing::info!("signal {} to pid {}", signal.as_raw(), self.pid);
            // ESRCH: it has just ended, which is what was wanted. By its number only
            // where nobody else reaps it.
            let _ = match &self.guarded {
                None => kill_process(pid, signal),
                Some(_) => pidfd_send_signal(&self.pidfd, signal),
            };
        }
    }

    /// Waits until it ends, at most `limit`; `None` when it still runs.
    pub fn wait(&mut self, limit: Duration) -> Option<Exit> {
        if self.exit.is_some() {
            return self.exit;
        }
        let mut fds = [PollFd::new(&self.pidfd, PollFlags::IN)];
        let limit = Timespec::try_from(limit).ok();
        if !matches!(poll(&mut fds, limit.as_ref()), Ok(n) if n > 0) {
            return None;
        }
        let told = self.guarded.as_mut().and_then(Guarded::ended);
        let (status, cost) = match told {
            Some((status, usage)) => (ExitStatus::from_raw(status), rusage::cost(&usage)),
            // Also where its guardian has gone before it.
            None => rusage::reap(self.pid).ok()?,
        };
        self.exit = Some(
            status
                .code()
                .map_or_else(|| Exit::Signal(status.signal().unwrap_or(0)), Exit::Code),
        );
        self.cost = cost;
        self.exit
    }

    /// What it has cost with all the processes that it waited for; nothing is
    /// known before it has been reaped.
    #[must_use]
    pub fn cost(&self) -> SideCost {
        self.cost
    }

    /// Asks it to end, and after `grace` makes it end. Returns how it ended.
    pub fn end(&mut self, grace: Duration) -> Option<Exit> {
        self.signal(Signal::TERM);
        if let Some(exit) = self.wait(grace) {
            return Some(exit);
        }
        self.signal(Signal::KILL);
        self.wait(DYING)
    }
}

impl AsFd for Child {
    /// Readable when the process has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.exit.is_none() {
            self.signal(Signal::KILL);
            let _ = self.wait(DYING);
        }
    }
}

/// Who has a program's orphans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// This process, with those of others.
    ThisProcess,
    /// A process that has no other children.
    Guardian(Pid),
}

/// Ends this process now, with all its threads: no destructor, no exit handler.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: as exit_group(2); nothing after it runs.
    unsafe { libc::_exit(status) }
}

/// A child of this process that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reaped {
    /// Which.
    pub pid: Pid,
    /// How.
    pub exit: Exit,
}

/// Reaps one child that has ended. `Ok(None)`: some run, none has ended
/// (only without `block`).
///
/// # Errors
/// ECHILD when there is no child at all.
pub fn reap_any(block: bool) -> io::Result<Option<Reaped>> {
    let options = if block {
        WaitOptions::empty()
    } else {
        WaitOptions::NOHANG
    };
    loop {
        // Every child, whatever process group it is in: to rustix's `waitpid`,
        // "no pid" is wait4(2)'s 0, the caller's own group.
        match wait(options) {
            Ok(Some((pid, status))) => {
                return Ok(Some(Reaped {
                    pid: Pid(pid.as_raw_nonzero().get().cast_unsigned()),
                    exit: exit_of(status),
                }));
            }
            Ok(None) => return Ok(None),
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Reaps a child that is known by number only. Whether it is gone.
#[must_use]
pub fn reap_if_ended(child: Pid) -> bool {
    let Some(raw) = raw(child) else { return true };
    // An error is ECHILD: somebody else has reaped it.
    !matches!(waitpid(Some(raw), WaitOptions::NOHANG), Ok(None))
}

/// What a sweep has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many there were, and have ended.
    pub reaped: u32,
    /// How many of them lived, their children included.
    pub lived: Option<u64>,
    /// Those that were killed and have not ended within [`DYING`].
    pub left: Vec<Pid>,
}

/// Kills and reaps every child that is left, adopted orphans too.
#[must_use]
pub fn sweep() -> Swept {
    let until = Instant::now() + DYING;
    let mut swept = Swept::default();
    // Each is told once, however often it has to be killed.
    let mut met = HashSet::new();
    let mut gone = HashSet::new();
    loop {
        let guardians = guardian::all();
        let none_left = match reap_any(false) {
            Ok(Some(one)) => {
                if !guardians.contains(&one.pid) {
                    gone.insert(one.pid);
                }
                continue;
            }
            Ok(None) => false,
            Err(_) => true,
        };
        let mut left = crate::sys::proc::tree_of(pid());
        left.retain(|p| *p != pid() && !guardians.contains(p));
        if left.is_empty() && !guardians.is_empty() {
            // Whatever they should have all the same comes here.
            guardian::let_go();
            continue;
        }
        if none_left || Instant::now() > until {
            guardian::let_go();
            // What a guardian had it has reaped itself.
            gone.extend(met.difference(&left.iter().copied().collect()));
            swept.reaped = u32::try_from(gone.len()).unwrap_or(u32::MAX);
            return Swept { left, ..swept };
        }
        swept.lived.get_or_insert(left.len() as u64);
        for process in left {
            if met.insert(process) {
                tracing::info!("SIGKILL to pid {process}, which was left");
            }
            signal(process, Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Sends a signal to a process that is known by number only.
pub fn signal(pid: Pid, signal: Signal) {
    if let Some(pid) = raw(pid) {
        let _ = kill_process(pid, signal);
    }
}
