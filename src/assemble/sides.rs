//! The two sides, told alike whether they reported themselves or were watched.

use super::connections::Attempt;
use super::moments::When;
use super::open_loop::DueTimes;
use super::programs::Known;
use super::watched::Watched;
use super::{built, connections, counts, programs, samples, served, workers};
use crate::activity::Activity;
use crate::activity::outcomes::Terms;
use crate::correlate::{self, ClientSocket, ServerSocket};
use crate::model::observation::{
    AskedClient, AskedServer, ConnectionNote, Observation, ObserverName, RequestNote,
    SideObservation,
};
use crate::model::{
    Evidence, FlowRecord, Packed, Provenance, Requests, ServerModel, SideCensus, Strategy,
    Timestamp, WorkerRecord,
};

/// The client.
pub(super) enum ClientSide<'a> {
    BuiltIn {
        seen: &'a SideObservation,
        /// How many requests it was to make.
        requests: u64,
    },
    Program {
        watched: Watched<'a>,
        /// How many requests it makes, where that is known.
        requests: Option<u64>,
    },
}

/// The server.
pub(super) enum ServerSide<'a> {
    BuiltIn {
        seen: &'a SideObservation,
        model: ServerModel,
    },
    Program(Watched<'a>),
    /// One that was left alone.
    Existing(&'a SideObservation),
}

impl<'a> ClientSide<'a> {
    pub fn new(observation: &'a Observation, activity: Option<&'a Activity>) -> Self {
        let seen = &observation.client;
        match observation.header.asked.client {
            AskedClient::BuiltIn { requests, .. } => Self::BuiltIn { seen, requests },
            AskedClient::Program { requests } => Self::Program {
                watched: Watched { seen, activity },
                requests,
            },
            AskedClient::Existing { .. } => Self::Program {
                watched: Watched { seen, activity },
                requests: None,
            },
        }
    }

    /// What is known of it as somebody else's program.
    pub fn program(&self) -> Option<Watched<'a>> {
        match self {
            Self::BuiltIn { .. } => None,
            Self::Program { watched, .. } => Some(*watched),
        }
    }

    pub fn command(&self) -> Option<Vec<String>> {
        self.program()?.seen.program()?.command.clone()
    }

    pub fn provenance(&self) -> Provenance {
        match self {
            Self::BuiltIn { .. } => Provenance::Instrumented,
            Self::Program { watched, .. } => watched.provenance(),
        }
    }

    /// Whether it can be told which of its threads made a connection.
    pub fn tells_owners(&self) -> bool {
        match self {
            Self::BuiltIn { seen, .. } => has_reported(seen),
            Self::Program { watched, .. } => watched.activity.is_some(),
        }
    }

    pub fn sockets(&self, ended: Timestamp) -> Vec<ClientSocket> {
        match self {
            Self::BuiltIn { seen, .. } => seen
                .requests
                .iter()
                .filter_map(|n| client_socket(&n, ended))
                .collect(),
            Self::Program { watched, .. } => programs::client_sockets(*watched, ended),
        }
    }

    /// Whether all the connections are known that it tried to make. A program of
    /// which none was seen (`none_seen`) may have made them by calls that are not traced, and so
    /// may one that `hides` some.
    pub fn knows_all(&self, none_seen: bool, hides: bool) -> bool {
        match self {
            Self::BuiltIn { seen, .. } => has_reported(seen),
            // Who was watched from the kernel had no way that was not seen.
            Self::Program { watched, .. } => {
                let in_full = watched.seen.observer() == Some(ObserverName::Ebpf);
                self.tells_owners() && (in_full || !none_seen) && !hides
            }
        }
    }

    /// `reached`: how many connections whose port is not known reached the wire.
    pub fn requests(&self, reached: u64, known: Known<'_>) -> Requests {
        let requests = match self {
            Self::BuiltIn { seen, requests } if has_reported(seen) => {
                let attempted = counts::attempted(&seen.requests, known.flows.map(|_| reached));
                counts::count_requests(&seen.requests, *requests, attempted, known.own)
            }
            // What it noted went with it: only the wire is left.
            Self::BuiltIn { seen, requests } => {
                let watched = Watched {
                    seen,
                    activity: None,
                };
                programs::requests(watched, Some(*requests), known)
            }
            Self::Program {
                watched, requests, ..
            } => programs::requests(*watched, *requests, known),
        };
        requests.with_total()
    }

    /// Of a client that was never run.
    pub fn requests_of_none(&self, own: Option<&[&FlowRecord]>) -> Requests {
        counts::without_a_client(self.submitted(), own).with_total()
    }

    /// How many requests it was to make, where that is known.
    fn submitted(&self) -> Option<u64> {
        match self {
            Self::BuiltIn { requests, .. } => Some(*requests),
            Self::Program { requests, .. } => *requests,
        }
    }

    /// Whether it told itself how each of its requests went.
    pub fn has_noted_all(&self) -> bool {
        matches!(self, Self::BuiltIn { seen, .. } if has_reported(seen))
    }

    /// How each of its attempts to connect went, where its own side tells.
    pub fn attempts(&self, flows: &[FlowRecord]) -> Option<Vec<Attempt>> {
        match self {
            Self::BuiltIn { seen, .. } => has_reported(seen).then(|| connections::noted(seen)),
            Self::Program { watched, .. } => connections::traced(*watched, flows),
        }
    }

    pub fn census(&self, when: &When) -> SideCensus {
        if when.no_client_ran {
            return SideCensus::absent();
        }
        match self {
            Self::BuiltIn { seen, .. } => counts::side_census(
                seen,
                when.moments.client_started,
                when.moments.client_ended,
                seen.totals.and_then(|t| t.after),
            ),
            Self::Program { watched, .. } => {
                when.side(watched.seen, programs::census(*watched, when))
            }
        }
    }

    /// `terms`: on which flows tell how requests ended. `due`: when its requests were due,
    /// where they were at a rate.
    pub fn workers(
        &self,
        flows: Option<&[FlowRecord]>,
        terms: Terms,
        due: Option<DueTimes>,
    ) -> Packed<WorkerRecord> {
        match self {
            Self::BuiltIn { seen, .. } => workers::client_records(&seen.requests, due).collect(),
            Self::Program { watched, .. } => programs::client_workers(*watched, flows, terms)
                .into_iter()
                .collect(),
        }
    }

    /// The strategy of a program, as far as it can be concluded.
    pub fn strategy(
        &self,
        flows: &[FlowRecord],
    ) -> (Option<Strategy>, Option<u64>, Option<Evidence>) {
        match self {
            Self::BuiltIn { .. } => (None, None, None),
            Self::Program { watched, .. } => built::client_strategy(*watched, flows),
        }
    }
}

impl<'a> ServerSide<'a> {
    pub fn new(observation: &'a Observation, activity: Option<&'a Activity>) -> Self {
        let seen = &observation.server;
        match observation.header.asked.server {
            AskedServer::Embedded { model } => Self::BuiltIn { seen, model },
            AskedServer::Program | AskedServer::Existing { attached: true } => {
                Self::Program(Watched { seen, activity })
            }
            // Its process was found by its socket, and seen in full.
            AskedServer::Existing { .. } if seen.is_traced() => {
                Self::Program(Watched { seen, activity })
            }
            AskedServer::Existing { attached: false } => Self::Existing(seen),
        }
    }

    /// Whether it is threadtap's own, which speaks TIME and nothing else.
    pub const fn is_embedded(&self) -> bool {
        matches!(self, Self::BuiltIn { .. })
    }

    /// What is known of it as somebody else's program.
    pub fn program(&self) -> Option<Watched<'a>> {
        match self {
            Self::Program(watched) => Some(*watched),
            _ => None,
        }
    }

    pub fn command(&self) -> Option<Vec<String>> {
        self.program()?.seen.program()?.command.clone()
    }

    pub fn provenance(&self) -> Provenance {
        match self {
            Self::Program(watched) => watched.provenance(),
            _ => Provenance::Instrumented,
        }
    }

    /// Whether it can be told which of its threads took a connection.
    pub fn tells_owners(&self) -> bool {
        match self {
            Self::BuiltIn { seen, .. } => has_reported(seen),
            Self::Program(watched) => watched.activity.is_some(),
            Self::Existing(_) => false,
        }
    }

    pub fn sockets(&self) -> Vec<ServerSocket> {
        let mut all = Vec::new();
        self.each_socket(&mut |socket| all.push(socket));
        all
    }

    /// Hands on each connection that it accepted. There may be millions.
    pub fn each_socket(&self, take: &mut dyn FnMut(ServerSocket)) {
        match self {
            Self::BuiltIn { seen, .. } => {
                seen.connections
                    .iter()
                    .for_each(|n| take(server_socket(&n)));
            }
            Self::Program(watched) => programs::server_sockets(*watched).for_each(take),
            Self::Existing(_) => {}
        }
    }

    /// Gives flows their owners, and their exchanges the threads that served them.
    pub fn own(&self, flows: &mut [FlowRecord]) {
        let found = correlate::own_servers(flows, &self.sockets(), self.provenance());
        match self {
            // In every model one thread serves all of a connection.
            Self::BuiltIn { .. } => served::by_one(flows),
            Self::Program(watched) => served::by_hands(*watched, flows, &found),
            Self::Existing(_) => {}
        }
    }

    pub fn census(&self, when: &When) -> SideCensus {
        match self {
            Self::BuiltIn { seen, .. } => counts::side_census(
                seen,
                when.moments.client_started,
                when.moments.over,
                when.whole.then_some(when.moments.at_rest),
            ),
            Self::Program(watched) => when.side(watched.seen, programs::census(*watched, when)),
            Self::Existing(seen) => when.side(seen, samples(&seen.samples).side()),
        }
    }

    pub fn put_workers(&self, to: &mut Packed<WorkerRecord>) {
        match self {
            Self::BuiltIn { seen, .. } => to.extend(workers::server_records(&seen.connections)),
            Self::Program(watched) => to.extend(programs::server_workers(*watched)),
            Self::Existing(_) => {}
        }
    }

    /// How it handles connections, known or concluded.
    pub fn model(&self, flows: &[FlowRecord]) -> (Option<ServerModel>, Option<Evidence>) {
        match self {
            Self::BuiltIn { model, .. } => (Some(*model), None),
            Self::Program(watched) => built::server_model(*watched, flows),
            Self::Existing(_) => (None, None),
        }
    }
}

/// Whether all that a built-in side noted is there: its totals come last.
fn has_reported(side: &SideObservation) -> bool {
    side.totals.is_some()
}

fn client_socket(note: &RequestNote, client_ended: Timestamp) -> Option<ClientSocket> {
    let (worker, pid, tid) = note.taken_by?;
    Some(ClientSocket {
        worker,
        pid,
        tid,
        local: note.client,
        from: note.connect?,
        until: note.connected.or(note.ended).unwrap_or(client_ended),
    })
}

fn server_socket(note: &ConnectionNote) -> ServerSocket {
    let serve_tid = note.served_by.map(|s| s.1);
    ServerSocket {
        peer: note.client,
        accepted: note.accepted,
        pid: note.served_by.unwrap_or(note.accepted_by).0,
        accept_tid: Some(note.accepted_by.1),
        serve_tid,
        // Whoever receives a request answers it, in every model.
        send_tid: serve_tid,
    }
}
