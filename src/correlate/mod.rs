//! Who is behind each flow: flows joined with the sockets of workers.
//!
//! Pure. In come flow records from the wire and, from whoever observed the
//! programs, which worker had which socket when; out go the same flows with
//! their owners. A port is used again and again in a large run, so the join is
//! by 4-tuple *and* time: a flow's SYN leaves while its worker is in
//! connect(2), and its server's accept(2) returns after it and before the next
//! SYN of the same 4-tuple. What has no owner stays without.

use std::collections::HashMap;

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
    let by_port = by_client_port(flows);
    let mut order: Vec<&ClientSocket> = sockets.iter().collect();
    order.sort_by_key(|s| s.from);
    for socket in &order {
        let Some(local) = socket.local else { continue };
        let candidates = by_port.get(&local.port).map_or(&[][..], Vec::as_slice);
        let best = candidates
            .iter()
            .map(|&i| (i, &flows[i]))
            .filter(|(_, f)| f.client_owner.is_none() && same_end(f.client, local))
            .map(|(i, f)| (distance(opened(f), socket), i))
            .filter(|&(away, _)| away <= SLACK_NS)
            .min();
        if let Some((_, i)) = best {
            flows[i].client_owner = Some(owner_of(socket, provenance));
        }
    }
    let unknown: Vec<&ClientSocket> = order.into_iter().filter(|s| s.local.is_none()).collect();
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
    let may = |f: &FlowRecord, s: &ClientSocket| distance(opened(f), s) <= SLACK_NS;
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

/// Gives flows their server owners.
pub fn own_servers(flows: &mut [FlowRecord], sockets: &[ServerSocket], provenance: Provenance) {
    let by_port = by_client_port(flows);
    let mut order: Vec<&ServerSocket> = sockets.iter().collect();
    order.sort_by_key(|s| s.accepted);
    for socket in order {
        let candidates = by_port
            .get(&socket.peer.port)
            .map_or(&[][..], Vec::as_slice);
        let latest = candidates
            .iter()
            .map(|&i| (i, &flows[i]))
            .filter(|(_, f)| f.server_owner.is_none() && f.client == socket.peer)
            .map(|(i, f)| (opened(f), i))
            .filter(|&(opened, _)| opened.since(socket.accepted).get() <= SLACK_NS)
            .max();
        if let Some((_, i)) = latest {
            flows[i].server_owner = Some(ServerOwner {
                pid: socket.pid,
                accept_tid: socket.accept_tid,
                serve_tid: socket.serve_tid,
                send_tid: socket.send_tid,
                provenance,
            });
        }
    }
}

fn by_client_port(flows: &[FlowRecord]) -> HashMap<u16, Vec<usize>> {
    let mut map: HashMap<u16, Vec<usize>> = HashMap::new();
    for (i, flow) in flows.iter().enumerate() {
        map.entry(flow.client.port).or_default().push(i);
    }
    map
}

/// When a flow's first SYN, or else its first frame, was seen.
#[must_use]
pub fn opened(flow: &FlowRecord) -> Timestamp {
    flow.handshake.map_or(flow.first_ns, |h| h.syn_ns)
}

fn same_end(flow: Endpoint, local: Endpoint) -> bool {
    flow.port == local.port && (local.ip.is_unspecified() || flow.ip == local.ip)
}

/// How far a moment is outside the socket's connect(2), in nanoseconds.
fn distance(moment: Timestamp, socket: &ClientSocket) -> i64 {
    let early = socket.from.since(moment).get();
    let late = moment.since(socket.until).get();
    early.max(late).max(0)
}

#[cfg(test)]
mod tests;
