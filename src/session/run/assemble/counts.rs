//! How many requests came how far, and how many tasks a side had.

use std::collections::BTreeMap;

use crate::census::{self, SideSpans, Span};
use crate::lab::records::RequestNote;
use crate::model::{
    Exchange, Finding, FlowRecord, Outcome, Provenance, Requests, Severity, SideCensus, Timestamp,
};
use crate::sys::ledger::Ledger;

/// How many connect(2) calls were issued. A worker notes the moment before the
/// call and its port after it; where its process ended in between, only the
/// wire can tell (`reached`: how many of those did reach it).
pub(super) fn attempted(requests: &[RequestNote], reached: Option<u64>) -> u64 {
    let begun = |n: &&RequestNote| n.connect.is_some();
    let told = |n: &&RequestNote| n.client.is_some() || n.ended.is_some();
    let sure = requests.iter().filter(begun).filter(told).count() as u64;
    let unsure = requests.iter().filter(begun).count() as u64 - sure;
    sure + reached.map_or(unsure, |r| r.min(unsure))
}

pub(super) fn count_requests(
    requests: &[RequestNote],
    attempted: u64,
    flows: Option<&[FlowRecord]>,
) -> Requests {
    let mut failed: BTreeMap<String, u64> = BTreeMap::new();
    for note in requests.iter().filter(|n| n.outcome != Outcome::Valid) {
        *failed.entry(note.outcome.name().to_owned()).or_default() += 1;
    }
    let by_workers =
        |o: &[Outcome]| Some(requests.iter().filter(|n| o.contains(&n.outcome)).count() as u64);
    let wire = on_the_wire(flows);
    Requests {
        submitted: Some(requests.len() as u64),
        attempted: Some(attempted),
        answered: wire
            .answered
            .or_else(|| by_workers(&[Outcome::Valid, Outcome::BadAnswer])),
        valid: wire.valid.or_else(|| by_workers(&[Outcome::Valid])),
        failed,
        ..wire
    }
}

/// What the wire alone tells of requests; nothing without a capture.
pub(super) fn on_the_wire(flows: Option<&[FlowRecord]>) -> Requests {
    let count =
        |of: fn(&FlowRecord) -> usize| flows.map(|f| f.iter().map(of).sum::<usize>() as u64);
    let exchanges =
        |f: &FlowRecord, of: fn(&Exchange) -> bool| f.exchanges.iter().filter(|e| of(e)).count();
    Requests {
        on_wire: count(|f| usize::from(f.handshake.is_some())),
        handshakes: count(|f| usize::from(f.handshake.is_some_and(|h| h.ack_ns.is_some()))),
        answered: flows.map(|all| {
            let answered = |f| exchanges(f, |e| e.response_ns.is_some()) as u64;
            all.iter().map(answered).sum()
        }),
        valid: flows.map(|all| {
            let valid = |f| exchanges(f, |e| e.valid == Some(true)) as u64;
            all.iter().map(valid).sum()
        }),
        ..Requests::default()
    }
}

/// The census of a side that reported itself. `after` is the client's own
/// word; for the server it is the moment when the wire had come to rest.
pub(super) fn side_census(
    ledger: &Ledger,
    started: Timestamp,
    ended: Timestamp,
    after: Option<Timestamp>,
    extra: &mut Vec<Finding>,
) -> SideCensus {
    let header = ledger.header();
    let told = |ns: i64| (ns != 0).then(|| Timestamp::from_nanos(ns));
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    let unrecorded = ledger.unrecorded();
    if unrecorded > 0 {
        // Some tasks are not in the ledger: a count without them would be wrong.
        extra.push(
            Finding::new(
                "ledger_full",
                Severity::Error,
                "A side created more threads or took more connections than its ledger has room for, so its census is not given: run it without other clients on its port.",
            )
            .with("unrecorded", unrecorded),
        );
        return SideCensus::absent();
    }
    let first = told(header.first_ns.load(relaxed)).unwrap_or(started);
    let spans = SideSpans {
        initial: vec![Span {
            process: true,
            thread: true,
            started: first,
            ended: Some(ended),
        }],
        created: ledger
            .tasks()
            .map(|t| Span {
                process: t.process,
                thread: true,
                started: Timestamp::from_nanos(t.started_ns),
                ended: Some(t.ended_ns.map_or(ended, Timestamp::from_nanos)),
            })
            .collect(),
        ready: told(header.ready_ns.load(relaxed)).unwrap_or(first),
        after: after.or_else(|| told(header.after_ns.load(relaxed))),
    };
    census::count(&spans, Provenance::Instrumented)
}
