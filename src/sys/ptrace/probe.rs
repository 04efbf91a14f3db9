//! Whether a program can be traced here: one is, for a moment.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use rustix::process::{
    Pid as RawPid, PidfdFlags, PidfdGetfdFlags, Signal, pidfd_getfd, pidfd_open,
};

use super::filter::Filter;
use super::launch::{Launch, Step};
use super::tracee::{self, Options, Patience, Report, Stop, Until};
use crate::model::{Pid, Tid};
use crate::sys::process;

/// What was refused.
#[derive(Debug)]
pub enum Refused {
    /// The program could not be started.
    Start(io::Error),
    /// ptrace(2).
    Seize(io::Error),
    /// The filter of seccomp(2).
    Filter(io::Error),
}

/// Starts this very program as one that is traced, with a filter, up to its exec, and
/// ends it. Returns whether a descriptor of it can be looked at (`pidfd_getfd(2)`).
///
/// # Errors
/// What was refused, and how.
pub fn probe() -> Result<io::Result<()>, Refused> {
    let null = || File::options().read(true).write(true).open("/dev/null");
    let launch = Launch {
        words: ["/proc/self/exe", "--version"].map(Into::into).into(),
        folder: None,
        stdin: null().map_err(Refused::Start)?.into(),
        stdout: null().map_err(Refused::Start)?.into(),
        stderr: null().map_err(Refused::Start)?.into(),
        tied: true,
    };
    let filter = Filter::stopping_at(&[]);
    let mut waiting = launch.fork(Some(&filter)).map_err(Refused::Start)?;
    let pid = waiting.pid;
    if let Err(e) = tracee::seize(Tid(pid.0), Options::BASIC.and_kill()) {
        // Its gate breaks, and it ends.
        drop(waiting);
        let _ = tracee::wait(Patience::Wait);
        return Err(Refused::Seize(e));
    }
    waiting.open_gate();
    let mut seen = None;
    loop {
        let report = match tracee::wait(Patience::Wait) {
            Ok(Some(report)) => report,
            Ok(None) => continue,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Refused::Start(e)),
        };
        // A task that is gone tells its end next.
        let _ = match report {
            Report::Stopped(task, Stop::Executed) => {
                seen = Some(look_at(pid));
                process::signal(pid, Signal::KILL);
                task.resume(Until::Event, 0)
            }
            Report::Stopped(task, Stop::Signal(signal)) => task.resume(Until::Event, signal),
            Report::Stopped(task, _) => task.resume(Until::Event, 0),
            Report::Ended(tid, ..) if tid.0 == pid.0 => break,
            Report::Ended(..) => Ok(()),
        };
    }
    match (seen, waiting.failure()) {
        (Some(seen), _) => Ok(seen),
        (None, Some((Step::Filter, e))) => Err(Refused::Filter(e)),
        (None, Some((_, e))) => Err(Refused::Start(e)),
        (None, None) => Err(Refused::Start(io::Error::other("it ended before its exec"))),
    }
}

/// Looks at a descriptor of a traced process, as is done with its sockets.
fn look_at(pid: Pid) -> io::Result<()> {
    let raw = RawPid::from_raw(pid.0.cast_signed()).ok_or(io::ErrorKind::NotFound)?;
    let task = pidfd_open(raw, PidfdFlags::empty())?;
    pidfd_getfd(task.as_fd(), 0, PidfdGetfdFlags::empty())?;
    Ok(())
}
