//! The moments of a run, also of one whose log ends early.

use crate::model::observation::{Moments, Observation, Sample, SideObservation, Trouble};
use crate::model::{
    Counts, FlowRecord, Nanos, Provenance, SideCensus, SystemCensus, SystemCounts, Timestamp,
};

/// When things happened in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct When {
    /// The moments. Where the log ends early, the last that is known stands for
    /// each that is missing.
    pub moments: Moments,
    /// Whether the log goes to the run's end.
    pub whole: bool,
    /// Whether a program could not be started, so that no client was run.
    pub no_client_ran: bool,
    /// Whether the client's beginning and end are both known.
    client_known: bool,
}

impl When {
    pub fn of(observation: &Observation, flows: &[FlowRecord]) -> Self {
        let no_client_ran = observation.no_client_ran();
        if let Some((_, moments)) = observation.end {
            return Self {
                moments,
                whole: true,
                no_client_ran,
                client_known: observation.client.started.is_some(),
            };
        }
        let last = last_fact(observation, flows).unwrap_or_default();
        let started = observation.client.started.as_ref().map(|s| s.at);
        let ended = observation.client.ended.map(|e| e.at);
        Self {
            moments: Moments {
                client_started: started.unwrap_or(last),
                client_ended: ended.unwrap_or(last),
                at_rest: last,
                over: last,
            },
            whole: false,
            no_client_ran,
            client_known: started.is_some() && ended.is_some(),
        }
    }

    /// From the client's start to the rest on the wire, as a clock that nobody sets has it.
    pub fn duration(&self, observation: &Observation) -> Nanos {
        let by_the_clock = self.moments.at_rest.since(self.moments.client_started);
        let set = clock_set(observation).fold(0, i64::saturating_add);
        if set == 0 {
            return by_the_clock;
        }
        Nanos::new(by_the_clock.get().saturating_sub(set).max(0))
    }

    /// From the client's start to its end; `None` where one of them is not known.
    /// A client that goes on without its first process ends with the last of its
    /// processes, or where threadtap ended those, with the last that they did.
    /// Where the clock was set meanwhile, it is not known.
    pub fn client_duration(
        &self,
        observation: &Observation,
        flows: &[FlowRecord],
    ) -> Option<Nanos> {
        if clock_was_set(observation) {
            return None;
        }
        let client = &observation.client;
        let asked = client.ended.and_then(|e| e.asked_at);
        let own = flows.iter().filter(|f| f.client_owner.is_some());
        // Of one that ends by itself the system may send the last frames.
        let frames = own.map(|f| f.last_ns).filter(|_| asked.is_some());
        let times = client.events.iter().map(|e| e.at).chain(frames);
        let by_itself = times.filter(|at| asked.is_none_or(|asked| *at <= asked));
        let ended = by_itself.max().max(Some(self.moments.client_ended));
        let from = self.moments.client_started;
        ended.filter(|_| self.client_known).map(|to| to.since(from))
    }

    /// Whether a side's end is in the log, and so all that it did.
    pub fn knows_all_of(&self, side: &SideObservation) -> bool {
        self.whole || side.ended.is_some()
    }

    /// The census of a side that was watched. Where the log ends before the side
    /// did it tells how many there were before, and the changes until then; what
    /// came later nobody knows.
    pub fn side(&self, seen: &SideObservation, census: SideCensus) -> SideCensus {
        if self.knows_all_of(seen) {
            return census;
        }
        let before = |counts: Counts| Counts {
            before: counts.before,
            ..Counts::default()
        };
        SideCensus {
            processes: before(census.processes),
            threads: before(census.threads),
            ..census
        }
    }

    /// The same of the whole system.
    pub fn system(&self, census: SystemCensus) -> SystemCensus {
        if self.whole {
            return census;
        }
        let before = |counts: SystemCounts| SystemCounts {
            before: counts.before,
            ..SystemCounts::default()
        };
        SystemCensus {
            threads: before(census.threads),
            processes: before(census.processes),
            ..census
        }
    }
}

/// Whether the clock was set in a run.
pub fn clock_was_set(observation: &Observation) -> bool {
    clock_set(observation).next().is_some()
}

/// By how much the clock was set in a run, each time.
fn clock_set(observation: &Observation) -> impl Iterator<Item = i64> {
    observation
        .troubles
        .iter()
        .filter_map(|trouble| match trouble {
            Trouble::ClockSet { by_ns } => Some(by_ns.get()),
            _ => None,
        })
}

/// A census as far as the clock tells of it. Where that was set back, what came later
/// seems to come before: who was there at one moment is not known, and who was created is.
/// Looks at a side that was sampled stand in their order.
pub fn by_a_clock(observation: &Observation, census: SideCensus) -> SideCensus {
    let sampled = census.provenance == Some(Provenance::Sampled);
    if sampled || !clock_set(observation).any(|by| by < 0) {
        return census;
    }
    let created = |counts: Counts| Counts {
        created: counts.created,
        ..Counts::default()
    };
    SideCensus {
        processes: created(census.processes),
        threads: created(census.threads),
        timeline: Vec::new(),
        timeline_step_ns: None,
        ..census
    }
}

/// The latest moment that anything tells of.
fn last_fact(observation: &Observation, flows: &[FlowRecord]) -> Option<Timestamp> {
    let sides = [&observation.client, &observation.server];
    let of_sides = sides.into_iter().flat_map(|side| {
        let started = side.started.as_ref().map(|s| s.at);
        let events = side.events.iter().map(|e| e.at);
        let tasks = side.tasks.iter().map(|t| t.ended.unwrap_or(t.started));
        let requests = side.requests.iter().filter_map(|r| r.ended.or(r.started));
        let connections = side
            .connections
            .iter()
            .map(|c| c.closed.unwrap_or(c.accepted));
        started
            .into_iter()
            .chain(events)
            .chain(tasks)
            .chain(requests)
            .chain(connections)
            .chain(last_sample(&side.samples))
            .chain(side.ended.map(|e| e.at))
    });
    of_sides
        .chain(last_sample(&observation.system))
        .chain(flows.iter().map(|f| f.last_ns))
        .max()
}

fn last_sample(samples: &[Sample]) -> Option<Timestamp> {
    samples.last().map(|s| s.at)
}
