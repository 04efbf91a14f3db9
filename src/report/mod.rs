//! A run as text: for a terminal, a page, a program or a spreadsheet.
//!
//! In comes a finished run (its record, its flows, its workers), a comparison, a
//! search for ceilings, an analysis or one flow, and how it is wanted; out go bytes,
//! written to whatever the caller hands in. One small file a format, in `formats`,
//! where the registry of them stands:
//!
//! | format | what goes out |
//! | --- | --- |
//! | [`Format::Table`] | tables for a terminal of a given width |
//! | [`Format::Markdown`] | the same content as GitHub tables |
//! | [`Format::Json`] | the [`RunRecord`], as in `run.json` |
//! | [`Format::Jsonl`] | a flow a line, as in `flows.jsonl` |
//! | [`Format::Csv`] | a flow a row, in flat columns |
//!
//! The width of the terminal and whether colour is wanted are arguments: this
//! room asks nobody. Texts from outside (answers, errors, command lines) are
//! made harmless for the reader that they go to. What was not measured is `—`
//! in tables, `null` in JSON, empty in CSV, and never 0.
//!
//! [`RunRecord`]: crate::model::RunRecord

mod annotated;
mod ceiling;
mod census;
mod compare;
mod evidence;
mod flow_line;
mod flow_sheet;
mod flows;
mod form;
mod formats;
mod handout;
mod html;
mod interactions;
mod join;
mod json;
mod ladder;
mod layout;
mod observation;
mod origin;
mod paint;
mod plot;
mod problem;
mod programs;
mod said;
mod sheet;
mod shown;
mod spreadsheet;
mod strategy;
mod subject;
mod summary;
mod trace;
mod view;
mod words;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::io;

use crate::analysis::Ladder;
use crate::model::{CeilingRecord, CompareRecord, FlowRecord};
use subject::Subject;

pub(crate) use annotated::write_annotated;
pub(crate) use evidence::Evidence;
pub use form::FlowWriter;
pub use formats::Format;
pub(crate) use handout::{Meaning, Method, Part, RunPart, example, handout, is_as_made, sealed};
pub(crate) use html::{Beside, Several, write_html, write_several};
pub(crate) use json::{write_compare_json, write_flows_jsonl, write_run_json, write_workers_jsonl};
pub(crate) use layout::{width, wrap};
pub(crate) use trace::{write_pftrace, write_trace_json};
pub use view::{AnalysisView, FlowOf, RunView, Style};

/// Writes a run in a format.
///
/// ```
/// use threadtap::report::{Format, RunView, Style, write_run};
///
/// let run = std::fs::read("captures/golden-runs/thread/run.json")?;
/// let run = serde_json::from_slice(&run)?;
/// let workers = threadtap::model::Packed::default();
/// let view = RunView { run: &run, flows: &[], workers: &workers };
/// let mut text = Vec::new();
/// write_run(view, Format::Table, Style::default(), &mut text)?;
/// assert!(text.starts_with(b"20 requests, one thread each"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Those of `out`; a closed pipe comes back as [`io::ErrorKind::BrokenPipe`].
pub fn write_run(
    view: RunView<'_>,
    format: Format,
    style: Style,
    out: &mut impl io::Write,
) -> io::Result<()> {
    format.write(Subject::Run(view), style, out)
}

/// Writes a comparison in a format.
///
/// # Errors
/// Those of `out`; a closed pipe comes back as [`io::ErrorKind::BrokenPipe`].
pub fn write_compare(
    record: &CompareRecord,
    format: Format,
    style: Style,
    out: &mut impl io::Write,
) -> io::Result<()> {
    format.write(Subject::Compare(record), style, out)
}

/// Writes the ceilings in a format.
///
/// # Errors
/// Those of `out`; a closed pipe comes back as [`io::ErrorKind::BrokenPipe`].
pub fn write_ceiling(
    record: &CeilingRecord,
    format: Format,
    style: Style,
    out: &mut impl io::Write,
) -> io::Result<()> {
    format.write(Subject::Ceiling(record), style, out)
}

/// Writes an analysis. Where its flows are too many to keep, a format for programs
/// writes them one by one ([`Format::flow_writer`]).
///
/// # Errors
/// Those of `out`.
pub fn write_analysis(
    view: AnalysisView<'_>,
    format: Format,
    style: Style,
    out: &mut impl io::Write,
) -> io::Result<()> {
    format.write(Subject::Analysis(view), style, out)
}

/// Writes one flow as a ladder: a line a segment.
///
/// # Errors
/// Those of `out`.
pub fn write_ladder(
    flow: &FlowRecord,
    rungs: &Ladder,
    format: Format,
    style: Style,
    out: &mut impl io::Write,
) -> io::Result<()> {
    format.write(Subject::Ladder(flow, rungs), style, out)
}
