//! How somebody else's programs are built: the work of their sides, from what
//! was traced and from the wire, and what [`crate::activity`] concludes of it.

use super::unseen::{BECAUSE, hides_flows};
use super::watched::{Watched, serving};
use crate::activity::outcomes::Wire;
use crate::activity::{self, Accepted, Activity, Connection, Made, client_shape, server_shape};
use crate::correlate::pairs::{self, Acceptance};
use crate::model::{Evidence, FlowRecord, Helper, Outcome, ServerModel, Side, Strategy, Timestamp};

pub(super) fn client_strategy(
    watched: Watched<'_>,
    flows: &[FlowRecord],
) -> (Option<Strategy>, Option<u64>, Option<Evidence>) {
    let Some(side) = watched.in_full() else {
        return (None, None, None);
    };
    let (strategy, width, evidence) = client_shape(side, &made(side, flows));
    if hides_flows(side, Side::Client, flows) {
        return (None, None, Some(unseen(evidence)));
    }
    (strategy, width, Some(evidence))
}

pub(super) fn server_model(
    watched: Watched<'_>,
    flows: &[FlowRecord],
) -> (Option<ServerModel>, Option<Evidence>) {
    let Some(side) = watched.in_full() else {
        return (None, None);
    };
    let (model, evidence) = server_shape(side, &served(side, flows));
    if hides_flows(side, Side::Server, flows) {
        return (None, Some(unseen(evidence)));
    }
    (model, Some(evidence))
}

/// The evidence of a side that hides what it did.
fn unseen(mut evidence: Evidence) -> Evidence {
    BECAUSE.clone_into(&mut evidence.because);
    evidence
}

/// Its processes that did none of the work, and those of which it is not known whether
/// they did; `None` where they were not followed, or what they did with sockets was
/// not to be seen.
pub(super) fn apart(
    watched: Watched<'_>,
    of: Side,
    flows: &[FlowRecord],
) -> Option<(Vec<Helper>, Vec<Helper>)> {
    let side = watched.in_full()?;
    // Any process may have used what nobody was seen to use.
    if hides_flows(side, of, flows) {
        return None;
    }
    let work = match of {
        Side::Client => made(side, flows),
        Side::Server => served(side, flows),
    };
    let helpers = activity::helpers(side, of, &work);
    Some((helpers, activity::unclear(side, of, &work)))
}

/// The connections that a client made.
fn made(side: &Activity, flows: &[FlowRecord]) -> Vec<Made> {
    let wire = Wire::new(flows, Some(side));
    // What was refused is not what a worker worked on. Of a connection that is
    // made in the background only the wire tells whether it was.
    let came_through = |(at, c): &(usize, &Connection)| {
        let begun = matches!(c.errno, Some(0 | libc::EINPROGRESS | libc::EINTR) | None);
        begun && wire.outcome(*at) != Some(Outcome::Refused)
    };
    let all = side.sockets.made.iter().enumerate();
    let made = all.filter(came_through).map(|(at, c)| Made {
        task: c.task,
        from: c.from,
        at_it: c.from,
        until: wire.flow_of(at).map(|f| over(f, f.client_closed_ns)),
        held: wire.flow_of(at).and_then(|f| held(f, Side::Client)),
        seen: false,
        shared: false,
        passed: false,
    });
    made.collect()
}

/// The connections that a server took.
fn served(side: &Activity, flows: &[FlowRecord]) -> Vec<Made> {
    let pairs = pairs::of_acceptances(flows, &side.sockets.accepted, acceptance);
    let served = |(a, flow): (&Accepted, Option<usize>)| {
        let flow = flow.map(|flow| &flows[flow]);
        let by = serving(a);
        Made {
            task: by.map_or(a.task, |s| s.0),
            from: a.at,
            // Whoever accepts what it serves is at it from then on.
            at_it: by
                .filter(|s| s.0 != a.task)
                .and_then(|s| s.3)
                .unwrap_or(a.at),
            until: flow.map(|f| over(f, f.server_closed_ns)),
            held: flow.and_then(|f| held(f, Side::Server)),
            // Nobody else can have used it, if anybody did.
            seen: by.is_some() || a.alone,
            shared: a.received.zip(a.sent).is_some_and(|(r, s)| r.0 != s.0),
            passed: a.hands.several(),
        }
    };
    let all = side.sockets.accepted.iter().zip(pairs);
    all.map(served).collect()
}

/// When the last of a side's processes that held a flow had closed it; `None` where
/// that cannot be told. A FIN that comes before the peer's may be that of
/// shutdown(2): the side then goes on to read, in whichever process holds it.
fn held(flow: &FlowRecord, by: Side) -> Option<Timestamp> {
    let (closed, peer_closed, reset) = match by {
        Side::Client => (flow.client_closed_ns, flow.server_closed_ns, 'R'),
        Side::Server => (flow.server_closed_ns, flow.client_closed_ns, 'r'),
    };
    if flow.history.contains(reset) {
        // What comes after close(2) is answered with a RST (RFC 9293, 3.10.7.1).
        return Some(flow.last_ns);
    }
    let after = |closed: &Timestamp| peer_closed.is_some_and(|peer| peer <= *closed);
    closed.filter(after)
}

pub(super) fn acceptance(a: &Accepted) -> Acceptance {
    Acceptance {
        peer: a.peer,
        at: a.at,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::{Hands, TaskIndex};
    use crate::model::{Endpoint, Pid, SocketId, Tid};

    fn at(ns: i64) -> Timestamp {
        Timestamp::from_nanos(ns)
    }

    /// A connection that task 0 took at 10 and `by` received from at 15.
    fn taken(by: usize) -> Accepted {
        let id = |n: usize| (Pid(7), Tid(7 + u32::try_from(n).unwrap()));
        let (pid, tid) = id(by);
        Accepted {
            task: TaskIndex(0),
            by: id(0),
            socket: SocketId(u64::try_from(by).unwrap()),
            peer: Endpoint {
                ip: [127, 0, 0, 1].into(),
                port: 50_000,
            },
            local: None,
            at: at(10),
            received: Some((TaskIndex(by), pid, tid, Some(at(15)))),
            sent: None,
            taken_over: false,
            hands: Hands::default(),
            alone: false,
        }
    }

    /// On what carried nothing nobody was seen, and only one could have been.
    #[test]
    fn what_a_process_alone_had_is_its_work() {
        let mut side = Activity::default();
        let idle = |alone| Accepted {
            received: None,
            alone,
            ..taken(0)
        };
        side.sockets.accepted = vec![idle(true), idle(false)];
        let served = served(&side, &[]);
        let who: Vec<_> = served.iter().map(|m| (m.task.0, m.seen)).collect();
        assert_eq!(who, [(0, true), (0, false)]);
    }

    /// What waits in a queue is nobody's work yet.
    #[test]
    fn who_accepts_is_at_it_at_once_and_another_when_it_receives() {
        let mut side = Activity::default();
        side.sockets.accepted = vec![taken(0), taken(1)];
        let served = served(&side, &[]);
        let who: Vec<_> = served.iter().map(|m| (m.task.0, m.from, m.at_it)).collect();
        assert_eq!(who, [(0, at(10), at(10)), (1, at(10), at(15))]);
    }
}
