//! Who watches a side of a run, a folder a backend. What an observer sees becomes
//! [`Fact`]s; nothing is concluded here.
//!
//! * [`ledger`]: a built-in side reports itself in shared memory: exact.
//! * [`ptrace`]: the kernel tells of each event of a program: exact.
//! * [`sampled`]: proc(5) is looked at now and then, or the program is only
//!   waited for.
//! * `scripted`: a fake for tests, which plays back a story.

pub mod ledger;
pub mod ptrace;
pub mod sampled;
#[cfg(test)]
pub mod scripted;

use std::fmt::Debug;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

use crate::model::observation::{Fact, ObserverCost, SideStarted};
use crate::model::{Exit, Pid, SideCost, Timestamp};

/// Who gets the facts.
pub type Sink<'a> = dyn FnMut(Fact) + 'a;

/// Whether a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listening {
    /// Not yet.
    NotYet,
    /// There.
    At(SocketAddr),
    /// It never will, in its own words.
    Failed(String),
}

/// A side that is over, or was let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// When its first process ended, or it was let go.
    pub at: Timestamp,
    /// How its first process ended; `None` when that is not known.
    pub exit: Option<Exit>,
    /// What it cost.
    pub cost: SideCost,
    /// What its observer took; `None` where it has no thread of its own.
    pub observer: Option<ObserverCost>,
}

/// Whoever watches one side while it runs.
///
/// An observer belongs to a side that has been started, or that it was attached
/// to. It ends nothing by itself: who conducts the run does, with the help of
/// what is told here.
pub trait Observer: Debug {
    /// Whose program it is, and how it is observed.
    fn started(&self) -> SideStarted;

    /// Hands on what was seen since the last look.
    fn look(&mut self, sink: &mut Sink<'_>);

    /// Whether its first process has ended.
    fn first_has_ended(&mut self) -> bool;

    /// Whether all of it has ended that is followed.
    fn is_over(&mut self) -> bool;

    /// The processes of it that live, as far as they are followed.
    fn living(&mut self) -> Vec<Pid>;

    /// A number that changes when the side does something; `None` where that
    /// cannot be seen.
    fn activity(&self) -> Option<u64>;

    /// How many of its requests or connections are over, as far as that is known.
    fn done(&self) -> u64;

    /// How many of its connections must be on the wire, as far as that is known.
    fn flows_expected(&self) -> u64;

    /// Whether it listens, on this port or else on its first.
    fn listening(&mut self, port: Option<u16>) -> Listening;

    /// Whether what is left of it listens anywhere, although its first process
    /// has ended.
    fn still_listens(&mut self) -> bool {
        false
    }

    /// Another side is about to start: orphans are no longer this one's for sure.
    fn another_starts(&mut self) {}

    /// Whether it belongs to the run and may be ended.
    fn may_be_ended(&self) -> bool {
        true
    }

    /// Becomes readable when the side ends, where there is such a thing.
    fn wakes(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Hands on the last facts. To be called when the side is over; one that was
    /// attached to is let go.
    fn finish(self: Box<Self>, sink: &mut Sink<'_>) -> Gone;
}
