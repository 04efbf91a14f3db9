//! Which connection each flow is: one of a side's sockets, and of no other.
//!
//! Within a second a port may be used dozens of times, so that "about the right
//! time" finds a neighbour's flow. A connection and its flow are joined by their
//! own times, and by their order where there are as many of one as of the other.

use std::collections::HashMap;

use super::{SLACK_NS, opened, same_end};
use crate::model::{Close, Endpoint, FlowRecord, Timestamp};

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
#[must_use]
pub fn of_attempts<A>(
    flows: &[FlowRecord],
    attempts: &[A],
    of: impl Fn(&A) -> Attempt,
) -> Vec<Option<usize>> {
    let by_port = by_client_port(flows);
    let mut order: Vec<usize> = (0..attempts.len()).collect();
    order.sort_by_key(|&i| of(&attempts[i]).from);
    let mut taken = vec![false; flows.len()];
    let mut found = vec![None; attempts.len()];
    for slack in [0, SLACK_NS] {
        for &i in &order {
            let attempt = &of(&attempts[i]);
            let (None, Some(local)) = (found[i], attempt.local) else {
                continue;
            };
            let candidates = by_port.get(&local.port).map_or(&[][..], Vec::as_slice);
            let nearest = candidates
                .iter()
                .filter(|&&f| !taken[f] && same_end(flows[f].client, local))
                .map(|&f| (distance(opened(&flows[f]), attempt), f))
                .filter(|&(away, _)| away <= slack)
                .min();
            if let Some((_, flow)) = nearest {
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
    // Sorted lists, and no maps: of millions they take a tenth of the memory.
    let mut by_client: Vec<usize> = (0..flows.len()).collect();
    by_client.sort_by_key(|&f| (flows[f].client, opened(&flows[f])));
    let mut by_peer: Vec<usize> = (0..all.len()).collect();
    by_peer.sort_by_key(|&a| {
        let accepted = of(&all[a]);
        (accepted.peer, accepted.at)
    });
    let mut found = vec![None; all.len()];
    let mut ahead = &by_client[..];
    for accepted in by_peer.chunk_by(|&a, &b| of(&all[a]).peer == of(&all[b]).peer) {
        let peer = of(&all[accepted[0]]).peer;
        ahead = &ahead[ahead.partition_point(|&f| flows[f].client < peer)..];
        let (candidates, rest) =
            ahead.split_at(ahead.partition_point(|&f| flows[f].client == peer));
        ahead = rest;
        let times: Vec<Timestamp> = accepted.iter().map(|&a| of(&all[a]).at).collect();
        let spans = spans(&candidates.iter().map(|&f| &flows[f]).collect::<Vec<_>>());
        for (&a, flow) in accepted.iter().zip(only_way(&spans, &times)) {
            found[a] = flow.map(|place| candidates[place]);
        }
    }
    found
}

/// The attempt of each acceptance, where no flow tells of either; `None` where there
/// is none, or where it may be one of several. `attempts`: those that came to a
/// connection, or may have, by any number.
#[must_use]
pub fn of_told(attempts: &HashMap<usize, Attempt>, all: &[Acceptance]) -> Vec<Option<usize>> {
    const NEVER: Timestamp = Timestamp::from_nanos(i64::MAX);
    // With an unspecified address only the port is known: whose it is, is not sure.
    let known = |a: &&Attempt| a.local.is_some_and(|local| !local.ip.is_unspecified());
    let mut by_client: HashMap<Endpoint, Vec<(Timestamp, usize)>> = HashMap::new();
    for (&number, attempt) in attempts.iter().filter(|(_, a)| known(a)) {
        let client = attempt.local.into_iter();
        for client in client {
            by_client
                .entry(client)
                .or_default()
                .push((attempt.from, number));
        }
    }
    let mut by_peer: HashMap<Endpoint, Vec<usize>> = HashMap::new();
    for (i, acceptance) in all.iter().enumerate() {
        by_peer.entry(acceptance.peer).or_default().push(i);
    }
    let mut found = vec![None; all.len()];
    for (peer, mut accepted) in by_peer {
        let mut candidates = by_client.remove(&peer).unwrap_or_default();
        candidates.sort_unstable();
        accepted.sort_by_key(|&a| all[a].at);
        let times: Vec<Timestamp> = accepted.iter().map(|&a| all[a].at).collect();
        // How long each was there nobody tells: one that was reset may wait in the
        // accept queue while its port is used anew.
        let spans: Vec<_> = candidates.iter().map(|(from, _)| (*from, NEVER)).collect();
        for (a, place) in accepted.into_iter().zip(only_way(&spans, &times)) {
            found[a] = place.map(|place| candidates[place].1);
        }
    }
    found
}

/// From when until when each flow of one pair of endpoints can have been accepted,
/// in the order of their SYNs.
fn spans(flows: &[&FlowRecord]) -> Vec<(Timestamp, Timestamp)> {
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
fn only_way(spans: &[(Timestamp, Timestamp)], times: &[Timestamp]) -> Vec<Option<usize>> {
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

fn by_client_port(flows: &[FlowRecord]) -> HashMap<u16, Vec<usize>> {
    let mut map: HashMap<u16, Vec<usize>> = HashMap::new();
    for (i, flow) in flows.iter().enumerate() {
        map.entry(flow.client.port).or_default().push(i);
    }
    map
}
