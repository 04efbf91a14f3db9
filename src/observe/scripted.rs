//! A side that plays back a story, so that the order of a run can be tested
//! without processes.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::{Gone, Listening, Observer, Sink};
use crate::model::observation::{Fact, ObserverName, SideStarted};
use crate::model::{Exit, Pid, SideCost, Timestamp};

/// What is known of a scripted side by who tests it.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The signals that it got, in order.
    pub signals: Rc<RefCell<Vec<(Duration, rustix::process::Signal)>>>,
    /// Whether it was finished, and how often.
    pub finished: Rc<Cell<u32>>,
    /// When it ended.
    pub ended: Rc<Cell<Option<Duration>>>,
}

/// The time that has passed in the test's world.
pub type Clock = Rc<Cell<Duration>>;

/// A side's story.
#[derive(Debug)]
pub struct Scripted {
    /// Its first process.
    pub pid: Pid,
    /// Whose program it is.
    pub observer: ObserverName,
    /// Its command; `None` for a built-in side.
    pub command: Option<Vec<String>>,
    /// When it begins to listen.
    pub listens: Option<(Duration, SocketAddr)>,
    /// When it ends by itself, and how.
    pub ends: Option<(Duration, Exit)>,
    /// The signals that it ignores.
    pub ignores: Vec<rustix::process::Signal>,
    /// Whether it ran already, and belongs to nobody here.
    pub attached: bool,
    /// How many flows it says must be on the wire.
    pub flows: u64,
    /// What is seen of it, and when.
    pub facts: Vec<(Duration, Fact)>,
    /// The time.
    pub clock: Clock,
    /// What happens to it.
    pub log: Log,
}

impl Scripted {
    fn now(&self) -> Timestamp {
        moment(self.clock.get())
    }

    fn died(&self) -> Option<(Duration, Exit)> {
        let by_itself = self.ends.filter(|e| e.0 <= self.clock.get());
        let signals = self.log.signals.borrow();
        let by_signal = signals.iter().find(|s| !self.ignores.contains(&s.1));
        let by_signal = by_signal.map(|s| (s.0, Exit::Signal(s.1.as_raw())));
        match (by_itself, by_signal) {
            (Some(a), Some(b)) => Some(if a.0 <= b.0 { a } else { b }),
            (a, b) => a.or(b),
        }
    }
}

/// The moment after so much time in the test's world.
#[must_use]
pub fn moment(after: Duration) -> Timestamp {
    Timestamp::from_nanos(1_000_000_000_000).plus(after.into())
}

impl Observer for Scripted {
    fn may_be_ended(&self) -> bool {
        !self.attached
    }

    fn started(&self) -> SideStarted {
        SideStarted {
            observer: self.observer,
            provenance: self.observer.provenance(),
            command: self.command.clone(),
            root: self.pid,
            at: moment(Duration::ZERO),
        }
    }

    fn look(&mut self, sink: &mut Sink<'_>) {
        let now = self.clock.get();
        let due = self.facts.iter().take_while(|f| f.0 <= now).count();
        self.facts.drain(..due).for_each(|f| sink(f.1));
    }

    fn first_has_ended(&mut self) -> bool {
        let died = self.died();
        self.log.ended.set(died.map(|d| d.0));
        died.is_some()
    }

    fn is_over(&mut self) -> bool {
        self.first_has_ended()
    }

    fn living(&mut self) -> Vec<Pid> {
        if self.died().is_some() {
            Vec::new()
        } else {
            vec![self.pid]
        }
    }

    fn activity(&self) -> Option<u64> {
        None
    }

    fn done(&self) -> u64 {
        0
    }

    fn flows_expected(&self) -> u64 {
        self.flows
    }

    fn listening(&mut self, _port: Option<u16>) -> Listening {
        match self.listens {
            Some((when, at)) if when <= self.clock.get() => Listening::At(at),
            _ => Listening::NotYet,
        }
    }

    fn finish(self: Box<Self>, sink: &mut Sink<'_>) -> Gone {
        self.log.finished.set(self.log.finished.get() + 1);
        for (_, fact) in &self.facts {
            sink(fact.clone());
        }
        let died = self.died();
        Gone {
            at: died.map_or(self.now(), |d| moment(d.0)),
            exit: died.map(|d| d.1),
            cost: SideCost::default(),
            observer: None,
        }
    }
}
