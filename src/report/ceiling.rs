//! What `threadtap ceiling` found, in words and in rows.
//!
//! The record comes in; a sheet goes out for people, rows for spreadsheets.

mod csv;
mod words;

pub(super) use csv::write as write_csv;

use self::words::Say;
use super::origin::when_and_where;
use super::sheet::{Block, Cell, Column, Grid, Keep, Row, Sheet, Tone};
use crate::lang::Lang;
use crate::model::{
    Binding, CeilingKind, CeilingRecord, KindCeiling, Limit, Nanos, Scope, StoppedBy,
};

/// What is said of the ceilings to people.
pub(super) fn sheet(lang: Lang, record: &CeilingRecord) -> Sheet {
    let say = Say::new(lang);
    let names: Vec<&str> = record.kinds.iter().map(|k| several(say, k.kind)).collect();
    let mut blocks = vec![summary(say, record), bindings(say, record)];
    blocks.extend(record.kinds.iter().map(|kind| limits(say, kind)));
    Sheet {
        title: Cell::new(say.title(&listed(say, &names))).toned(Tone::Strong),
        subtitles: subtitles(say, record),
        blocks,
    }
}

/// Several of a kind.
const fn several(say: Say, kind: CeilingKind) -> &'static str {
    match kind {
        CeilingKind::Thread => say.threads(),
        CeilingKind::Process => say.processes(),
        CeilingKind::Connection => say.connections(),
    }
}

fn listed(say: Say, names: &[&str]) -> String {
    match names {
        [] => say.there_can_be().to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => say.list(&first.join(", "), last),
    }
}

fn subtitles(say: Say, record: &CeilingRecord) -> Vec<Cell> {
    let bound = record
        .max
        .map_or_else(String::new, |max| say.at_most(&say.lang.count(max)));
    let reserve = match record.reserve_percent {
        0 => say.no_reserve_told().to_owned(),
        percent => say.reserve(&percent.to_string()),
    };
    let isolated = if record.isolated {
        format!(" · {}", say.isolated())
    } else {
        String::new()
    };
    [
        format!("{reserve}{bound}{isolated}"),
        when_and_where(
            super::words::Say::new(say.lang),
            &record.started,
            &record.environment,
            &record.tool,
        ),
    ]
    .map(|line| Cell::new(line).toned(Tone::Quiet))
    .into()
}

fn summary(say: Say, record: &CeilingRecord) -> Block {
    let rows = record.kinds.iter().map(|kind| {
        let number = |n: Option<u64>| Cell::maybe(n.map(|n| say.lang.count(n)));
        let time = |t: Option<Nanos>| Cell::maybe(t.map(|t| say.lang.duration(t)));
        Row::new([
            Cell::new(several(say, kind.kind)),
            number(kind.very_end),
            number(kind.predicted),
            number(kind.reached).toned(Tone::Strong),
            stopped(say, kind),
            time(kind.climb_ns),
            left_behind(say, kind),
        ])
    });
    Block::Grid {
        heading: say.ceilings(),
        grid: Grid {
            columns: vec![
                Column::left(""),
                Column::right(say.no_reserve()),
                Column::right(say.predicted()),
                Column::right(say.reached()),
                Column::left(say.stopped_by()),
                Column::right(say.time()),
                Column::right(say.left()),
            ],
            rows: rows.collect(),
        },
        after: Some(Cell::new(say.columns_mean()).toned(Tone::Quiet)),
    }
}

fn stopped(say: Say, kind: &KindCeiling) -> Cell {
    let Some(by) = kind.stopped_by else {
        return Cell::absent();
    };
    match (by, &kind.errno, &kind.call) {
        (StoppedBy::Refused, Some(errno), Some(call)) => Cell::new(format!("{call}: {errno}")),
        (StoppedBy::Refused, Some(errno), None) => Cell::new(errno),
        (StoppedBy::Oom, ..) => Cell::new(say.out_of_memory()).toned(Tone::Warning),
        (StoppedBy::Killed, ..) => Cell::new(say.killed()).toned(Tone::Error),
        (StoppedBy::Interrupted, ..) => Cell::new(say.interrupted()).toned(Tone::Warning),
        (StoppedBy::Max, ..) => Cell::new("--max"),
        (StoppedBy::Reserve, ..) => Cell::new(say.by_reserve()),
        (StoppedBy::Refused, None, _) => Cell::new(say.refused()),
    }
}

fn left_behind(say: Say, kind: &KindCeiling) -> Cell {
    match kind.left_behind {
        None => Cell::absent(),
        Some(0) => Cell::new("0").toned(Tone::Good),
        Some(n) => Cell::new(say.lang.count(n)).toned(Tone::Error),
    }
}

/// Which limit binds each kind, what is known of it, and what raises it.
fn bindings(say: Say, record: &CeilingRecord) -> Block {
    let mut facts = Vec::new();
    for kind in &record.kinds {
        let text = match &kind.binding {
            Some(binding) => {
                let figure = |n: u64| amount(say, n, binding.name.in_bytes());
                let value = binding
                    .value
                    .map_or_else(|| say.unknown().to_owned(), figure);
                let used = binding.in_use.map_or_else(String::new, |n| {
                    let least = at_least(say, binding.in_use_at_least);
                    say.used(&format!("{least}{}", figure(n)))
                });
                let path = binding
                    .path
                    .as_ref()
                    .map_or_else(String::new, |path| say.of_group(path));
                let remedy = what_to_do(say, binding);
                let suspected = if binding.suspected {
                    say.probably()
                } else {
                    ""
                };
                let binds = say.binds(&format!("{}{path}", binding.name), &value);
                format!("{suspected}{binds}{used}{remedy}")
            }
            None if kind.reached.is_some() => say.not_known().to_owned(),
            None => say.no_limit().to_owned(),
        };
        facts.push((several(say, kind.kind), Cell::new(text)));
        facts.extend(
            kind.notes
                .iter()
                .map(|note| ("", Cell::new(say.lang.kept(note)))),
        );
    }
    Block::Facts {
        heading: say.reached_first(),
        facts,
    }
}

/// What is said before a figure of which there may be more.
const fn at_least(say: Say, there_may_be_more: bool) -> &'static str {
    if there_may_be_more {
        say.at_least()
    } else {
        ""
    }
}

/// The end of the sentence about a limit.
fn what_to_do(say: Say, binding: &Binding) -> String {
    let advice = binding
        .advice
        .as_deref()
        .map(|advice| say.lang.kept(advice));
    match (&binding.remedy, &advice) {
        (Some(command), None) => say.raise(command),
        (Some(command), Some(advice)) => say.raise_or(command, advice),
        (None, Some(advice)) => say.only(advice),
        (None, None) => String::new(),
    }
}

fn limits(say: Say, kind: &KindCeiling) -> Block {
    let mut sorted: Vec<&Limit> = kind.limits.iter().filter(|l| !is_empty_group(l)).collect();
    sorted.sort_by_key(|limit| (limit.allows.is_none(), limit.allows));
    Block::Grid {
        heading: match kind.kind {
            CeilingKind::Thread => say.limits_of_threads(),
            CeilingKind::Process => say.limits_of_processes(),
            CeilingKind::Connection => say.limits_of_connections(),
        },
        grid: Grid {
            columns: vec![
                Column::left(say.limit()).keep(Keep::Elide),
                Column::right(say.value()),
                Column::right(say.in_use()),
                Column::right(say.each()),
                Column::right(say.allows()),
                Column::left(say.applies_to()),
            ],
            rows: sorted
                .into_iter()
                .map(|limit| row(say, kind, limit))
                .collect(),
        },
        after: Some(after(say, kind)),
    }
}

/// A control group that bounds nothing: there may be many, and all say the same.
fn is_empty_group(limit: &Limit) -> bool {
    limit.path.is_some() && limit.value.is_none()
}

fn row(say: Say, kind: &KindCeiling, limit: &Limit) -> Row {
    let figure = |n: u64| amount(say, n, limit.name.in_bytes());
    let binds = kind
        .binding
        .as_ref()
        .is_some_and(|b| (b.name, b.scope, &b.path) == (limit.name, limit.scope, &limit.path));
    let tone = if binds { Tone::Warning } else { Tone::Plain };
    let about = if limit.estimated { "≈ " } else { "" };
    let allows = limit
        .allows
        .map(|n| format!("{about}{}", say.lang.count(n)));
    let told = limit.note.as_deref().map(|note| say.lang.kept(note));
    let note = [limit.path.as_deref(), told.as_deref()];
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
            Cell::new(shared_by(say, limit.scope)),
        ],
        note: (!note.is_empty()).then(|| Cell::new(note).toned(Tone::Quiet)),
    }
}

const fn shared_by(say: Say, scope: Scope) -> &'static str {
    match scope {
        Scope::Process => say.the_process(),
        Scope::Client => say.the_client(),
        Scope::Server => say.the_server(),
        Scope::User => say.the_user(),
        Scope::Cgroup => say.the_cgroup(),
        Scope::Address => say.the_address(),
        Scope::System => say.the_system(),
    }
}

/// What the figures of a kind's table mean.
fn after(say: Say, kind: &KindCeiling) -> Cell {
    let estimated = kind.limits.iter().any(|limit| limit.estimated);
    let mut words = Vec::new();
    if let Some(stack) = kind.stack_bytes {
        words.push(say.stack_size(&amount(say, stack, true)));
    }
    words.push(say.columns_of_limits().to_owned());
    words.push(say.dash_means().to_owned());
    if kind.limits.iter().any(is_empty_group) {
        words.push(say.empty_groups().to_owned());
    }
    if estimated {
        words.push(say.estimate_means().to_owned());
    }
    Cell::new(words.join(" ")).toned(Tone::Quiet)
}

fn amount(say: Say, n: u64, in_bytes: bool) -> String {
    if in_bytes {
        say.lang.bytes(n)
    } else {
        say.lang.count(n)
    }
}

#[cfg(test)]
mod tests;
