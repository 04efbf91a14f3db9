//! Flows as a spreadsheet reads them: one row a flow, flat columns.
//!
//! Flows come in; out goes a header, always, and a row each. What was not
//! measured is an empty cell. Of a flow with several exchanges the first one
//! is told, beside how many there were: `flows.jsonl` has them all. Texts from
//! outside cannot become formulas.

use std::borrow::Cow;
use std::io;
use std::net::IpAddr;

use serde::Serialize;

use super::spreadsheet::Spreadsheet;
use super::view::FlowOf;
use crate::model::{
    Exchange, FlowRecord, Handshake, Nanos, Pid, Provenance, Tid, TimeOfDay, Timestamp, WorkerId,
};
use crate::text::escape::spreadsheet;

/// A row; its fields are the columns.
#[derive(Default, Serialize)]
struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Cow<'a, str>>,
    flow: u64,
    client_ip: Option<IpAddr>,
    client_port: u16,
    server_ip: Option<IpAddr>,
    server_port: u16,
    first_ns: Timestamp,
    last_ns: Timestamp,
    duration_ns: Nanos,
    client_frames: u64,
    server_frames: u64,
    client_wire_bytes: u64,
    server_wire_bytes: u64,
    client_payload_bytes: u64,
    server_payload_bytes: u64,
    client_stream_bytes: Option<u64>,
    server_stream_bytes: Option<u64>,
    client_retransmissions: u64,
    server_retransmissions: u64,
    client_out_of_order: u64,
    server_out_of_order: u64,
    client_duplicate_acks: u64,
    server_duplicate_acks: u64,
    client_zero_windows: u64,
    server_zero_windows: u64,
    initial_rtt_ns: Option<Nanos>,
    state: &'static str,
    history: Cow<'a, str>,
    syn_ns: Option<Timestamp>,
    syn_count: Option<u32>,
    handshake_ns: Option<Nanos>,
    close: &'static str,
    exchanges: Option<u64>,
    request_ns: Option<Timestamp>,
    response_ns: Option<Timestamp>,
    exchange_ns: Option<Nanos>,
    answer: Option<TimeOfDay>,
    valid: Option<bool>,
    problem: Option<Cow<'a, str>>,
    worker: Option<WorkerId>,
    client_pid: Option<Pid>,
    client_tid: Option<Tid>,
    client_provenance: Option<Provenance>,
    server_pid: Option<Pid>,
    accept_tid: Option<Tid>,
    serve_tid: Option<Tid>,
    server_provenance: Option<Provenance>,
    incomplete: String,
    vni: Option<u32>,
}

impl<'a> Row<'a> {
    fn of(flow: &'a FlowRecord, file: Option<&'a str>) -> Self {
        let handshake = flow.handshake.as_ref();
        let exchange = flow.exchanges.first();
        let client = flow.client_owner;
        let server = flow.server_owner;
        Self {
            file: file.map(spreadsheet),
            flow: flow.flow.0,
            client_ip: Some(flow.client.ip),
            client_port: flow.client.port,
            server_ip: Some(flow.server.ip),
            server_port: flow.server.port,
            first_ns: flow.first_ns,
            last_ns: flow.last_ns,
            duration_ns: flow.last_ns.since(flow.first_ns),
            client_frames: flow.client_frames,
            server_frames: flow.server_frames,
            client_wire_bytes: flow.client_wire_bytes,
            server_wire_bytes: flow.server_wire_bytes,
            client_payload_bytes: flow.client_payload_bytes,
            server_payload_bytes: flow.server_payload_bytes,
            client_stream_bytes: flow.client_stream_bytes,
            server_stream_bytes: flow.server_stream_bytes,
            client_retransmissions: flow.client_retransmissions,
            server_retransmissions: flow.server_retransmissions,
            client_out_of_order: flow.client_out_of_order,
            server_out_of_order: flow.server_out_of_order,
            client_duplicate_acks: flow.client_duplicate_acks,
            server_duplicate_acks: flow.server_duplicate_acks,
            client_zero_windows: flow.client_zero_windows,
            server_zero_windows: flow.server_zero_windows,
            initial_rtt_ns: flow.initial_rtt_ns,
            state: flow.state.name(),
            history: spreadsheet(&flow.history),
            syn_ns: handshake.map(|h| h.syn_ns),
            syn_count: handshake.map(|h| h.syn_count),
            handshake_ns: handshake.and_then(Handshake::duration),
            close: flow.close.name(),
            exchanges: flow.requests(),
            request_ns: exchange.map(|e| e.request_ns),
            response_ns: exchange.and_then(|e| e.response_ns),
            exchange_ns: exchange.and_then(Exchange::duration),
            answer: exchange.and_then(|e| e.answer),
            valid: exchange.and_then(|e| e.valid),
            problem: exchange.and_then(|e| e.problem.as_deref()).map(spreadsheet),
            worker: client.map(|c| c.worker),
            client_pid: client.map(|c| c.pid),
            client_tid: client.map(|c| c.tid),
            client_provenance: client.map(|c| c.provenance),
            server_pid: server.map(|s| s.pid),
            accept_tid: server.and_then(|s| s.accept_tid),
            serve_tid: server.and_then(|s| s.serve_tid),
            server_provenance: server.map(|s| s.provenance),
            incomplete: flow
                .incomplete
                .iter()
                .map(|r| r.name())
                .collect::<Vec<_>>()
                .join(" "),
            vni: flow.vni,
        }
    }
}

/// Writes flows as CSV one by one.
pub(super) struct FlowSheet<W: io::Write> {
    sheet: Spreadsheet<W>,
    files: bool,
}

impl<W: io::Write> FlowSheet<W> {
    /// Writes the header; with `files`, the first column is the file's name.
    pub(super) fn new(out: W, files: bool) -> io::Result<Self> {
        let like = Row {
            file: files.then_some(Cow::Borrowed("")),
            ..Row::default()
        };
        let sheet = Spreadsheet::new(out, &like)?;
        Ok(Self { sheet, files })
    }

    /// Writes one row.
    pub(super) fn row(&mut self, of: FlowOf<'_>) -> io::Result<()> {
        let file = self.files.then_some(of.file.unwrap_or_default());
        self.sheet.row(&Row::of(of.flow, file))
    }

    /// Hands on what was written so far.
    ///
    /// # Errors
    /// Those of `out`.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.sheet.flush()
    }

    /// Hands everything on.
    pub(super) fn end(self) -> io::Result<()> {
        self.sheet.finish()
    }
}
