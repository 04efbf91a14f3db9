//! The summary: what was asked, what became of it, how long it took, what it
//! cost to watch, and what is concluded.
//!
//! The run's record comes in; blocks go out.

use super::sheet::{Block, Cell, Column, Conclusion, Grid, Keep, Row, Tone};
use crate::model::{
    CaptureSummary, Correlation, Finding, Latencies, Nanos, Observer, Outcome, Plan, Quantiles,
    Requests, RunRecord, ServerKind, Severity, StopReason, Strategy,
};
use crate::text::units::{bytes, count, counted, duration, percent};

/// What was done, in a line.
pub(super) fn title(run: &RunRecord) -> Cell {
    let plan = &run.plan;
    Cell::new(format!("{} → {}", client(plan), plan.target)).toned(Tone::Strong)
}

fn client(plan: &Plan) -> String {
    let Some(strategy) = plan.strategy else {
        return match &plan.client_command {
            Some(words) => words.join(" "),
            None => "a client".to_owned(),
        };
    };
    let requests = match plan.requests {
        Some(n) => counted(n, "request", "requests"),
        None => "requests".to_owned(),
    };
    let mut text = match (strategy, plan.workers) {
        (Strategy::Thread, _) => format!("{requests}, a thread each"),
        (Strategy::Process, _) => format!("{requests}, a process each"),
        (Strategy::Async, _) => format!("{requests} by one event loop"),
        (Strategy::Pool, None) => format!("{requests} by a pool of threads"),
        (Strategy::Pool, Some(n)) => {
            format!(
                "{requests} by a pool of {}",
                counted(n, "thread", "threads")
            )
        }
    };
    if plan.gate {
        text.push_str(", released at once");
    }
    if let Some(bound) = plan.max_in_flight {
        text.push_str(", at most ");
        text.push_str(&count(bound));
        text.push_str(" in flight");
    }
    if plan.joined == Some(false) {
        text.push_str(", not joined");
    }
    text
}

/// Whose server, how long, where, when, by which version.
pub(super) fn subtitle(run: &RunRecord) -> Cell {
    let server = match run.plan.server {
        ServerKind::Embedded => "embedded server",
        ServerKind::Command => "server by command",
        ServerKind::Existing => "existing server",
    };
    let server = match run.plan.server_model {
        Some(model) => format!("{server} ({model})"),
        None => server.to_owned(),
    };
    Cell::new(format!(
        "{server} · {} · {}, {} · {} · {} {}",
        duration(run.duration_ns),
        run.environment.kernel,
        counted(run.environment.cpus, "CPU", "CPUs"),
        run.started,
        run.tool.name,
        run.tool.version,
    ))
    .toned(Tone::Quiet)
}

/// Requests, failures, latency, what was observed and how, findings.
pub(super) fn blocks(run: &RunRecord) -> Vec<Block> {
    let mut blocks = vec![requests(&run.requests)];
    blocks.extend(failures(&run.requests));
    blocks.push(latency(&run.latency));
    blocks.push(Block::Facts {
        heading: "Observation",
        facts: vec![
            ("capture", capture(run.capture.as_ref())),
            ("owners", owners(&run.correlation)),
            ("cost", cost(&run.observer)),
        ],
    });
    blocks.extend(findings(&run.findings));
    blocks
}

fn requests(requests: &Requests) -> Block {
    let figure = |n: Option<u64>| Cell::maybe(n.map(count));
    let failed: u64 = requests.failed.values().sum();
    // An empty list of failures says nothing where no answer was counted.
    let known = failed > 0 || requests.answered.is_some() || requests.valid.is_some();
    let failed = match figure(known.then_some(failed)) {
        cell if failed > 0 => cell.toned(Tone::Error),
        cell => cell,
    };
    let valid = match figure(requests.valid) {
        cell if requests.valid.is_some() && requests.valid == requests.submitted => {
            cell.toned(Tone::Good)
        }
        cell => cell,
    };
    Block::Grid {
        heading: "Requests",
        grid: Grid {
            columns: [
                "submitted",
                "attempted",
                "on the wire",
                "handshakes",
                "answered",
                "valid",
                "failed",
            ]
            .map(Column::right)
            .to_vec(),
            rows: vec![Row::new([
                figure(requests.submitted),
                figure(requests.attempted),
                figure(requests.on_wire),
                figure(requests.handshakes),
                figure(requests.answered),
                valid,
                failed,
            ])],
        },
        after: None,
    }
}

fn failures(requests: &Requests) -> Option<Block> {
    let mut failed: Vec<_> = requests.failed.iter().filter(|(_, n)| **n > 0).collect();
    failed.sort_by_key(|&(_, &n)| std::cmp::Reverse(n));
    let rows: Vec<_> = failed
        .into_iter()
        .map(|(reason, &n)| {
            let meaning = Outcome::from_name(reason).map(Outcome::explanation);
            Row::new([
                Cell::new(count(n)).toned(Tone::Error),
                Cell::new(reason),
                Cell::maybe(meaning),
            ])
        })
        .collect();
    (!rows.is_empty()).then(|| Block::Grid {
        heading: "Failures",
        grid: Grid {
            columns: vec![
                Column::right("requests"),
                Column::left("reason").keep(Keep::Elide),
                Column::left("what it means").keep(Keep::Elide),
            ],
            rows,
        },
        after: None,
    })
}

fn latency(latency: &Latencies) -> Block {
    let row = |label: &str, quantiles: Option<Quantiles>| {
        let span =
            |of: fn(&Quantiles) -> Nanos| Cell::maybe(quantiles.as_ref().map(|q| duration(of(q))));
        Row::new([
            Cell::new(label),
            span(|q| q.min_ns),
            span(|q| q.p50_ns).toned(match quantiles {
                Some(_) => Tone::Strong,
                None => Tone::Quiet,
            }),
            span(|q| q.p95_ns),
            span(|q| q.p99_ns),
            span(|q| q.max_ns),
            Cell::maybe(quantiles.map(|q| count(q.count))),
        ])
    };
    Block::Grid {
        heading: "Latency",
        grid: Grid {
            columns: vec![
                Column::left(""),
                Column::right("min"),
                Column::right("p50"),
                Column::right("p95"),
                Column::right("p99"),
                Column::right("max"),
                Column::right("count"),
            ],
            rows: vec![
                row("handshake", latency.handshake),
                row("answer", latency.exchange),
            ],
        },
        after: None,
    }
}

fn capture(capture: Option<&CaptureSummary>) -> Cell {
    let Some(capture) = capture else {
        return Cell::new("none: what only the wire shows was not measured").toned(Tone::Warning);
    };
    let (drops, lost) = drops(capture);
    let (end, cut) = match capture.stop_reason {
        StopReason::Drained => ("every flow closed", false),
        StopReason::Timeout => ("flows were still open when the linger time was over", true),
        StopReason::Interrupted => ("interrupted", true),
    };
    Cell::new(format!(
        "{} ({}) on {}; {drops}; {end}",
        counted(capture.frames, "frame", "frames"),
        bytes(capture.bytes),
        capture.interface,
    ))
    .toned(match (lost, cut) {
        (true, _) => Tone::Error,
        (false, true) => Tone::Warning,
        (false, false) => Tone::Plain,
    })
}

/// What was lost, and whether anything was.
fn drops(capture: &CaptureSummary) -> (String, bool) {
    let (kernel, interface) = (capture.dropped_by_kernel, capture.dropped_by_interface);
    match (kernel, interface) {
        (Some(0), Some(0)) => ("none dropped".to_owned(), false),
        (None, None) => ("drops not known".to_owned(), false),
        _ => {
            let figure = |n: Option<u64>| n.map_or_else(|| "an unknown number".to_owned(), count);
            let text = format!(
                "DROPPED: {} by the kernel, {} by the interface",
                figure(kernel),
                figure(interface)
            );
            let lost = kernel.unwrap_or(0) > 0 || interface.unwrap_or(0) > 0;
            let text = if lost {
                text
            } else {
                text.replace("DROPPED", "dropped")
            };
            (text, lost)
        }
    }
}

fn owners(correlation: &Correlation) -> Cell {
    let Some(flows) = correlation.flows else {
        return Cell::absent();
    };
    let of = |owned: Option<u64>| match owned {
        None => "not known".to_owned(),
        Some(n) if n == flows => "known for all".to_owned(),
        Some(n) => format!("known for {}", count(n)),
    };
    let (client, server) = (correlation.client_owned, correlation.server_owned);
    let all = client == Some(flows) && server == Some(flows);
    Cell::new(format!(
        "{}; client worker {}, server thread {}",
        counted(flows, "flow", "flows"),
        of(client),
        of(server)
    ))
    .toned(if all { Tone::Plain } else { Tone::Warning })
}

/// What observing cost, in CPU time and relative to the client's own duration.
fn cost(observer: &Observer) -> Cell {
    let client = observer.client_duration_ns;
    let part = |who: &str, cpu: Nanos| {
        let share = client.and_then(|client| {
            let whole = u64::try_from(client.get()).ok()?;
            percent(u64::try_from(cpu.get()).ok()?, whole)
        });
        match share {
            Some(share) => format!("{who} {} CPU, {share} of the client's time", duration(cpu)),
            None => format!("{who} {} CPU", duration(cpu)),
        }
    };
    let mut parts = Vec::new();
    parts.extend(observer.capture_cpu_ns.map(|cpu| part("capture", cpu)));
    parts.extend(observer.tracer_cpu_ns.map(|cpu| part("tracer", cpu)));
    parts.extend(
        observer
            .tracer_stops
            .map(|n| counted(n, "tracer stop", "tracer stops")),
    );
    if parts.is_empty() {
        return Cell::absent();
    }
    parts.extend(client.map(|span| format!("the client ran {}", duration(span))));
    Cell::new(parts.join("; "))
}

fn findings(findings: &[Finding]) -> Option<Block> {
    let findings: Vec<_> = findings
        .iter()
        .map(|finding| {
            let (label, tone) = match finding.severity {
                Severity::Error => ("error", Tone::Error),
                Severity::Warning => ("warning", Tone::Warning),
                Severity::Info => ("note", Tone::Info),
            };
            Conclusion {
                label: Cell::new(label).toned(tone),
                message: Cell::new(&finding.message),
                code: Cell::new(&finding.code),
            }
        })
        .collect();
    (!findings.is_empty()).then_some(Block::Findings {
        heading: "Findings",
        findings,
    })
}
