//! The observers of a side of a run: one folder for each method. What an observer
//! sees becomes [`Fact`]s; no conclusion is drawn here.
//!
//! * [`ledger`]: a built-in side reports itself in shared memory: exact.
//! * [`ptrace`]: the kernel reports each event of a program: exact.
//! * [`ebpf`]: programs in the kernel tell each event of a program: exact.
//! * [`both`]: the two before at once, held against each other: a check of them.
//! * [`sampled`]: proc(5) is read every few milliseconds, or the program is only
//!   waited for.
//! * `scripted`: a fake for tests, with events written in advance.

pub mod both;
pub mod ebpf;
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

/// The function that receives the facts.
pub type Sink<'a> = dyn FnMut(Fact) + 'a;

/// Whether a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listening {
    /// Not yet.
    NotYet,
    /// There.
    At(SocketAddr),
    /// It failed to listen; the text is the server's own message.
    Failed(String),
}

/// A side that has ended, or from which the observer has detached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// When its first process ended, or the observer detached.
    pub at: Timestamp,
    /// How its first process ended; `None` when that is not known.
    pub exit: Option<Exit>,
    /// The CPU time and memory that it used.
    pub cost: SideCost,
    /// The CPU time of its observer; `None` where the observer has no thread.
    pub observer: Option<ObserverCost>,
}

/// Observes one side while it runs.
///
/// An observer belongs to a side that has been started, or that it is attached
/// to. It never ends a process by itself: the session does that, and uses what
/// the observer knows.
pub trait Observer: Debug {
    /// Which program it is, and how it is observed.
    fn started(&self) -> SideStarted;

    /// Passes on what was observed since the last call.
    fn look(&mut self, sink: &mut Sink<'_>);

    /// Whether its first process has ended.
    fn first_has_ended(&mut self) -> bool;

    /// Whether all processes that it follows have ended.
    fn is_over(&mut self) -> bool;

    /// The processes of the side that still run, as far as it follows them.
    fn living(&mut self) -> Vec<Pid>;

    /// A number that changes when the side does something; `None` where that
    /// cannot be seen.
    fn activity(&self) -> Option<u64>;

    /// How many of its requests or connections are finished, as far as is known.
    fn done(&self) -> u64;

    /// How many of its connections must be in the capture, as far as is known.
    fn flows_expected(&self) -> u64;

    /// Whether it listens on this port; without a port, on any.
    fn listening(&mut self, port: Option<u16>) -> Listening;

    /// Whether its remaining processes listen on a port although its first process
    /// has ended.
    fn still_listens(&mut self) -> bool {
        false
    }

    /// Another side is about to start: from now on an orphaned process may belong
    /// to either side.
    fn another_starts(&mut self) {}

    /// Whether it belongs to the run and may be ended.
    fn may_be_ended(&self) -> bool {
        true
    }

    /// Whether it was stopped, since this was asked the last time, because it reads
    /// from the terminal and is not in its foreground group.
    fn wants_terminal(&mut self) -> bool {
        false
    }

    /// A descriptor that becomes readable when the side ends, if there is one.
    fn wakes(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Passes on the last facts. To be called when the side has ended; from a
    /// server that it was attached to, it detaches.
    fn finish(self: Box<Self>, sink: &mut Sink<'_>) -> Gone;
}
