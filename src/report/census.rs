//! The census table: threads and processes of both sides and of the system.
//!
//! Counts come in, each with how it was obtained; a row a count goes out. What
//! was not counted is absent, never 0.

use super::sheet::{Block, Cell, Column, Grid, Row, Tone};
use crate::model::{Counts, Provenance, RunCensus, SystemCounts};
use crate::text::units::count;

/// The census table.
pub(super) fn block(census: &RunCensus) -> Block {
    let (client, server, system) = (&census.client, &census.server, &census.system);
    Block::Grid {
        heading: "Census",
        grid: Grid {
            columns: vec![
                Column::left(""),
                Column::right("before"),
                Column::right("peak"),
                Column::right("after"),
                Column::right("created"),
                Column::left("counted"),
            ],
            rows: vec![
                row("client threads", client.threads, client.provenance),
                row("client processes", client.processes, client.provenance),
                row("server threads", server.threads, server.provenance),
                row("server processes", server.processes, server.provenance),
                row("system threads", whole(system.threads), system.provenance),
                row(
                    "system processes",
                    whole(system.processes),
                    system.provenance,
                ),
            ],
        },
        after: Some(Cell::new(legend(census)).toned(Tone::Quiet)),
    }
}

/// How to read it: the columns, and of the ways of counting those that are there.
fn legend(census: &RunCensus) -> String {
    let all = [
        census.client.provenance,
        census.server.provenance,
        census.system.provenance,
    ];
    let how = [
        (
            Provenance::Instrumented,
            "the program itself reports each one",
        ),
        (Provenance::Traced, "the kernel reports each one"),
        (
            Provenance::Sampled,
            "/proc is read every 2 ms, and what lives shorter can be missed",
        ),
    ];
    let mut text = "before: when the side is ready (your own program: at its start); peak: the most \
                    at the same time; after: when the work is done (your own program: when its first \
                    process ends); created: those that came after the first one"
        .to_owned();
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

fn row(label: &str, counts: Counts, provenance: Option<Provenance>) -> Row {
    let figure = |n: Option<u64>| Cell::maybe(n.map(count));
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
