//! Everything that was seen in a run, before any conclusion.
//!
//! A run's facts come one by one ([`Fact`]), are written down as they come
//! (`observation.jsonl`), and are gathered here. The same facts in the same
//! order make the same [`Observation`], live or read again on another machine;
//! `assemble` makes the record of the run from it and from the flows.

mod asked;
mod event;
mod fact;
mod kernel;
mod notes;
mod observer;
mod output;
mod side;
mod trouble;

#[cfg(test)]
pub(crate) mod arbitrary;
#[cfg(test)]
mod tests;

pub use asked::{Asked, AskedCapture, AskedClient, AskedProgram, AskedPrograms, AskedServer};
pub use event::{Change, Event, MOST_ELSEWHERE, SocketId};
pub use fact::{Counted, End, Fact, Header, Leftovers, Moments, SCHEMA_OBSERVATION};
pub use kernel::{KernelLook, TaskLimit};
pub use notes::{ConnectionNote, OwnTotals, RequestNote, TaskNote};
pub use observer::ObserverName;
pub use output::Output;
pub use side::{ObserverCost, Sample, SideEnded, SideObservation, SideStarted};
pub use trouble::Trouble;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{CaptureFile, Endpoint, Nanos, Side, StopReason, Timestamp};

/// What the capture counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireFacts {
    /// The frames' link type, by libpcap's name.
    pub link_type: String,
    /// The filter, in libpcap's language.
    pub filter: String,
    /// Frames delivered.
    pub frames: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Frames lost because the buffer was full; `None` when not known.
    pub dropped_by_kernel: Option<u64>,
    /// Frames lost by the interface or its driver; `None` when not known.
    pub dropped_by_interface: Option<u64>,
    /// Why it ended.
    pub stop_reason: StopReason,
    /// CPU time of its thread; `None` when it failed.
    pub cpu_ns: Option<Nanos>,
    /// The files that the frames were written to; empty where it is one, `capture.pcap`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<CaptureFile>,
}

/// Everything that was seen in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Who saw it, where, and what was asked for.
    pub header: Header,
    /// Where the server listens; empty where the log ends before that.
    pub target: String,
    /// The side that opens connections.
    pub client: SideObservation,
    /// The side that accepts them.
    pub server: SideObservation,
    /// Counts of the whole system: each that differs from the one before.
    pub system: Vec<Sample>,
    /// What the kernel itself counted, each look at it in turn.
    pub kernel: Vec<KernelLook>,
    /// What the capture counted; `None` without one.
    pub wire: Option<WireFacts>,
    /// What went wrong.
    pub troubles: Vec<Trouble>,
    /// Processes that nobody followed; `None`: nobody looked.
    pub leftovers: Option<Leftovers>,
    /// How the run ended, and its moments; `None` where the log ends before it.
    pub end: Option<(End, Moments)>,
}

impl Observation {
    /// An observation that has just begun.
    #[must_use]
    pub fn new(header: Header) -> Self {
        Self {
            header,
            target: String::new(),
            client: SideObservation::default(),
            server: SideObservation::default(),
            system: Vec::new(),
            kernel: Vec::new(),
            wire: None,
            troubles: Vec::new(),
            leftovers: None,
            end: None,
        }
    }

    /// One side.
    #[must_use]
    pub fn side(&self, side: Side) -> &SideObservation {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut SideObservation {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Whether a program could not be started, so that no client ran.
    #[must_use]
    pub fn no_client_ran(&self) -> bool {
        let mut troubles = self.troubles.iter();
        troubles.any(Trouble::ends_the_run)
    }

    /// Of a watch, since when all of it was watched: what began before is not counted as
    /// begun. `None` of a run, and where the log ends before that moment.
    #[must_use]
    pub fn watched_since(&self) -> Option<Timestamp> {
        let is_watch = self.header.asked.is_watch();
        self.kernel.first().filter(|_| is_watch).map(|look| look.at)
    }

    /// The client's own ends of the connections that it had begun before that moment.
    #[must_use]
    pub fn begun_before_the_watch(&self) -> HashSet<Endpoint> {
        let since = self.watched_since();
        let events = self.client.events.iter();
        let earlier = events.filter_map(|event| match event.what {
            Change::Connected { from, local, .. } if since.is_none_or(|since| from < since) => {
                local
            }
            _ => None,
        });
        self.client.found.iter().copied().chain(earlier).collect()
    }

    /// How the run ended; `None` where the log ends before it.
    #[must_use]
    pub fn ended(&self) -> Option<End> {
        self.end.map(|e| e.0)
    }

    /// Takes one more fact in.
    pub fn add(&mut self, fact: Fact) {
        match fact {
            Fact::Header(header) => self.header = *header,
            Fact::Target(target) => self.target = target,
            Fact::Started { side, started } => self.side_mut(side).started = Some(*started),
            Fact::Event { side, event } => self.side_mut(side).events.push(event),
            Fact::Task { side, task } => self.side_mut(side).tasks.push(task),
            Fact::Request(note) => self.client.requests.push(note),
            Fact::Connection(note) => self.server.connections.push(note),
            Fact::FoundConnections { side, local } => self.side_mut(side).found.extend(local),
            Fact::Sample { of, sample } => match of {
                Counted::Client => self.client.samples.push(sample),
                Counted::Server => self.server.samples.push(sample),
                Counted::System => self.system.push(sample),
            },
            Fact::Totals { side, totals } => self.side_mut(side).totals = Some(totals),
            Fact::Ended { side, ended } => self.side_mut(side).ended = Some(ended),
            Fact::Cost {
                side,
                cost,
                observer,
            } => {
                let side = self.side_mut(side);
                side.cost = cost;
                side.observer_cost = observer;
            }
            Fact::Output { side, output } => self.side_mut(side).output = Some(output),
            Fact::Kernel(look) => self.kernel.push(look),
            Fact::Wire(wire) => self.wire = Some(wire),
            Fact::Trouble(trouble) => self.troubles.push(trouble),
            Fact::Leftovers(leftovers) => self.leftovers = Some(leftovers),
            Fact::End { end, moments } => self.end = Some((end, moments)),
        }
    }
}
