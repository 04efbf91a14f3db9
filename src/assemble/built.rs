//! How somebody else's programs are built: the work of their sides, from what
//! was traced and from the wire, and what [`crate::activity`] concludes of it.

use std::collections::HashMap;

use super::watched::{Watched, serving};
use crate::activity::outcomes::Wire;
use crate::activity::{self, Accepted, Activity, Connection, Made, client_shape, server_shape};
use crate::model::{Evidence, FlowRecord, Helper, Outcome, ServerModel, Side, Strategy, Timestamp};

pub(super) fn client_strategy(
    watched: Watched<'_>,
    flows: &[FlowRecord],
) -> (Option<Strategy>, Option<u64>, Option<Evidence>) {
    let Some(side) = watched.activity else {
        return (None, None, None);
    };
    let (strategy, width, evidence) = client_shape(side, &made(side, flows));
    (strategy, width, Some(evidence))
}

pub(super) fn server_model(
    watched: Watched<'_>,
    flows: &[FlowRecord],
) -> (Option<ServerModel>, Option<Evidence>) {
    let Some(side) = watched.activity else {
        return (None, None);
    };
    let (model, evidence) = server_shape(side, &served(side, flows));
    (model, Some(evidence))
}

/// Its processes that did none of the work; `None` where they were not followed.
pub(super) fn helpers(watched: Watched<'_>, of: Side, flows: &[FlowRecord]) -> Option<Vec<Helper>> {
    let side = watched.activity?;
    let work = match of {
        Side::Client => made(side, flows),
        Side::Server => served(side, flows),
    };
    Some(activity::helpers(side, of, &work))
}

/// The connections that a client made.
fn made(side: &Activity, flows: &[FlowRecord]) -> Vec<Made> {
    let wire = Wire::new(flows);
    // What was refused is not what a worker worked on. Of a connection that is
    // made in the background only the wire tells whether it was.
    let came_through = |c: &&Connection| {
        let begun = matches!(c.errno, Some(0 | libc::EINPROGRESS | libc::EINTR) | None);
        begun && wire.outcome(c, side) != Some(Outcome::Refused)
    };
    let made = side.sockets.made.iter().filter(came_through).map(|c| Made {
        task: c.task,
        from: c.from,
        at_it: c.from,
        until: wire.flow_of(c).map(|f| over(f, f.client_closed_ns)),
        seen: false,
    });
    made.collect()
}

/// The connections that a server took.
fn served(side: &Activity, flows: &[FlowRecord]) -> Vec<Made> {
    let mut by_client: HashMap<_, Vec<&FlowRecord>> = HashMap::new();
    for flow in flows {
        by_client.entry(flow.client).or_default().push(flow);
    }
    let served = |a: &Accepted| {
        let flow = by_client.get(&a.peer).and_then(|candidates| {
            let opened = |f: &&&FlowRecord| f.first_ns <= a.at;
            candidates.iter().filter(opened).max_by_key(|f| f.first_ns)
        });
        let by = serving(a);
        Made {
            task: by.map_or(a.task, |s| s.0),
            from: a.at,
            // Whoever accepts what it serves is at it from then on.
            at_it: by.filter(|s| s.0 != a.task).map_or(a.at, |s| s.3),
            until: flow.map(|f| over(f, f.server_closed_ns)),
            seen: by.is_some(),
        }
    };
    side.sockets.accepted.iter().map(served).collect()
}

/// When one side was done with a flow: when the answer to the last request
/// came, or when that side closed it, if it did so before; or else its last
/// frame. The other's closing may overlap the next connection's opening.
fn over(flow: &FlowRecord, closed: Option<Timestamp>) -> Timestamp {
    let last = flow
        .exchanges
        .last()
        .filter(|_| flow.exchanges_omitted == 0);
    let answered = last.and_then(|e| Some(e.response_ns?.max(e.request_ns)));
    let ends = [answered, closed];
    ends.into_iter().flatten().min().unwrap_or(flow.last_ns)
}
