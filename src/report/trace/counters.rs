//! Counters: threads and processes of each side, and open flows.

use crate::model::{FlowRecord, Nanos, RunCensus, Timestamp};
use crate::report::view::RunView;

/// What a counter is from a moment on.
pub(super) type Change = (Timestamp, u64);

/// The counters that there is something to tell of, by name.
pub(super) fn counters(view: RunView<'_>) -> Vec<(&'static str, Vec<Change>)> {
    let RunCensus { client, server, .. } = &view.run.census;
    let threads = |side: &crate::model::SideCensus| {
        let points = side.timeline.iter();
        changes(points.map(|p| (p.0, p.1)))
    };
    let processes = |side: &crate::model::SideCensus| {
        let points = side.timeline.iter();
        changes(points.map(|p| (p.0, p.2)))
    };
    let mut counters = vec![
        ("client threads", threads(client)),
        ("server threads", threads(server)),
        ("open flows", open_flows(view.flows)),
        ("client processes", processes(client)),
        ("server processes", processes(server)),
    ];
    counters.retain(|(_, changes)| !changes.is_empty());
    counters
}

/// Without those that change nothing.
fn changes(points: impl Iterator<Item = Change>) -> Vec<Change> {
    let mut changes: Vec<Change> = points.collect();
    changes.dedup_by_key(|(_, value)| *value);
    changes
}

/// How many flows are open: each from its first frame to its last, both included.
fn open_flows(flows: &[FlowRecord]) -> Vec<Change> {
    let after = |t: Timestamp| t.plus(Nanos::new(1));
    let opened = flows.iter().map(|f| (f.first_ns, true));
    let closed = flows
        .iter()
        .map(|f| (after(f.last_ns.max(f.first_ns)), false));
    let mut events: Vec<(Timestamp, bool)> = opened.chain(closed).collect();
    events.sort_unstable();
    let mut open = 0_u64;
    let mut changes: Vec<Change> = Vec::new();
    for (at, opens) in events {
        open = if opens {
            open + 1
        } else {
            open.saturating_sub(1)
        };
        match changes.last_mut() {
            Some((last, value)) if *last == at => *value = open,
            _ => changes.push((at, open)),
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Fixture;

    #[test]
    fn flows_are_open_up_to_their_last_frame() {
        let mut run = Fixture::normal(3);
        for (flow, (first, last)) in run.flows.iter_mut().zip([(0, 10), (10, 30), (10, 10)]) {
            flow.first_ns = Timestamp::from_nanos(first);
            flow.last_ns = Timestamp::from_nanos(last);
        }
        let open = open_flows(&run.flows);
        let open: Vec<_> = open.iter().map(|(at, n)| (at.as_nanos(), *n)).collect();
        assert_eq!(open, [(0, 1), (10, 3), (11, 1), (31, 0)]);
    }
}
