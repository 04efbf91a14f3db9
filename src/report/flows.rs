//! Flows of a capture as a table, and a capture's summary.
//!
//! In come flow records (with the file each is from, where there are several)
//! and the summary of the analysis; out goes a sheet.

use super::interactions::{answer, close, handshake};
use super::problem;
use super::sheet::{Block, Cell, Column, Grid, Keep, Row, Sheet, Tone};
use super::summary::latency;
use super::view::{AnalysisView, FlowOf, Style};
use crate::analysis::{AnalysisSummary, SortKey};
use crate::model::{Exchange, FlowRecord, Incomplete, IncompleteFigure, LinkType};
use crate::text::units::{bytes, count, counted, duration};

pub(super) fn sheet(view: AnalysisView<'_>, style: Style) -> Sheet {
    let mut blocks = vec![flows_block(view, style.rows)];
    blocks.push(figures_block(view.summary));
    blocks.push(latency(
        &view.summary.latency,
        view.summary.incomplete.contains_key("latency.exchange"),
    ));
    if let Some(damage) = damage_block(view.summary) {
        blocks.push(damage);
    }
    let files = view.summary.files.as_slice();
    let title = match files {
        [one] => one.name.clone(),
        all => counted(all.len() as u64, "capture", "captures"),
    };
    let merged = if view.summary.merged && files.len() > 1 {
        ", as one timeline"
    } else {
        ""
    };
    let read = match view.summary.filter {
        Some(_) => format!(
            "{} of {} ({}){merged}",
            count(view.summary.frames),
            counted(files.iter().map(|f| f.frames).sum(), "frame", "frames"),
            bytes(view.summary.bytes)
        ),
        None => format!(
            "{} ({}){merged}",
            counted(view.summary.frames, "frame", "frames"),
            bytes(view.summary.bytes)
        ),
    };
    Sheet {
        title: Cell::new(title).toned(Tone::Strong),
        subtitles: vec![Cell::new(read).toned(Tone::Quiet)],
        blocks,
    }
}

fn flows_block(view: AnalysisView<'_>, rows: usize) -> Block {
    let several = view.flows.iter().any(|f| f.file.is_some());
    let mut columns = Vec::new();
    if several {
        columns.push(Column::left("file").keep(Keep::Elide));
    }
    columns.extend(columns_of(view.sorted));
    let shown = view.flows.iter().take(rows);
    let hidden = view.flows.len().saturating_sub(rows) as u64;
    let after = match (hidden, view.flows.len()) {
        (_, 0) => Some("no TCP flows".to_owned()),
        (0, _) => None,
        _ => Some(format!(
            "… and {} more: --rows 0 shows all flows, --format jsonl or csv shows all fields",
            count(hidden)
        )),
    };
    Block::Grid {
        heading: "Flows",
        grid: Grid {
            columns,
            rows: shown.map(|f| flow_row(f, several, view.sorted)).collect(),
        },
        after: after.map(|text| Cell::new(text).toned(Tone::Quiet)),
    }
}

/// The columns but for the file's. The one by which flows are sorted is shown
/// at every width.
fn columns_of(sorted: Option<SortKey>) -> Vec<Column> {
    let unless = |key: SortKey| {
        if sorted == Some(key) {
            Keep::Whole
        } else {
            Keep::IfRoom
        }
    };
    let mut columns = vec![
        Column::right("flow"),
        Column::left("client").keep(Keep::Elide),
        Column::left("server").keep(Keep::Elide),
        Column::left("state"),
        Column::right("handshake"),
        Column::right("frames"),
        Column::right("payload"),
    ];
    match sorted {
        Some(SortKey::Bytes) => columns.push(Column::right("bytes")),
        Some(SortKey::Exchange) => columns.push(Column::right("slowest")),
        _ => {}
    }
    columns.extend([
        Column::left("closed"),
        Column::left("history").keep(Keep::IfRoom),
        Column::right("retrans.").keep(unless(SortKey::Retransmissions)),
        Column::right("exchanges").keep(Keep::IfRoom),
        Column::left("answer").keep(Keep::IfRoom),
        Column::right("time").keep(Keep::IfRoom),
        Column::right("duration").keep(unless(SortKey::Duration)),
    ]);
    columns
}

fn flow_row(of: &FlowOf<'_>, several: bool, sorted: Option<SortKey>) -> Row {
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
        handshake(f),
        Cell::new(count(f.client_frames.saturating_add(f.server_frames))),
        Cell::new(count(
            f.client_payload_bytes
                .saturating_add(f.server_payload_bytes),
        )),
    ]);
    match sorted {
        Some(SortKey::Bytes) => cells.push(Cell::new(count(
            f.client_wire_bytes.saturating_add(f.server_wire_bytes),
        ))),
        Some(SortKey::Exchange) => {
            let slowest = f.exchanges.iter().filter_map(Exchange::duration).max();
            cells.push(Cell::maybe(slowest.map(duration)));
        }
        _ => {}
    }
    cells.extend([
        close(f.close),
        Cell::new(&f.history),
        Cell::new(count(retransmissions)).toned(if retransmissions > 0 {
            Tone::Warning
        } else {
            Tone::Plain
        }),
        requests(f),
        answer(first, f.exchanges.len()),
        Cell::maybe(first.and_then(Exchange::duration).map(duration)),
        Cell::new(duration(f.last_ns.since(f.first_ns))),
    ]);
    // Of other protocols it is not known what is wrong: only what is said of
    // TIME, and of handshakes, is told.
    let note = problem::of_flow(f, None)
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
fn requests(f: &FlowRecord) -> Cell {
    match f.requests() {
        Some(n) => Cell::new(count(n)),
        None => Cell::new(at_least(Some(f.requests_seen()))).toned(Tone::Warning),
    }
}

/// A figure that is not known exactly.
fn at_least(least: Option<u64>) -> String {
    match least {
        Some(n) if n > 0 => format!("at least {}", count(n)),
        _ => "—".to_owned(),
    }
}

fn exchanges(s: &AnalysisSummary) -> String {
    let figure = |n: Option<u64>, name: &str| {
        let figure = s.incomplete.get(&format!("exchanges.{name}"));
        n.map_or_else(|| at_least(figure.and_then(|f| f.at_least)), count)
    };
    format!(
        "{}: {} answered; TIME protocol: {} valid, {} invalid or without answer",
        figure(s.exchanges.requests, "requests"),
        figure(s.exchanges.answered, "answered"),
        figure(s.exchanges.time_valid, "time_valid"),
        figure(s.exchanges.time_invalid, "time_invalid"),
    )
}

/// What could not be told, a row a reason.
fn unknown(s: &AnalysisSummary) -> Vec<(&'static str, Cell)> {
    let told = |reason: Incomplete| {
        // Evicted flows have a row of their own.
        let of = |f: &IncompleteFigure| f.flows.get(reason.name()).copied();
        let touched = s.incomplete.iter().filter(|(_, f)| of(f).is_some());
        let flows = s.incomplete.values().find_map(of)?;
        let names: Vec<String> = touched.map(|(path, _)| spoken(path)).collect();
        let text = format!(
            "{}: {reason} ({})",
            names.join(", "),
            counted(flows, "flow", "flows")
        );
        Some(("not exact", Cell::new(text).toned(Tone::Warning)))
    };
    let but_evicted = Incomplete::ALL
        .into_iter()
        .filter(|r| *r != Incomplete::Evicted);
    but_evicted.filter_map(told).collect()
}

/// What can be said of frames that gave nothing.
fn skips_explained(s: &AnalysisSummary) -> String {
    let in_tunnels = s.skipped.get("tunnel").is_some_and(|n| *n > 0) && !s.tunnels;
    let hint = in_tunnels.then(|| "; --tunnels looks into tunnels".to_owned());
    let links = s.unsupported_links.iter().map(|(number, frames)| {
        let link = number.parse().map(LinkType);
        let name = link.ok().and_then(LinkType::name_of_unsupported);
        let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
        let frames = counted(*frames, "frame", "frames");
        format!("; link type {number}{name}: {frames}")
    });
    hint.into_iter().chain(links).collect()
}

/// A figure's path in words.
fn spoken(path: &str) -> String {
    match path {
        "latency.exchange" => "time to answer".to_owned(),
        path => {
            let name = path.rsplit('.').next().unwrap_or(path);
            name.trim_start_matches("time_").replace('_', " ")
        }
    }
}

fn figures_block(s: &AnalysisSummary) -> Block {
    let list = |map: &std::collections::BTreeMap<String, u64>| {
        let mut all: Vec<(&String, &u64)> = map.iter().collect();
        all.sort_by_key(|(name, n)| (std::cmp::Reverse(**n), (*name).clone()));
        let words: Vec<String> = all
            .iter()
            .map(|(name, n)| format!("{} {}", count(**n), name.replace('_', " ")))
            .collect();
        if words.is_empty() {
            "none".to_owned()
        } else {
            words.join(", ")
        }
    };
    let mut facts = vec![
        (
            "flows",
            Cell::new(format!(
                "{}; {} with a complete handshake",
                count(s.flows),
                count(s.handshakes)
            )),
        ),
        ("states", Cell::new(list(&s.states))),
        ("closed", Cell::new(list(&s.closes))),
        (
            "segments",
            Cell::new(format!(
                "{}: {} retransmitted, {} out of order, {} duplicate ACKs, {} zero windows, {} SYN retransmissions",
                count(s.tcp_segments),
                count(s.retransmissions),
                count(s.out_of_order),
                count(s.duplicate_acks),
                count(s.zero_windows),
                count(s.syn_retransmissions),
            )),
        ),
        ("exchanges", Cell::new(exchanges(s))),
    ];
    facts.extend(unknown(s));
    facts.push(("skipped", Cell::new(list(&s.skipped) + &skips_explained(s))));
    if let Some(filter) = &s.filter {
        facts.push((
            "filter",
            Cell::new(format!("only flows with a frame that matches: {filter}")),
        ));
    }
    if s.evicted > 0 {
        let text = format!(
            "{} reported while still open, because there were more flows than --max-flows: a flow may be reported in several parts",
            counted(s.evicted, "flow", "flows")
        );
        facts.push(("evicted", Cell::new(text).toned(Tone::Warning)));
    }
    Block::Facts {
        heading: "Summary",
        facts,
    }
}

fn damage_block(s: &AnalysisSummary) -> Option<Block> {
    let damaged: Vec<(&'static str, Cell)> = s
        .files
        .iter()
        .filter_map(|f| {
            let damage = f.damage.as_ref()?;
            let text = format!("{}: {damage}", f.name);
            Some(("damaged", Cell::new(text).toned(Tone::Warning)))
        })
        .collect();
    (!damaged.is_empty()).then_some(Block::Facts {
        heading: "Not read completely",
        facts: damaged,
    })
}

#[cfg(test)]
mod tests;
