//! What was seen of one side.

use serde::{Deserialize, Serialize};

use super::{ConnectionNote, Event, ObserverName, Output, OwnTotals, RequestNote, TaskNote};
use crate::model::{Endpoint, Exit, Nanos, Packed, Pid, Provenance, SideCost, Timestamp};

/// A side that begins to be observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideStarted {
    /// Who observes it.
    pub observer: ObserverName,
    /// How its facts are obtained; `None`: there are none.
    pub provenance: Option<Provenance>,
    /// Its command, in words that can be printed; `None` for a built-in side.
    pub command: Option<Vec<String>>,
    /// Its first process.
    pub root: Pid,
    /// When it was executed, or attached to.
    pub at: Timestamp,
}

/// A side that has ended, or was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideEnded {
    /// When its first process ended, or it was left.
    pub at: Timestamp,
    /// How its first process ended; `None` when that is not known, or it goes on.
    pub exit: Option<Exit>,
    /// Whether its first process was asked to end by threadtap.
    pub asked_to_end: bool,
    /// When it, or what was left of it, was asked to.
    pub asked_at: Option<Timestamp>,
    /// Whether others of it still listened then, although its first process had
    /// ended: it is a daemon.
    pub went_on: bool,
    /// How many processes it left behind that did nothing any more.
    pub left_behind: u64,
}

/// What a side's observer took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObserverCost {
    /// CPU time of its thread.
    pub cpu_ns: Nanos,
    /// How often it stopped a task.
    pub stops: u64,
}

/// Everything that was seen of one side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SideObservation {
    /// Whose program it is and who observes it; `None` for a server that was
    /// left alone.
    pub started: Option<SideStarted>,
    /// How it ended; `None` where the log ends before it.
    pub ended: Option<SideEnded>,
    /// The connections to the server that it had when it was found, by its own ends: of a
    /// client that ran already.
    pub found: Vec<Endpoint>,
    /// What its tasks did, as an observer from outside saw it.
    pub events: Vec<Event>,
    /// The tasks that a built-in side created.
    pub tasks: Packed<TaskNote>,
    /// The requests of the built-in client, by number.
    pub requests: Packed<RequestNote>,
    /// The connections of the built-in server, in the order of acceptance.
    pub connections: Packed<ConnectionNote>,
    /// What a built-in side says of itself.
    pub totals: Option<OwnTotals>,
    /// Counts from proc(5): each that differs from the one before.
    pub samples: Vec<Sample>,
    /// What it printed; `None` where its log was not read.
    pub output: Option<Output>,
    /// What it has cost.
    pub cost: SideCost,
    /// What its observer took; `None` where it is not known.
    pub observer_cost: Option<ObserverCost>,
}

/// One look at the counts of threads and processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// Threads; `None` where that could not be read.
    pub threads: Option<u64>,
    /// Processes; `None` where that could not be read.
    pub processes: Option<u64>,
}

impl SideObservation {
    /// Who observes it.
    #[must_use]
    pub fn observer(&self) -> Option<ObserverName> {
        self.started.as_ref().map(|s| s.observer)
    }

    /// Whether it reports itself: one of the built-in programs.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.observer() == Some(ObserverName::Ledger)
    }

    /// Whether every event of it was told.
    #[must_use]
    pub fn is_traced(&self) -> bool {
        matches!(
            self.observer(),
            Some(ObserverName::Ptrace | ObserverName::Ebpf)
        )
    }

    /// How it is known as somebody else's program; `None` for a built-in side
    /// and for a server that was left alone.
    #[must_use]
    pub fn program(&self) -> Option<&SideStarted> {
        self.started.as_ref().filter(|s| s.command.is_some())
    }

    /// How its first process ended.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        self.ended?.exit
    }
}
