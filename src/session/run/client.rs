//! The client's side while it runs, whoever's program it is.

use std::fs::File;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use super::plan::ClientChoice;
use super::program::{Program, Start, Watched};
use super::{CLIENT_COMMAND, CLIENT_GRACE, RunPlan, SessionError, TICK, assemble, side};
use crate::lab::client::ClientPlan;
use crate::model::{Exit, SideCost, Timestamp};
use crate::observe::ptrace::Interest;
use crate::sys::clock;
use crate::sys::ledger::Ledger;
use crate::sys::process::signals::StopSignal;
use crate::sys::process::{self, Child};

/// A client at work.
#[derive(Debug)]
pub enum RunningClient {
    /// A built-in strategy.
    BuiltIn {
        /// Its process.
        child: Child,
        /// Where it reports itself.
        ledger: Ledger,
        /// How many requests it makes.
        requests: u32,
        /// When it was started.
        started: Timestamp,
        /// When and how it ended.
        ended: Option<(Timestamp, Exit)>,
    },
    /// A program.
    Command {
        /// The program.
        program: Box<Program>,
        /// When it last did something, and what it had done until then.
        active: (Instant, Option<u64>),
        /// How many processes it left behind.
        left_behind: usize,
    },
}

/// A client that has ended.
#[derive(Debug)]
pub enum EndedClient {
    /// A built-in strategy.
    BuiltIn {
        /// What it reported.
        ledger: Ledger,
        /// How it ended; `None` when it would not.
        exit: Option<Exit>,
        /// When it was started, and when it ended.
        moments: (Timestamp, Timestamp),
        /// What it cost.
        cost: SideCost,
    },
    /// A program.
    Command {
        /// What was seen of it.
        watched: Box<Watched>,
        /// How many processes it left behind, which were ended then.
        left_behind: usize,
    },
}

impl RunningClient {
    /// Starts it.
    pub fn start(
        plan: &RunPlan,
        target: std::net::SocketAddr,
        log: Option<File>,
    ) -> Result<Self, SessionError> {
        match &plan.client {
            ClientChoice::BuiltIn(client) => {
                let client = ClientPlan {
                    target,
                    parent: process::pid().0,
                    ..client.clone()
                };
                let ledger = Ledger::create(
                    client.requests.max(client.workers) as usize,
                    client.requests as usize,
                )?;
                let child = side::start(CLIENT_COMMAND, &client, &ledger, log)?;
                Ok(Self::BuiltIn {
                    child,
                    ledger,
                    requests: client.requests,
                    started: clock::now(),
                    ended: None,
                })
            }
            ClientChoice::Command { words, .. } => {
                let program = Program::start(&Start {
                    words,
                    interest: Interest::Client {
                        port: target.port(),
                    },
                    observe: plan.observe,
                    log,
                    show_output: plan.show_output,
                    foreground: true,
                })?;
                Ok(Self::Command {
                    program: Box::new(program),
                    active: (Instant::now(), None),
                    left_behind: 0,
                })
            }
        }
    }

    /// Whether it is done. A program is, when its first process has ended and
    /// whatever else it started has been idle for `patience`.
    pub fn is_done(&mut self, patience: Duration) -> bool {
        match self {
            Self::BuiltIn { child, ended, .. } => {
                if ended.is_none() {
                    *ended = child.wait(Duration::ZERO).map(|e| (clock::now(), e));
                }
                ended.is_some()
            }
            Self::Command {
                program,
                active,
                left_behind,
            } => {
                program.look();
                let activity = program.activity();
                if activity != active.1 || !program.first_has_ended() {
                    *active = (Instant::now(), activity);
                }
                if program.is_over() {
                    return true;
                }
                if active.0.elapsed() < patience {
                    return false;
                }
                *left_behind = program.living().len();
                true
            }
        }
    }

    /// Waits a tick for something to happen.
    pub fn wait(&self, stop: &StopSignal) {
        let tick = Timespec::try_from(TICK).ok();
        // Woken, timed out or interrupted: all of it is looked at by the caller.
        let _ = match self {
            Self::BuiltIn { child, .. } => poll(
                &mut [
                    PollFd::new(child, PollFlags::IN),
                    PollFd::new(stop, PollFlags::IN),
                ],
                tick.as_ref(),
            ),
            Self::Command { .. } => poll(&mut [PollFd::new(stop, PollFlags::IN)], tick.as_ref()),
        };
    }

    /// Ends what is left of it.
    pub fn end(&mut self) {
        match self {
            Self::BuiltIn { child, ended, .. } => {
                child.signal(Signal::TERM);
                let exit = child.wait(CLIENT_GRACE).or_else(|| {
                    child.signal(Signal::KILL);
                    child.wait(CLIENT_GRACE)
                });
                *ended = exit.map(|e| (clock::now(), e));
            }
            Self::Command { program, .. } => program.end(CLIENT_GRACE),
        }
    }

    /// Requests that are over, where that is known.
    pub fn done(&self) -> u64 {
        match self {
            Self::BuiltIn { ledger, .. } => {
                let done = &ledger.header().done;
                done.load(std::sync::atomic::Ordering::Relaxed)
            }
            Self::Command { program, .. } => program.connections(),
        }
    }

    /// How many flows must be on the wire, as far as that is known.
    pub fn flows_expected(&self) -> u64 {
        match self {
            Self::BuiltIn {
                ledger, requests, ..
            } => assemble::flows_expected(ledger, *requests),
            Self::Command { program, .. } => program.connections(),
        }
    }

    /// What it leaves behind, when it has ended.
    pub fn finish(self) -> EndedClient {
        match self {
            Self::BuiltIn {
                child,
                ledger,
                started,
                ended,
                ..
            } => EndedClient::BuiltIn {
                ledger,
                exit: ended.map(|e| e.1),
                moments: (started, ended.map_or_else(clock::now, |e| e.0)),
                cost: child.cost(),
            },
            Self::Command {
                mut program,
                left_behind,
                ..
            } => {
                program.end(CLIENT_GRACE);
                EndedClient::Command {
                    watched: Box::new(program.finish()),
                    left_behind,
                }
            }
        }
    }
}

impl EndedClient {
    /// When it was executed, and when its first process had ended.
    pub fn moments(&self) -> (Timestamp, Timestamp) {
        match self {
            Self::BuiltIn { moments, .. } => *moments,
            Self::Command { watched, .. } => (watched.started, watched.ended),
        }
    }

    /// What it cost.
    pub fn cost(&self) -> SideCost {
        match self {
            Self::BuiltIn { cost, .. } => *cost,
            Self::Command { watched, .. } => watched.cost,
        }
    }
}
