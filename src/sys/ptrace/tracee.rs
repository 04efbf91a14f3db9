//! Tracees, in states that cannot be confused.
//!
//! A task that is stopped is a [`Stopped`]: only it can be asked questions, and
//! each way of letting it go on consumes it. It may be killed at any moment all
//! the same; every operation may answer [`Gone`], which is a fact about the
//! task and no failure of the tracer.

use std::io;

use libc::{c_int, c_long, c_uint};

use crate::model::{Exit, Pid, SideCost, Tid};
use crate::sys::process::rusage;
use crate::sys::{proc, process};

/// The task is not there any more, or is not stopped any more: it was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// A task that is stopped and waits for its tracer.
#[derive(Debug)]
pub struct Stopped {
    pub(super) tid: Tid,
}

/// How far a task is let run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// To the next event.
    Event,
    /// To the end (or the beginning) of a system call, if that comes first.
    Call,
}

/// Why a task has stopped (ptrace(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// At the beginning or end of a system call.
    Call,
    /// At a call that the filter stops at.
    Filtered,
    /// It has created a task.
    Created {
        /// As fork(2) or vfork(2) does, so it is a process.
        fork: bool,
    },
    /// It has executed a program.
    Executed,
    /// It is about to end.
    Exiting,
    /// It is new, or was interrupted, or goes on after a group stop.
    Interrupted,
    /// Its whole process was stopped by this signal.
    Group(c_int),
    /// It is to receive this signal.
    Signal(c_int),
}

/// What wait(2) tells of a task.
#[derive(Debug)]
pub enum Report {
    /// It has stopped.
    Stopped(Stopped, Stop),
    /// It has ended, and this is what its process has used by then, with the
    /// children that it waited for; not known where that was not asked for.
    Ended(Tid, Exit, SideCost),
}

/// A system call, at its beginning or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// It begins.
    Entry {
        /// Its number.
        number: u64,
        /// Its arguments.
        arguments: [u64; 6],
    },
    /// It ends with this result; errors are negative.
    Exit(i64),
    /// Neither.
    None,
}

/// What a tracer asks the kernel to tell (`PTRACE_O_…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options(c_int);

impl Options {
    /// Everything that is asked of every task.
    pub const BASIC: Self = Self(
        libc::PTRACE_O_TRACESYSGOOD
            | libc::PTRACE_O_TRACECLONE
            | libc::PTRACE_O_TRACEFORK
            | libc::PTRACE_O_TRACEVFORK
            | libc::PTRACE_O_TRACEEXEC
            | libc::PTRACE_O_TRACESECCOMP,
    );

    /// The same, and the task stops before it ends.
    #[must_use]
    pub const fn and_exit(self) -> Self {
        Self(self.0 | libc::PTRACE_O_TRACEEXIT)
    }

    /// The same, and the task is killed when the tracer ends.
    #[must_use]
    pub const fn and_kill(self) -> Self {
        Self(self.0 | libc::PTRACE_O_EXITKILL)
    }
}

/// ptrace(2) with a number as its last argument.
fn ptrace(request: c_uint, tid: Tid, address: usize, data: usize) -> io::Result<c_long> {
    // SAFETY: requests that write to this process's memory are given pointers
    // to live values of the right size by the callers in this file.
    let answer = unsafe { libc::ptrace(request, tid.0.cast_signed(), address, data) };
    if answer == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(answer)
    }
}

/// Begins to trace a task, which goes on running.
///
/// # Errors
/// EPERM where this is not allowed or somebody else traces it; ESRCH.
pub fn seize(tid: Tid, options: Options) -> io::Result<()> {
    let data = usize::try_from(options.0).unwrap_or(0);
    ptrace(libc::PTRACE_SEIZE, tid, 0, data).map(drop)
}

/// Whether there is anything to seize: a task that has ended and only waits to
/// be waited for cannot be traced, nor one that this thread traces already.
#[must_use]
pub fn may_be_seized(tid: Tid) -> bool {
    proc::standing_of(tid).is_some_and(|(state, tracer)| {
        !matches!(state, 'Z' | 'X') && tracer != Some(process::tid())
    })
}

/// Asks a running task to stop. It may be gone: then nothing happens.
pub fn interrupt(tid: Tid) {
    let _ = ptrace(libc::PTRACE_INTERRUPT, tid, 0, 0);
}

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Until something has happened.
    Wait,
    /// Only what has happened already.
    Look,
}

/// The next report of a child or tracee of this thread. `Ok(None)`: nothing
/// has happened (only with [`Patience::Look`]).
///
/// # Errors
/// ECHILD when there is nobody left to wait for; EINTR.
pub fn wait(patience: Patience) -> io::Result<Option<Report>> {
    wait_for(-1, patience, true)
}

/// The same, and nobody asks what a process has used: for every report, also that of a stop,
/// wait4(2) adds it up over all the threads of the process, which takes longer than the rest
/// where they are many.
///
/// # Errors
/// As of [`wait`].
pub fn wait_without_cost(patience: Patience) -> io::Result<Option<Report>> {
    wait_for(-1, patience, false)
}

/// The next report of one tracee of this thread.
///
/// # Errors
/// As of [`wait`].
pub(super) fn wait_for_one(tid: Tid) -> io::Result<Report> {
    loop {
        match wait_for(tid.0.cast_signed(), Patience::Wait, false) {
            Ok(Some(report)) => return Ok(report),
            Ok(None) => {}
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

fn wait_for(whom: libc::pid_t, patience: Patience, with_cost: bool) -> io::Result<Option<Report>> {
    let mut status = 0;
    // SAFETY: a `rusage` of zeros is a valid one; the kernel fills it in.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let to = if with_cost {
        &raw mut usage
    } else {
        std::ptr::null_mut()
    };
    // The other threads of this process have children and tracees of their own.
    let mut options = libc::__WALL | libc::__WNOTHREAD;
    if patience == Patience::Look {
        options |= libc::WNOHANG;
    }
    // SAFETY: both pointers are to live locals of the right types, or null.
    let tid = unsafe { libc::wait4(whom, &raw mut status, options, to) };
    match tid {
        0 => Ok(None),
        -1 => Err(io::Error::last_os_error()),
        tid => {
            let cost = if with_cost {
                rusage::cost(&usage)
            } else {
                SideCost::default()
            };
            Ok(Some(decode(Tid(tid.cast_unsigned()), status, cost)))
        }
    }
}

/// The signal of a stop at a call, told apart by `PTRACE_O_TRACESYSGOOD`.
const CALL: c_int = libc::SIGTRAP | 0x80;

fn decode(tid: Tid, status: c_int, cost: SideCost) -> Report {
    if libc::WIFEXITED(status) {
        return Report::Ended(tid, Exit::Code(libc::WEXITSTATUS(status)), cost);
    }
    if libc::WIFSIGNALED(status) {
        return Report::Ended(tid, Exit::Signal(libc::WTERMSIG(status)), cost);
    }
    let stop = match (status >> 16, libc::WSTOPSIG(status)) {
        (libc::PTRACE_EVENT_CLONE, _) => Stop::Created { fork: false },
        (libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK, _) => Stop::Created { fork: true },
        (libc::PTRACE_EVENT_EXEC, _) => Stop::Executed,
        (libc::PTRACE_EVENT_EXIT, _) => Stop::Exiting,
        (libc::PTRACE_EVENT_SECCOMP, _) => Stop::Filtered,
        (libc::PTRACE_EVENT_STOP, libc::SIGTRAP) => Stop::Interrupted,
        (libc::PTRACE_EVENT_STOP, signal) => Stop::Group(signal),
        (_, CALL) => Stop::Call,
        (_, signal) => Stop::Signal(signal),
    };
    Report::Stopped(Stopped { tid }, stop)
}

impl Stopped {
    /// Which task.
    #[must_use]
    pub fn tid(&self) -> Tid {
        self.tid
    }

    /// Lets it go on, with a signal or 0.
    ///
    /// # Errors
    /// [`Gone`].
    pub fn resume(self, until: Until, signal: c_int) -> Result<(), Gone> {
        let request = match until {
            Until::Event => libc::PTRACE_CONT,
            Until::Call => libc::PTRACE_SYSCALL,
        };
        // A signal's number is small and positive; real-time ones too.
        let signal = usize::try_from(signal).unwrap_or(0);
        ptrace(request, self.tid, 0, signal)
            .map(drop)
            .map_err(|_| Gone)
    }

    /// Leaves it stopped, as its group is, until a SIGCONT comes.
    ///
    /// # Errors
    /// [`Gone`].
    pub fn listen(self) -> Result<(), Gone> {
        ptrace(libc::PTRACE_LISTEN, self.tid, 0, 0)
            .map(drop)
            .map_err(|_| Gone)
    }

    /// Lets it go on untraced, with a signal or 0.
    ///
    /// # Errors
    /// [`Gone`].
    pub fn detach(self, signal: c_int) -> Result<(), Gone> {
        let signal = usize::try_from(signal).unwrap_or(0);
        ptrace(libc::PTRACE_DETACH, self.tid, 0, signal)
            .map(drop)
            .map_err(|_| Gone)
    }

    /// Sets what the kernel tells of it from now on.
    ///
    /// # Errors
    /// [`Gone`].
    pub fn set_options(&self, options: Options) -> Result<(), Gone> {
        let data = usize::try_from(options.0).unwrap_or(0);
        ptrace(libc::PTRACE_SETOPTIONS, self.tid, 0, data)
            .map(drop)
            .map_err(|_| Gone)
    }

    /// What belongs to the event: the new task's id, the former id of one that
    /// executed, the status of one that ends, the data of a filter.
    ///
    /// # Errors
    /// [`Gone`].
    pub fn message(&self) -> Result<u64, Gone> {
        let mut message: libc::c_ulong = 0;
        let to = &raw mut message as usize;
        ptrace(libc::PTRACE_GETEVENTMSG, self.tid, 0, to).map_err(|_| Gone)?;
        Ok(message)
    }

    /// The system call that it stands at, and in which convention (a number of
    /// `linux/audit.h`) it makes its calls. Linux 5.3.
    ///
    /// # Errors
    /// [`Gone`].
    pub fn call(&self) -> Result<(Call, u32), Gone> {
        // SAFETY: a structure of zeros is a valid one.
        let mut info: libc::ptrace_syscall_info = unsafe { std::mem::zeroed() };
        let to = &raw mut info as usize;
        let size = size_of_val(&info);
        ptrace(libc::PTRACE_GET_SYSCALL_INFO, self.tid, size, to).map_err(|_| Gone)?;
        let call = match info.op {
            libc::PTRACE_SYSCALL_INFO_ENTRY => {
                // SAFETY: `op` says that this member was filled in.
                let entry = unsafe { info.u.entry };
                Call::Entry {
                    number: entry.nr,
                    arguments: entry.args,
                }
            }
            libc::PTRACE_SYSCALL_INFO_SECCOMP => {
                // SAFETY: as above.
                let entry = unsafe { info.u.seccomp };
                Call::Entry {
                    number: entry.nr,
                    arguments: entry.args,
                }
            }
            libc::PTRACE_SYSCALL_INFO_EXIT => {
                // SAFETY: as above.
                Call::Exit(unsafe { info.u.exit.sval })
            }
            _ => Call::None,
        };
        Ok((call, info.arch))
    }

    /// One of its registers, by its place in `struct user` (`PTRACE_PEEKUSER`).
    ///
    /// # Errors
    /// [`Gone`].
    #[cfg(target_arch = "x86_64")]
    pub(in crate::sys) fn register(&self, place: usize) -> Result<c_long, Gone> {
        let mut value: c_long = 0;
        // SAFETY: the system call, unlike the function of the C library, writes the
        // value to where its last argument points: a live local.
        let done = unsafe {
            libc::syscall(
                libc::SYS_ptrace,
                c_long::from(libc::PTRACE_PEEKUSER),
                self.tid.0.cast_signed(),
                place,
                &raw mut value,
            )
        };
        if done == -1 { Err(Gone) } else { Ok(value) }
    }

    /// All of its registers (`PTRACE_GETREGS`).
    ///
    /// # Errors
    /// [`Gone`].
    #[cfg(target_arch = "x86_64")]
    pub(super) fn registers(&self) -> Result<libc::user_regs_struct, Gone> {
        // SAFETY: a structure of zeros is a valid one.
        let mut all: libc::user_regs_struct = unsafe { std::mem::zeroed() };
        ptrace(libc::PTRACE_GETREGS, self.tid, 0, &raw mut all as usize).map_err(|_| Gone)?;
        Ok(all)
    }

    /// Sets all of them (`PTRACE_SETREGS`).
    ///
    /// # Errors
    /// [`Gone`].
    #[cfg(target_arch = "x86_64")]
    pub(super) fn set_registers(&self, all: &libc::user_regs_struct) -> Result<(), Gone> {
        let from = std::ptr::from_ref(all) as usize;
        ptrace(libc::PTRACE_SETREGS, self.tid, 0, from)
            .map(drop)
            .map_err(|_| Gone)
    }

    /// Which signals it blocks, and blocks these instead (`PTRACE_SETSIGMASK`).
    ///
    /// # Errors
    /// [`Gone`].
    #[cfg(target_arch = "x86_64")]
    pub(super) fn block_signals(&self, signals: u64) -> Result<u64, Gone> {
        const GET: c_uint = 0x420a;
        const SET: c_uint = 0x420b;
        let size = size_of::<u64>();
        let mut before = 0u64;
        ptrace(GET, self.tid, size, &raw mut before as usize).map_err(|_| Gone)?;
        let after = &raw const signals as usize;
        ptrace(SET, self.tid, size, after).map_err(|_| Gone)?;
        Ok(before)
    }

    /// Sets one of its registers, by its place in `struct user` (`PTRACE_POKEUSER`).
    ///
    /// # Errors
    /// [`Gone`].
    #[cfg(target_arch = "x86_64")]
    pub(in crate::sys) fn set_register(&self, place: usize, value: c_long) -> Result<(), Gone> {
        let value = usize::from_ne_bytes(value.to_ne_bytes());
        ptrace(libc::PTRACE_POKEUSER, self.tid, place, value)
            .map(drop)
            .map_err(|_| Gone)
    }
}

/// Whether a task of this number is there.
#[must_use]
pub fn exists(tid: Tid) -> bool {
    // SAFETY: signal 0 is sent to nobody; the call only looks (kill(2)).
    unsafe { libc::kill(tid.0.cast_signed(), 0) == 0 }
}

/// Whether a task is a thread of a process. `false` too when it has ended.
#[must_use]
pub fn belongs_to(tid: Tid, pid: Pid) -> bool {
    // SAFETY: signal 0 is sent to nobody; the call only looks (kill(2)).
    let answer = unsafe {
        libc::syscall(
            libc::SYS_tgkill,
            pid.0.cast_signed(),
            tid.0.cast_signed(),
            0,
        )
    };
    answer == 0
}
