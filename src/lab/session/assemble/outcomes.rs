//! How the connections of a program of somebody else's went: from what its
//! connect(2) returned and from what the wire shows of each.
//!
//! Whether an answer was right can be said of the TIME protocol only. Of any
//! other protocol a connection that was made has no outcome here.

use std::collections::HashMap;

use crate::correlate::{SLACK_NS, opened};
use crate::model::{Close, Endpoint, FlowRecord, Outcome};
use crate::traced::Connection;

/// Flows, to be found by the connection that made them.
pub(super) struct Wire<'a> {
    flows: HashMap<Endpoint, Vec<&'a FlowRecord>>,
    /// Whether somebody spoke TIME.
    time: bool,
}

impl<'a> Wire<'a> {
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
    pub fn speaks_time(&self) -> bool {
        self.time
    }

    /// The flow of a connection.
    pub fn flow_of(&self, connection: &Connection) -> Option<&'a FlowRecord> {
        let candidates = self.flows.get(&connection.local?)?;
        candidates.iter().copied().find(|f| {
            let opened = opened(f);
            let early = connection.from.since(opened).get();
            let late = connection.until.map_or(0, |u| opened.since(u).get());
            early <= SLACK_NS && late <= SLACK_NS
        })
    }

    /// How it went, where that can be said.
    pub fn outcome(&self, connection: &Connection) -> Option<Outcome> {
        match connection.errno {
            Some(0 | libc::EINPROGRESS | libc::EINTR) => self.on_flow(self.flow_of(connection)?),
            Some(errno) => Some(of_errno(errno)),
            // It ended inside connect(2).
            None => Some(Outcome::Abandoned),
        }
    }

    fn on_flow(&self, flow: &FlowRecord) -> Option<Outcome> {
        let answered = flow.handshake.is_some_and(|h| h.syn_ack_ns.is_some());
        if !answered {
            return Some(match flow.close {
                Close::Rst => Outcome::Refused,
                _ => Outcome::Abandoned,
            });
        }
        if !self.time {
            return None;
        }
        let judged = flow.exchanges.iter().filter_map(|e| e.valid);
        let all_valid = judged.reduce(|a, b| a && b);
        Some(match (all_valid, flow.close) {
            (Some(true), _) => Outcome::Valid,
            (Some(false), _) => Outcome::BadAnswer,
            (None, Close::Rst) => Outcome::Reset,
            (None, Close::Fin) => Outcome::Closed,
            (None, Close::Open) => Outcome::Abandoned,
        })
    }
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
