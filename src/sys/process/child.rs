//! A child process, as the one that has started it sees it: told to end, waited for.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};
use rustix::thread::CapabilitySet;

use super::guardian::Guarded;
use super::{DYING, Exit, die_first, raw, rusage, signal, this_program, without_overflow_handler};
use crate::model::{Pid, SideCost};
use crate::sys::privilege::give_up::{hand_on, has_capabilities};

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
