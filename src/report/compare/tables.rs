//! The tables of a comparison: each has a row for each way of making the
//! requests, always in the same order.

use super::cells::{MARK_MEANS, marked, strong, times};
use super::conclusions::{differences, growth};
use crate::model::{CompareRecord, CompareRow, Counts, Nanos, Quantiles, Range, SystemCounts};
use crate::report::sheet::{Block, Cell, Column, Grid, Keep, Row, Tone};
use crate::text::units::{bytes, count, duration};

/// All tables.
pub(super) fn blocks(record: &CompareRecord) -> Vec<Block> {
    let rows = &record.rows;
    let mut blocks = vec![durations(rows), tasks(rows), wire(rows), costs(rows)];
    blocks.extend(differences(record));
    blocks.extend(growth(&record.growth));
    blocks
}

fn grid(
    heading: &'static str,
    columns: &[Column],
    rows: &[CompareRow],
    cells: fn(&CompareRow) -> Vec<Cell>,
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

fn durations(rows: &[CompareRow]) -> Block {
    let columns = [
        Column::right("median"),
        Column::right("min"),
        Column::right("max"),
        Column::right("× fastest"),
        Column::right("runs").keep(Keep::IfRoom),
    ];
    let cells = |row: &CompareRow| {
        let of = |ns: fn(&crate::model::Spread) -> Nanos| {
            Cell::maybe(row.duration_ns.as_ref().map(|d| duration(ns(d))))
        };
        let ratio = row.ratio_to_fastest;
        vec![
            strong(of(|d| d.median)),
            of(|d| d.min),
            of(|d| d.max),
            match ratio {
                Some(ratio) if row.fell_short() => marked(times(ratio)),
                Some(1.0) => Cell::new(times(1.0)).toned(Tone::Good),
                ratio => Cell::maybe(ratio.map(times)),
            },
            Cell::new(count(row.repeats)),
        ]
    };
    let mut after = "from the client's start (exec) to its end".to_owned();
    if rows.iter().any(CompareRow::fell_short) {
        after = format!("{after}; {MARK_MEANS}");
    }
    grid("Duration", &columns, rows, cells, Some(after))
}

fn tasks(rows: &[CompareRow]) -> Block {
    let columns = [
        Column::right("c threads"),
        Column::right("c procs"),
        Column::right("s threads"),
        Column::right("s procs"),
        Column::right("system"),
    ];
    let cells = |row: &CompareRow| {
        let Some(census) = &row.census else {
            return vec![Cell::absent(); 5];
        };
        vec![
            strong(counts(census.client.threads)),
            counts(census.client.processes),
            strong(counts(census.server.threads)),
            counts(census.server.processes),
            system(census.system.threads),
        ]
    };
    let mut after = format!(
        "before → peak → after, of {}; c: client, s: server, system: threads of the whole system",
        middle_run(rows)
    );
    let varied: Vec<String> = rows.iter().filter_map(varied).collect();
    if !varied.is_empty() {
        after.push_str("; range of the peaks over all runs: ");
        after.push_str(&varied.join("; "));
    }
    grid("Threads and processes", &columns, rows, cells, Some(after))
}

/// The peaks of a row's runs, where they were not all the same.
fn varied(row: &CompareRow) -> Option<String> {
    let ranges = &row.peak_ranges;
    let of = |what: &str, range: Option<Range>| {
        let range = range.filter(|r| r.min != r.max)?;
        Some(format!("{what} {}…{}", count(range.min), count(range.max)))
    };
    let parts: Vec<String> = [
        of("client", ranges.client_threads),
        of("server", ranges.server_threads),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| format!("{} {}", row.name, parts.join(", ")))
}

fn counts(counts: Counts) -> Cell {
    three(counts.before, counts.peak, counts.after)
}

fn system(counts: SystemCounts) -> Cell {
    three(counts.before, counts.peak, counts.after)
}

fn three(before: Option<u64>, peak: Option<u64>, after: Option<u64>) -> Cell {
    if before.is_none() && peak.is_none() && after.is_none() {
        return Cell::absent();
    }
    let figure = |n: Option<u64>| n.map_or_else(|| "—".to_owned(), count);
    Cell::new(format!(
        "{} → {} → {}",
        figure(before),
        figure(peak),
        figure(after)
    ))
}

fn wire(rows: &[CompareRow]) -> Block {
    let columns = [
        Column::right("open"),
        Column::right("hs p50"),
        Column::right("hs p99"),
        Column::right("ans p50"),
        Column::right("ans p95"),
        Column::right("ans p99"),
        Column::right("retrans."),
        Column::right("failed"),
    ];
    let cells = |row: &CompareRow| {
        let span = |q: Option<Quantiles>, of: fn(&Quantiles) -> Nanos| {
            Cell::maybe(q.as_ref().map(|q| duration(of(q))))
        };
        let (handshake, answer) = (row.latency.handshake, row.latency.exchange);
        let bad = |n: Option<u64>, tone: Tone| {
            let cell = Cell::maybe(n.map(count));
            if n > Some(0) { cell.toned(tone) } else { cell }
        };
        vec![
            Cell::maybe(row.peak_open_flows.map(count)),
            span(handshake, |q| q.p50_ns),
            span(handshake, |q| q.p99_ns),
            strong(span(answer, |q| q.p50_ns)),
            span(answer, |q| q.p95_ns),
            span(answer, |q| q.p99_ns),
            bad(row.syn_retransmissions, Tone::Warning),
            bad(row.failed, Tone::Error),
        ]
    };
    let after = format!(
        "open: the most flows at the same time (median of the runs); hs: handshake, ans: answer, of {}; retrans.: SYN retransmissions, and failed requests: sums of all runs",
        middle_run(rows)
    );
    grid("On the wire", &columns, rows, cells, Some(after))
}

fn costs(rows: &[CompareRow]) -> Block {
    let columns = [
        Column::right("client CPU"),
        Column::right("server CPU"),
        Column::right("c mem, largest proc"),
        Column::right("s mem, largest proc"),
    ];
    let cells = |row: &CompareRow| {
        vec![
            Cell::maybe(row.client_cpu_ns.map(duration)),
            Cell::maybe(row.server_cpu_ns.map(duration)),
            Cell::maybe(row.client_peak_memory_bytes.map(bytes)),
            Cell::maybe(row.server_peak_memory_bytes.map(bytes)),
        ]
    };
    let mut after = "medians of the runs; memory (mem) is that of the largest process".to_owned();
    let several: Vec<String> = rows.iter().filter_map(processes).collect();
    if !several.is_empty() {
        after = format!(
            "{after}, not the sum of all processes: {}",
            several.join("; ")
        );
    }
    grid("Cost", &columns, rows, cells, Some(after))
}

/// How many processes the sides of a row had, where one had several.
fn processes(row: &CompareRow) -> Option<String> {
    let census = row.census.as_ref()?;
    let of = |side: &str, peak: Option<u64>| {
        let peak = peak.filter(|n| *n > 1)?;
        Some(format!("{} {side} processes at the same time", count(peak)))
    };
    let sides = [
        of("client", census.client.processes.peak),
        of("server", census.server.processes.peak),
    ];
    let said: Vec<String> = sides.into_iter().flatten().collect();
    (!said.is_empty()).then(|| format!("{} had {}", row.name, said.join(" and ")))
}

/// Of which run the figures are that only one run can have.
pub(super) fn middle_run(rows: &[CompareRow]) -> &'static str {
    let even = |row: &CompareRow| {
        let runs = row.durations_ns.len();
        runs > 0 && runs.is_multiple_of(2)
    };
    if rows.iter().any(even) {
        "the run with the median duration (the faster of the two middle runs)"
    } else {
        "the run with the median duration"
    }
}
