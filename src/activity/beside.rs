//! Connections that were made beside the tap: whoever made or accepted them was seen to,
//! and no flow in the capture is theirs.

use std::collections::HashSet;

use super::Activity;
use crate::model::observation::Observation;
use crate::model::{Endpoint, FlowRecord, Packed, Side, Timestamp, WorkerRecord};

/// What is known of connections that were made, and of their flows.
#[derive(Clone, Copy, Debug)]
pub struct Accounts<'a> {
    /// What was seen, where that is known.
    pub seen: Option<&'a Observation>,
    /// What the tasks of each side did, where they were traced.
    pub client: Option<&'a Activity>,
    /// The same of the server.
    pub server: Option<&'a Activity>,
    /// The records of both sides.
    pub workers: &'a Packed<WorkerRecord>,
    /// Whether the client's connections are told by its own side.
    pub tells_client: bool,
}

/// Connections that were made, of which some are on no flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// The side that was seen to have them: the server, where the client's own are not
    /// known. Those may be others' than the client's.
    pub told_by: Side,
    /// How many were made.
    pub made: u64,
    /// How many of these are on no flow.
    pub unseen: u64,
}

/// When a connection was made, where that is known, and the client's end of it.
type Made = (Option<Timestamp>, Option<Endpoint>);

impl Beside {
    /// `None`: each has a flow, or may have one, or none was made.
    #[must_use]
    pub fn of(flows: &[FlowRecord], accounts: &Accounts<'_>) -> Option<Self> {
        // There may be millions: they are counted, and not gathered.
        let made = accounts.of_client().count();
        let blind = accounts.client.is_some_and(Activity::has_blind_spots);
        if made > 0 || accounts.tells_client && !blind {
            return Self::told(flows, Side::Client, made, accounts.of_client());
        }
        let made = accounts.of_server().count();
        Self::told(flows, Side::Server, made, accounts.of_server())
    }

    /// Whether no connection was seen at all.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.unseen == self.made
    }

    fn told(
        flows: &[FlowRecord],
        told_by: Side,
        all: usize,
        made: impl Iterator<Item = Made>,
    ) -> Option<Self> {
        let unseen = match flows {
            [] => all,
            flows => unseen(flows, told_by, all, made),
        };
        (unseen > 0).then_some(Self {
            told_by,
            made: all as u64,
            unseen: unseen as u64,
        })
    }
}

/// How many of these have no flow with their client's end, and cannot be one of the flows
/// that nobody is known to have: on its way an address may be changed for another.
fn unseen(
    flows: &[FlowRecord],
    told_by: Side,
    all: usize,
    made: impl Iterator<Item = Made>,
) -> usize {
    let nobodys = |f: &&FlowRecord| f.is_nobodys(told_by) && f.handshake.is_some();
    let nobodys = flows.iter().filter(nobodys).count();
    // Where each has one there is nothing to look for. A SYN that was refused is none.
    let answered = |f: &FlowRecord| f.handshake.as_ref().is_some_and(|h| h.syn_ack_ns.is_some());
    if nobodys == 0 && all == flows.len() && flows.iter().all(answered) {
        return 0;
    }
    let ends: HashSet<Endpoint> = flows.iter().map(|f| f.client).collect();
    let ports: HashSet<u16> = ends.iter().map(|end| end.port).collect();
    let is_on_none = |end: Endpoint| {
        if end.ip.is_unspecified() {
            !ports.contains(&end.port)
        } else {
            !ends.contains(&end)
        }
    };
    let beside = made.filter(|(_, end)| end.is_some_and(is_on_none));
    beside.count().saturating_sub(nobodys)
}

impl Accounts<'_> {
    /// Whether the tap was there. What a watched side does goes on after it.
    fn is_in_time(&self, at: Option<Timestamp>) -> bool {
        let watch = self.seen.filter(|seen| seen.header.asked.is_watch());
        let over = watch.and_then(|seen| seen.end).map(|(_, m)| m.over);
        over.is_none_or(|over| at.is_none_or(|at| at <= over))
    }

    fn of_client(&self) -> Box<dyn Iterator<Item = Made> + '_> {
        let Some(client) = self.client else {
            return self.of_workers(Side::Client);
        };
        let made = client.sockets.made.iter();
        let made = made.filter(|c| c.was_connected() == Some(true));
        let made = made.map(|c| (c.handshake().map(|h| h.1), c.local));
        Box::new(made.filter(|(at, _)| self.is_in_time(*at)))
    }

    /// What was there before the client began is none of its time.
    fn of_server(&self) -> Box<dyn Iterator<Item = Made> + '_> {
        let began = self.seen.and_then(|seen| {
            let client = seen.client.started.as_ref();
            seen.watched_since().or(client.map(|client| client.at))
        });
        let since = move |(at, _): &Made| began.is_none_or(|began| *at >= Some(began));
        let Some(server) = self.server else {
            return Box::new(self.of_workers(Side::Server).filter(since));
        };
        let accepted = server.sockets.accepted.iter();
        let accepted = accepted.filter(|a| !a.taken_over);
        let accepted = accepted.map(|a| (Some(a.at), Some(a.peer)));
        let accepted = accepted.filter(|(at, _)| self.is_in_time(*at));
        Box::new(accepted.filter(since))
    }

    fn of_workers(&self, side: Side) -> Box<dyn Iterator<Item = Made> + '_> {
        let of_side = self.workers.iter().filter(move |w| w.side == side);
        let made = of_side.filter_map(|w| Some((Some(w.connected_ns?), w.client)));
        Box::new(made.filter(|(at, _)| self.is_in_time(*at)))
    }
}
