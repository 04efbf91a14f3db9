//! One flow as a ladder: a line a segment.
//!
//! In come the flow's record and its rungs; out goes a sheet, or the rungs as
//! programs read them.

use std::io;

use serde::Serialize;

use super::sheet::{Block, Cell, Column, Grid, Keep, Row, Sheet, Tone};
use super::spreadsheet::io_error;
use super::words::Say;
use crate::analysis::{Ladder, Rung};
use crate::model::{Close, FlowRecord, TcpFlags};
use crate::text::escape::spreadsheet;

pub(super) fn sheet(say: Say, flow: &FlowRecord, ladder: &Ladder) -> Sheet {
    let rows = ladder.rungs(flow.client).map(|r| row(say, &r)).collect();
    let after = match ladder.more() {
        0 => None,
        more => Some(Cell::new(say.more_segments(&say.n(more))).toned(Tone::Quiet)),
    };
    let lasted = say.span(flow.last_ns.since(flow.first_ns));
    let frames = say.frames(flow.client_frames.saturating_add(flow.server_frames));
    let end = match flow.close {
        Close::Open => say.still_open().to_owned(),
        close => say.closed_by(say.close(close)),
    };
    Sheet {
        title: Cell::new(say.flow_title(
            &flow.flow.to_string(),
            &flow.client.to_string(),
            &flow.server.to_string(),
        ))
        .toned(Tone::Strong),
        subtitles: vec![
            Cell::new(format!(
                "{} {} · {end} · {}",
                flow.state.name(),
                flow.history,
                say.flow_took(&frames, &lasted),
            ))
            .toned(Tone::Quiet),
        ],
        blocks: vec![Block::Grid {
            heading: say.segments(),
            grid: Grid {
                columns: vec![
                    Column::right(say.frame()),
                    Column::right(say.time()),
                    Column::right(say.since()),
                    Column::left(say.direction()),
                    Column::left(say.flags()),
                    Column::right("seq"),
                    Column::right("ack"),
                    Column::right(say.length()),
                    Column::right(say.window()).keep(Keep::IfRoom),
                    Column::left(say.payload_text()).keep(Keep::Elide),
                ],
                rows,
            },
            after,
        }],
    }
}

fn row(say: Say, r: &Rung) -> Row {
    let arrow = if r.from_client {
        "────────────▶"
    } else {
        "◀────────────"
    };
    let flags = Cell::new(if set_flags(r.flags).is_empty() {
        say.none().to_owned()
    } else {
        flag_names(r.flags)
    });
    Row::new([
        Cell::new(say.n(r.frame)),
        Cell::new(say.span(r.time)),
        Cell::maybe(r.since.map(|time| say.span(time))),
        Cell::new(arrow).toned(Tone::Quiet),
        if r.flags.has(TcpFlags::RST) {
            flags.toned(Tone::Error)
        } else {
            flags
        },
        Cell::new(r.seq.to_string()),
        Cell::maybe(r.ack.map(|n| n.to_string())),
        Cell::new(say.n(u64::from(r.length))),
        Cell::new(say.n(u64::from(r.window))),
        Cell::new(payload(r)),
    ])
}

/// The control bits that are set, by name, in the order of Wireshark's info column.
pub(super) fn set_flags(flags: TcpFlags) -> Vec<&'static str> {
    const NAMES: [(TcpFlags, &str); 8] = [
        (TcpFlags::FIN, "FIN"),
        (TcpFlags::SYN, "SYN"),
        (TcpFlags::RST, "RST"),
        (TcpFlags::PSH, "PSH"),
        (TcpFlags::ACK, "ACK"),
        (TcpFlags::URG, "URG"),
        (TcpFlags::ECE, "ECE"),
        (TcpFlags::CWR, "CWR"),
    ];
    let set = NAMES.iter().filter(|(flag, _)| flags.has(*flag));
    set.map(|(_, name)| *name).collect()
}

fn flag_names(flags: TcpFlags) -> String {
    let set = set_flags(flags);
    if set.is_empty() {
        "none".to_owned()
    } else {
        set.join(" ")
    }
}

fn payload(r: &Rung) -> String {
    let text = r.payload.escape_ascii().to_string();
    match (r.length, r.whole) {
        (0, _) => String::new(),
        (_, true) => text,
        (_, false) => format!("{text}…"),
    }
}

/// A rung as programs read it.
#[derive(Serialize)]
pub(super) struct Line {
    frame: u64,
    time_ns: i64,
    since_ns: Option<i64>,
    from: &'static str,
    flags: String,
    seq: u32,
    ack: Option<u32>,
    window: u16,
    length: u32,
    payload: String,
}

impl From<Rung> for Line {
    fn from(r: Rung) -> Self {
        Self {
            frame: r.frame,
            time_ns: r.time.get(),
            since_ns: r.since.map(crate::model::Nanos::get),
            from: if r.from_client { "client" } else { "server" },
            flags: flag_names(r.flags),
            seq: r.seq,
            ack: r.ack,
            window: r.window,
            length: r.length,
            payload: payload(&r),
        }
    }
}

/// The segments of a flow, for programs.
pub(super) fn lines(flow: &FlowRecord, ladder: &Ladder) -> Vec<Line> {
    ladder.rungs(flow.client).map(Line::from).collect()
}

/// Writes the segments of a flow as CSV with a header.
pub(super) fn write_csv(
    flow: &FlowRecord,
    ladder: &Ladder,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for rung in ladder.rungs(flow.client) {
        let mut line = Line::from(rung);
        line.payload = spreadsheet(&line.payload).into_owned();
        writer.serialize(line).map_err(io_error)?;
    }
    writer.flush()
}

#[cfg(test)]
mod tests;
