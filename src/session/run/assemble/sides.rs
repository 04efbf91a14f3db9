//! The two sides, told alike whether they reported themselves or were watched.

use super::super::client::EndedClient;
use super::super::program::Watched;
use super::super::server::EndedServer;
use super::super::{ClientChoice, End, Moments, RunPlan, ServerChoice};
use super::{built, counts, notes, program_troubles, programs, troubles, workers};
use crate::correlate::{ClientSocket, ServerSocket};
use crate::lab::records::{ConnectionNote, RequestNote, read_connection};
use crate::model::{
    Evidence, Exit, Finding, FlowRecord, Provenance, Requests, ServerModel, SideCensus, Strategy,
    Timestamp, WorkerRecord,
};
use crate::observe::sampled::Watch;
use crate::sys::ledger::Ledger;

/// The client.
pub(super) enum ClientSide<'a> {
    BuiltIn {
        ledger: &'a Ledger,
        requests: Vec<RequestNote>,
        exit: Option<Exit>,
    },
    Program {
        watched: &'a Watched,
        left_behind: usize,
    },
}

/// The server.
pub(super) enum ServerSide<'a> {
    BuiltIn {
        ledger: &'a Ledger,
        connections: Vec<ConnectionNote>,
        lost: Option<Exit>,
    },
    Program(&'a Watched),
    Existing,
}

impl<'a> ClientSide<'a> {
    pub fn new(plan: &RunPlan, client: &'a EndedClient) -> Self {
        match client {
            EndedClient::BuiltIn { ledger, exit, .. } => {
                let requests = match &plan.client {
                    ClientChoice::BuiltIn(client) => client.requests,
                    ClientChoice::Command { .. } => 0,
                };
                Self::BuiltIn {
                    ledger,
                    requests: notes(ledger, requests).collect(),
                    exit: *exit,
                }
            }
            EndedClient::Command {
                watched,
                left_behind,
            } => Self::Program {
                watched,
                left_behind: *left_behind,
            },
        }
    }

    /// What is known of it as somebody else's program.
    pub fn watched(&self) -> Option<&'a Watched> {
        match self {
            Self::BuiltIn { .. } => None,
            Self::Program { watched, .. } => Some(watched),
        }
    }

    pub fn provenance(&self) -> Provenance {
        match self {
            Self::BuiltIn { .. } => Provenance::Instrumented,
            Self::Program { .. } => Provenance::Traced,
        }
    }

    /// Whether it can be told which of its threads made a connection.
    pub fn tells_owners(&self) -> bool {
        match self {
            Self::BuiltIn { .. } => true,
            Self::Program { watched, .. } => watched.traced.is_some(),
        }
    }

    pub fn sockets(&self, ended: Timestamp) -> Vec<ClientSocket> {
        match self {
            Self::BuiltIn { requests, .. } => requests
                .iter()
                .filter_map(|n| client_socket(n, ended))
                .collect(),
            Self::Program { watched, .. } => programs::client_sockets(watched, ended),
        }
    }

    pub fn requests(
        &self,
        plan: &RunPlan,
        reached: u64,
        flows: Option<&[FlowRecord]>,
        extra: &mut Vec<Finding>,
    ) -> Requests {
        match self {
            Self::BuiltIn { requests, .. } => {
                let attempted = counts::attempted(requests, flows.map(|_| reached));
                counts::count_requests(requests, attempted, flows)
            }
            Self::Program { watched, .. } => programs::requests(watched, plan, flows, extra),
        }
    }

    pub fn census(&self, moments: Moments, extra: &mut Vec<Finding>) -> SideCensus {
        match self {
            Self::BuiltIn { ledger, .. } => counts::side_census(
                ledger,
                moments.client_started,
                moments.client_ended,
                None,
                extra,
            ),
            Self::Program { watched, .. } => programs::census(watched, moments.over),
        }
    }

    pub fn troubles(&self, end: End, extra: &mut Vec<Finding>) {
        match self {
            Self::BuiltIn { ledger, exit, .. } => {
                troubles::tell_of_client_refusals(ledger, extra);
                troubles::tell_of_client_death(*exit, end, extra);
            }
            Self::Program {
                watched,
                left_behind,
            } => program_troubles::client_troubles(watched, *left_behind, extra),
        }
    }

    pub fn workers(&self, flows: Option<&[FlowRecord]>) -> Vec<WorkerRecord> {
        match self {
            Self::BuiltIn { requests, .. } => workers::client_records(requests),
            Self::Program { watched, .. } => programs::client_workers(watched, flows),
        }
    }

    /// The strategy of a program, as far as it can be concluded.
    pub fn strategy(
        &self,
        flows: &[FlowRecord],
    ) -> (Option<Strategy>, Option<u64>, Option<Evidence>) {
        match self {
            Self::BuiltIn { .. } => (None, None, None),
            Self::Program { watched, .. } => built::client_strategy(watched, flows),
        }
    }
}

impl<'a> ServerSide<'a> {
    pub fn new(server: &'a EndedServer) -> Self {
        match server {
            EndedServer::Embedded { ledger, lost, .. } => Self::BuiltIn {
                ledger,
                connections: ledger
                    .used_entries()
                    .iter()
                    .filter_map(read_connection)
                    .collect(),
                lost: *lost,
            },
            EndedServer::Command(watched) => Self::Program(watched),
            EndedServer::Existing => Self::Existing,
        }
    }

    /// What is known of it as somebody else's program.
    pub fn watched(&self) -> Option<&'a Watched> {
        match self {
            Self::Program(watched) => Some(watched),
            _ => None,
        }
    }

    pub fn provenance(&self) -> Provenance {
        match self {
            Self::BuiltIn { .. } => Provenance::Instrumented,
            _ => Provenance::Traced,
        }
    }

    /// Whether it can be told which of its threads took a connection.
    pub fn tells_owners(&self) -> bool {
        match self {
            Self::BuiltIn { .. } => true,
            Self::Program(watched) => watched.traced.is_some(),
            Self::Existing => false,
        }
    }

    pub fn sockets(&self) -> Vec<ServerSocket> {
        match self {
            Self::BuiltIn { connections, .. } => connections.iter().map(server_socket).collect(),
            Self::Program(watched) => programs::server_sockets(watched),
            Self::Existing => Vec::new(),
        }
    }

    pub fn census(&self, moments: Moments, watch: &Watch, extra: &mut Vec<Finding>) -> SideCensus {
        match self {
            Self::BuiltIn { ledger, .. } => counts::side_census(
                ledger,
                moments.client_started,
                moments.over,
                Some(moments.at_rest),
                extra,
            ),
            Self::Program(watched) => programs::census(watched, moments.over),
            Self::Existing => watch.of_server.side(),
        }
    }

    pub fn troubles(&self, end: End, extra: &mut Vec<Finding>) {
        match self {
            Self::BuiltIn { ledger, lost, .. } => {
                troubles::tell_of_server_refusals(ledger, extra);
                if let Some(exit) = lost {
                    troubles::tell_of_server_death(*exit, extra);
                }
            }
            Self::Program(watched) => program_troubles::server_troubles(watched, end, extra),
            Self::Existing => {}
        }
    }

    pub fn workers(&self) -> Vec<WorkerRecord> {
        match self {
            Self::BuiltIn { connections, .. } => workers::server_records(connections),
            Self::Program(watched) => programs::server_workers(watched),
            Self::Existing => Vec::new(),
        }
    }

    /// How it handles connections, known or concluded.
    pub fn model(
        &self,
        plan: &RunPlan,
        flows: &[FlowRecord],
    ) -> (Option<ServerModel>, Option<Evidence>) {
        match (self, &plan.server) {
            (Self::BuiltIn { .. }, ServerChoice::Embedded(server)) => (Some(server.model), None),
            (Self::Program(watched), _) => built::server_model(watched, flows),
            _ => (None, None),
        }
    }
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
