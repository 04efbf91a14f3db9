//! A run as the page's data: a JSON head that names tables and their columns, and the
//! columns' bytes.
//!
//! | table | a row is |
//! | --- | --- |
//! | `flows` | a flow, with what its worker and the server's thread noted of it |
//! | `exchanges` | a request that is not the first one of its flow |
//! | `others` | a line of `workers.jsonl` that tells of no flow |
//! | `client`, `server` | a change of that side's counts |

use std::collections::BTreeMap;

use serde::Serialize;

use super::clock::Clock;
use super::columns::{Base, Table, TableHead};
use super::flow_table::{exchanges, flows, others};
use super::texts::Texts;
use super::words::Say;
use crate::model::{FlowRecord, RunCensus, Side, SideCensus, TimelinePoint, WorkerRecord};
use crate::report::join::{has_one_each, join, tells_lives};
use crate::report::view::RunView;

/// The most flows in a page; of more, every second, third … is in it.
pub(super) const MOST_FLOWS: usize = 100_000;

/// The most requests that are not the first of their flow.
const MOST_EXCHANGES: usize = 100_000;

/// The most changes of a side's counts.
const MOST_CHANGES: usize = 20_000;

/// What the page's script has to know to read the columns.
#[derive(Debug, Serialize)]
struct Head {
    /// Of this layout.
    version: u32,
    /// The moment of the times' zero.
    zero: String,
    unit_ns: i64,
    /// How many flows there were; all of them are here where `every` is 1.
    flows: usize,
    every: usize,
    /// Whether every request of a flow is here, or only the first one.
    all_exchanges: bool,
    /// Lines of `workers.jsonl` that tell of no flow and have no room here.
    others_left_out: usize,
    /// Sides whose counts changed too often for all changes to be here.
    thinned: Vec<Side>,
    captured: bool,
    /// What the three moments of a line of `workers.jsonl` are.
    moments: BTreeMap<&'static str, [&'static str; 3]>,
    /// Sides whose lines tell when the thread began and ended.
    whole_lives: Vec<Side>,
    /// Sides that made a thread or process for each request or connection: no two share one.
    one_each: Vec<Side>,
    /// The states that occur, and what they mean.
    states: BTreeMap<&'static str, &'static str>,
    tables: Vec<(&'static str, TableHead)>,
    texts: Vec<String>,
}

/// The data: the length of the head in four bytes, little end first, the head, and the
/// columns. The times are so many times `coarser` than they have to be.
pub(super) fn data(say: Say, view: RunView<'_>, coarser: i64) -> serde_json::Result<Vec<u8>> {
    let all = view.flows;
    let every = all.len().div_ceil(MOST_FLOWS).max(1);
    let shown: Vec<&FlowRecord> = all.iter().step_by(every).collect();
    let workers: Vec<WorkerRecord> = view.workers.iter().collect();
    let joined = join(all, &workers);
    let room = if every > 1 { 0 } else { MOST_FLOWS };
    let left: &[&WorkerRecord] = &joined.others[..joined.others.len().min(room)];
    let census = &view.run.census;
    let sides = [
        (Side::Client, &census.client),
        (Side::Server, &census.server),
    ];
    let rows = shown.len().max(left.len());
    let clock = Clock::of(all, view.workers, first_change(census), rows).coarser(coarser);
    let mut texts = Texts::new(say);
    let mut tables = Vec::new();
    let client: Vec<_> = joined.client.iter().copied().step_by(every).collect();
    let server: Vec<_> = joined.server.iter().copied().step_by(every).collect();
    tables.push(("flows", flows(&shown, &client, &server, clock, &mut texts)));
    let more = |f: &&FlowRecord| f.exchanges.len().saturating_sub(1);
    let all_exchanges = shown.iter().map(more).sum::<usize>() <= MOST_EXCHANGES;
    let those: &[&FlowRecord] = if all_exchanges { &shown } else { &[] };
    tables.push(("exchanges", exchanges(those, clock, &mut texts)));
    tables.push(("others", others(left, clock, &mut texts)));
    let mut thinned = Vec::new();
    for (side, census) in sides {
        let changes = thin(&census.timeline, MOST_CHANGES);
        if changes.len() < census.timeline.len() || census.timeline_step_ns.is_some() {
            thinned.push(side);
        }
        tables.push((side.name(), timeline(&changes, clock)));
    }
    let (tables, bytes): (Vec<_>, Vec<_>) = tables
        .into_iter()
        .map(|(name, table)| {
            let (head, bytes) = table.end();
            ((name, head), bytes)
        })
        .unzip();
    let head = Head {
        version: 1,
        zero: clock.zero(&view.run.started),
        unit_ns: clock.unit_ns,
        flows: all.len(),
        every,
        all_exchanges,
        others_left_out: joined.others.len() - left.len(),
        thinned,
        captured: view.run.capture.is_some() || !all.is_empty(),
        moments: sides
            .map(|(side, _)| (side.name(), say.moments(view.run, side)))
            .into(),
        whole_lives: sides
            .map(|(side, _)| side)
            .into_iter()
            .filter(|side| tells_lives(view.run, *side))
            .collect(),
        one_each: sides
            .map(|(side, _)| side)
            .into_iter()
            .filter(|side| has_one_each(view.run, *side))
            .collect(),
        states: shown
            .iter()
            .map(|f| (f.state.name(), say.meaning(f.state)))
            .collect(),
        tables,
        texts: texts.end(),
    };
    let head = serde_json::to_vec(&head)?;
    let length = u32::try_from(head.len()).unwrap_or(u32::MAX);
    Ok([&length.to_le_bytes()[..], &head, &bytes.concat()].concat())
}

fn first_change(census: &RunCensus) -> Option<crate::model::Timestamp> {
    let first = |side: &SideCensus| side.timeline.first().map(|p| p.0);
    first(&census.client).or(first(&census.server))
}

fn timeline(changes: &[TimelinePoint], clock: Clock) -> Table {
    let mut table = Table::new(changes.len());
    let number = |n: u64| i64::try_from(n).ok();
    table.times("at", changes.iter().map(|p| Some(clock.at(p.0))));
    table.column(
        "threads",
        Base::Previous,
        changes.iter().map(|p| number(p.1)),
    );
    table.column(
        "processes",
        Base::Previous,
        changes.iter().map(|p| number(p.2)),
    );
    table
}

/// The same counts with no more than so many changes: of each stretch the least, the greatest and the
/// last, so that a peak stays one.
pub(super) fn thin(changes: &[TimelinePoint], most: usize) -> Vec<TimelinePoint> {
    if changes.len() <= most {
        return changes.to_vec();
    }
    let stretch = changes.len().div_ceil(most / 4);
    let mut kept = Vec::with_capacity(most);
    for stretch in changes.chunks(stretch) {
        let by = |of: fn(&TimelinePoint) -> u64, most: bool| {
            let places = 0..stretch.len();
            if most {
                places.max_by_key(|&i| of(&stretch[i]))
            } else {
                places.min_by_key(|&i| of(&stretch[i]))
            }
        };
        let mut places = [
            by(|p| p.1, false),
            by(|p| p.1, true),
            by(|p| p.2, true),
            stretch.len().checked_sub(1),
        ];
        places.sort_unstable();
        let mut last = None;
        for place in places.into_iter().flatten() {
            if last != Some(place) {
                kept.push(stretch[place]);
            }
            last = Some(place);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn a_thinned_timeline_keeps_its_peaks_its_order_and_its_end() {
        let changes: Vec<_> = (0..100_000_u64)
            .map(|i| {
                let peak = u64::from(i == 77_777);
                let t = Timestamp::from_nanos(i64::try_from(i).unwrap());
                TimelinePoint(t, i % 50 + 1000 * peak, 1 + 7 * u64::from(i == 33_333))
            })
            .collect();
        let thin = thin(&changes, MOST_CHANGES);
        assert!(thin.len() <= MOST_CHANGES, "{}", thin.len());
        assert!(thin.windows(2).all(|w| w[0].0 < w[1].0));
        let most = |all: &[TimelinePoint], of: fn(&TimelinePoint) -> u64| all.iter().map(of).max();
        assert_eq!(most(&thin, |p| p.1), most(&changes, |p| p.1));
        assert_eq!(most(&thin, |p| p.2), most(&changes, |p| p.2));
        assert_eq!(thin.last(), changes.last());
        assert_eq!(super::thin(&changes[..10], MOST_CHANGES), changes[..10]);
    }
}
