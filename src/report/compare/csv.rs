//! The rows of a comparison as a spreadsheet reads them.

use std::borrow::Cow;
use std::io;

use serde::Serialize;

use crate::model::{CompareRow, Nanos, ServerModel, Strategy};
use crate::report::spreadsheet::Spreadsheet;
use crate::text::command::as_line;
use crate::text::escape::spreadsheet;

/// A row; its fields are the columns.
#[derive(Default, Serialize)]
struct Row<'a> {
    name: Cow<'a, str>,
    strategy: Option<Strategy>,
    client_command: Option<String>,
    server_model: Option<ServerModel>,
    server: Option<Cow<'a, str>>,
    requests: u64,
    repeats: u64,
    duration_median_ns: Option<Nanos>,
    duration_min_ns: Option<Nanos>,
    duration_max_ns: Option<Nanos>,
    ratio_to_fastest: Option<String>,
    client_threads_before: Option<u64>,
    client_threads_peak: Option<u64>,
    client_threads_after: Option<u64>,
    client_processes_before: Option<u64>,
    client_processes_peak: Option<u64>,
    client_processes_after: Option<u64>,
    server_threads_before: Option<u64>,
    server_threads_peak: Option<u64>,
    server_threads_after: Option<u64>,
    server_processes_before: Option<u64>,
    server_processes_peak: Option<u64>,
    server_processes_after: Option<u64>,
    system_threads_before: Option<u64>,
    system_threads_peak: Option<u64>,
    system_threads_after: Option<u64>,
    peak_open_flows: Option<u64>,
    handshake_p50_ns: Option<Nanos>,
    handshake_p95_ns: Option<Nanos>,
    handshake_p99_ns: Option<Nanos>,
    exchange_p50_ns: Option<Nanos>,
    exchange_p95_ns: Option<Nanos>,
    exchange_p99_ns: Option<Nanos>,
    syn_retransmissions: Option<u64>,
    failed: Option<u64>,
    client_cpu_ns: Option<Nanos>,
    server_cpu_ns: Option<Nanos>,
    client_largest_process_memory_bytes: Option<u64>,
    server_largest_process_memory_bytes: Option<u64>,
}

impl<'a> Row<'a> {
    fn of(row: &'a CompareRow) -> Self {
        let census = row.census.as_ref();
        let client = census.map(|c| &c.client);
        let server = census.map(|c| &c.server);
        let system = census.map(|c| c.system.threads);
        let (handshake, exchange) = (row.latency.handshake, row.latency.exchange);
        let words = row.client_command.as_ref().map(|words| as_line(words));
        Self {
            name: spreadsheet(&row.name),
            strategy: row.strategy,
            client_command: words.map(|words| spreadsheet(&words).into_owned()),
            server_model: row.server_model,
            server: row.server.as_deref().map(spreadsheet),
            requests: row.requests,
            repeats: row.repeats,
            duration_median_ns: row.duration_ns.map(|d| d.median),
            duration_min_ns: row.duration_ns.map(|d| d.min),
            duration_max_ns: row.duration_ns.map(|d| d.max),
            ratio_to_fastest: row.ratio_to_fastest.map(|x| format!("{x:.4}")),
            client_threads_before: client.and_then(|c| c.threads.before),
            client_threads_peak: client.and_then(|c| c.threads.peak),
            client_threads_after: client.and_then(|c| c.threads.after),
            client_processes_before: client.and_then(|c| c.processes.before),
            client_processes_peak: client.and_then(|c| c.processes.peak),
            client_processes_after: client.and_then(|c| c.processes.after),
            server_threads_before: server.and_then(|s| s.threads.before),
            server_threads_peak: server.and_then(|s| s.threads.peak),
            server_threads_after: server.and_then(|s| s.threads.after),
            server_processes_before: server.and_then(|s| s.processes.before),
            server_processes_peak: server.and_then(|s| s.processes.peak),
            server_processes_after: server.and_then(|s| s.processes.after),
            system_threads_before: system.and_then(|t| t.before),
            system_threads_peak: system.and_then(|t| t.peak),
            system_threads_after: system.and_then(|t| t.after),
            peak_open_flows: row.peak_open_flows,
            handshake_p50_ns: handshake.map(|q| q.p50_ns),
            handshake_p95_ns: handshake.map(|q| q.p95_ns),
            handshake_p99_ns: handshake.map(|q| q.p99_ns),
            exchange_p50_ns: exchange.map(|q| q.p50_ns),
            exchange_p95_ns: exchange.map(|q| q.p95_ns),
            exchange_p99_ns: exchange.map(|q| q.p99_ns),
            syn_retransmissions: row.syn_retransmissions,
            failed: row.failed,
            client_cpu_ns: row.client_cpu_ns,
            server_cpu_ns: row.server_cpu_ns,
            client_largest_process_memory_bytes: row.client_peak_memory_bytes,
            server_largest_process_memory_bytes: row.server_peak_memory_bytes,
        }
    }
}

/// Writes a header and a row each; what was not measured is empty.
pub(in crate::report) fn write(rows: &[CompareRow], out: &mut dyn io::Write) -> io::Result<()> {
    let mut sheet = Spreadsheet::new(out, &Row::default())?;
    for row in rows {
        sheet.row(&Row::of(row))?;
    }
    sheet.finish()
}
