//! One side while it runs: when it is done, and how it is ended. Whatever it
//! does, its observer tells.

use std::time::Duration;

use rustix::process::Signal;

use super::log::Log;
use super::side_log::SideLog;
use super::steps::{self, Done};
use super::world::{StartedSide, World};
use crate::model::observation::{Fact, ObserverName, SideEnded};
use crate::model::{Pid, Side, Timestamp};
use crate::observe::{Gone, Listening, Observer};
use crate::sys::process::DYING;

/// A side at work.
#[derive(Debug)]
pub struct RunningSide {
    side: Side,
    observer: Option<Box<dyn Observer>>,
    log: Option<SideLog>,
    /// When it last did something, and what it had done until then.
    active: (Duration, Option<u64>),
    left_behind: u64,
    asked_to_end: bool,
    asked_at: Option<Timestamp>,
    went_on: bool,
}

/// How often a side that was told to end is looked at.
const LOOK: Duration = Duration::from_millis(1);

impl RunningSide {
    /// A side that was just started: what is known of it is told.
    pub fn new(side: Side, started: StartedSide, world: &dyn World, log: &mut Log) -> Self {
        steps::started(side, &started);
        if let Some(trouble) = started.trouble {
            log.put(Fact::Trouble(trouble));
        }
        if let Some(observer) = &started.observer {
            log.put(Fact::Started {
                side,
                started: Box::new(observer.started()),
            });
        }
        Self {
            side,
            observer: started.observer,
            log: started.log,
            active: (world.elapsed(), None),
            left_behind: 0,
            asked_to_end: false,
            asked_at: None,
            went_on: false,
        }
    }

    /// Hands on what is new of it.
    pub fn look(&mut self, log: &mut Log) {
        if let Some(observer) = &mut self.observer {
            let mut facts = 0;
            observer.look(&mut |fact| {
                facts += 1;
                log.put(fact);
            });
            steps::facts(self.side, facts);
        }
    }

    /// Whether it listens.
    pub fn listening(&mut self, port: Option<u16>) -> Listening {
        match &mut self.observer {
            Some(observer) => observer.listening(port),
            None => Listening::NotYet,
        }
    }

    /// Its first process, where it may be seen.
    pub fn root(&self) -> Option<Pid> {
        self.observer.as_ref().map(|o| o.started().root)
    }

    /// Whether every event of it is told.
    pub fn is_told_in_full(&self) -> bool {
        let by = self.observer.as_ref().map(|o| o.started().observer);
        matches!(by, Some(ObserverName::Ebpf | ObserverName::Ptrace))
    }

    /// Whether its threads are counted by looking at them again and again.
    pub fn is_sampled(&self) -> bool {
        let by = self.observer.as_ref().map(|o| o.started().observer);
        by == Some(ObserverName::Proc)
    }

    /// Whether its first process has ended, as far as it is followed.
    pub fn first_has_ended(&mut self) -> bool {
        self.observer.as_mut().is_none_or(|o| o.first_has_ended())
    }

    /// Whether all of it has ended that is followed.
    pub fn is_over(&mut self) -> bool {
        self.observer.as_mut().is_none_or(|o| o.is_over())
    }

    /// Whether a client is done: it is over, or its first process has ended and
    /// whatever else it started has been idle for `patience`.
    pub fn is_done(&mut self, patience: Duration, world: &dyn World) -> Option<Done> {
        let Some(observer) = &mut self.observer else {
            return Some(Done::Ended);
        };
        let activity = observer.activity();
        if activity != self.active.1 || !observer.first_has_ended() {
            self.active = (world.elapsed(), activity);
        }
        if observer.is_over() {
            return Some(Done::Ended);
        }
        if world.elapsed().saturating_sub(self.active.0) < patience {
            return None;
        }
        self.left_behind = observer.living().len() as u64;
        Some(Done::Idle(self.left_behind, patience))
    }

    /// Gives it the terminal, where it waits for that.
    pub fn serve_terminal(&mut self, world: &mut dyn World) {
        if self.observer.as_mut().is_some_and(|o| o.wants_terminal()) {
            world.terminal_wanted();
        }
    }

    /// Where what it prints goes: to be ended when nobody is left who prints.
    pub fn take_log(&mut self) -> Option<SideLog> {
        self.log.take()
    }

    /// Waits for something to happen.
    pub fn wait(&self, at_most: Duration, world: &mut dyn World) {
        let wakes = self.observer.as_ref().and_then(|o| o.wakes());
        world.pause(at_most, wakes);
    }

    /// Requests or connections that are over, as far as that is known.
    pub fn done(&self) -> u64 {
        self.observer.as_ref().map_or(0, |o| o.done())
    }

    /// How many flows must be on the wire, as far as that is known.
    pub fn flows_expected(&self) -> u64 {
        self.observer.as_ref().map_or(0, |o| o.flows_expected())
    }

    /// The other side is about to start.
    pub fn another_starts(&mut self) {
        if let Some(observer) = &mut self.observer {
            observer.another_starts();
        }
    }

    /// It was told to end, by whoever interrupted the run: how it ends is not its own
    /// doing.
    pub fn was_told_to_end(&mut self, world: &dyn World) {
        self.asked_at.get_or_insert(world.now());
        self.asked_to_end = true;
    }

    /// Asks all of it to end, and after `grace` makes it end. One that does not
    /// belong to the run is left alone.
    pub fn end(&mut self, grace: Duration, world: &mut dyn World) {
        self.end_while(grace, world, &mut || {});
    }

    /// The same; `tell` is called again and again meanwhile.
    pub fn end_while(&mut self, grace: Duration, world: &mut dyn World, tell: &mut dyn FnMut()) {
        let Some(observer) = &mut self.observer else {
            return;
        };
        if !observer.may_be_ended() || observer.is_over() {
            return;
        }
        self.asked_at.get_or_insert(world.now());
        if observer.first_has_ended() {
            self.went_on |= observer.still_listens();
        } else {
            self.asked_to_end = true;
        }
        for (signal, patience) in [(Signal::TERM, grace), (Signal::KILL, DYING)] {
            let until = world.elapsed() + patience;
            let mut met = observer.living();
            steps::signals(self.side, signal, &met);
            for pid in &met {
                world.signal(*pid, signal);
            }
            while !observer.is_over() && world.elapsed() < until {
                tell();
                world.pause(LOOK, None);
                if signal == Signal::KILL {
                    // It may have forked in between.
                    let living = observer.living();
                    let new: Vec<Pid> = living
                        .iter()
                        .filter(|p| !met.contains(p))
                        .copied()
                        .collect();
                    steps::signals(self.side, signal, &new);
                    met.extend(new);
                    for pid in living {
                        world.signal(pid, signal);
                    }
                }
            }
        }
    }

    /// Ends what is left of it, and tells the rest. Returns when it was started,
    /// and how it ended.
    pub fn finish(
        mut self,
        grace: Duration,
        world: &mut dyn World,
        log: &mut Log,
    ) -> Option<(Timestamp, Gone)> {
        self.end(grace, world);
        world.over(self.side);
        let observer = self.observer?;
        let started = observer.started().at;
        let gone = observer.finish(&mut |fact| log.put(fact));
        steps::ended(self.side, gone.exit);
        log.put(Fact::Ended {
            side: self.side,
            ended: SideEnded {
                at: gone.at,
                exit: gone.exit,
                asked_to_end: self.asked_to_end,
                asked_at: self.asked_at,
                went_on: self.went_on,
                left_behind: self.left_behind,
            },
        });
        log.put(Fact::Cost {
            side: self.side,
            cost: gone.cost,
            observer: gone.observer,
        });
        Some((started, gone))
    }
}
