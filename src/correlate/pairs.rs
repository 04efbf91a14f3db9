//! Which connection each flow is: one of a side's sockets, and of no other.
//!
//! Within a second a port may be used dozens of times, so that "about the right
//! time" finds a neighbour's flow. A connection and its flow are joined by their
//! own times, and by their order.

use super::{SLACK_NS, opened, same_end};
use crate::model::{Close, Endpoint, FlowRecord, Nanos, Timestamp};

/// A connect(2): the socket's own end where it is known, and the moments before
/// and after the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The socket's own end; with an unspecified address only the port is known.
    pub local: Option<Endpoint>,
    /// The moment before the call.
    pub from: Timestamp,
    /// The moment after it, or the end of whoever made it.
    pub until: Timestamp,
}

/// An accept(2) that returned a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The peer: the client's end.
    pub peer: Endpoint,
    /// When it had returned.
    pub at: Timestamp,
}

/// How far a moment is outside an attempt, in nanoseconds.
pub(super) fn distance(moment: Timestamp, attempt: &Attempt) -> i64 {
    let early = attempt.from.since(moment).get();
    let late = moment.since(attempt.until).get();
    early.max(late).max(0)
}

/// The flow of each attempt whose own end is known, by its place among `flows`.
/// No flow is given twice: first to those in whose call its SYN was sent, then
/// to those for which the clocks may have been a little apart.
///
/// Who is to connect may be kept from it (preempted) between noting the moment and
/// connect(2), which then takes a port that others have used in the meantime: a call
/// may hold many SYNs of its own end. But an end is a socket's until it is closed,
/// and so the calls of one end are over in the order of their SYNs. Whose call is
/// over first has the first SYN of those in its call; then everybody who can have a
/// flow has one.
#[must_use]
pub fn of_attempts<A>(
    flows: &[FlowRecord],
    attempts: &[A],
    of: impl Fn(&A) -> Attempt,
) -> Vec<Option<usize>> {
    // Sorted by what stands in the list itself: of millions, each flow is looked at once.
    let numbered = flows.iter().enumerate();
    let by_port = numbered.map(|(f, flow)| (flow.client.port, opened(flow), f));
    let mut by_port: Vec<(u16, Timestamp, usize)> = by_port.collect();
    by_port.sort_unstable();
    let mut order: Vec<usize> = (0..attempts.len()).collect();
    order.sort_by_key(|&i| {
        let attempt = of(&attempts[i]);
        (attempt.until, attempt.from)
    });
    let mut taken = vec![false; flows.len()];
    let mut found = vec![None; attempts.len()];
    for slack in [0, SLACK_NS] {
        for &i in &order {
            let attempt = &of(&attempts[i]);
            let (None, Some(local)) = (found[i], attempt.local) else {
                continue;
            };
            let earliest = (local.port, attempt.from.plus(Nanos::new(-slack)));
            let latest = (local.port, attempt.until.plus(Nanos::new(slack)));
            let first = by_port.partition_point(|&(port, at, _)| (port, at) < earliest);
            let in_time = by_port[first..]
                .iter()
                .take_while(|&&(port, at, _)| (port, at) <= latest);
            let nearest = in_time
                .filter(|&&(.., f)| !taken[f] && same_end(flows[f].client, local))
                .min_by_key(|&&(_, at, f)| (distance(at, attempt), at, f));
            if let Some(&(.., flow)) = nearest {
                taken[flow] = true;
                found[i] = Some(flow);
            }
        }
    }
    found
}

/// The flow of each acceptance, by its place among `flows`; `None` where there is
/// none, or where it may be one of several.
#[must_use]
pub fn of_acceptances<A>(
    flows: &[FlowRecord],
    all: &[A],
    of: impl Fn(&A) -> Acceptance,
) -> Vec<Option<usize>> {
    let numbered = flows.iter().enumerate();
    let by_client = numbered.map(|(f, flow)| (flow.client, opened(flow), f));
    let mut by_client: Vec<(Endpoint, Timestamp, usize)> = by_client.collect();
    by_client.sort_unstable();
    let client = |one: &(Endpoint, Timestamp, usize)| one.0;
    let spans = |of_one: &[(Endpoint, Timestamp, usize)]| {
        let of_one: Vec<&FlowRecord> = of_one.iter().map(|one| &flows[one.2]).collect();
        spans(&of_one)
    };
    let found = in_order(&by_client, client, spans, all, of).into_iter();
    found.map(|place| Some(by_client[place?].2)).collect()
}

/// The attempt of each acceptance, by its place among `attempts`, where no flow tells of
/// either; `None` where there is none, or where it may be one of several. `attempts`:
/// those that came to a connection, or may have.
#[must_use]
pub fn of_told<A>(
    attempts: impl Iterator<Item = Option<Attempt>>,
    all: &[A],
    of: impl Fn(&A) -> Acceptance,
) -> Vec<Option<usize>> {
    const NEVER: Timestamp = Timestamp::from_nanos(i64::MAX);
    // With an unspecified address only the port is known: whose it is, is not sure.
    let known = |attempt: &Attempt| attempt.local.filter(|local| !local.ip.is_unspecified());
    let mut by_client: Vec<(Endpoint, Timestamp, Timestamp, usize)> = attempts
        .enumerate()
        .filter_map(|(place, attempt)| {
            let attempt = attempt?;
            // As above: whoever is kept from its call comes later than it began.
            Some((known(&attempt)?, attempt.until, attempt.from, place))
        })
        .collect();
    by_client.sort_unstable();
    // How long each was there nobody tells: one that was reset may wait in the accept
    // queue while its port is used anew.
    let spans = |of_one: &[(Endpoint, Timestamp, Timestamp, usize)]| {
        let each = of_one.iter().map(|(_, _, from, _)| (*from, NEVER));
        each.collect()
    };
    let found = in_order(&by_client, |one| one.0, spans, all, of).into_iter();
    found.map(|place| Some(by_client[place?].3)).collect()
}

/// From when until when a connection can have been accepted.
type Span = (Timestamp, Timestamp);

/// The connection of each acceptance, by its place among those that a client made, which
/// stand in the order of its ends and, of one end, in their own.
fn in_order<C, A>(
    made: &[C],
    client: impl Fn(&C) -> Endpoint,
    spans: impl Fn(&[C]) -> Vec<Span>,
    all: &[A],
    of: impl Fn(&A) -> Acceptance,
) -> Vec<Option<usize>> {
    // Sorted lists, and no maps: of millions they take a tenth of the memory.
    let mut by_peer: Vec<usize> = (0..all.len()).collect();
    by_peer.sort_by_key(|&a| {
        let accepted = of(&all[a]);
        (accepted.peer, accepted.at)
    });
    let mut found = vec![None; all.len()];
    let mut next = 0;
    for accepted in by_peer.chunk_by(|&a, &b| of(&all[a]).peer == of(&all[b]).peer) {
        let peer = of(&all[accepted[0]]).peer;
        let first = next + made[next..].partition_point(|one| client(one) < peer);
        next = first + made[first..].partition_point(|one| client(one) == peer);
        let times: Vec<Timestamp> = accepted.iter().map(|&a| of(&all[a]).at).collect();
        let spans = spans(&made[first..next]);
        for (&a, place) in accepted.iter().zip(only_way(&spans, &times)) {
            found[a] = place.map(|place| first + place);
        }
    }
    found
}

/// From when until when each flow of one pair of endpoints can have been accepted,
/// in the order of their SYNs.
fn spans(flows: &[&FlowRecord]) -> Vec<Span> {
    const NEVER: Timestamp = Timestamp::from_nanos(i64::MAX);
    let next = |i: usize| flows.get(i + 1).map_or(NEVER, |f| opened(f));
    let span = |(i, flow): (usize, &&FlowRecord)| {
        // A program that closes has accepted before. Endpoints are used again
        // only when the connection is gone; one that was reset may still wait
        // in the accept queue then (RFC 9293, 3.10.7.4; accept(2)).
        let closed = flow.server_closed_ns.filter(|_| flow.close == Close::Fin);
        let reset = flow.history.contains(['r', 'R']);
        let gone = if reset { NEVER } else { next(i) };
        (opened(flow), closed.map_or(gone, |closed| closed.min(gone)))
    };
    flows.iter().enumerate().map(span).collect()
}

/// For each time the span that it lies in, if there is one way only to give each
/// time a span of its own, both in their order. A time before all spans may be
/// a little early, as the clocks may be apart.
fn only_way(spans: &[Span], times: &[Timestamp]) -> Vec<Option<usize>> {
    let fits = |span: usize, time: Timestamp| {
        let (from, until) = spans[span];
        let early = span == 0 || spans[span - 1].1 < time;
        let slack = if early { SLACK_NS } else { 0 };
        from.since(time).get() <= slack && time <= until
    };
    let mut first = vec![None; times.len()];
    let mut next = 0;
    for (place, &time) in first.iter_mut().zip(times) {
        if let Some(span) = (next..spans.len()).find(|&span| fits(span, time)) {
            *place = Some(span);
            next = span + 1;
        }
    }
    let mut last = vec![None; times.len()];
    let mut before = spans.len();
    for (place, &time) in last.iter_mut().zip(times).rev() {
        if let Some(span) = (0..before).rev().find(|&span| fits(span, time)) {
            *place = Some(span);
            before = span;
        }
    }
    let agreed = first.into_iter().zip(last);
    agreed
        .map(|(first, last)| first.filter(|_| first == last))
        .collect()
}
