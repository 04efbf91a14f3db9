//! The client's connections and what was said on them, told where they are not the
//! same as its requests.

use super::sheet::{Block, Cell, Column, Grid, Row, Tone};
use crate::model::RunRecord;
use crate::text::units::count;

/// The table; `None` where each connection was made and carried one exchange with an
/// answer, so that the requests tell all of it.
pub(super) fn connections(run: &RunRecord) -> Option<Block> {
    let (connections, exchanges) = (&run.connections, &run.exchanges);
    let none_of = [
        connections.refused,
        connections.not_established,
        connections.reset,
        connections.without_request,
        exchanges.unanswered,
    ];
    let plain = none_of.iter().all(|n| n.unwrap_or(0) == 0)
        && (connections.established == exchanges.requests || exchanges.requests.is_none());
    let measured = connections.established.is_some() || exchanges.requests.is_some();
    if plain || !measured {
        return None;
    }
    let figure = |n: Option<u64>| Cell::maybe(n.map(count));
    let bad = |n: Option<u64>| match figure(n) {
        cell if n > Some(0) => cell.toned(Tone::Warning),
        cell => cell,
    };
    let figures = [
        ("established", figure(connections.established)),
        ("refused", bad(connections.refused)),
        ("neither", bad(connections.not_established)),
        ("reset", bad(connections.reset)),
        ("without request", figure(connections.without_request)),
        ("exchanges", figure(exchanges.requests)),
        ("unanswered", bad(exchanges.unanswered)),
    ];
    Some(Block::Grid {
        heading: "Connections",
        grid: Grid {
            columns: figures
                .iter()
                .map(|(name, _)| Column::right(name))
                .collect(),
            rows: vec![Row::new(figures.map(|(_, cell)| cell))],
        },
        after: None,
    })
}
