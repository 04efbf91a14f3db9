//! The client's connections and what was said on them, told where they are not the
//! same as its requests.

use super::sheet::{Block, Cell, Column, Grid, Row, Tone};
use super::words::Say;
use crate::model::RunRecord;

/// The table; `None` where each connection was made and carried one exchange with an
/// answer, so that the requests tell all of it.
pub(super) fn connections(say: Say, run: &RunRecord) -> Option<Block> {
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
    let figure = |n: Option<u64>| Cell::maybe(n.map(|n| say.n(n)));
    let bad = |n: Option<u64>| match figure(n) {
        cell if n > Some(0) => cell.toned(Tone::Warning),
        cell => cell,
    };
    let figures = [
        (say.established(), figure(connections.established)),
        (say.refused(), bad(connections.refused)),
        (say.neither(), bad(connections.not_established)),
        (say.reset(), bad(connections.reset)),
        (say.without_request(), figure(connections.without_request)),
        (say.exchanges(), figure(exchanges.requests)),
        (say.unanswered(), bad(exchanges.unanswered)),
    ];
    Some(Block::Grid {
        heading: say.connections_heading(),
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
