//! Names of addresses: those that belong to one worker, and the server's.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use crate::model::WorkerId;
use crate::report::view::RunView;

/// The names. An address from which several workers came, or at which both sides
/// are, has none: a name would be wrong on most frames.
pub(super) fn of(view: RunView<'_>) -> BTreeMap<IpAddr, String> {
    let mut clients: BTreeMap<IpAddr, Option<WorkerId>> = BTreeMap::new();
    for flow in view.flows {
        let worker = flow.client_owner.map(|o| o.worker);
        clients
            .entry(flow.client.ip)
            .and_modify(|known| *known = known.filter(|k| Some(*k) == worker))
            .or_insert(worker);
    }
    let servers: HashSet<IpAddr> = view.flows.iter().map(|f| f.server.ip).collect();
    let of_servers = servers
        .iter()
        .filter(|ip| !clients.contains_key(ip))
        .map(|ip| (*ip, "server".to_owned()));
    let of_workers = clients
        .iter()
        .filter(|(ip, _)| !servers.contains(ip))
        .filter_map(|(ip, worker)| Some((*ip, format!("worker-{}", (*worker)?))));
    of_servers.chain(of_workers).collect()
}
