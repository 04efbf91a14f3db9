//! What became of the client's connections.

use super::watched::Watched;
use crate::activity::Connection;
use crate::activity::outcomes::Wire;
use crate::model::observation::{RequestNote, SideObservation};
use crate::model::{Close, Connections, FlowRecord, Outcome, Provenance};

/// How an attempt went, by what its own side saw of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    Established,
    Refused,
    Neither,
    /// Nobody saw the end of it.
    Unknown,
}

/// `attempted`: how many connect(2) calls there were, where that is known, and how.
/// `tried`: how each of them went. `own`: the client's flows, where all of them were
/// captured.
pub(super) fn connections(
    (attempted, known): (Option<u64>, Provenance),
    tried: Option<Vec<Attempt>>,
    own: Option<&[&FlowRecord]>,
) -> Connections {
    let by = |attempted: Option<u64>| attempted.map(|_| known);
    let tried = match own {
        Some(own) => Some(on_the_wire(own)),
        None => attempted.and(tried),
    };
    let Some((established, refused)) = tried.as_deref().and_then(both) else {
        return Connections {
            attempted,
            attempted_provenance: by(attempted),
            ..Connections::default()
        };
    };
    let counted = |of: fn(&FlowRecord) -> bool| {
        own.map(|own| {
            let all = own.iter().filter(|f| is_established(f) && of(f));
            all.count() as u64
        })
    };
    Connections {
        attempted,
        established: Some(established),
        refused: Some(refused),
        not_established: attempted.and_then(|all| all.checked_sub(established + refused)),
        reset: counted(|f| f.history.contains(['r', 'R'])),
        without_request: counted(|f| f.client_payload_bytes == 0 && f.exchanges.is_empty()),
        attempted_provenance: by(attempted),
        provenance: match own {
            Some(_) => Some(Provenance::Captured),
            None => by(attempted),
        },
    }
}

/// How many were made and how many refused; `None` where that is not known of all.
fn both(tried: &[Attempt]) -> Option<(u64, u64)> {
    let count = |wanted| tried.iter().filter(|t| **t == wanted).count() as u64;
    let known = count(Attempt::Unknown) == 0;
    known.then(|| (count(Attempt::Established), count(Attempt::Refused)))
}

fn on_the_wire(own: &[&FlowRecord]) -> Vec<Attempt> {
    own.iter().map(|flow| of_flow(flow)).collect()
}

fn of_flow(flow: &FlowRecord) -> Attempt {
    match flow.handshake {
        Some(_) if is_established(flow) => Attempt::Established,
        Some(h) if h.syn_ack_ns.is_none() && flow.close == Close::Rst => Attempt::Refused,
        _ => Attempt::Neither,
    }
}

fn is_established(flow: &FlowRecord) -> bool {
    flow.is_established()
}

/// By the notes of a built-in client.
pub(super) fn noted(seen: &SideObservation) -> Vec<Attempt> {
    let begun = seen.requests.iter().filter(|n| n.connect.is_some());
    let attempt = |n: RequestNote| match n.outcome {
        _ if n.connected.is_some() => Attempt::Established,
        Outcome::Refused => Attempt::Refused,
        // Its process ended before it could note more.
        _ if n.ended.is_none() => Attempt::Unknown,
        _ => Attempt::Neither,
    };
    begun.map(attempt).collect()
}

/// How a connection went that was made in the background, by what was asked of it later.
fn settled(connection: &Connection) -> Attempt {
    match (connection.was_connected(), connection.settled) {
        (Some(true), _) => Attempt::Established,
        (_, Some((_, libc::ECONNREFUSED))) => Attempt::Refused,
        (Some(false), _) => Attempt::Neither,
        (None, _) => Attempt::Unknown,
    }
}

/// By what connect(2) returned to a program, and by the flows of those that went on
/// in the background.
pub(super) fn traced(watched: Watched<'_>, flows: &[FlowRecord]) -> Option<Vec<Attempt>> {
    let side = watched.in_full()?;
    let wire = Wire::new(flows, Some(side));
    let attempt = |(at, c): (usize, &Connection)| match c.errno {
        Some(0 | libc::EISCONN) => Attempt::Established,
        Some(libc::ECONNREFUSED) => Attempt::Refused,
        Some(libc::EINPROGRESS | libc::EINTR | libc::EALREADY) | None => {
            wire.flow_of(at).map_or_else(|| settled(c), of_flow)
        }
        Some(_) if c.was_connected() == Some(true) => Attempt::Established,
        Some(_) => Attempt::Neither,
    };
    Some(side.sockets.made.iter().enumerate().map(attempt).collect())
}
