//! This program, run again as a person would run it, for one part of a larger
//! task.
//!
//! Unlike a side of a run ([`super::Child`]) it is a whole program with
//! children of its own, and what it starts inherits nothing from us: its signals
//! have their default actions.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use super::{Exit, signals};

/// This program at work once more. Dropped, it is killed.
#[derive(Debug)]
pub struct SelfExec {
    child: Child,
    pidfd: OwnedFd,
}

impl SelfExec {
    /// Starts it; what it prints goes nowhere, what it says on its standard error is
    /// appended to `said`.
    ///
    /// # Errors
    /// When the system refuses the process or a descriptor.
    pub fn start(arguments: &[String], said: &File) -> io::Result<Self> {
        let mut command = Command::new(super::this_program());
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(said.try_clone()?));
        // SAFETY: signal(2) is async-signal-safe, and nothing else is called.
        unsafe {
            command.pre_exec(|| {
                if !signals::sigxfsz_was_ignored() {
                    signals::restore_default(libc::SIGXFSZ);
                }
                Ok(())
            });
        }
        let mut child = command.spawn()?;
        let opened = pid_of(&child)
            .ok_or(rustix::io::Errno::SRCH)
            .and_then(|pid| pidfd_open(pid, PidfdFlags::empty()));
        match opened {
            Ok(pidfd) => Ok(Self { child, pidfd }),
            Err(e) => {
                // It must not stay behind unobserved.
                let _ = child.kill();
                let _ = child.wait();
                Err(e.into())
            }
        }
    }

    /// Waits until it ends, until `also` is readable, or until the time is over.
    /// Returns how it ended, where it did.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn wait(&mut self, also: &impl AsFd, limit: Duration) -> io::Result<Option<Exit>> {
        let limit = Timespec::try_from(limit).ok();
        let also = also.as_fd();
        let mut fds = [
            PollFd::new(&self.pidfd, PollFlags::IN),
            PollFd::new(&also, PollFlags::IN),
        ];
        // Woken, timed out or interrupted: looked at below.
        let _ = poll(&mut fds, limit.as_ref());
        self.ended()
    }

    /// How it ended; `None` while it runs.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn ended(&mut self) -> io::Result<Option<Exit>> {
        let status = self.child.try_wait()?;
        Ok(status.map(|status| match status.code() {
            Some(code) => Exit::Code(code),
            None => Exit::Signal(status.signal().unwrap_or(0)),
        }))
    }

    /// Asks it to end.
    pub fn interrupt(&self) {
        if let Some(pid) = pid_of(&self.child) {
            tracing::info!("SIGTERM to the run, pid {}", self.child.id());
            // ESRCH: it has just ended, which is what was wanted.
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    /// Ends it.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

impl AsFd for SelfExec {
    /// Readable when it has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl Drop for SelfExec {
    fn drop(&mut self) {
        if matches!(self.ended(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
