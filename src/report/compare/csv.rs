//! The rows of a comparison as a spreadsheet reads them.

use std::io;

use crate::model::{CompareRow, Nanos, Quantiles};
use crate::report::csv::io_error;
use crate::text::escape::spreadsheet;

/// A column: its title, and its cell of a row.
type Column = (&'static str, fn(&CompareRow) -> Option<String>);

const COLUMNS: [Column; 38] = [
    ("name", |r| Some(spreadsheet(&r.name).into_owned())),
    ("strategy", |r| r.strategy.map(|s| s.to_string())),
    ("client_command", |r| {
        let words = r.client_command.as_ref()?.join(" ");
        Some(spreadsheet(&words).into_owned())
    }),
    ("server_model", |r| r.server_model.map(|m| m.to_string())),
    ("requests", |r| Some(r.requests.to_string())),
    ("repeats", |r| Some(r.repeats.to_string())),
    ("duration_median_ns", |r| {
        ns(r.duration_ns.map(|d| d.median))
    }),
    ("duration_min_ns", |r| ns(r.duration_ns.map(|d| d.min))),
    ("duration_max_ns", |r| ns(r.duration_ns.map(|d| d.max))),
    ("ratio_to_fastest", |r| {
        r.ratio_to_fastest.map(|x| format!("{x:.4}"))
    }),
    ("client_threads_before", |r| {
        n(r.census.as_ref()?.client.threads.before)
    }),
    ("client_threads_peak", |r| {
        n(r.census.as_ref()?.client.threads.peak)
    }),
    ("client_threads_after", |r| {
        n(r.census.as_ref()?.client.threads.after)
    }),
    ("client_processes_before", |r| {
        n(r.census.as_ref()?.client.processes.before)
    }),
    ("client_processes_peak", |r| {
        n(r.census.as_ref()?.client.processes.peak)
    }),
    ("client_processes_after", |r| {
        n(r.census.as_ref()?.client.processes.after)
    }),
    ("server_threads_before", |r| {
        n(r.census.as_ref()?.server.threads.before)
    }),
    ("server_threads_peak", |r| {
        n(r.census.as_ref()?.server.threads.peak)
    }),
    ("server_threads_after", |r| {
        n(r.census.as_ref()?.server.threads.after)
    }),
    ("server_processes_before", |r| {
        n(r.census.as_ref()?.server.processes.before)
    }),
    ("server_processes_peak", |r| {
        n(r.census.as_ref()?.server.processes.peak)
    }),
    ("server_processes_after", |r| {
        n(r.census.as_ref()?.server.processes.after)
    }),
    ("system_threads_before", |r| {
        n(r.census.as_ref()?.system.threads.before)
    }),
    ("system_threads_peak", |r| {
        n(r.census.as_ref()?.system.threads.peak)
    }),
    ("system_threads_after", |r| {
        n(r.census.as_ref()?.system.threads.after)
    }),
    ("peak_open_flows", |r| n(r.peak_open_flows)),
    ("handshake_p50_ns", |r| {
        of(r.latency.handshake, |q| q.p50_ns)
    }),
    ("handshake_p95_ns", |r| {
        of(r.latency.handshake, |q| q.p95_ns)
    }),
    ("handshake_p99_ns", |r| {
        of(r.latency.handshake, |q| q.p99_ns)
    }),
    ("exchange_p50_ns", |r| of(r.latency.exchange, |q| q.p50_ns)),
    ("exchange_p95_ns", |r| of(r.latency.exchange, |q| q.p95_ns)),
    ("exchange_p99_ns", |r| of(r.latency.exchange, |q| q.p99_ns)),
    ("syn_retransmissions", |r| n(r.syn_retransmissions)),
    ("failed", |r| n(r.failed)),
    ("client_cpu_ns", |r| ns(r.client_cpu_ns)),
    ("server_cpu_ns", |r| ns(r.server_cpu_ns)),
    ("client_largest_process_memory_bytes", |r| {
        n(r.client_peak_memory_bytes)
    }),
    ("server_largest_process_memory_bytes", |r| {
        n(r.server_peak_memory_bytes)
    }),
];

/// Writes a header and a row each; what was not measured is empty.
pub(super) fn write(rows: &[CompareRow], out: &mut impl io::Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let titles = COLUMNS.iter().map(|(title, _)| *title);
    writer.write_record(titles).map_err(io_error)?;
    for row in rows {
        let cells = COLUMNS
            .iter()
            .map(|(_, cell)| cell(row).unwrap_or_default());
        writer.write_record(cells).map_err(io_error)?;
    }
    writer.flush()
}

fn n(count: Option<u64>) -> Option<String> {
    count.map(|n| n.to_string())
}

fn ns(span: Option<Nanos>) -> Option<String> {
    span.map(|ns| ns.get().to_string())
}

fn of(quantiles: Option<Quantiles>, quantile: fn(&Quantiles) -> Nanos) -> Option<String> {
    ns(quantiles.as_ref().map(quantile))
}
