//! What `threadtap ceiling` found, in words and in rows.
//!
//! The record comes in; a sheet goes out for people, rows for spreadsheets.

use std::borrow::Cow;
use std::io;

use serde::Serialize;

use super::origin::when_and_where;
use super::sheet::{Block, Cell, Column, Grid, Keep, Row, Sheet, Tone};
use super::spreadsheet::Spreadsheet;
use super::words::Say;
use crate::model::{
    Binding, CeilingKind, CeilingRecord, KindCeiling, Limit, Nanos, Scope, StoppedBy,
};
use crate::text::escape::spreadsheet;
use crate::text::units::{bytes, count, duration};

/// What is said of the ceilings to people.
pub(super) fn sheet(say: Say, record: &CeilingRecord) -> Sheet {
    let names: Vec<&str> = record.kinds.iter().map(|k| k.kind.plural()).collect();
    let mut blocks = vec![summary(record), bindings(record)];
    blocks.extend(record.kinds.iter().map(limits));
    Sheet {
        title: Cell::new(format!("Highest number of {} here", listed(&names))).toned(Tone::Strong),
        subtitles: subtitles(say, record),
        blocks,
    }
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => "there can be".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn subtitles(say: Say, record: &CeilingRecord) -> Vec<Cell> {
    let bound = record
        .max
        .map_or_else(String::new, |max| format!(" · at most {}", count(max)));
    let reserve = match record.reserve_percent {
        0 => "no reserve".to_owned(),
        percent => {
            format!("reserve: {percent}% of free memory and of free system-wide limits")
        }
    };
    [
        format!("{reserve}{bound}"),
        when_and_where(say, &record.started, &record.environment, &record.tool),
    ]
    .map(|line| Cell::new(line).toned(Tone::Quiet))
    .into()
}

fn summary(record: &CeilingRecord) -> Block {
    let rows = record.kinds.iter().map(|kind| {
        let number = |n: Option<u64>| Cell::maybe(n.map(count));
        let time = |t: Option<Nanos>| Cell::maybe(t.map(duration));
        Row::new([
            Cell::new(kind.kind.plural()),
            number(kind.very_end),
            number(kind.predicted),
            number(kind.reached).toned(Tone::Strong),
            stopped(kind),
            time(kind.climb_ns),
            left_behind(kind),
        ])
    });
    Block::Grid {
        heading: "Ceilings",
        grid: Grid {
            columns: vec![
                Column::left(""),
                Column::right("no reserve"),
                Column::right("predicted"),
                Column::right("reached"),
                Column::left("stopped by"),
                Column::right("time"),
                Column::right("left"),
            ],
            rows: rows.collect(),
        },
        after: Some(
            Cell::new(
                "no reserve: what the limits allow; predicted: that minus the reserve; time: to create them; left: still there afterwards",
            )
            .toned(Tone::Quiet),
        ),
    }
}

fn stopped(kind: &KindCeiling) -> Cell {
    let Some(by) = kind.stopped_by else {
        return Cell::absent();
    };
    match (by, &kind.errno, &kind.call) {
        (StoppedBy::Refused, Some(errno), Some(call)) => Cell::new(format!("{call}: {errno}")),
        (StoppedBy::Refused, Some(errno), None) => Cell::new(errno),
        (StoppedBy::Oom, ..) => Cell::new("out of memory").toned(Tone::Warning),
        (StoppedBy::Killed, ..) => Cell::new("killed").toned(Tone::Error),
        (StoppedBy::Interrupted, ..) => Cell::new("interrupted").toned(Tone::Warning),
        (StoppedBy::Max, ..) => Cell::new("--max"),
        _ => Cell::new(by.name()),
    }
}

fn left_behind(kind: &KindCeiling) -> Cell {
    match kind.left_behind {
        None => Cell::absent(),
        Some(0) => Cell::new("0").toned(Tone::Good),
        Some(n) => Cell::new(count(n)).toned(Tone::Error),
    }
}

/// Which limit binds each kind, what is known of it, and what raises it.
fn bindings(record: &CeilingRecord) -> Block {
    let mut facts = Vec::new();
    for kind in &record.kinds {
        let text = match &kind.binding {
            Some(binding) => {
                let figure = |n: u64| amount(n, binding.name.in_bytes());
                let value = binding.value.map_or_else(|| "unknown".to_owned(), figure);
                let used = binding.in_use.map_or_else(String::new, |n| {
                    let least = at_least(binding.in_use_at_least);
                    format!(" ({least}{} in use before the search)", figure(n))
                });
                let path = binding
                    .path
                    .as_ref()
                    .map_or_else(String::new, |path| format!(" of {path}"));
                let remedy = what_to_do(binding);
                let suspected = if binding.suspected { "probably " } else { "" };
                format!("{suspected}{}{path} is {value}{used}{remedy}", binding.name)
            }
            None if kind.reached.is_some() => "not known".to_owned(),
            None => "no limit that can be read here".to_owned(),
        };
        facts.push((kind.kind.plural(), Cell::new(text)));
        facts.extend(kind.notes.iter().map(|note| ("", Cell::new(note))));
    }
    Block::Facts {
        heading: "Limit that is reached first",
        facts,
    }
}

/// What is said before a figure of which there may be more.
const fn at_least(there_may_be_more: bool) -> &'static str {
    if there_may_be_more { "at least " } else { "" }
}

/// The end of the sentence about a limit.
fn what_to_do(binding: &Binding) -> String {
    match (&binding.remedy, &binding.advice) {
        (Some(command), None) => format!(". To raise it: {command}"),
        (Some(command), Some(advice)) => format!(". To raise it: {command} (or {advice})"),
        (None, Some(advice)) => format!(". No command raises it; {advice}"),
        (None, None) => String::new(),
    }
}

fn limits(kind: &KindCeiling) -> Block {
    let mut sorted: Vec<&Limit> = kind.limits.iter().filter(|l| !is_empty_group(l)).collect();
    sorted.sort_by_key(|limit| (limit.allows.is_none(), limit.allows));
    Block::Grid {
        heading: match kind.kind {
            CeilingKind::Thread => "Limits of threads",
            CeilingKind::Process => "Limits of processes",
            CeilingKind::Connection => "Limits of connections",
        },
        grid: Grid {
            columns: vec![
                Column::left("limit").keep(Keep::Elide),
                Column::right("value"),
                Column::right("in use"),
                Column::right("each"),
                Column::right("allows"),
                Column::left("applies to"),
            ],
            rows: sorted.into_iter().map(|limit| row(kind, limit)).collect(),
        },
        after: Some(after(kind)),
    }
}

/// A control group that bounds nothing: there may be many, and all say the same.
fn is_empty_group(limit: &Limit) -> bool {
    limit.path.is_some() && limit.value.is_none()
}

fn row(kind: &KindCeiling, limit: &Limit) -> Row {
    let figure = |n: u64| amount(n, limit.name.in_bytes());
    let binds = kind
        .binding
        .as_ref()
        .is_some_and(|b| (b.name, b.scope, &b.path) == (limit.name, limit.scope, &limit.path));
    let tone = if binds { Tone::Warning } else { Tone::Plain };
    let about = if limit.estimated { "≈ " } else { "" };
    let allows = limit.allows.map(|n| format!("{about}{}", count(n)));
    let note = [limit.path.as_deref(), limit.note.as_deref()];
    let note = note.into_iter().flatten().collect::<Vec<_>>().join("; ");
    let value = limit.value.map_or_else(
        || Cell::new("—").toned(Tone::Quiet),
        |n| Cell::new(figure(n)),
    );
    Row {
        cells: vec![
            Cell::new(limit.name.name()).toned(tone),
            value,
            Cell::maybe(limit.in_use.map(|n| {
                let least = if limit.in_use_at_least { "≥ " } else { "" };
                format!("{least}{}", figure(n))
            })),
            Cell::maybe(limit.each.map(figure)),
            Cell::maybe(allows).toned(tone),
            Cell::new(shared_by(limit.scope)),
        ],
        note: (!note.is_empty()).then(|| Cell::new(note).toned(Tone::Quiet)),
    }
}

fn shared_by(scope: Scope) -> &'static str {
    match scope {
        Scope::Process => "the process",
        Scope::Client => "the client",
        Scope::Server => "the server",
        Scope::User => "the user",
        Scope::Cgroup => "the cgroup",
        Scope::Address => "the address",
        Scope::System => "the system",
    }
}

/// What the figures of a kind's table mean.
fn after(kind: &KindCeiling) -> Cell {
    let estimated = kind.limits.iter().any(|limit| limit.estimated);
    let mut words = Vec::new();
    if let Some(stack) = kind.stack_bytes {
        words.push(format!("Stack size: {}.", amount(stack, true)));
    }
    words.push("Columns: each = what one more takes, allows = how many more fit.".to_owned());
    words.push("— means no limit, or not readable here.".to_owned());
    if kind.limits.iter().any(is_empty_group) {
        words.push("Control groups without a limit are not shown.".to_owned());
    }
    if estimated {
        words.push("≈ marks an estimate.".to_owned());
    }
    Cell::new(words.join(" ")).toned(Tone::Quiet)
}

fn amount(n: u64, in_bytes: bool) -> String {
    if in_bytes { bytes(n) } else { count(n) }
}

/// A row; its fields are the columns.
#[derive(Default, Serialize)]
struct CsvRow<'a> {
    kind: &'static str,
    very_end: Option<u64>,
    predicted: Option<u64>,
    goal: Option<u64>,
    reached: Option<u64>,
    stopped_by: Option<StoppedBy>,
    errno: Option<&'a str>,
    left_behind: Option<u64>,
    binds: bool,
    name: &'static str,
    scope: &'static str,
    path: Option<Cow<'a, str>>,
    value: Option<u64>,
    in_use: Option<u64>,
    each: Option<u64>,
    allows: Option<u64>,
    estimated: bool,
}

impl<'a> CsvRow<'a> {
    fn of(kind: &'a KindCeiling, limit: &'a Limit) -> Self {
        let binds = kind
            .binding
            .as_ref()
            .is_some_and(|b| (b.name, b.scope, &b.path) == (limit.name, limit.scope, &limit.path));
        Self {
            kind: kind.kind.name(),
            very_end: kind.very_end,
            predicted: kind.predicted,
            goal: kind.goal,
            reached: kind.reached,
            stopped_by: kind.stopped_by,
            errno: kind.errno.as_deref(),
            left_behind: kind.left_behind,
            binds,
            name: limit.name.name(),
            scope: limit.scope.name(),
            path: limit.path.as_deref().map(spreadsheet),
            value: limit.value,
            in_use: limit.in_use,
            each: limit.each,
            allows: limit.allows,
            estimated: limit.estimated,
        }
    }
}

/// A limit a row.
pub(super) fn write_csv(record: &CeilingRecord, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sheet = Spreadsheet::new(out, &CsvRow::default())?;
    for kind in &record.kinds {
        for limit in &kind.limits {
            sheet.row(&CsvRow::of(kind, limit))?;
        }
    }
    sheet.finish()
}

#[cfg(test)]
mod tests;
