//! Flows of a capture as a table, and a capture's summary.
//!
//! In come flow records (with the file each is from, where there are several)
//! and the summary of the analysis; out goes a sheet.

mod figures;

use self::figures::{at_least, damage, figures};
use super::interactions::{answer, close, handshake};
use super::problem;
use super::sheet::{Block, Cell, Column, Grid, Keep, Row, Sheet, Tone};
use super::summary::latency;
use super::view::{AnalysisView, FlowOf};
use super::words::Say;
use crate::analysis::SortKey;
use crate::model::{Exchange, FlowRecord};

pub(super) fn sheet(say: Say, view: AnalysisView<'_>, rows: usize) -> Sheet {
    let mut blocks = vec![flows_block(say, view, rows)];
    blocks.push(figures(say, view.summary));
    blocks.push(latency(
        say,
        &view.summary.latency,
        None,
        view.summary.incomplete.contains_key("latency.exchange"),
    ));
    if let Some(damage) = damage(say, view.summary) {
        blocks.push(damage);
    }
    let files = view.summary.files.as_slice();
    let title = match files {
        [one] => one.name.clone(),
        all => say.captures(all.len() as u64),
    };
    let merged = if view.summary.merged && files.len() > 1 {
        say.as_one_timeline()
    } else {
        ""
    };
    let read = match view.summary.filter {
        Some(_) => say.frames_of(
            &say.n(view.summary.frames),
            &say.frames(files.iter().map(|f| f.frames).sum()),
            &say.bytes(view.summary.bytes),
        ),
        None => say.frames_read(
            &say.frames(view.summary.frames),
            &say.bytes(view.summary.bytes),
        ),
    };
    let read = format!("{read}{merged}");
    Sheet {
        title: Cell::new(title).toned(Tone::Strong),
        subtitles: vec![Cell::new(read).toned(Tone::Quiet)],
        blocks,
    }
}

fn flows_block(say: Say, view: AnalysisView<'_>, rows: usize) -> Block {
    let several = view.flows.iter().any(|f| f.file.is_some());
    let mut columns = Vec::new();
    if several {
        columns.push(Column::left(say.file()).keep(Keep::Elide));
    }
    columns.extend(columns_of(say, view.sorted));
    let shown = view.flows.iter().take(rows);
    let hidden = view
        .flows
        .len()
        .saturating_sub(rows)
        .saturating_add(view.hidden) as u64;
    let after = match (hidden, view.flows.len()) {
        (_, 0) => Some(say.no_tcp_flows().to_owned()),
        (0, _) => None,
        _ => Some(say.more_flows(&say.n(hidden))),
    };
    Block::Grid {
        heading: say.flows_heading(),
        grid: Grid {
            columns,
            rows: shown
                .map(|f| flow_row(say, f, several, view.sorted))
                .collect(),
        },
        after: after.map(|text| Cell::new(text).toned(Tone::Quiet)),
    }
}

/// The columns but for the file's. The one by which flows are sorted is shown
/// at every width.
fn columns_of(say: Say, sorted: Option<SortKey>) -> Vec<Column> {
    let unless = |key: SortKey| {
        if sorted == Some(key) {
            Keep::Whole
        } else {
            Keep::IfRoom
        }
    };
    let mut columns = vec![
        Column::right(say.flow()),
        Column::left(say.client()).keep(Keep::Elide),
        Column::left(say.server()).keep(Keep::Elide),
        Column::left(say.state()),
        Column::right(say.handshake()),
        Column::right(say.frames_column()),
        Column::right(say.payload()),
    ];
    match sorted {
        Some(SortKey::Bytes) => columns.push(Column::right(say.bytes_column())),
        Some(SortKey::Exchange) => columns.push(Column::right(say.slowest())),
        _ => {}
    }
    columns.extend([
        Column::left(say.closed()),
        Column::left(say.history()).keep(Keep::IfRoom),
        Column::right(say.retransmissions()).keep(unless(SortKey::Retransmissions)),
        Column::right(say.exchanges()).keep(Keep::IfRoom),
        Column::left(say.answer()).keep(Keep::IfRoom),
        Column::right(say.time()).keep(Keep::IfRoom),
        Column::right(say.duration()).keep(unless(SortKey::Duration)),
    ]);
    columns
}

fn flow_row(say: Say, of: &FlowOf<'_>, several: bool, sorted: Option<SortKey>) -> Row {
    let f = of.flow;
    let first = f.exchanges.first();
    let mut cells = Vec::new();
    if several {
        cells.push(Cell::maybe(of.file));
    }
    let retransmissions = f.client_retransmissions + f.server_retransmissions;
    cells.extend([
        Cell::new(f.flow.to_string()),
        Cell::new(f.client.to_string()),
        Cell::new(f.server.to_string()),
        Cell::new(f.state.name()),
        handshake(say, f),
        Cell::new(say.n(f.client_frames.saturating_add(f.server_frames))),
        Cell::new(
            say.n(f
                .client_payload_bytes
                .saturating_add(f.server_payload_bytes)),
        ),
    ]);
    match sorted {
        Some(SortKey::Bytes) => cells.push(Cell::new(
            say.n(f.client_wire_bytes.saturating_add(f.server_wire_bytes)),
        )),
        Some(SortKey::Exchange) => {
            let slowest = f.exchanges.iter().filter_map(Exchange::duration).max();
            cells.push(Cell::maybe(slowest.map(|time| say.span(time))));
        }
        _ => {}
    }
    cells.extend([
        close(say, f.close),
        Cell::new(&f.history),
        Cell::new(say.n(retransmissions)).toned(if retransmissions > 0 {
            Tone::Warning
        } else {
            Tone::Plain
        }),
        requests(say, f),
        answer(say, first, f.exchanges.len()),
        Cell::maybe(
            first
                .and_then(Exchange::duration)
                .map(|time| say.span(time)),
        ),
        Cell::new(say.span(f.last_ns.since(f.first_ns))),
    ]);
    // Of other protocols it is not known what is wrong: only what is said of
    // TIME, and of handshakes, is told.
    let note = problem::of_flow(say, f, None)
        .filter(|_| f.exchanges.is_empty() || f.exchanges.iter().any(is_told));
    Row {
        cells,
        note: note.map(|text| Cell::new(text).toned(Tone::Warning)),
    }
}

/// Whether its problem is known, or it is known that it could not be judged.
fn is_told(exchange: &Exchange) -> bool {
    exchange.valid == Some(false) || exchange.problem.is_some()
}

/// How many requests there were, or how many at least.
fn requests(say: Say, f: &FlowRecord) -> Cell {
    match f.requests() {
        Some(n) => Cell::new(say.n(n)),
        None => Cell::new(at_least(say, Some(f.requests_seen()))).toned(Tone::Warning),
    }
}

#[cfg(test)]
mod tests;
