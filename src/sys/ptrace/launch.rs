//! Starting a program so that nothing of it goes unseen: fork, seize, filter,
//! execute, in this order.
//!
//! std's `Command` returns only when the program has been executed, which is
//! too late. The child waits at a gate until it is traced, installs the filter
//! and executes the program.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;

use rustix::pipe::{PipeFlags, pipe_with};

use super::filter::Filter;
use crate::model::Pid;
use crate::sys::process::signals;

/// A program to be started.
#[derive(Debug)]
pub struct Launch {
    /// Its name, searched for in `PATH` when it has no slash, and its arguments.
    pub words: Vec<OsString>,
    /// Its standard input.
    pub stdin: OwnedFd,
    /// Its standard output.
    pub stdout: OwnedFd,
    /// Its standard error.
    pub stderr: OwnedFd,
    /// Whether it gets a process group of its own, which the terminal's Ctrl-C
    /// does not reach.
    pub own_group: bool,
    /// Whether it is killed when the thread that started it ends. A traced one
    /// dies with its tracer anyway.
    pub tied: bool,
}

/// What the child was doing when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its standard streams, or its group.
    Prepare,
    /// The filter.
    Filter,
    /// The program itself.
    Execute,
}

impl Step {
    const fn number(self) -> u8 {
        match self {
            Self::Prepare => 0,
            Self::Filter => 1,
            Self::Execute => 2,
        }
    }
}

/// A child that waits at its gate.
#[derive(Debug)]
pub struct Waiting {
    /// The child.
    pub pid: Pid,
    gate: File,
    failure: File,
}

impl Waiting {
    /// Lets it go on. Whether it came through is told by its exec, or by its
    /// end and [`Waiting::failure`].
    pub fn open_gate(&mut self) {
        // It may have been killed: its end will tell.
        let _ = self.gate.write_all(b"!");
    }

    /// What went wrong, when the child has ended before its exec.
    #[must_use]
    pub fn failure(mut self) -> Option<(Step, io::Error)> {
        let mut said = [0u8; 5];
        self.failure.read_exact(&mut said).ok()?;
        let errno = i32::from_ne_bytes(said[1..].try_into().ok()?);
        let step = [Step::Prepare, Step::Filter, Step::Execute]
            .into_iter()
            .find(|s| s.number() == said[0])?;
        Some((step, io::Error::from_raw_os_error(errno)))
    }
}

impl Launch {
    /// Forks a child that waits at its gate.
    ///
    /// # Errors
    /// When a word holds a NUL, or the system refuses the process.
    pub fn fork(&self, filter: Option<&Filter>) -> io::Result<Waiting> {
        let words = self
            .words
            .iter()
            .map(|w| CString::new(w.as_bytes()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "it holds a NUL byte"))?;
        let mut pointers: Vec<*const libc::c_char> = words.iter().map(|w| w.as_ptr()).collect();
        pointers.push(std::ptr::null());
        let (gate_out, gate_in) = pipe_with(PipeFlags::CLOEXEC)?;
        let (failure_out, failure_in) = pipe_with(PipeFlags::CLOEXEC)?;
        let child = ChildSide {
            words: &pointers,
            streams: [
                self.stdin.as_raw_fd(),
                self.stdout.as_raw_fd(),
                self.stderr.as_raw_fd(),
            ],
            launch: self,
            gate: gate_out.as_raw_fd(),
            other_gate: gate_in.as_raw_fd(),
            failure: failure_in.as_raw_fd(),
            filter,
            without_new_privileges: !may_filter_with_privileges(),
            default_sigpipe: !signals::sigpipe_was_ignored(),
        };
        // SAFETY: the child calls async-signal-safe functions only, on memory
        // that was prepared before.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            // SAFETY: this is the child.
            0 => unsafe { child.run() },
            pid => Ok(Waiting {
                pid: Pid(pid.cast_unsigned()),
                gate: File::from(gate_in),
                failure: File::from(failure_out),
            }),
        }
    }
}

/// Whether a filter may be installed without giving up set-user-ID programs
/// (seccomp(2): `CAP_SYS_ADMIN`, or `PR_SET_NO_NEW_PRIVS`).
#[must_use]
pub fn may_filter_with_privileges() -> bool {
    use rustix::thread::{CapabilitySet, capabilities};
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN))
}

/// Everything that the child needs, without a heap.
struct ChildSide<'a> {
    words: &'a [*const libc::c_char],
    streams: [RawFd; 3],
    launch: &'a Launch,
    gate: RawFd,
    other_gate: RawFd,
    failure: RawFd,
    filter: Option<&'a Filter>,
    without_new_privileges: bool,
    default_sigpipe: bool,
}

impl ChildSide<'_> {
    /// The child's part, which never returns.
    ///
    /// # Safety
    /// To be called in a process that has just been forked, and no more.
    unsafe fn run(&self) -> ! {
        // SAFETY: every function called is async-signal-safe
        // (signal-safety(7)), and all pointers are to live memory.
        unsafe {
            // So that the gate breaks when the tracer dies.
            libc::close(self.other_gate);
            for (from, to) in self.streams.into_iter().zip(0..) {
                if libc::dup2(from, to) == -1 {
                    self.fail(Step::Prepare);
                }
            }
            if self.launch.own_group && libc::setpgid(0, 0) == -1 {
                self.fail(Step::Prepare);
            }
            if self.launch.tied {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0);
            }
            // Rust ignores SIGPIPE, and a program must not inherit that from us.
            if self.default_sigpipe {
                libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            }
            let mut byte = 0u8;
            loop {
                match libc::read(self.gate, (&raw mut byte).cast(), 1) {
                    1 => break,
                    -1 if *libc::__errno_location() == libc::EINTR => {}
                    // The parent has died before it opened the gate.
                    _ => libc::_exit(127),
                }
            }
            if let Some(filter) = self.filter {
                let sealed = !self.without_new_privileges
                    || libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
                if !sealed || filter.install().is_err() {
                    self.fail(Step::Filter);
                }
            }
            libc::execvp(self.words[0], self.words.as_ptr());
            self.fail(Step::Execute)
        }
    }

    /// Tells what failed, and ends.
    ///
    /// # Safety
    /// As [`ChildSide::run`]; `errno` is that of the failure.
    unsafe fn fail(&self, step: Step) -> ! {
        // SAFETY: as in `run`.
        unsafe {
            let errno = (*libc::__errno_location()).to_ne_bytes();
            let said = [step.number(), errno[0], errno[1], errno[2], errno[3]];
            libc::write(self.failure, said.as_ptr().cast(), said.len());
            libc::_exit(127)
        }
    }
}
