//! The tables of a comparison: each has a row for each way of making the
//! requests, always in the same order.

use super::cells::{marked, strong};
use super::conclusions::{differences, growth};
use super::words::Say;
use crate::model::{CompareRecord, CompareRow, Counts, Nanos, Quantiles, Range, SystemCounts};
use crate::report::sheet::{Block, Cell, Column, Grid, Keep, Row, Tone};

/// All tables.
pub(super) fn blocks(say: Say, record: &CompareRecord) -> Vec<Block> {
    let rows = &record.rows;
    let mut blocks = vec![
        durations(say, rows),
        tasks(say, rows),
        wire(say, rows),
        costs(say, rows),
    ];
    blocks.extend(differences(say, record));
    blocks.extend(growth(say, &record.growth));
    blocks
}

fn grid(
    heading: &'static str,
    columns: &[Column],
    rows: &[CompareRow],
    cells: impl Fn(&CompareRow) -> Vec<Cell>,
    after: Option<String>,
) -> Block {
    let name = Column::left("").keep(Keep::Elide);
    Block::Grid {
        heading,
        grid: Grid {
            columns: std::iter::once(name)
                .chain(columns.iter().copied())
                .collect(),
            rows: rows
                .iter()
                .map(|row| {
                    let mut all = vec![Cell::new(&row.name)];
                    all.extend(cells(row));
                    Row::new(all)
                })
                .collect(),
        },
        after: after.map(|text| Cell::new(text).toned(Tone::Quiet)),
    }
}

fn durations(say: Say, rows: &[CompareRow]) -> Block {
    let columns = [
        Column::right(say.median()),
        Column::right(say.min()),
        Column::right(say.max()),
        Column::right(say.times_fastest()),
        Column::right(say.runs_column()).keep(Keep::IfRoom),
    ];
    let cells = |row: &CompareRow| {
        let of = |ns: fn(&crate::model::Spread) -> Nanos| {
            Cell::maybe(row.duration_ns.as_ref().map(|d| say.lang.duration(ns(d))))
        };
        let ratio = row.ratio_to_fastest;
        vec![
            strong(of(|d| d.median)),
            of(|d| d.min),
            of(|d| d.max),
            match ratio {
                Some(ratio) if row.fell_short() => marked(say.lang.times(ratio)),
                Some(1.0) => Cell::new(say.lang.times(1.0)).toned(Tone::Good),
                ratio => Cell::maybe(ratio.map(|ratio| say.lang.times(ratio))),
            },
            Cell::new(say.lang.count(row.repeats)),
        ]
    };
    let mut after = say.whole_time().to_owned();
    if rows.iter().any(CompareRow::fell_short) {
        after = format!("{after}; {}", say.mark_means());
    }
    grid(say.duration(), &columns, rows, cells, Some(after))
}

fn tasks(say: Say, rows: &[CompareRow]) -> Block {
    let columns = [
        Column::right(say.client_threads()),
        Column::right(say.client_processes()),
        Column::right(say.server_threads()),
        Column::right(say.server_processes()),
        Column::right(say.system()),
    ];
    let cells = |row: &CompareRow| {
        let Some(census) = &row.census else {
            return vec![Cell::absent(); 5];
        };
        vec![
            strong(counts(say, census.client.threads)),
            counts(say, census.client.processes),
            strong(counts(say, census.server.threads)),
            counts(say, census.server.processes),
            system(say, census.system.threads),
        ]
    };
    let mut after = say.counts_of(middle_run(say, rows));
    let varied: Vec<String> = rows.iter().filter_map(|row| varied(say, row)).collect();
    if !varied.is_empty() {
        after.push_str(&say.ranges(&varied.join("; ")));
    }
    grid(say.tasks(), &columns, rows, cells, Some(after))
}

/// The peaks of a row's runs, where they were not all the same.
fn varied(say: Say, row: &CompareRow) -> Option<String> {
    let ranges = &row.peak_ranges;
    let of = |what: &str, range: Option<Range>| {
        let range = range.filter(|r| r.min != r.max)?;
        let [min, max] = [range.min, range.max].map(|n| say.lang.count(n));
        Some(format!("{what} {min}…{max}"))
    };
    let parts: Vec<String> = [
        of(say.client(), ranges.client_threads),
        of(say.server(), ranges.server_threads),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| format!("{} {}", row.name, parts.join(", ")))
}

fn counts(say: Say, counts: Counts) -> Cell {
    three(say, counts.before, counts.peak, counts.after)
}

fn system(say: Say, counts: SystemCounts) -> Cell {
    three(say, counts.before, counts.peak, counts.after)
}

fn three(say: Say, before: Option<u64>, peak: Option<u64>, after: Option<u64>) -> Cell {
    if before.is_none() && peak.is_none() && after.is_none() {
        return Cell::absent();
    }
    let figure = |n: Option<u64>| n.map_or_else(|| "—".to_owned(), |n| say.lang.count(n));
    Cell::new(format!(
        "{} → {} → {}",
        figure(before),
        figure(peak),
        figure(after)
    ))
}

fn wire(say: Say, rows: &[CompareRow]) -> Block {
    let columns = [
        Column::right(say.open()),
        Column::right(say.handshake_p50()),
        Column::right(say.handshake_p99()),
        Column::right(say.answer_p50()),
        Column::right(say.answer_p95()),
        Column::right(say.answer_p99()),
        Column::right(say.again()),
        Column::right(say.failed()),
    ];
    let cells = |row: &CompareRow| {
        let span = |q: Option<Quantiles>, of: fn(&Quantiles) -> Nanos| {
            Cell::maybe(q.as_ref().map(|q| say.lang.duration(of(q))))
        };
        let (handshake, answer) = (row.latency.handshake, row.latency.exchange);
        let bad = |n: Option<u64>, tone: Tone| {
            let cell = Cell::maybe(n.map(|n| say.lang.count(n)));
            if n > Some(0) { cell.toned(tone) } else { cell }
        };
        vec![
            Cell::maybe(row.peak_open_flows.map(|n| say.lang.count(n))),
            span(handshake, |q| q.p50_ns),
            span(handshake, |q| q.p99_ns),
            strong(span(answer, |q| q.p50_ns)),
            span(answer, |q| q.p95_ns),
            span(answer, |q| q.p99_ns),
            bad(row.syn_retransmissions, Tone::Warning),
            bad(row.failed, Tone::Error),
        ]
    };
    let after = say.open_of(middle_run(say, rows));
    grid(say.wire(), &columns, rows, cells, Some(after))
}

fn costs(say: Say, rows: &[CompareRow]) -> Block {
    let columns = [
        Column::right(say.client_cpu()),
        Column::right(say.server_cpu()),
        Column::right(say.client_memory()),
        Column::right(say.server_memory()),
    ];
    let cells = |row: &CompareRow| {
        vec![
            Cell::maybe(row.client_cpu_ns.map(|t| say.lang.duration(t))),
            Cell::maybe(row.server_cpu_ns.map(|t| say.lang.duration(t))),
            Cell::maybe(row.client_peak_memory_bytes.map(|n| say.lang.bytes(n))),
            Cell::maybe(row.server_peak_memory_bytes.map(|n| say.lang.bytes(n))),
        ]
    };
    let mut after = say.medians().to_owned();
    let several: Vec<String> = rows.iter().filter_map(|row| processes(say, row)).collect();
    if !several.is_empty() {
        after.push_str(&say.not_the_sum(&several.join("; ")));
    }
    grid(say.cost(), &columns, rows, cells, Some(after))
}

/// How many processes the sides of a row had, where one had several.
fn processes(say: Say, row: &CompareRow) -> Option<String> {
    let census = row.census.as_ref()?;
    let several = |peak: Option<u64>| Some(say.lang.count(peak.filter(|n| *n > 1)?));
    let client = several(census.client.processes.peak);
    let server = several(census.server.processes.peak);
    let client = client.map(|n| say.client_processes_at_once(&n));
    let server = server.map(|n| say.server_processes_at_once(&n));
    let sides = match (client, server) {
        (Some(client), Some(server)) => say.both(&client, &server),
        (client, server) => client.or(server)?,
    };
    Some(say.had(&row.name, &sides))
}

/// Of which run the figures are that only one run can have.
pub(super) fn middle_run(say: Say, rows: &[CompareRow]) -> &'static str {
    let even = |row: &CompareRow| {
        let runs = row.durations_ns.len();
        runs > 0 && runs.is_multiple_of(2)
    };
    if rows.iter().any(even) {
        say.middle_run_of_even()
    } else {
        say.middle_run()
    }
}
