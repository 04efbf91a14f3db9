//! The census table: threads and processes of both sides and of the system.
//!
//! Counts come in, each with how it was obtained; a row a count goes out. What
//! was not counted is absent, never 0.

use super::sheet::{Block, Cell, Column, Grid, Row, Tone};
use super::words::Say;
use crate::model::{Counts, Provenance, RunCensus, SystemCounts};

/// The census table.
pub(super) fn block(say: Say, census: &RunCensus) -> Block {
    let (client, server, system) = (&census.client, &census.server, &census.system);
    Block::Grid {
        heading: say.census(),
        grid: Grid {
            columns: vec![
                Column::left(""),
                Column::right(say.before()),
                Column::right(say.peak()),
                Column::right(say.after()),
                Column::right(say.created()),
                Column::left(say.counted()),
            ],
            rows: vec![
                row(say, say.client_threads(), client.threads, client.provenance),
                row(
                    say,
                    say.client_processes(),
                    client.processes,
                    client.provenance,
                ),
                row(say, say.server_threads(), server.threads, server.provenance),
                row(
                    say,
                    say.server_processes(),
                    server.processes,
                    server.provenance,
                ),
                row(
                    say,
                    say.system_threads(),
                    whole(system.threads),
                    system.provenance,
                ),
                row(
                    say,
                    say.system_processes(),
                    whole(system.processes),
                    system.provenance,
                ),
            ],
        },
        after: Some(Cell::new(legend(say, census)).toned(Tone::Quiet)),
    }
}

/// How to read it: the columns, and of the ways of counting those that are there.
fn legend(say: Say, census: &RunCensus) -> String {
    let all = [
        census.client.provenance,
        census.server.provenance,
        census.system.provenance,
    ];
    let how = [
        (Provenance::Instrumented, say.instrumented()),
        (Provenance::Traced, say.traced()),
        (Provenance::Sampled, say.sampled()),
    ];
    let mut text = say.census_columns().to_owned();
    for (provenance, means) in how {
        if all.contains(&Some(provenance)) {
            text.push_str("; ");
            text.push_str(&provenance.to_string());
            text.push_str(": ");
            text.push_str(means);
        }
    }
    text
}

/// Of the whole system nobody knows how many were created.
fn whole(counts: SystemCounts) -> Counts {
    Counts {
        before: counts.before,
        peak: counts.peak,
        after: counts.after,
        created: None,
    }
}

fn row(say: Say, label: &str, counts: Counts, provenance: Option<Provenance>) -> Row {
    let figure = |n: Option<u64>| Cell::maybe(n.map(|n| say.n(n)));
    let peak = match counts.peak {
        None => figure(None),
        peak => figure(peak).toned(Tone::Strong),
    };
    Row::new([
        Cell::new(label),
        figure(counts.before),
        peak,
        figure(counts.after),
        figure(counts.created),
        Cell::maybe(provenance.map(|p| p.to_string())).toned(Tone::Quiet),
    ])
}
