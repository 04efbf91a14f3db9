//! A run as text: for a terminal, a page, a program or a spreadsheet.
//!
//! In comes a finished run (its record, its flows, its workers) and how it is
//! wanted; out go bytes, written to whatever the caller hands in. One small
//! file a format:
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

mod ceiling;
mod census;
mod compare;
mod csv;
mod flows;
mod interactions;
mod json;
mod ladder;
mod layout;
mod markdown;
mod observation;
mod paint;
mod plot;
mod problem;
mod programs;
mod sheet;
mod spreadsheet;
mod summary;
mod table;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::io;

use strum::{Display, VariantArray, VariantNames};

use crate::analysis::Ladder;
use crate::model::named::named;
use crate::model::{Environment, FlowRecord, RunRecord, Tool, WorkerRecord};
use crate::text::units::counted;

pub use crate::text::{escape, units};
pub use ceiling::write_ceiling;
pub use compare::{write_compare, write_compare_json};
pub use csv::{FlowCsv, write_flows_csv};
pub use flows::{AnalysisView, FlowOf};
pub use json::{write_flow_line, write_flows_jsonl, write_run_json, write_workers_jsonl};

/// A finished run: everything that a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct RunView<'a> {
    /// The record of the run, its findings included.
    pub run: &'a RunRecord,
    /// Its flows, in the order of their numbers; none where nothing was captured.
    pub flows: &'a [FlowRecord],
    /// Its workers, of both sides.
    pub workers: &'a [WorkerRecord],
}

/// How a report for people is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal. Below 40 is taken as 40.
    pub width: usize,
    /// Whether to colour; without it no escape byte goes out.
    pub colour: bool,
    /// The most rows of the interaction table.
    pub rows: usize,
}

impl Default for Style {
    /// 80 columns, no colour, ten rows.
    fn default() -> Self {
        Self {
            width: 80,
            colour: false,
            rows: 10,
        }
    }
}

/// What a report is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Display, VariantArray, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum Format {
    /// Tables for a terminal.
    #[default]
    Table,
    /// The same as GitHub-flavoured Markdown.
    Markdown,
    /// The run's record, as `run.json` has it.
    Json,
    /// A flow a line, as `flows.jsonl` has it.
    Jsonl,
    /// A flow a row.
    Csv,
}

named!(Format);

/// Writes a run in a format.
///
/// # Errors
/// Those of `out`; a closed pipe comes back as [`io::ErrorKind::BrokenPipe`].
pub fn write_run(
    view: RunView<'_>,
    format: Format,
    style: Style,
    out: &mut impl io::Write,
) -> io::Result<()> {
    match format {
        Format::Table => table::write(&sheet(view, style.rows), style, out),
        Format::Markdown => markdown::write(&sheet(view, style.rows), out),
        Format::Json => write_run_json(view.run, out),
        Format::Jsonl => write_flows_jsonl(view.flows, out),
        Format::Csv => write_flows_csv(view.flows, out),
    }
}

/// Writes an analysis for people, or its summary for programs
/// ([`Format::Json`]). Flows for programs are written one by one:
/// [`write_flow_line`], [`FlowCsv`].
///
/// # Errors
/// Those of `out`.
pub fn write_analysis(
    view: AnalysisView<'_>,
    format: Format,
    style: Style,
    out: &mut impl io::Write,
) -> io::Result<()> {
    match format {
        Format::Table => table::write(&flows::sheet(view, style), style, out),
        Format::Markdown => markdown::write(&flows::sheet(view, style), out),
        Format::Json | Format::Jsonl | Format::Csv => json::write_pretty(view.summary, out),
    }
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
    match format {
        Format::Table => table::write(&ladder::sheet(flow, rungs), style, out),
        Format::Markdown => markdown::write(&ladder::sheet(flow, rungs), out),
        Format::Json => ladder::write_json(flow, rungs, out),
        Format::Jsonl => ladder::write_jsonl(flow, rungs, out),
        Format::Csv => ladder::write_csv(flow, rungs, out),
    }
}

/// The line under a title: when, on what, and by which version.
fn when_and_where(started: &str, environment: &Environment, tool: &Tool) -> String {
    format!(
        "{started} · {}, {} · {} {}",
        environment.kernel,
        counted(environment.cpus, "CPU", "CPUs"),
        tool.name,
        tool.version,
    )
}

/// Everything that a report for people says, in order.
fn sheet(view: RunView<'_>, rows: usize) -> sheet::Sheet {
    let run = view.run;
    let mut blocks = vec![interactions::block(view, rows), census::block(&run.census)];
    blocks.extend(summary::blocks(run));
    sheet::Sheet {
        title: summary::title(run),
        subtitles: summary::subtitles(run),
        blocks,
    }
}
