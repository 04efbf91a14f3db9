//! Which line of `workers.jsonl` tells of which flow.
//!
//! A line names the client's end of the connection and the thread; so does a flow that
//! has an owner. Ports are used again, also by the same thread: then the moment decides
//! at which connect(2) or accept(2) returned. Where that is not known either, nothing
//! is joined.

use std::collections::HashMap;
use std::hash::Hash;

use crate::model::{FlowRecord, RunRecord, ServerKind, ServerModel, Side, Strategy, WorkerRecord};

/// For each flow the lines that tell of it, and the lines that tell of no flow.
#[derive(Debug)]
pub(super) struct Joined<'a> {
    pub(super) client: Vec<Option<&'a WorkerRecord>>,
    pub(super) server: Vec<Option<&'a WorkerRecord>>,
    pub(super) others: Vec<&'a WorkerRecord>,
}

pub(super) fn join<'a>(flows: &[FlowRecord], workers: &'a [WorkerRecord]) -> Joined<'a> {
    let at = places(flows, |flow| flow.client);
    // Of a connection that failed at once a client knows its port alone.
    let nowhere = workers
        .iter()
        .filter_map(|w| w.client)
        .any(|c| c.ip.is_unspecified());
    let of_port = if nowhere {
        places(flows, |flow| flow.client.port)
    } else {
        HashMap::new()
    };
    let mut joined = Joined {
        client: vec![None; flows.len()],
        server: vec![None; flows.len()],
        others: Vec::new(),
    };
    for worker in workers {
        let there = worker.client.and_then(|c| {
            if c.ip.is_unspecified() {
                of_port.get(&c.port)
            } else {
                at.get(&c)
            }
        });
        let found = there.and_then(|there| the_flow(flows, there, worker));
        let of_side = match worker.side {
            Side::Client => &mut joined.client,
            Side::Server => &mut joined.server,
        };
        match found.and_then(|place| of_side.get_mut(place)) {
            Some(free @ None) => *free = Some(worker),
            _ => joined.others.push(worker),
        }
    }
    joined
}

/// Whether a side's lines of `workers.jsonl` tell when the thread began and ended: those
/// of a program do, those of a built-in side tell of one request or connection.
pub(super) fn tells_lives(run: &RunRecord, side: Side) -> bool {
    match side {
        Side::Client => run.plan.client_command.is_some(),
        Side::Server => run.plan.server != ServerKind::Embedded,
    }
}

/// Whether it is a built-in side of which each request or connection has a thread or
/// process of its own: no two of these share one.
pub(super) fn has_one_each(run: &RunRecord, side: Side) -> bool {
    let plan = &run.plan;
    match side {
        Side::Client => {
            plan.has_built_in_client()
                && matches!(plan.strategy, Some(Strategy::Thread | Strategy::Process))
        }
        Side::Server => {
            plan.server == ServerKind::Embedded
                && matches!(
                    plan.server_model,
                    Some(ServerModel::Thread | ServerModel::Process)
                )
        }
    }
}

/// The places of the flows, by something of theirs.
fn places<K: Eq + Hash>(
    flows: &[FlowRecord],
    of: impl Fn(&FlowRecord) -> K,
) -> HashMap<K, Vec<usize>> {
    let mut places: HashMap<K, Vec<usize>> = HashMap::new();
    for (place, flow) in flows.iter().enumerate() {
        places.entry(of(flow)).or_default().push(place);
    }
    places
}

/// The one of these flows of which the line tells.
fn the_flow(flows: &[FlowRecord], there: &[usize], worker: &WorkerRecord) -> Option<usize> {
    let owned = there.iter().filter(|&&place| owns(worker, &flows[place]));
    let owned: Vec<usize> = owned.copied().collect();
    if let [one] = owned[..] {
        return Some(one);
    }
    // A pair of ends is used again only after the connection before it is over: the
    // last one that had begun.
    let connected = worker.connected_ns?;
    let begun = owned.iter().filter(|&&f| flows[f].first_ns <= connected);
    begun.max_by_key(|&&f| flows[f].first_ns).copied()
}

fn owns(worker: &WorkerRecord, flow: &FlowRecord) -> bool {
    match worker.side {
        Side::Client => flow
            .client_owner
            .is_some_and(|o| worker.worker == Some(o.worker) && worker.tid == Some(o.tid)),
        Side::Server => flow.server_owner.is_some_and(|o| {
            let tid = o.serve_tid.or(o.accept_tid);
            worker.pid == Some(o.pid) && worker.tid.is_some() && worker.tid == tid
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, Nanos, Pid, Tid};
    use crate::testkit::Fixture;

    fn server_line(flow: &FlowRecord) -> WorkerRecord {
        let owner = flow.server_owner.unwrap();
        WorkerRecord {
            side: Side::Server,
            pid: Some(owner.pid),
            tid: owner.serve_tid,
            connected_ns: flow.handshake.unwrap().ack_ns,
            client: Some(flow.client),
            outcome: None,
            ..Fixture::normal(1).workers[0].clone()
        }
    }

    #[test]
    fn a_line_is_joined_with_the_flow_of_its_end_and_thread() {
        let mut run = Fixture::normal(3);
        let of_server: Vec<_> = run.flows.iter().map(server_line).collect();
        run.workers.extend(of_server);
        run.workers.reverse();
        let joined = join(&run.flows, &run.workers);
        for (place, flow) in run.flows.iter().enumerate() {
            let lines = [joined.client[place], joined.server[place]];
            assert!(lines.iter().all(|l| l.unwrap().client == Some(flow.client)));
        }
        assert!(joined.others.is_empty());
    }

    #[test]
    fn another_thread_or_an_owner_that_is_not_known_joins_nothing() {
        let mut run = Fixture::normal(3);
        run.workers[0].tid = Some(Tid(7));
        run.flows[1].client_owner = None;
        run.workers[2].client = None;
        let mut line = server_line(&run.flows[0]);
        line.pid = Some(Pid(7));
        run.workers.push(line);
        let joined = join(&run.flows, &run.workers);
        assert_eq!(joined.client, [None, None, None]);
        assert_eq!(joined.others.len(), 4);
    }

    #[test]
    fn a_client_that_was_refused_at_once_knows_its_port_alone() {
        let mut run = Fixture::normal(3);
        let port = run.flows[1].client.port;
        let nowhere = std::net::Ipv4Addr::UNSPECIFIED.into();
        run.workers[1].client = Some(Endpoint::new(nowhere, port));
        let joined = join(&run.flows, &run.workers);
        assert_eq!(joined.client[1], Some(&run.workers[1]));
        assert!(joined.others.is_empty());
    }

    /// One thread, one port, two connections one after the other.
    #[test]
    fn a_port_that_is_used_again_is_told_apart_by_time() {
        let mut run = Fixture::normal(2);
        run.flows[1].client = run.flows[0].client;
        run.flows[1].client_owner = run.flows[0].client_owner;
        let later = Nanos::new(10_000_000);
        run.flows[1].first_ns = run.flows[0].first_ns.plus(later);
        let first = run.workers[0].clone();
        let mut second = first.clone();
        second.connected_ns = first.connected_ns.map(|t| t.plus(later));
        let mut unknown = first.clone();
        unknown.connected_ns = None;
        let lines = [second.clone(), unknown.clone(), first.clone()];
        let joined = join(&run.flows, &lines);
        assert_eq!(joined.client, [Some(&first), Some(&second)]);
        assert_eq!(joined.others, [&unknown]);
    }
}
