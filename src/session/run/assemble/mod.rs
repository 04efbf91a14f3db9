//! From what was observed to the record of the run.
//!
//! The ledgers' notes become workers and sockets, the sockets are joined with
//! the flows, and everything is counted. No effect on the system here, except
//! that the environment's limits are read.

mod built;
mod counts;
mod program_troubles;
mod programs;
mod sides;
mod troubles;
mod workers;

use std::io;

use self::sides::{ClientSide, ServerSide};
use self::troubles::{tell_of_interruption, tell_of_swept};
use super::{Captured, ClientChoice, End, Observed, RunPlan, ServerChoice};
use crate::correlate;
use crate::findings::{FindingsInput, findings};
use crate::lab::records::{RequestNote, read_request};
use crate::model::{
    CaptureSummary, Correlation, Exchange, Finding, FlowRecord, Inferred, Latencies, Observer,
    Outcome, Plan, Programs, Quantiles, RunCensus, RunRecord, SCHEMA_RUN, ServerKind, Severity,
    Side, Strategy, Tool, WorkerRecord,
};
use crate::report::RunView;
use crate::sys::ledger::Ledger;
use crate::sys::proc::limits;

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

pub(super) fn notes(ledger: &Ledger, requests: u32) -> impl Iterator<Item = RequestNote> + '_ {
    (0..requests).filter_map(|n| Some(read_request(u64::from(n), ledger.entry(n as usize)?)))
}

pub fn assemble(plan: &RunPlan, observed: Observed, end: End) -> Assembled {
    let Observed {
        started,
        target,
        client,
        server,
        moments,
        costs,
        watch,
        capture,
        stop_reason,
        swept,
    } = observed;
    let mut extra = Vec::new();
    let captured = capture.is_some();
    let (summary, mut flows, capture_cpu, capture_cut) =
        unpack(plan, capture, stop_reason, &mut extra);

    let client = ClientSide::new(plan, &client);
    let server = ServerSide::new(&server);
    let reached = correlate::own_clients(
        &mut flows,
        &client.sockets(moments.client_ended),
        client.provenance(),
    );
    correlate::own_servers(&mut flows, &server.sockets(), server.provenance());

    let wire = captured.then_some(&flows[..]);
    let requests = client.requests(plan, reached, wire, &mut extra);
    let census = RunCensus {
        client: client.census(moments, &mut extra),
        server: server.census(moments, &watch, &mut extra),
        system: watch.of_system.system(),
    };
    program_troubles::tell_of_no_tracing([client.watched(), server.watched()], &mut extra);
    client.troubles(end, &mut extra);
    server.troubles(end, &mut extra);
    tell_of_interruption(end, &mut extra);
    tell_of_swept(&swept, &mut extra);
    let correlation = captured.then(|| correlation(&flows, &client, &server));
    let latency = latencies(&flows);
    let mut workers = client.workers(wire);
    workers.extend(server.workers());
    let (tracer_cpu_ns, tracer_stops) = programs::tracers([client.watched(), server.watched()]);
    let mut run = RunRecord {
        schema: SCHEMA_RUN.to_owned(),
        tool: Tool::this(),
        started: started.to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
        duration_ns: moments.at_rest.since(moments.client_started),
        environment: limits::environment(),
        plan: told_plan(plan, target.to_string(), &client, &server, &flows),
        capture: summary,
        requests,
        census,
        latency,
        correlation: correlation.unwrap_or(NOT_CAPTURED),
        sides: costs.unwrap_or_default(),
        observer: Observer {
            capture_cpu_ns: capture_cpu,
            tracer_cpu_ns,
            tracer_stops,
            client_duration_ns: Some(moments.client_ended.since(moments.client_started)),
        },
        programs: Programs {
            client: client
                .watched()
                .map(|w| programs::record(w, Side::Client, &flows)),
            server: server
                .watched()
                .map(|w| programs::record(w, Side::Server, &flows)),
        },
        findings: Vec::new(),
    };
    run.findings = findings(&FindingsInput {
        seen: None,
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

fn correlation(
    flows: &[FlowRecord],
    client: &ClientSide<'_>,
    server: &ServerSide<'_>,
) -> Correlation {
    let count = |of: fn(&FlowRecord) -> bool| flows.iter().filter(|f| of(f)).count() as u64;
    Correlation {
        flows: Some(flows.len() as u64),
        client_owned: client
            .tells_owners()
            .then(|| count(|f| f.client_owner.is_some())),
        server_owned: server
            .tells_owners()
            .then(|| count(|f| f.server_owner.is_some())),
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

fn told_plan(
    plan: &RunPlan,
    target: String,
    client: &ClientSide<'_>,
    server: &ServerSide<'_>,
    flows: &[FlowRecord],
) -> Plan {
    let kind = match &plan.server {
        ServerChoice::Embedded(_) => ServerKind::Embedded,
        ServerChoice::Command { .. } => ServerKind::Command,
        ServerChoice::Existing { .. } => ServerKind::Existing,
    };
    let (server_model, server_evidence) = server.model(plan, flows);
    let told = Plan {
        strategy: None,
        requests: None,
        workers: None,
        target,
        server: kind,
        server_model,
        client_command: client.watched().map(|w| w.command.clone()),
        server_command: (kind == ServerKind::Command)
            .then(|| server.watched().map(|w| w.command.clone()))
            .flatten(),
        inferred: Inferred {
            client: None,
            server: server_evidence,
        },
        joined: None,
        gate: false,
        max_in_flight: None,
        timeout_ns: None,
    };
    match &plan.client {
        ClientChoice::BuiltIn(client) => Plan {
            strategy: Some(client.strategy),
            requests: Some(u64::from(client.requests)),
            workers: (client.strategy == Strategy::Pool).then(|| u64::from(client.workers)),
            joined: Some(client.join),
            gate: client.gate,
            max_in_flight: client.max_in_flight.map(u64::from),
            timeout_ns: Some(client.timeout.into()),
            ..told
        },
        ClientChoice::Command { requests, .. } => {
            let (strategy, workers, evidence) = client.strategy(flows);
            Plan {
                strategy,
                workers,
                requests: requests.map(u64::from),
                inferred: Inferred {
                    client: evidence,
                    ..told.inferred
                },
                ..told
            }
        }
    }
}
