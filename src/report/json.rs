//! The contract's files: `run.json`, `flows.jsonl`, `workers.jsonl`.
//!
//! Records come in, bytes go out as they come: never the whole text in
//! memory, however many flows there are.

use std::io::{self, Write};

use serde::Serialize;

use crate::model::{FlowRecord, RunRecord, WorkerRecord};

/// Writes a run's record as indented JSON and a line break.
///
/// # Errors
/// Those of `out`.
pub fn write_run_json(run: &RunRecord, out: &mut impl Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer_pretty(&mut out, run)?;
    out.write_all(b"\n")?;
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
    write_lines(flows, out)
}

/// Writes workers, one JSON object a line.
///
/// # Errors
/// Those of `out`.
pub fn write_workers_jsonl<'a>(
    workers: impl IntoIterator<Item = &'a WorkerRecord>,
    out: &mut impl Write,
) -> io::Result<()> {
    write_lines(workers, out)
}

fn write_lines(
    records: impl IntoIterator<Item = impl Serialize>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    for record in records {
        serde_json::to_writer(&mut out, &record)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
