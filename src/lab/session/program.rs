//! A program of somebody else's in a run: started, watched, ended.
//!
//! It is traced where that is asked for and allowed, else sampled through
//! proc(5), else only waited for. Its output goes to a file of the run
//! directory, and on to standard error where that is asked for.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Signal;
use thiserror::Error;

use crate::census::{Sample, Samples};
use crate::model::{Endpoint, Exit, Pid, SideCost, Timestamp};
use crate::sys::process::{self, Child};
use crate::sys::trace::{self, Interest, Launch, StartError, Subject, Totals, Tracing};
use crate::sys::{clock, listeners, procfs};
use crate::traced::TracedSide;

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

/// A program at work.
#[derive(Debug)]
pub struct Program {
    /// Its command, in words that can be printed.
    pub command: Vec<String>,
    /// Its first process.
    pub root: Pid,
    /// When it was executed, or attached to.
    pub started: Timestamp,
    /// Why it is not traced although that was asked for.
    pub not_traced: Option<String>,
    asked_to_end: bool,
    watching: Watching,
}

#[derive(Debug)]
enum Watching {
    Traced {
        tracing: Tracing,
        side: Arc<Mutex<TracedSide>>,
        attached: bool,
    },
    Plain {
        child: Child,
        ended: Option<(Timestamp, Exit)>,
        samples: Option<Samples>,
    },
}

/// What a program leaves behind.
#[derive(Debug)]
pub struct Watched {
    /// Its command.
    pub command: Vec<String>,
    /// Its first process.
    pub root: Pid,
    /// When it was executed, or attached to.
    pub started: Timestamp,
    /// When its first process ended, or it was left.
    pub ended: Timestamp,
    /// How it ended.
    pub exit: Option<Exit>,
    /// Whether it was asked to.
    pub asked_to_end: bool,
    /// Why it was not traced although that was asked for.
    pub not_traced: Option<String>,
    /// What its tracer saw, and what that took.
    pub traced: Option<(TracedSide, Totals)>,
    /// What was seen of it in proc(5).
    pub samples: Option<Samples>,
    /// What it cost.
    pub cost: SideCost,
}

/// A tracer that panics while it holds the lock takes the run with it anyway.
fn lock(side: &Mutex<TracedSide>) -> MutexGuard<'_, TracedSide> {
    side.lock().unwrap_or_else(PoisonError::into_inner)
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
            let side = Arc::new(Mutex::new(TracedSide::default()));
            let subject = Subject::Launch(launch(false).map_err(system)?);
            match begin(subject, start.interest, &side) {
                Ok(tracing) => return Ok(Self::traced(command, tracing, side, false)),
                Err(StartError::NotAllowed(e)) => {
                    not_traced = Some(format!("{e}{}", trace::remedy()));
                }
                Err(e) => return Err(explain(e)),
            }
        }
        let plain = launch(true).map_err(system)?;
        let child = trace::start_untraced(&plain).map_err(explain)?;
        Ok(Self {
            root: child.pid(),
            started: clock::now(),
            not_traced,
            asked_to_end: false,
            watching: Watching::Plain {
                child,
                ended: None,
                samples: (start.observe != Observe::Off).then(Samples::default),
            },
            command,
        })
    }

    /// Attaches to a process that runs.
    ///
    /// # Errors
    /// When there is none, or it may not be traced.
    pub fn attach(pid: Pid, interest: Interest) -> Result<Self, ProgramError> {
        let side = Arc::new(Mutex::new(TracedSide::default()));
        match begin(Subject::Attach(pid), interest, &side) {
            Ok(tracing) => Ok(Self::traced(procfs::command_of(pid), tracing, side, true)),
            Err(e) => {
                let (source, remedy) = match e {
                    StartError::NotAllowed(e) => (e, trace::remedy()),
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
        side: Arc<Mutex<TracedSide>>,
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
            watching: Watching::Traced {
                tracing,
                side,
                attached,
            },
        }
    }

    /// Whether its first process has ended.
    pub fn first_has_ended(&mut self) -> bool {
        match &mut self.watching {
            Watching::Traced { side, tracing, .. } => {
                let side = lock(side);
                let first = side.tasks.processes().first();
                first.is_none_or(|p| p.exit.is_some()) || tracing.is_over()
            }
            Watching::Plain { child, ended, .. } => {
                if ended.is_none() {
                    *ended = child.wait(Duration::ZERO).map(|e| (clock::now(), e));
                }
                ended.is_some()
            }
        }
    }

    /// Whether all of it has ended that is followed.
    pub fn is_over(&mut self) -> bool {
        match &self.watching {
            Watching::Traced { tracing, .. } => tracing.is_over(),
            Watching::Plain { .. } => self.first_has_ended(),
        }
    }

    /// The processes of it that live.
    pub fn living(&self) -> Vec<Pid> {
        match &self.watching {
            Watching::Traced { side, .. } => lock(side).tasks.living(),
            Watching::Plain { ended: Some(_), .. } => Vec::new(),
            Watching::Plain { .. } => procfs::tree_of(self.root),
        }
    }

    /// How many things it has done that a tracer sees; `None` without one.
    pub fn activity(&self) -> Option<u64> {
        match &self.watching {
            Watching::Traced { side, .. } => Some(lock(side).events),
            Watching::Plain { .. } => None,
        }
    }

    /// How many connections it has made, as far as that is known.
    pub fn connections(&self) -> u64 {
        match &self.watching {
            Watching::Traced { side, .. } => lock(side).sockets.expected(),
            Watching::Plain { .. } => 0,
        }
    }

    /// Where it listens, on this port or else on its first.
    pub fn listening(&self, port: Option<u16>) -> Option<Endpoint> {
        let wanted = |e: &Endpoint| port.is_none_or(|p| p == e.port);
        if let Watching::Traced { side, .. } = &self.watching
            && let Some(heard) = lock(side).listening.iter().copied().find(wanted)
        {
            return Some(heard);
        }
        let held = listeners::held_by(&self.living());
        held.into_iter().map(Endpoint::from).find(wanted)
    }

    /// One look at it through proc(5), where it is sampled.
    pub fn look(&mut self) {
        if let Watching::Plain {
            samples: Some(samples),
            ended: None,
            ..
        } = &mut self.watching
            && let Some(tree) = procfs::count_tree(self.root)
        {
            samples.add(Sample {
                at: clock::now(),
                threads: Some(tree.threads),
                processes: Some(tree.processes),
            });
        }
    }

    /// Asks all of it to end, and after `grace` makes it end. One that was
    /// attached to is left alone.
    pub fn end(&mut self, grace: Duration) {
        if matches!(self.watching, Watching::Traced { attached: true, .. }) || self.is_over() {
            return;
        }
        self.asked_to_end |= !self.first_has_ended();
        for (signal, patience) in [
            (Signal::TERM, grace),
            (Signal::KILL, Duration::from_secs(5)),
        ] {
            let until = Instant::now() + patience;
            for pid in self.living() {
                process::signal(pid, signal);
            }
            while !self.is_over() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
                if signal == Signal::KILL {
                    // It may have forked in between.
                    for pid in self.living() {
                        process::signal(pid, signal);
                    }
                }
            }
        }
    }

    /// What it leaves behind. To be called when it is over; one that was
    /// attached to is let go.
    pub fn finish(mut self) -> Watched {
        self.first_has_ended();
        let (traced, samples, ended, exit, cost) = match self.watching {
            Watching::Traced {
                tracing,
                side,
                attached,
            } => {
                let totals = if attached {
                    tracing.leave()
                } else {
                    tracing.join()
                };
                let side = std::mem::take(&mut *lock(&side));
                let first = side.tasks.processes().first();
                let ended = first.and_then(|p| p.ended);
                (Some((side, totals)), None, ended, totals.exit, totals.cost)
            }
            Watching::Plain {
                child,
                ended,
                samples,
            } => (
                None,
                samples,
                ended.map(|e| e.0),
                ended.map(|e| e.1),
                child.cost(),
            ),
        };
        Watched {
            command: self.command,
            root: self.root,
            started: self.started,
            ended: ended.unwrap_or_else(clock::now),
            exit,
            asked_to_end: self.asked_to_end,
            not_traced: self.not_traced,
            traced,
            samples,
            cost,
        }
    }
}

fn begin(
    subject: Subject,
    interest: Interest,
    side: &Arc<Mutex<TracedSide>>,
) -> Result<Tracing, StartError> {
    let written = Arc::clone(side);
    let name = match interest {
        Interest::Client { .. } => "trace-client",
        Interest::Server { .. } => "trace-server",
    };
    let sink = Box::new(move |event| lock(&written).apply(&event));
    trace::trace(subject, interest, name, sink)
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
