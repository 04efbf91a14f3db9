//! Who is behind each flow: flows joined with the sockets of workers.
//!
//! Pure. In come flow records from the wire and, from whoever observed the
//! programs, which worker had which socket when; out go the same flows with
//! their owners. A port is used again and again in a large run, so the join is
//! by 4-tuple *and* time: a flow's SYN leaves while its worker is in
//! connect(2), and its server's accept(2) returns after it, in the order of the SYNs
//! of a 4-tuple. What has no owner, or may have one of several, stays without.

pub mod pairs;

use pairs::{Acceptance, Attempt, distance};

use crate::model::{
    ClientOwner, Endpoint, FlowRecord, Pid, Provenance, ServerOwner, Tid, Timestamp, WorkerId,
};

/// A connection that a client's worker made or tried to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientSocket {
    /// The worker.
    pub worker: WorkerId,
    /// Its process.
    pub pid: Pid,
    /// Its thread.
    pub tid: Tid,
    /// The socket's own end. With an unspecified address only the port is
    /// known; `None`: its process ended before it could tell.
    pub local: Option<Endpoint>,
    /// The moment before connect(2).
    pub from: Timestamp,
    /// The moment after connect(2), or when the request or its process ended.
    pub until: Timestamp,
}

/// A connection that a server's thread accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerSocket {
    /// The peer: the client's end.
    pub peer: Endpoint,
    /// When accept(2) had returned it.
    pub accepted: Timestamp,
    /// The process that served it, or accepted it where none served.
    pub pid: Pid,
    /// The thread whose accept(2) returned it.
    pub accept_tid: Option<Tid>,
    /// The thread that first received from it.
    pub serve_tid: Option<Tid>,
    /// The thread that first sent on it.
    pub send_tid: Option<Tid>,
}

impl ClientSocket {
    fn attempt(&self) -> Attempt {
        Attempt {
            local: self.local,
            from: self.from,
            until: self.until,
        }
    }
}

impl ServerSocket {
    /// When it was accepted, and from whom.
    #[must_use]
    pub fn acceptance(&self) -> Acceptance {
        Acceptance {
            peer: self.peer,
            at: self.accepted,
        }
    }

    /// Who has it.
    #[must_use]
    pub fn owner(&self, provenance: Provenance) -> ServerOwner {
        ServerOwner {
            pid: self.pid,
            accept_tid: self.accept_tid,
            serve_tid: self.serve_tid,
            send_tid: self.send_tid,
            provenance,
        }
    }
}

/// How far the kernel's stamp on a frame and the program's reading of the same
/// clock may be apart.
pub const SLACK_NS: i64 = 1_000_000;

/// Gives flows their client owners. Returns how many connections whose own end
/// is not known (`local` is `None`) could be told to have reached the wire.
pub fn own_clients(
    flows: &mut [FlowRecord],
    sockets: &[ClientSocket],
    provenance: Provenance,
) -> u64 {
    let found = pairs::of_attempts(flows, sockets, ClientSocket::attempt);
    for (socket, flow) in sockets.iter().zip(found) {
        if let Some(flow) = flow {
            flows[flow].client_owner = Some(owner_of(socket, provenance));
        }
    }
    let mut unknown: Vec<&ClientSocket> = sockets.iter().filter(|s| s.local.is_none()).collect();
    unknown.sort_by_key(|s| s.from);
    own_by_elimination(flows, &unknown, provenance)
}

fn owner_of(socket: &ClientSocket, provenance: Provenance) -> ClientOwner {
    ClientOwner {
        worker: socket.worker,
        pid: socket.pid,
        tid: socket.tid,
        provenance,
    }
}

/// Flows that nobody owns, and sockets that died in the instant between
/// connect(2) and telling their port. A flow is joined only where one socket
/// alone can have made it and that socket can have made no other; how many
/// sockets reached the wire is known all the same.
fn own_by_elimination(
    flows: &mut [FlowRecord],
    unknown: &[&ClientSocket],
    provenance: Provenance,
) -> u64 {
    if unknown.is_empty() {
        return 0;
    }
    let may = may_have_made;
    let orphans: Vec<usize> = (0..flows.len())
        .filter(|&i| flows[i].client_owner.is_none() && flows[i].handshake.is_some())
        .filter(|&i| unknown.iter().any(|s| may(&flows[i], s)))
        .collect();
    let mut pairs = Vec::new();
    for &i in &orphans {
        let mut makers = unknown.iter().filter(|s| may(&flows[i], s));
        if let (Some(maker), None) = (makers.next(), makers.next())
            && orphans.iter().filter(|&&j| may(&flows[j], maker)).count() == 1
        {
            pairs.push((i, owner_of(maker, provenance)));
        }
    }
    for (i, owner) in pairs {
        flows[i].client_owner = Some(owner);
    }
    orphans.len().min(unknown.len()) as u64
}

/// Gives flows their server owners. Returns the flow of each socket, by its place.
pub fn own_servers(
    flows: &mut [FlowRecord],
    sockets: &[ServerSocket],
    provenance: Provenance,
) -> Vec<Option<usize>> {
    let found = pairs::of_acceptances(flows, sockets, ServerSocket::acceptance);
    for (socket, flow) in sockets.iter().zip(&found) {
        if let Some(flow) = *flow {
            flows[flow].server_owner = Some(socket.owner(provenance));
        }
    }
    found
}

/// Whether a flow began while this connection was being made.
#[must_use]
pub fn may_have_made(flow: &FlowRecord, socket: &ClientSocket) -> bool {
    distance(opened(flow), &socket.attempt()) <= SLACK_NS
}

/// When a flow's first SYN, or else its first frame, was seen.
#[must_use]
pub fn opened(flow: &FlowRecord) -> Timestamp {
    flow.handshake.map_or(flow.first_ns, |h| h.syn_ns)
}

fn same_end(flow: Endpoint, local: Endpoint) -> bool {
    flow.port == local.port && (local.ip.is_unspecified() || flow.ip == local.ip)
}

#[cfg(test)]
mod tests;
