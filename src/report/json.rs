//! The contract's files: `run.json`, `flows.jsonl`, `workers.jsonl`, `compare.json`;
//! and JSON of any record.
//!
//! Records come in, bytes go out as they come: never the whole text in
//! memory, however many flows there are.

use std::borrow::Borrow;
use std::io::{self, Write};

use serde::Serialize;

use super::flow_line::put_flow;
use crate::model::{CompareRecord, FlowRecord, RunRecord, WorkerRecord};
use crate::text::json::{write_indented, write_line};

/// Writes a run's record as indented JSON and a line break.
///
/// # Errors
/// Those of `out`.
pub fn write_run_json(run: &RunRecord, out: &mut impl Write) -> io::Result<()> {
    write_pretty(run, out)
}

/// Writes a comparison as `compare.json` has it.
///
/// # Errors
/// Those of `out`.
pub fn write_compare_json(record: &CompareRecord, out: &mut impl Write) -> io::Result<()> {
    write_pretty(record, out)
}

/// Writes any record as indented JSON and a line break.
pub(super) fn write_pretty(record: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    write_indented(record, &mut out)?;
    out.flush()
}

/// Writes flows, one JSON object a line.
///
/// # Errors
/// Those of `out`.
pub fn write_flows_jsonl<'a>(
    flows: impl IntoIterator<Item = &'a FlowRecord>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let mut line = Vec::new();
    for flow in flows {
        line.clear();
        put_flow(None, flow, &mut line);
        out.write_all(&line)?;
    }
    out.flush()
}

/// Writes workers, one JSON object a line.
///
/// # Errors
/// Those of `out`.
pub fn write_workers_jsonl(
    workers: impl IntoIterator<Item = impl Borrow<WorkerRecord>>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    for worker in workers {
        write_line(worker.borrow(), &mut out)?;
    }
    out.flush()
}

/// Writes records, one JSON object a line.
pub(super) fn write_lines(
    records: impl IntoIterator<Item = impl Serialize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    for record in records {
        write_line(&record, &mut out)?;
    }
    out.flush()
}
