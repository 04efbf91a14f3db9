//! How many requests came how far, and how many tasks a side had.

use crate::activity::classes::Classes;
use crate::census::{self, SideSpans, Span};
use crate::model::observation::{RequestNote, SideObservation};
use crate::model::{FlowRecord, Outcome, Packed, Provenance, Requests, SideCensus, Timestamp};

/// How many connect(2) calls were issued. A worker notes the moment before the
/// call and its port after it; where its process ended in between, only the
/// wire can tell (`reached`: how many of those did reach it).
pub(super) fn attempted(requests: &Packed<RequestNote>, reached: Option<u64>) -> u64 {
    let begun = |n: &RequestNote| n.connect.is_some();
    let told = |n: &RequestNote| n.client.is_some() || n.ended.is_some();
    let sure = requests.iter().filter(begun).filter(told).count() as u64;
    let unsure = requests.iter().filter(begun).count() as u64 - sure;
    sure + reached.map_or(unsure, |r| r.min(unsure))
}

/// `submitted`: how many there were to be. Those of which no note is told were never
/// begun.
pub(super) fn count_requests(
    requests: &Packed<RequestNote>,
    submitted: u64,
    attempted: u64,
    flows: Option<&[&FlowRecord]>,
) -> Requests {
    let mut classes = Classes::default();
    for note in requests.iter().filter(|n| n.outcome != Outcome::Valid) {
        classes.fail(note.outcome, 1);
    }
    let told = requests.len() as u64;
    let submitted = submitted.max(told);
    classes.fail(Outcome::NotAttempted, submitted - told);
    let by_workers =
        |o: &[Outcome]| Some(requests.iter().filter(|n| o.contains(&n.outcome)).count() as u64);
    let wire = on_the_wire(flows);
    Requests {
        submitted: Some(submitted),
        attempted: Some(attempted),
        answered: wire
            .answered
            .or_else(|| by_workers(&[Outcome::Valid, Outcome::BadAnswer])),
        // An answer that its worker did not live to read is no valid one: each
        // request is either valid or failed.
        valid: by_workers(&[Outcome::Valid]),
        failed: classes.failed,
        unknown: Some(0),
        provenance: wire.provenance.or(Some(Provenance::Instrumented)),
        ..wire
    }
}

/// The requests of a client that was not run: it made none.
pub(super) fn without_a_client(submitted: Option<u64>, flows: Option<&[&FlowRecord]>) -> Requests {
    let mut classes = Classes::default();
    classes.fail(Outcome::NotAttempted, submitted.unwrap_or(0));
    Requests {
        submitted,
        attempted: Some(0),
        answered: Some(0),
        valid: Some(0),
        failed: classes.failed,
        unknown: Some(0),
        ..on_the_wire(flows)
    }
}

/// What the wire alone tells of requests; nothing without a capture.
pub(super) fn on_the_wire(flows: Option<&[&FlowRecord]>) -> Requests {
    let count =
        |of: fn(&FlowRecord) -> usize| flows.map(|f| f.iter().map(|f| of(f)).sum::<usize>() as u64);
    let answered = |f: &FlowRecord| {
        let exchanges = f.exchanges.iter();
        exchanges.filter(|e| e.response_ns.is_some()).count()
    };
    Requests {
        on_wire: count(|f| usize::from(f.handshake.is_some())),
        handshakes: count(|f| usize::from(f.is_established())),
        answered: count(answered),
        provenance: flows.map(|_| Provenance::Captured),
        ..Requests::default()
    }
}

/// The census of a side that reported itself; absent where its report is
/// missing, or where some tasks are not in it: a count without them would be
/// wrong. `after`: when its workers were joined, by the client's own word; for
/// the server, when the wire had come to rest.
pub(super) fn side_census(
    side: &SideObservation,
    started: Timestamp,
    ended: Timestamp,
    after: Option<Timestamp>,
) -> SideCensus {
    let Some(totals) = side.totals.filter(|t| t.unrecorded == 0) else {
        return SideCensus::absent();
    };
    let first = totals.first.unwrap_or(started);
    let created = side.tasks.iter().map(|t| Span {
        process: t.process,
        thread: true,
        started: t.started,
        ended: Some(t.ended.unwrap_or(ended)),
    });
    let spans = SideSpans {
        initial: vec![Span {
            process: true,
            thread: true,
            started: first,
            ended: Some(ended),
        }],
        created: created.collect(),
        ready: totals.ready.unwrap_or(first),
        after,
    };
    census::count(&spans, Provenance::Instrumented)
}
