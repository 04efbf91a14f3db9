//! Flows as a spreadsheet reads them: one row a flow, flat columns.
//!
//! Flows come in; out goes a header, always, and a row each. What was not
//! measured is an empty cell. Of a flow with several exchanges the first one
//! is told, beside how many there were: `flows.jsonl` has them all. Texts from
//! outside cannot become formulas.

use std::io;

use super::FlowOf;
use crate::model::{Exchange, FlowRecord, Handshake, Nanos, Timestamp};
use crate::text::escape::spreadsheet;

const HEADER: [&str; 46] = [
    "flow",
    "client_ip",
    "client_port",
    "server_ip",
    "server_port",
    "first_ns",
    "last_ns",
    "duration_ns",
    "client_frames",
    "server_frames",
    "client_wire_bytes",
    "server_wire_bytes",
    "client_payload_bytes",
    "server_payload_bytes",
    "client_stream_bytes",
    "server_stream_bytes",
    "client_retransmissions",
    "server_retransmissions",
    "client_out_of_order",
    "server_out_of_order",
    "client_duplicate_acks",
    "server_duplicate_acks",
    "client_zero_windows",
    "server_zero_windows",
    "initial_rtt_ns",
    "state",
    "history",
    "syn_ns",
    "syn_count",
    "handshake_ns",
    "close",
    "exchanges",
    "request_ns",
    "response_ns",
    "exchange_ns",
    "answer",
    "valid",
    "problem",
    "worker",
    "client_pid",
    "client_tid",
    "client_provenance",
    "server_pid",
    "accept_tid",
    "serve_tid",
    "server_provenance",
];

/// Writes flows as CSV with a header.
///
/// # Errors
/// Those of `out`.
pub fn write_flows_csv<'a>(
    flows: impl IntoIterator<Item = &'a FlowRecord>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut writer = FlowCsv::new(out, false)?;
    for flow in flows {
        writer.flow(FlowOf { file: None, flow })?;
    }
    writer.finish()
}

/// Writes flows as CSV one by one.
pub struct FlowCsv<W: io::Write> {
    writer: csv::Writer<W>,
    files: bool,
}

impl<W: io::Write> FlowCsv<W> {
    /// Writes the header; with `files`, the first column is the file's name.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W, files: bool) -> io::Result<Self> {
        let mut writer = csv::Writer::from_writer(out);
        let file = files.then_some("file");
        writer
            .write_record(file.into_iter().chain(HEADER))
            .map_err(io_error)?;
        Ok(Self { writer, files })
    }

    /// Writes one row.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn flow(&mut self, of: FlowOf<'_>) -> io::Result<()> {
        let file = self
            .files
            .then(|| spreadsheet(of.file.unwrap_or_default()).into_owned());
        self.writer
            .write_record(file.into_iter().chain(row(of.flow)))
            .map_err(io_error)
    }

    /// Hands everything on.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// The error of the writer underneath: which kind it is matters to the caller.
pub(super) fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn row(flow: &FlowRecord) -> [String; 46] {
    let handshake = flow.handshake;
    let exchange = flow.exchanges.first();
    let client = flow.client_owner;
    let server = flow.server_owner;
    [
        flow.flow.to_string(),
        flow.client.ip.to_string(),
        flow.client.port.to_string(),
        flow.server.ip.to_string(),
        flow.server.port.to_string(),
        flow.first_ns.as_nanos().to_string(),
        flow.last_ns.as_nanos().to_string(),
        flow.last_ns.since(flow.first_ns).get().to_string(),
        flow.client_frames.to_string(),
        flow.server_frames.to_string(),
        flow.client_wire_bytes.to_string(),
        flow.server_wire_bytes.to_string(),
        flow.client_payload_bytes.to_string(),
        flow.server_payload_bytes.to_string(),
        flow.client_stream_bytes.to_string(),
        flow.server_stream_bytes.to_string(),
        flow.client_retransmissions.to_string(),
        flow.server_retransmissions.to_string(),
        flow.client_out_of_order.to_string(),
        flow.server_out_of_order.to_string(),
        flow.client_duplicate_acks.to_string(),
        flow.server_duplicate_acks.to_string(),
        flow.client_zero_windows.to_string(),
        flow.server_zero_windows.to_string(),
        maybe(flow.initial_rtt_ns.map(Nanos::get)),
        flow.state.name().to_owned(),
        spreadsheet(&flow.history).into_owned(),
        maybe(handshake.map(|h| h.syn_ns.as_nanos())),
        maybe(handshake.map(|h| h.syn_count)),
        maybe(
            handshake
                .as_ref()
                .and_then(Handshake::duration)
                .map(Nanos::get),
        ),
        flow.close.to_string(),
        (flow.exchanges.len() as u64 + flow.exchanges_omitted).to_string(),
        maybe(exchange.map(|e| e.request_ns.as_nanos())),
        maybe(
            exchange
                .and_then(|e| e.response_ns)
                .map(Timestamp::as_nanos),
        ),
        maybe(exchange.and_then(Exchange::duration).map(Nanos::get)),
        maybe(exchange.and_then(|e| e.answer)),
        maybe(exchange.and_then(|e| e.valid)),
        maybe(exchange.and_then(|e| e.problem.as_deref()).map(spreadsheet)),
        maybe(client.map(|c| c.worker)),
        maybe(client.map(|c| c.pid)),
        maybe(client.map(|c| c.tid)),
        maybe(client.map(|c| c.provenance)),
        maybe(server.map(|s| s.pid)),
        maybe(server.and_then(|s| s.accept_tid)),
        maybe(server.and_then(|s| s.serve_tid)),
        maybe(server.map(|s| s.provenance)),
    ]
}

/// What was measured, or nothing.
fn maybe(value: Option<impl ToString>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}
