//! From what was observed to the record of the run.
//!
//! The ledgers' notes become workers and sockets, the sockets are joined with
//! the flows, and everything is counted. No effect on the system here, except
//! that the environment's limits are read.

mod counts;
mod troubles;
mod workers;

use std::io;

use self::counts::{attempted, count_requests, run_census};
use self::troubles::{tell_of_deaths, tell_of_interruption, tell_of_refusals};
use self::workers::worker_records;
use super::{Captured, End, Observed, RunPlan, ServerChoice};
use crate::correlate::{self, ClientSocket, ServerSocket};
use crate::findings::{FindingsInput, findings};
use crate::lab::records::{ConnectionNote, RequestNote, read_connection, read_request};
use crate::model::{
    CaptureSummary, Correlation, Exchange, Finding, FlowRecord, Latencies, Observer, Outcome, Plan,
    Provenance, Quantiles, RunRecord, SCHEMA_RUN, ServerKind, Severity, Strategy, Timestamp, Tool,
    WorkerRecord,
};
use crate::report::RunView;
use crate::sys::ledger::Ledger;
use crate::sys::limits;

/// A run, put together.
pub struct Assembled {
    pub run: RunRecord,
    pub flows: Vec<FlowRecord>,
    pub workers: Vec<WorkerRecord>,
    pub capture_cut: Option<(io::Error, u64)>,
}

impl Assembled {
    pub fn view(&self) -> RunView<'_> {
        RunView {
            run: &self.run,
            flows: &self.flows,
            workers: &self.workers,
        }
    }
}

/// How many flows the client can tell to have reached the wire: those that
/// connected, and those that somebody refused.
pub fn flows_expected(ledger: &Ledger, requests: u32) -> u64 {
    notes(ledger, requests)
        .filter(|n| n.connected.is_some() || n.outcome == Outcome::Refused)
        .count() as u64
}

fn notes(ledger: &Ledger, requests: u32) -> impl Iterator<Item = RequestNote> + '_ {
    (0..requests).filter_map(|n| Some(read_request(u64::from(n), ledger.entry(n as usize)?)))
}

pub fn assemble(plan: &RunPlan, observed: Observed, end: End) -> Assembled {
    let Observed {
        started,
        target,
        client,
        server,
        moments,
        client_exit,
        server_lost,
        sides,
        watch,
        capture,
        stop_reason,
    } = observed;
    let mut extra = Vec::new();
    let captured = capture.is_some();
    let (summary, mut flows, capture_cpu, capture_cut) =
        unpack(plan, capture, stop_reason, &mut extra);

    let requests: Vec<RequestNote> = notes(&client, plan.client.requests).collect();
    let sockets: Vec<ClientSocket> = requests
        .iter()
        .filter_map(|n| client_socket(n, moments.client_ended))
        .collect();
    let reached = correlate::own_clients(&mut flows, &sockets, Provenance::Instrumented);
    let connections: Vec<ConnectionNote> = server
        .iter()
        .flat_map(|s| s.used_entries().iter().filter_map(read_connection))
        .collect();
    let accepted: Vec<ServerSocket> = connections.iter().map(server_socket).collect();
    correlate::own_servers(&mut flows, &accepted, Provenance::Instrumented);

    let attempted = attempted(&requests, captured.then_some(reached));
    let counts = count_requests(plan, &requests, attempted, captured.then_some(&flows[..]));
    let census = run_census(&client, server.as_ref(), moments, &watch, &mut extra);
    tell_of_refusals(&client, server.as_ref(), &mut extra);
    tell_of_deaths(client_exit, server_lost, end, &mut extra);
    tell_of_interruption(end, &mut extra);
    let correlation = captured.then(|| correlation(&flows, server.is_some()));
    let latency = latencies(&flows);
    let workers = worker_records(&requests, &connections);
    let mut run = RunRecord {
        schema: SCHEMA_RUN.to_owned(),
        tool: Tool::this(),
        started: started.to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
        duration_ns: moments.at_rest.since(moments.client_started),
        environment: limits::environment(),
        plan: told_plan(plan, target.to_string()),
        capture: summary,
        requests: counts,
        census,
        latency,
        correlation: correlation.unwrap_or(NOT_CAPTURED),
        sides,
        observer: Observer {
            capture_cpu_ns: capture_cpu,
            tracer_cpu_ns: None,
            tracer_stops: None,
            client_duration_ns: Some(moments.client_ended.since(moments.client_started)),
        },
        findings: Vec::new(),
    };
    run.findings = findings(&FindingsInput {
        run: &run,
        flows: &flows,
        workers: &workers,
        extra: &extra,
    });
    Assembled {
        run,
        flows,
        workers,
        capture_cut,
    }
}

/// Where nothing was captured no flow is known.
const NOT_CAPTURED: Correlation = Correlation {
    flows: None,
    client_owned: None,
    server_owned: None,
};

fn correlation(flows: &[FlowRecord], instrumented_server: bool) -> Correlation {
    let count = |of: fn(&FlowRecord) -> bool| flows.iter().filter(|f| of(f)).count() as u64;
    Correlation {
        flows: Some(flows.len() as u64),
        client_owned: Some(count(|f| f.client_owner.is_some())),
        server_owned: instrumented_server.then(|| count(|f| f.server_owner.is_some())),
    }
}

fn latencies(flows: &[FlowRecord]) -> Latencies {
    let handshakes = flows.iter().filter_map(|f| f.handshake?.duration());
    let exchanges = flows.iter().flat_map(|f| &f.exchanges);
    Latencies {
        handshake: Quantiles::of(handshakes),
        exchange: Quantiles::of(exchanges.filter_map(Exchange::duration)),
    }
}

type Unpacked = (
    Option<CaptureSummary>,
    Vec<FlowRecord>,
    Option<crate::model::Nanos>,
    Option<(io::Error, u64)>,
);

fn unpack(
    plan: &RunPlan,
    capture: Option<Captured>,
    stop_reason: crate::model::StopReason,
    extra: &mut Vec<Finding>,
) -> Unpacked {
    let (Some(captured), Some(settings)) = (capture, &plan.capture) else {
        return (None, Vec::new(), None, None);
    };
    let recording = captured.recording;
    let totals = captured.totals.as_ref().ok();
    if let Err(e) = &captured.totals {
        extra.push(Finding::new(
            "capture_failed",
            Severity::Error,
            format!("The capture ended before the run did: {e}; what came before is kept."),
        ));
    }
    if let Some((e, frames)) = &recording.file_error {
        extra.push(
            Finding::new(
                "capture_not_saved",
                Severity::Error,
                format!("capture.pcap could not be written any more ({e}); it holds the first {frames} frames. Free some space, or choose another disk with --out."),
            )
            .with("frames_saved", *frames),
        );
    }
    let summary = CaptureSummary {
        interface: settings.interface.clone(),
        link_type: captured.link_name,
        snaplen: settings.snaplen,
        filter: captured.filter,
        frames: recording.frames,
        bytes: recording.bytes,
        dropped_by_kernel: totals.and_then(|t| t.dropped_by_kernel),
        dropped_by_interface: totals.and_then(|t| t.dropped_by_interface),
        stop_reason,
    };
    (
        Some(summary),
        recording.flows,
        totals.map(|t| t.cpu),
        recording.file_error,
    )
}

fn client_socket(note: &RequestNote, client_ended: Timestamp) -> Option<ClientSocket> {
    let (worker, pid, tid) = note.taken_by?;
    Some(ClientSocket {
        worker,
        pid,
        tid,
        local: note.client,
        from: note.connect?,
        until: note.connected.or(note.ended).unwrap_or(client_ended),
    })
}

fn server_socket(note: &ConnectionNote) -> ServerSocket {
    ServerSocket {
        peer: note.client,
        accepted: note.accepted,
        pid: note.served_by.unwrap_or(note.accepted_by).0,
        accept_tid: Some(note.accepted_by.1),
        serve_tid: note.served_by.map(|s| s.1),
    }
}

fn told_plan(plan: &RunPlan, target: String) -> Plan {
    let client = &plan.client;
    let (kind, model) = match &plan.server {
        ServerChoice::Embedded(server) => (ServerKind::Embedded, Some(server.model)),
        ServerChoice::Existing(_) => (ServerKind::Existing, None),
    };
    Plan {
        strategy: Some(client.strategy),
        requests: Some(u64::from(client.requests)),
        workers: (client.strategy == Strategy::Pool).then(|| u64::from(client.workers)),
        target,
        server: kind,
        server_model: model,
        client_command: None,
        joined: Some(client.join),
        gate: client.gate,
        max_in_flight: client.max_in_flight.map(u64::from),
        timeout_ns: Some(client.timeout.into()),
    }
}
