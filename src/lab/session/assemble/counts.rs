//! How many requests came how far, and how many tasks a side had.

use std::collections::BTreeMap;

use super::super::watch::Watch;
use super::super::{Moments, RunPlan};
use crate::census::{self, SideSpans, Span};
use crate::lab::records::RequestNote;
use crate::model::{
    Finding, FlowRecord, Outcome, Provenance, Requests, RunCensus, Severity, SideCensus, Timestamp,
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
    plan: &RunPlan,
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
    let on_flows =
        |of: fn(&FlowRecord) -> usize| flows.map(|f| f.iter().map(of).sum::<usize>() as u64);
    Requests {
        submitted: Some(u64::from(plan.client.requests)),
        attempted: Some(attempted),
        on_wire: on_flows(|f| usize::from(f.handshake.is_some())),
        handshakes: on_flows(|f| usize::from(f.handshake.is_some_and(|h| h.ack_ns.is_some()))),
        answered: on_flows(|f| {
            f.exchanges
                .iter()
                .filter(|e| e.response_ns.is_some())
                .count()
        })
        .or_else(|| by_workers(&[Outcome::Valid, Outcome::BadAnswer])),
        valid: on_flows(|f| f.exchanges.iter().filter(|e| e.valid == Some(true)).count())
            .or_else(|| by_workers(&[Outcome::Valid])),
        failed,
    }
}

/// Both sides and the system, each as it could be counted.
pub(super) fn run_census(
    client: &Ledger,
    server: Option<&Ledger>,
    moments: Moments,
    watch: &Watch,
    extra: &mut Vec<Finding>,
) -> RunCensus {
    let started = moments.client_started;
    RunCensus {
        client: side_census(client, started, moments.client_ended, None, extra),
        server: match server {
            None => watch.of_server.side(),
            Some(server) => {
                let after = Some(moments.at_rest);
                side_census(server, started, moments.over, after, extra)
            }
        },
        system: watch.of_system.system(),
    }
}

/// The census of a side that reported itself. `after` is the client's own
/// word; for the server it is the moment when the wire had come to rest.
fn side_census(
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
        first: Span {
            process: true,
            started: first,
            ended: Some(ended),
        },
        created: ledger
            .tasks()
            .map(|t| Span {
                process: t.process,
                started: Timestamp::from_nanos(t.started_ns),
                ended: Some(t.ended_ns.map_or(ended, Timestamp::from_nanos)),
            })
            .collect(),
        ready: told(header.ready_ns.load(relaxed)).unwrap_or(first),
        after: after.or_else(|| told(header.after_ns.load(relaxed))),
    };
    census::count(&spans, Provenance::Instrumented)
}
