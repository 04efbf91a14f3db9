//! Starting a program: traced where that is asked for and allowed, else not.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use rustix::pipe::{PipeFlags, pipe_with};
use thiserror::Error;

use super::world::StartedSide;
use super::{Observe, RunPlan};
use crate::model::observation::Trouble;
use crate::model::{Pid, Side};
use crate::observe::ptrace::{Interest, Traced};
use crate::observe::sampled::Sampled;
use crate::sys::process;
use crate::sys::ptrace::{Launch, StartError, remedy, start_untraced};

/// A program that cannot be started.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// The program's file is the matter.
    #[error("cannot run {name}: {source}; check the name, and that it is executable or in PATH")]
    Execute {
        /// The first word of the command.
        name: String,
        /// The system's error.
        source: io::Error,
    },
    /// A process that cannot be attached to.
    #[error("cannot attach to process {pid}: {source}{remedy}")]
    Attach {
        /// The process.
        pid: Pid,
        /// The system's error.
        source: io::Error,
        /// What would allow it.
        remedy: String,
    },
    /// What it leaves behind could outlive the run.
    #[error(
        "cannot start {name}: it is not traced and prctl(2) is refused here, so nothing could end \
         what it leaves in the background; allow ptrace(2) or prctl(2), or make threadtap the first \
         process of a pid namespace (unshare --pid --fork --mount-proc threadtap …)"
    )]
    NotHeld {
        /// The first word of the command.
        name: String,
    },
    /// Anything else.
    #[error("cannot start {name}: {source}")]
    System {
        /// The first word of the command.
        name: String,
        /// The system's error.
        source: io::Error,
    },
}

/// Starts the program that is the server. Others of it may go on when its first
/// process has ended.
pub fn server(
    words: &[OsString],
    interest: Interest,
    plan: &RunPlan,
    log: Option<File>,
) -> Result<StartedSide, ProgramError> {
    start(Side::Server, words, interest, plan, log)
}

/// Starts the program that is the client. It reads from threadtap's standard
/// input and belongs to the terminal's foreground.
pub fn client(
    words: &[OsString],
    interest: Interest,
    plan: &RunPlan,
    log: Option<File>,
) -> Result<StartedSide, ProgramError> {
    start(Side::Client, words, interest, plan, log)
}

fn start(
    side: Side,
    words: &[OsString],
    interest: Interest,
    plan: &RunPlan,
    log: Option<File>,
) -> Result<StartedSide, ProgramError> {
    let command = printable(words);
    let name = || command.first().cloned().unwrap_or_default();
    let system = |source| ProgramError::System {
        name: name(),
        source,
    };
    let explain = |e| match e {
        StartError::Execute(source) => ProgramError::Execute {
            name: name(),
            source,
        },
        StartError::NotAllowed(source) | StartError::System(source) => system(source),
    };
    let output = output(log, plan.show_output).map_err(system)?;
    let launch = |tied| launch(side, words, &output, tied);
    let mut trouble = None;
    if plan.observe == Observe::Exact {
        let launch = launch(false).map_err(system)?;
        match Traced::launch(side, command.clone(), launch, interest) {
            Ok(traced) => {
                return Ok(StartedSide {
                    observer: Some(Box::new(traced)),
                    trouble: None,
                });
            }
            Err(StartError::NotAllowed(e)) => {
                trouble = Some(Trouble::NotTraced {
                    side,
                    error: e.to_string(),
                    remedy: remedy(),
                });
            }
            Err(e) => return Err(explain(e)),
        }
    }
    // A traced program dies with its tracer, with all that it has started.
    if !process::adopts_orphans() {
        return Err(ProgramError::NotHeld { name: name() });
    }
    let child = start_untraced(&launch(true).map_err(system)?).map_err(explain)?;
    let sampled = Sampled::new(side, command, child, plan.observe != Observe::Off);
    Ok(StartedSide {
        observer: Some(Box::new(sampled)),
        trouble,
    })
}

fn launch(side: Side, words: &[OsString], output: &OwnedFd, tied: bool) -> io::Result<Launch> {
    let foreground = side == Side::Client;
    Ok(Launch {
        words: words.to_vec(),
        stdin: if foreground {
            io::stdin().as_fd().try_clone_to_owned()?
        } else {
            File::open("/dev/null")?.into()
        },
        stdout: output.try_clone()?,
        stderr: output.try_clone()?,
        own_group: !foreground,
        tied,
    })
}

/// Attaches to a process that runs, as the server.
///
/// # Errors
/// When there is none, or it may not be traced.
pub fn attach(pid: Pid) -> Result<Traced, ProgramError> {
    // It stops at every call anyway.
    let interest = Interest::Server { read_write: true };
    Traced::attach(pid, interest).map_err(|e| {
        let (source, remedy) = match e {
            StartError::NotAllowed(e) => (e, remedy()),
            StartError::Execute(e) | StartError::System(e) => (e, String::new()),
        };
        ProgramError::Attach {
            pid,
            source,
            remedy,
        }
    })
}

fn printable(words: &[OsString]) -> Vec<String> {
    let words = words.iter();
    words.map(|w| w.to_string_lossy().into_owned()).collect()
}

/// What a program's standard output and error are.
fn output(log: Option<File>, show: bool) -> io::Result<OwnedFd> {
    let log = match log {
        Some(log) => log,
        None => File::options().write(true).open("/dev/null")?,
    };
    if !show {
        return Ok(log.into());
    }
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    std::thread::Builder::new()
        .name("show-output".to_owned())
        .spawn(move || pass_on(File::from(read), log))?;
    Ok(write)
}

/// Copies a program's output to its log and to standard error, until nobody
/// holds the other end any more. What one of them does not take is its loss.
fn pass_on(mut from: File, mut log: File) {
    let mut buffer = [0u8; 1 << 13];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        let _ = log.write_all(&buffer[..n]);
        let _ = io::stderr().write_all(&buffer[..n]);
    }
}
