//! Threads over time: a chart for each server, of the largest size.

use super::tables::middle_run;
use super::words::Say;
use crate::model::{CompareRecord, CompareRow, SideCensus, Timestamp};
use crate::report::sheet::{Block, Cell, Plot, Series, Tone};

/// More lines than this in one chart cannot be told apart.
const LINES: usize = 8;

/// The charts.
pub(super) fn blocks(say: Say, record: &CompareRecord) -> Vec<Block> {
    let largest = record.rows.iter().map(|row| row.requests).max();
    let mut servers: Vec<Option<String>> = Vec::new();
    for row in &record.rows {
        if !servers.contains(&row.server_name()) {
            servers.push(row.server_name());
        }
    }
    let several = servers.len() > 1;
    servers
        .into_iter()
        .filter_map(|server| {
            let rows = record.rows.iter();
            let of_server = rows.filter(|row| row.server_name() == server);
            let series: Vec<Series> = of_server
                .filter(|row| Some(row.requests) == largest)
                .filter_map(series)
                .collect();
            chart(
                say,
                series,
                server.filter(|_| several),
                middle_run(say, &record.rows),
            )
        })
        .collect()
}

fn chart(say: Say, mut series: Vec<Series>, server: Option<String>, run: &str) -> Option<Block> {
    let all = series.len();
    series.truncate(LINES);
    if series.is_empty() {
        return None;
    }
    let of = server.map_or_else(String::new, |server| say.of_server(&server));
    let mut after = say.chart_of(run);
    if all > series.len() {
        let [first, all] = [LINES, all].map(|n| say.lang.count(n as u64));
        after = say.first_of(&first, &all, &after);
    }
    Some(Block::Plot {
        heading: say.over_time(),
        plot: Plot {
            panels: vec![
                Cell::new(format!("{}{of}", say.client())),
                Cell::new(format!("{}{of}", say.server())),
            ],
            series,
        },
        after: Some(Cell::new(after).toned(Tone::Quiet)),
    })
}

fn series(row: &CompareRow) -> Option<Series> {
    let census = row.census.as_ref()?;
    let start = census.client.timeline.first()?.0;
    Some(Series {
        name: Cell::new(&row.name),
        panels: vec![steps(&census.client, start), steps(&census.server, start)],
        end: row.middle_duration()?,
    })
}

/// The threads of a side, by the time since the client's start.
fn steps(side: &SideCensus, start: Timestamp) -> Vec<(crate::model::Nanos, u64)> {
    let points = side.timeline.iter();
    points.map(|p| (p.0.since(start), p.1)).collect()
}
