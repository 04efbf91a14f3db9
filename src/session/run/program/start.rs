//! Starting a program: traced where that is asked for and allowed, else not.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex};

use rustix::pipe::{PipeFlags, pipe_with};
use thiserror::Error;

use super::plain::Plain;
use super::{Program, Watching, lock};
use crate::activity::Activity;
use crate::model::Pid;
use crate::observe::ptrace::{self, Interest, Subject, Tracing};
use crate::sys::ptrace::{Launch, StartError, remedy, start_untraced};
use crate::sys::{clock, proc};

/// How programs are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observe {
    /// Traced, every event of interest; sampled where that is not allowed.
    Exact,
    /// Sampled through proc(5).
    Sampled,
    /// Not at all.
    Off,
}

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
    /// Anything else.
    #[error("cannot start {name}: {source}")]
    System {
        /// The first word of the command.
        name: String,
        /// The system's error.
        source: io::Error,
    },
}

/// Which program, and how it stands in the run.
#[derive(Debug)]
pub struct Start<'a> {
    /// Its words.
    pub words: &'a [OsString],
    /// What a tracer asks about its sockets.
    pub interest: Interest,
    /// How it is watched.
    pub observe: Observe,
    /// Where its output goes; without one it is thrown away.
    pub log: Option<File>,
    /// Whether its output is shown as well.
    pub show_output: bool,
    /// Whether it reads from threadtap's standard input and belongs to the
    /// terminal's foreground: the client does, a server does not.
    pub foreground: bool,
}

fn printable(words: &[OsString]) -> Vec<String> {
    let words = words.iter();
    words.map(|w| w.to_string_lossy().into_owned()).collect()
}

impl Program {
    /// Starts a program.
    ///
    /// # Errors
    /// When it cannot be executed, or the system refuses it.
    pub fn start(start: &Start<'_>) -> Result<Self, ProgramError> {
        let command = printable(start.words);
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
        let output = output(start).map_err(system)?;
        let launch = |tied| -> io::Result<Launch> {
            Ok(Launch {
                words: start.words.to_vec(),
                stdin: if start.foreground {
                    io::stdin().as_fd().try_clone_to_owned()?
                } else {
                    File::open("/dev/null")?.into()
                },
                stdout: output.try_clone()?,
                stderr: output.try_clone()?,
                own_group: !start.foreground,
                tied,
            })
        };
        let mut not_traced = None;
        if start.observe == Observe::Exact {
            let side = Arc::new(Mutex::new(Activity::default()));
            let subject = Subject::Launch(launch(false).map_err(system)?);
            match begin(subject, start.interest, &side) {
                Ok(tracing) => return Ok(Self::traced(command, tracing, side, false)),
                Err(StartError::NotAllowed(e)) => {
                    not_traced = Some(format!("{e}{}", remedy()));
                }
                Err(e) => return Err(explain(e)),
            }
        }
        let plain = launch(true).map_err(system)?;
        let child = start_untraced(&plain).map_err(explain)?;
        Ok(Self {
            root: child.pid(),
            started: clock::now(),
            not_traced,
            asked_to_end: false,
            asked_at: None,
            went_on: false,
            watching: Watching::Plain(Box::new(Plain::new(
                child,
                start.observe != Observe::Off,
                !start.foreground,
            ))),
            command,
        })
    }

    /// Attaches to a process that runs.
    ///
    /// # Errors
    /// When there is none, or it may not be traced.
    pub fn attach(pid: Pid, interest: Interest) -> Result<Self, ProgramError> {
        let side = Arc::new(Mutex::new(Activity::default()));
        match begin(Subject::Attach(pid), interest, &side) {
            Ok(tracing) => Ok(Self::traced(proc::command_of(pid), tracing, side, true)),
            Err(e) => {
                let (source, remedy) = match e {
                    StartError::NotAllowed(e) => (e, remedy()),
                    StartError::Execute(e) | StartError::System(e) => (e, String::new()),
                };
                Err(ProgramError::Attach {
                    pid,
                    source,
                    remedy,
                })
            }
        }
    }

    fn traced(
        command: Vec<String>,
        tracing: Tracing,
        side: Arc<Mutex<Activity>>,
        attached: bool,
    ) -> Self {
        let root = tracing.root();
        let first = lock(&side).tasks.processes().first().map(|p| p.started);
        Self {
            command,
            root,
            started: first.unwrap_or_else(clock::now),
            not_traced: None,
            asked_to_end: false,
            asked_at: None,
            went_on: false,
            watching: Watching::Traced {
                tracing,
                side,
                attached,
            },
        }
    }
}

fn begin(
    subject: Subject,
    interest: Interest,
    side: &Arc<Mutex<Activity>>,
) -> Result<Tracing, StartError> {
    let written = Arc::clone(side);
    let name = match interest {
        Interest::Client { .. } => "trace-client",
        Interest::Server { .. } => "trace-server",
    };
    let sink = Box::new(move |event| lock(&written).apply(&event));
    ptrace::trace(subject, interest, name, sink)
}

/// What a program's standard output and error are.
fn output(start: &Start<'_>) -> io::Result<OwnedFd> {
    let log = match &start.log {
        Some(log) => log.try_clone()?,
        None => File::options().write(true).open("/dev/null")?,
    };
    if !start.show_output {
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
