//! How the connections of a program of somebody else's went: from what its
//! connect(2) returned and from what the wire shows of each.
//!
//! Whether an answer was right can be said of the TIME protocol only. Of any
//! other protocol a connection that was made has no outcome here.

use std::collections::HashMap;

use super::{Activity, Connection};
use crate::correlate::{SLACK_NS, opened};
use crate::model::{Close, Endpoint, Exit, FlowRecord, Nanos, Outcome, Timestamp};

/// Flows, to be found by the connection that made them.
pub struct Wire<'a> {
    flows: HashMap<Endpoint, Vec<&'a FlowRecord>>,
    /// Whether somebody spoke TIME.
    time: bool,
}

impl<'a> Wire<'a> {
    /// Sorts the flows of a run.
    #[must_use]
    pub fn new(flows: &'a [FlowRecord]) -> Self {
        let mut by_client: HashMap<Endpoint, Vec<&FlowRecord>> = HashMap::new();
        for flow in flows {
            by_client.entry(flow.client).or_default().push(flow);
        }
        Self {
            flows: by_client,
            time: flows
                .iter()
                .any(|f| f.exchanges.iter().any(|e| e.valid.is_some())),
        }
    }

    /// Whether answers can be judged.
    #[must_use]
    pub fn speaks_time(&self) -> bool {
        self.time
    }

    /// The flow of a connection.
    #[must_use]
    pub fn flow_of(&self, connection: &Connection) -> Option<&'a FlowRecord> {
        let candidates = self.flows.get(&connection.local?)?;
        candidates.iter().copied().find(|f| {
            let opened = opened(f);
            let early = connection.from.since(opened).get();
            let late = connection.until.map_or(0, |u| opened.since(u).get());
            early <= SLACK_NS && late <= SLACK_NS
        })
    }

    /// How it went, where that can be said. `side` is the client's, whose
    /// connection it is.
    #[must_use]
    pub fn outcome(&self, connection: &Connection, side: &Activity) -> Option<Outcome> {
        match connection.errno {
            Some(0 | libc::EINPROGRESS | libc::EINTR) => {
                let flow = self.flow_of(connection)?;
                self.on_flow(flow, exit_of(connection, side))
            }
            Some(errno) => Some(of_errno(errno)),
            // It ended inside connect(2).
            None => Some(Outcome::Abandoned),
        }
    }

    /// `exit`: when the client's process may have begun to exit.
    fn on_flow(&self, flow: &FlowRecord, exit: Option<Timestamp>) -> Option<Outcome> {
        let answered = flow.handshake.is_some_and(|h| h.syn_ack_ns.is_some());
        if !answered {
            return Some(match flow.close {
                Close::Rst => Outcome::Refused,
                _ => without_answer(flow, exit),
            });
        }
        if !self.time {
            return None;
        }
        let exchanges = &flow.exchanges;
        // A request that got no answer got no bad one.
        let mut answered = exchanges.iter().filter(|e| e.response_ns.is_some());
        if answered.clone().any(|e| e.valid == Some(false)) {
            Some(Outcome::BadAnswer)
        } else if exchanges.is_empty() || exchanges.iter().any(|e| e.response_ns.is_none()) {
            Some(without_answer(flow, exit))
        } else {
            let all = answered.all(|e| e.valid == Some(true));
            all.then_some(Outcome::Valid)
        }
    }
}

/// Why a request got no answer: because of whoever closed the connection first.
/// `exit`: when the client's process may have begun to exit.
fn without_answer(flow: &FlowRecord, exit: Option<Timestamp>) -> Outcome {
    // In Zeek's history the server's letters are small ones.
    let first = flow.history.chars().find(|c| "fFrRiI".contains(*c));
    match first {
        Some('f') => Outcome::Closed,
        Some('r' | 'i') => Outcome::Reset,
        // A client that closes and lives on has waited long enough.
        _ => match flow.client_closed_ns {
            Some(closed) if exit.is_none_or(|exit| closed < exit) => Outcome::Timeout,
            _ => Outcome::Abandoned,
        },
    }
}

/// When the process that made a connection may have begun to exit; `None` when
/// it did not.
fn exit_of(connection: &Connection, side: &Activity) -> Option<Timestamp> {
    /// How long after its sockets are closed the end of a process that was
    /// killed may be seen.
    const SEEN_LATE: Nanos = Nanos::new(100_000_000);
    let process = side.tasks.get(connection.task).process?;
    let process = &side.tasks.processes()[process];
    let begun = process.exit_begun?;
    Some(match process.exit {
        Some(Exit::Signal(_)) => begun.plus(Nanos::new(-SEEN_LATE.get())),
        _ => begun,
    })
}

fn of_errno(errno: i32) -> Outcome {
    match errno {
        libc::ECONNREFUSED => Outcome::Refused,
        libc::ECONNRESET | libc::EPIPE => Outcome::Reset,
        libc::ETIMEDOUT => Outcome::Timeout,
        libc::EADDRNOTAVAIL => Outcome::NoPort,
        libc::ENETUNREACH | libc::EHOSTUNREACH => Outcome::Unreachable,
        _ => Outcome::Other,
    }
}
