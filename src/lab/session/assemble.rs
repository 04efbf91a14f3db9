//! From what was observed to the record of the run.
//!
//! The ledgers' notes become workers and sockets, the sockets are joined with
//! the flows, and everything is counted. No effect on the system here, except
//! that the environment's limits are read.

use std::collections::BTreeMap;
use std::io;

use super::{Captured, End, Observed, RunPlan, ServerChoice};
use crate::census::{self, SideSpans, Span};
use crate::correlate::{self, ClientSocket, ServerSocket};
use crate::findings::{FindingsInput, findings};
use crate::lab::records::{ConnectionNote, RequestNote, read_connection, read_request};
use crate::model::{
    CaptureSummary, Correlation, Finding, FlowRecord, Latencies, Observer, Outcome, Plan,
    Provenance, Quantiles, Requests, RunCensus, RunRecord, SCHEMA_RUN, ServerKind, Severity, Side,
    SideCensus, Strategy, Timestamp, Tool, WorkerId, WorkerRecord,
};
use crate::report::RunView;
use crate::sys::ledger::Ledger;
use crate::sys::limits;
use crate::sys::process::Exit;

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
    let census = RunCensus {
        client: side_census(
            &client,
            moments.client_started,
            moments.client_ended,
            None,
            &mut extra,
        ),
        server: server.as_ref().map_or_else(
            || watch.of_server.side(),
            |s| {
                side_census(
                    s,
                    moments.client_started,
                    moments.over,
                    Some(moments.at_rest),
                    &mut extra,
                )
            },
        ),
        system: watch.of_system.system(),
    };
    tell_of_refusals(&client, server.as_ref(), &mut extra);
    tell_of_deaths(client_exit, server_lost, end, &mut extra);
    if end == End::Interrupted && !captured {
        // With a capture, its stop reason says so.
        extra.push(Finding::new(
            "interrupted",
            Severity::Warning,
            "The run was interrupted: every figure covers only what had happened by then; run it again for the whole.",
        ));
    }
    let owned = |of: fn(&FlowRecord) -> bool| {
        captured.then(|| flows.iter().filter(|f| of(f)).count() as u64)
    };
    let correlation = Correlation {
        flows: captured.then_some(flows.len() as u64),
        client_owned: owned(|f| f.client_owner.is_some()),
        server_owned: server
            .is_some()
            .then(|| owned(|f| f.server_owner.is_some()))
            .flatten(),
    };
    let latency = Latencies {
        handshake: Quantiles::of(
            flows
                .iter()
                .filter_map(|f| f.handshake.and_then(|h| h.duration())),
        ),
        exchange: Quantiles::of(flows.iter().flat_map(|f| {
            f.exchanges
                .iter()
                .filter_map(crate::model::Exchange::duration)
        })),
    };
    let workers = worker_records(&requests, &connections);
    let mut run = RunRecord {
        schema: SCHEMA_RUN.to_owned(),
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        started: started.to_rfc3339(),
        duration_ns: moments.at_rest.since(moments.client_started),
        environment: limits::environment(),
        plan: told_plan(plan, target.to_string()),
        capture: summary,
        requests: counts,
        census,
        latency,
        correlation,
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

/// How many connect(2) calls were issued. A worker notes the moment before the
/// call and its port after it; where its process ended in between, only the
/// wire can tell (`reached`: how many of those did reach it).
fn attempted(requests: &[RequestNote], reached: Option<u64>) -> u64 {
    let begun = |n: &&RequestNote| n.connect.is_some();
    let told = |n: &&RequestNote| n.client.is_some() || n.ended.is_some();
    let sure = requests.iter().filter(begun).filter(told).count() as u64;
    let unsure = requests.iter().filter(begun).count() as u64 - sure;
    sure + reached.map_or(unsure, |r| r.min(unsure))
}

fn count_requests(
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

fn tell_of_refusals(client: &Ledger, server: Option<&Ledger>, extra: &mut Vec<Finding>) {
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    let client_refused = client.header().refused_tasks.load(relaxed);
    if client_refused > 0 {
        extra.push(
            Finding::new(
                "client_refused_tasks",
                Severity::Warning,
                format!("The system refused the client {client_refused} threads or processes (EAGAIN); the run went on with those it had. Lower -n, or raise RLIMIT_NPROC, kernel.threads-max, kernel.pid_max or vm.max_map_count."),
            )
            .with("refused", client_refused),
        );
    }
    let Some(header) = server.map(Ledger::header) else {
        return;
    };
    let tasks = header.refused_tasks.load(relaxed);
    if tasks > 0 {
        extra.push(
            Finding::new(
                "server_refused_tasks",
                Severity::Warning,
                format!("The system refused the server {tasks} threads or processes (EAGAIN); its accepting thread served those connections itself."),
            )
            .with("refused", tasks),
        );
    }
    let descriptors = header.refused_descriptors.load(relaxed);
    if descriptors > 0 {
        extra.push(
            Finding::new(
                "server_refused_descriptors",
                Severity::Warning,
                "The server ran out of descriptors; connections waited in the accept queue until others had closed. Raise `ulimit -n`.",
            )
            .with("refused", descriptors),
        );
    }
}

fn tell_of_deaths(client: Option<Exit>, server: Option<Exit>, end: End, extra: &mut Vec<Finding>) {
    let how = |exit: Exit| match exit {
        Exit::Code(code) => format!("exit status {code}"),
        Exit::Signal(signal) => format!("signal {signal}"),
    };
    if end == End::Complete
        && let Some(exit) = client
        && exit != Exit::Code(0)
    {
        extra.push(
            Finding::new(
                "client_died",
                Severity::Error,
                format!(
                    "The client ended before its work was done ({}); client.log may tell why.",
                    how(exit)
                ),
            )
            .with("exit", how(exit)),
        );
    }
    if let Some(exit) = server {
        extra.push(
            Finding::new(
                "server_died",
                Severity::Error,
                format!(
                    "The server ended during the run ({}); server.log may tell why.",
                    how(exit)
                ),
            )
            .with("exit", how(exit)),
        );
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

fn worker_records(requests: &[RequestNote], connections: &[ConnectionNote]) -> Vec<WorkerRecord> {
    let clients = requests.iter().map(|n| WorkerRecord {
        side: Side::Client,
        worker: n.taken_by.map(|t| t.0),
        request: Some(n.number),
        pid: n.taken_by.map(|t| t.1),
        tid: n.taken_by.map(|t| t.2),
        started_ns: n.started,
        ended_ns: n.ended,
        connected_ns: n.connected,
        client: n.client,
        outcome: Some(n.outcome),
        detail: detail(n),
    });
    // A server's workers are numbered in the order in which they first appear.
    let mut numbers = std::collections::HashMap::new();
    let servers = connections.iter().map(|c| {
        let (pid, tid) = c.served_by.unwrap_or(c.accepted_by);
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let number = *numbers.entry((pid, tid)).or_insert(next);
        WorkerRecord {
            side: Side::Server,
            worker: Some(WorkerId(number)),
            request: None,
            pid: Some(pid),
            tid: Some(tid),
            started_ns: c.served,
            ended_ns: c.closed,
            connected_ns: Some(c.accepted),
            client: Some(c.client),
            outcome: None,
            detail: None,
        }
    });
    clients.chain(servers).collect()
}

fn detail(note: &RequestNote) -> Option<String> {
    if !note.got.is_empty() {
        let more = if note.got_more { "…" } else { "" };
        return Some(format!("{}{more}", note.got.escape_ascii()));
    }
    (note.errno != 0).then(|| io::Error::from_raw_os_error(i32::from(note.errno)).to_string())
}
