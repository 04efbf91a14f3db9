//! A program of somebody else's in a run: started, watched, ended.
//!
//! It is traced where that is asked for and allowed, else sampled through
//! proc(5), else only waited for. Its output goes to a file of the run
//! directory, and on to standard error where that is asked for.

mod plain;
mod start;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use self::plain::Plain;
pub use self::start::{Observe, ProgramError, Start};
use crate::activity::Activity;
use crate::census::Samples;
use crate::model::{Endpoint, Exit, Pid, SideCost, Timestamp};
use crate::observe::ptrace::{Totals, Tracing};
use crate::sys::clock;
use crate::sys::net::listeners;
use crate::sys::process;

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
    asked_at: Option<Timestamp>,
    went_on: bool,
    watching: Watching,
}

#[derive(Debug)]
enum Watching {
    Traced {
        tracing: Tracing,
        side: Arc<Mutex<Activity>>,
        attached: bool,
    },
    Plain(Box<Plain>),
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
    /// Whether its first process was asked to.
    pub asked_to_end: bool,
    /// When it, or what was left of it, was asked to.
    pub asked_at: Option<Timestamp>,
    /// Whether others of it still listened then, although its first process had
    /// ended: it is a daemon.
    pub went_on: bool,
    /// Why it was not traced although that was asked for.
    pub not_traced: Option<String>,
    /// What its tracer saw, and what that took.
    pub traced: Option<(Activity, Totals)>,
    /// What was seen of it in proc(5).
    pub samples: Option<Samples>,
    /// What it cost.
    pub cost: SideCost,
}

/// A tracer that panics while it holds the lock takes the run with it anyway.
fn lock(side: &Mutex<Activity>) -> MutexGuard<'_, Activity> {
    side.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Program {
    /// Whether its first process has ended.
    pub fn first_has_ended(&mut self) -> bool {
        match &mut self.watching {
            Watching::Traced { side, tracing, .. } => {
                let side = lock(side);
                let first = side.tasks.processes().first();
                first.is_none_or(|p| p.exit.is_some()) || tracing.is_over()
            }
            Watching::Plain(plain) => plain.first_has_ended(),
        }
    }

    /// Whether all of it has ended that is followed.
    pub fn is_over(&mut self) -> bool {
        match &mut self.watching {
            Watching::Traced { tracing, .. } => tracing.is_over(),
            Watching::Plain(plain) => plain.is_over(),
        }
    }

    /// The processes of it that live.
    pub fn living(&mut self) -> Vec<Pid> {
        match &mut self.watching {
            Watching::Traced { side, .. } => lock(side).tasks.living(),
            Watching::Plain(plain) => plain.living(),
        }
    }

    /// Another program is about to start.
    pub fn is_joined(&mut self) {
        if let Watching::Plain(plain) = &mut self.watching {
            plain.is_joined();
        }
    }

    /// How many things it has done that a tracer sees; `None` without one.
    pub fn activity(&self) -> Option<u64> {
        match &self.watching {
            Watching::Traced { side, .. } => Some(lock(side).events),
            Watching::Plain(_) => None,
        }
    }

    /// How many connections it has made, as far as that is known.
    pub fn connections(&self) -> u64 {
        match &self.watching {
            Watching::Traced { side, .. } => lock(side).sockets.expected(),
            Watching::Plain(_) => 0,
        }
    }

    /// Where it listens, on this port or else on its first.
    pub fn listening(&mut self, port: Option<u16>) -> Option<Endpoint> {
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
        if let Watching::Plain(plain) = &mut self.watching {
            plain.look();
        }
    }

    /// Asks all of it to end, and after `grace` makes it end. One that was
    /// attached to is left alone.
    pub fn end(&mut self, grace: Duration) {
        if matches!(self.watching, Watching::Traced { attached: true, .. }) || self.is_over() {
            return;
        }
        self.asked_at.get_or_insert(clock::now());
        if self.first_has_ended() {
            self.went_on |= !listeners::held_by(&self.living()).is_empty();
        } else {
            self.asked_to_end = true;
        }
        for (signal, patience) in [(Signal::TERM, grace), (Signal::KILL, process::DYING)] {
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
            Watching::Plain(plain) => {
                let cost = plain.cost();
                let (ended, exit) = plain.ended.unzip();
                (None, plain.samples, ended, exit, cost)
            }
        };
        Watched {
            command: self.command,
            root: self.root,
            started: self.started,
            ended: ended.unwrap_or_else(clock::now),
            exit,
            asked_to_end: self.asked_to_end,
            asked_at: self.asked_at,
            went_on: self.went_on,
            not_traced: self.not_traced,
            traced,
            samples,
            cost,
        }
    }
}
