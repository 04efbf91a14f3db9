//! The interaction table: which worker talked to which thread, and how it went.
//!
//! A run comes in; out goes a row for each of the first flows, in the order of
//! their numbers. Where nothing was captured the workers' own records are
//! shown instead, and what only the wire could tell is absent.

use std::collections::{HashMap, HashSet};

use super::problem;
use super::sheet::{Block, Cell, Column, Grid, Keep, Row, Tone};
use super::view::RunView;
use super::words::Say;
use crate::model::{
    Close, Endpoint, Exchange, FlowRecord, FlowsKept, Outcome, Packed, ServerOwner, Side, WorkerId,
    WorkerRecord,
};

/// The thread of each side, by its tid, at every width; what comes last goes first
/// where there is no room.
fn columns(say: Say) -> [Column; 11] {
    [
        Column::left(say.client()).keep(Keep::Elide),
        Column::right(say.client_tid()),
        Column::left(say.server_tid()).keep(Keep::Elide),
        Column::right(say.handshake()),
        Column::left(say.answer()),
        Column::right(say.time()),
        Column::left(say.closed()),
        Column::right(say.frames_column()).keep(Keep::IfRoom),
        Column::left(say.history()).keep(Keep::IfRoom),
        Column::right(say.flow()).keep(Keep::IfRoom),
        Column::right(say.worker()).keep(Keep::IfRoom),
    ]
}

/// How many of these columns a worker's own account fills as well.
const WIRE: usize = 8;

/// The interaction table of at most `rows` rows.
pub(super) fn block(say: Say, view: RunView<'_>, rows: usize) -> Block {
    if view.flows.is_empty() {
        return of_workers(say, view.workers, rows);
    }
    let shown = || view.flows.iter().take(rows);
    let unhappy = unhappy_workers(view.workers, shown());
    Block::Grid {
        heading: say.interactions(),
        grid: Grid {
            columns: columns(say).to_vec(),
            rows: shown().map(|flow| flow_row(say, flow, &unhappy)).collect(),
        },
        after: followed_by(
            match &view.run.capture {
                Some(_) => match view.run.flows_kept {
                    None => more(say, view.flows.len(), rows, Say::flows, "flows.jsonl"),
                    Some(kept) => more_than_kept(say, view.flows.len(), rows, kept),
                },
                // A run that was killed has saved none; they are read from its frames.
                None => more_rows(say, view.flows.len(), rows),
            },
            legend(say, shown().filter_map(|flow| flow.server_owner)),
        ),
    }
}

/// How to read the server's threads, by the first connection in which there are two.
fn legend(say: Say, mut owners: impl Iterator<Item = ServerOwner>) -> Option<Cell> {
    let text = owners.find_map(|owner| match (owner.accept_tid, owner.serve_tid) {
        (Some(accept), Some(serve)) if accept != serve => {
            Some(say.accept_and_serve(&accept.to_string(), &serve.to_string()))
        }
        (Some(accept), None) => Some(say.only_accept(&accept.to_string())),
        (None, Some(serve)) => Some(say.only_serve(&serve.to_string())),
        _ => None,
    })?;
    Some(Cell::new(text).toned(Tone::Quiet))
}

/// Two lines as one paragraph.
fn followed_by(one: Option<Cell>, other: Option<Cell>) -> Option<Cell> {
    match (one, other) {
        (Some(one), Some(other)) => {
            let text = format!("{}. {}", one.text, other.text);
            Some(Cell { text, ..one })
        }
        (one, other) => one.or(other),
    }
}

/// The line that says where the rest is.
fn more(
    say: Say,
    all: usize,
    shown: usize,
    counted: fn(Say, u64) -> String,
    file: &str,
) -> Option<Cell> {
    let hidden = u64::try_from(all.saturating_sub(shown)).unwrap_or(u64::MAX);
    let text = match (hidden, shown) {
        (0, _) => return None,
        (_, 0) => say.all_in(&counted(say, hidden), file),
        _ => say.more_in(&say.n(hidden), file),
    };
    Some(Cell::new(text).toned(Tone::Quiet))
}

/// The same where the file has not all of them.
fn more_than_kept(say: Say, all: usize, shown: usize, kept: FlowsKept) -> Option<Cell> {
    let hidden = u64::try_from(all.saturating_sub(shown)).unwrap_or(u64::MAX);
    let rule = kept.rule.to_string();
    let text = say.more_than_kept(&say.n(hidden), &say.n(kept.kept), &say.n(kept.seen), &rule);
    (hidden > 0).then(|| Cell::new(text).toned(Tone::Quiet))
}

/// The same where no file has the rest.
fn more_rows(say: Say, all: usize, shown: usize) -> Option<Cell> {
    let hidden = u64::try_from(all.saturating_sub(shown)).unwrap_or(u64::MAX);
    let text = say.more_rows(&say.n(hidden));
    (hidden > 0).then(|| Cell::new(text).toned(Tone::Quiet))
}

type Unhappy = HashMap<(WorkerId, Endpoint), WorkerRecord>;

/// The client's workers behind these flows that did not get a valid answer, by what
/// finds them.
fn unhappy_workers<'a>(
    workers: &Packed<WorkerRecord>,
    of: impl Iterator<Item = &'a FlowRecord>,
) -> Unhappy {
    let wanted = of.filter_map(|flow| Some((flow.client_owner?.worker, flow.client)));
    let wanted: HashSet<(WorkerId, Endpoint)> = wanted.collect();
    workers
        .iter()
        .filter(|w| w.side == Side::Client && w.outcome.is_some_and(|o| o != Outcome::Valid))
        .filter_map(|w| Some(((w.worker?, w.client?), w)))
        .filter(|(who, _)| wanted.contains(who))
        .collect()
}

fn flow_row(say: Say, flow: &FlowRecord, unhappy: &Unhappy) -> Row {
    let owner = flow.client_owner;
    let worker = owner.and_then(|o| unhappy.get(&(o.worker, flow.client)));
    let first = flow.exchanges.first();
    Row {
        cells: vec![
            Cell::new(flow.client.to_string()),
            Cell::maybe(owner.map(|o| o.tid.to_string())),
            Cell::maybe(flow.server_owner.as_ref().map(server_thread)),
            handshake(say, flow),
            answer(say, first, flow.exchanges.len()),
            Cell::maybe(
                first
                    .and_then(Exchange::duration)
                    .map(|time| say.span(time)),
            ),
            close(say, flow.close),
            Cell::new(say.n(flow.client_frames.saturating_add(flow.server_frames))),
            Cell::new(&flow.history),
            Cell::new(flow.flow.to_string()),
            Cell::maybe(owner.map(|o| o.worker.to_string())),
        ],
        note: problem::of_flow(say, flow, worker).map(|text| Cell::new(text).toned(Tone::Warning)),
    }
}

/// The serving thread, and before it the accepting one where they differ.
fn server_thread(owner: &ServerOwner) -> String {
    server_threads(owner).unwrap_or_else(|| format!("pid {}", owner.pid))
}

/// The same; `None` where only the process is known.
pub(super) fn server_threads(owner: &ServerOwner) -> Option<String> {
    Some(match (owner.accept_tid, owner.serve_tid) {
        (Some(accept), Some(serve)) if accept == serve => serve.to_string(),
        (Some(accept), Some(serve)) => format!("{accept}→{serve}"),
        (Some(accept), None) => format!("{accept}→?"),
        (None, Some(serve)) => format!("?→{serve}"),
        (None, None) => return None,
    })
}

pub(super) fn handshake(say: Say, flow: &FlowRecord) -> Cell {
    match flow.handshake {
        None => Cell::absent(),
        Some(handshake) => match handshake.duration() {
            // It was completed, but captured in another order.
            None if handshake.ack_ns.is_some() => Cell::absent(),
            None => Cell::new(say.none()).toned(Tone::Error),
            Some(span) if flow.syns_sent_again() > 0 => {
                Cell::new(say.span(span)).toned(Tone::Warning)
            }
            Some(span) => Cell::new(say.span(span)),
        },
    }
}

/// The first answer, and how many requests followed it.
pub(super) fn answer(say: Say, first: Option<&Exchange>, all: usize) -> Cell {
    let Some(exchange) = first else {
        return Cell::absent();
    };
    let (text, tone) = match (exchange.answer, exchange.response_ns, exchange.valid) {
        (Some(time), _, Some(false)) => (time.to_string(), Tone::Error),
        (Some(time), ..) => (time.to_string(), Tone::Plain),
        // It may have been answered: the answer is not in the capture.
        (None, None, None) if exchange.problem.is_some() => return Cell::absent(),
        (None, None, _) => (say.none().to_owned(), Tone::Error),
        (None, Some(_), Some(false)) => (say.bad().to_owned(), Tone::Error),
        (None, Some(_), _) => (say.answered_cell().to_owned(), Tone::Plain),
    };
    let text = match all {
        0 | 1 => text,
        more => format!("{text} +{}", more - 1),
    };
    Cell::new(text).toned(tone)
}

pub(super) fn close(say: Say, close: Close) -> Cell {
    Cell::new(say.close(close)).toned(match close {
        Close::Fin => Tone::Plain,
        Close::Rst | Close::Open => Tone::Warning,
    })
}

/// The columns of the workers' own account: the last one is by their clock.
fn worker_columns(say: Say) -> Vec<Column> {
    let wire = columns(say).into_iter().take(WIRE);
    wire.chain([
        Column::right(say.worker()).keep(Keep::IfRoom),
        Column::right(say.worker_time()).keep(Keep::IfRoom),
    ])
    .collect()
}

/// The first of the client's workers in the order of their requests, so many at most,
/// and how many there are.
pub(super) fn first_clients(
    workers: &Packed<WorkerRecord>,
    most: usize,
) -> (Vec<WorkerRecord>, usize) {
    /// So many may wait to be sorted.
    const WAIT: usize = 4096;
    let order = |w: &WorkerRecord| (w.request.is_none(), w.request, w.worker);
    let (mut first, mut all) = (Vec::new(), 0);
    for client in workers.iter().filter(|w| w.side == Side::Client) {
        all += 1;
        first.push(client);
        if first.len() > most.saturating_add(WAIT) {
            first.sort_by_key(order);
            first.truncate(most);
        }
    }
    first.sort_by_key(order);
    first.truncate(most);
    (first, all)
}

/// The client's workers by their own account, in the order of their requests.
fn of_workers(say: Say, workers: &Packed<WorkerRecord>, rows: usize) -> Block {
    let (clients, all) = first_clients(workers, rows);
    let legend_told = legend(say, clients.iter().filter_map(|w| w.told?.server_owner));
    Block::Grid {
        heading: say.interactions(),
        grid: Grid {
            columns: worker_columns(say),
            rows: clients.iter().map(|w| worker_row(say, w)).collect(),
        },
        after: followed_by(
            more(say, all, rows, Say::workers, "workers.jsonl")
                .or_else(|| (all == 0).then(|| Cell::new(say.no_requests()).toned(Tone::Quiet))),
            legend_told,
        ),
    }
}

fn worker_row(say: Say, worker: &WorkerRecord) -> Row {
    let told = worker.told.unwrap_or_default();
    let outcome = match (worker.outcome, told.answered) {
        (Some(Outcome::Valid), _) => Cell::new(say.valid_cell()),
        (Some(Outcome::BadAnswer), _) => Cell::new(say.bad()).toned(Tone::Error),
        // Why is told by the note.
        (Some(_), _) => Cell::new(say.none()).toned(Tone::Error),
        (None, Some(n @ 2..)) => Cell::new(format!("{} +{}", say.answered_cell(), n - 1)),
        (None, Some(1)) => Cell::new(say.answered_cell()),
        (None, _) => Cell::absent(),
    };
    let took = worker.ended_ns.zip(worker.started_ns);
    let took = took.map(|(ended, started)| ended.since(started));
    Row {
        cells: vec![
            Cell::maybe(worker.client.map(|c| c.to_string())),
            Cell::maybe(worker.tid.map(|t| t.to_string())),
            Cell::maybe(told.server_owner.as_ref().map(server_thread)),
            Cell::maybe(told.handshake_ns.map(|time| say.span(time))),
            outcome,
            Cell::maybe(told.exchange_ns.map(|time| say.span(time))),
            Cell::absent(),
            Cell::absent(),
            Cell::maybe(worker.worker.map(|w| w.to_string())),
            Cell::maybe(took.map(|time| say.span(time))),
        ],
        note: problem::of_worker(say, worker).map(|text| Cell::new(text).toned(Tone::Warning)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;
    use crate::model::{ServerOwner, Tid};
    use crate::testkit::Fixture;

    const EN: Say = Say::new(Lang::En);

    #[test]
    fn a_handshake_is_shown_as_it_went() {
        let shown = |change: fn(&mut FlowRecord)| {
            let mut flow = Fixture::normal(1).flows.remove(0);
            change(&mut flow);
            let cell = handshake(EN, &flow);
            (cell.text, cell.tone)
        };
        let told = |text: &str, tone| (text.to_owned(), tone);
        let absent = told("—", Tone::Quiet);
        assert_eq!(shown(|_| ()), told("31.2 µs", Tone::Plain));
        assert_eq!(shown(|f| f.handshake = None), absent);
        let copied = shown(|f| f.handshake.as_mut().unwrap().syn_count = 2);
        assert_eq!(copied, told("31.2 µs", Tone::Plain));
        let retried = shown(|f| {
            let handshake = f.handshake.as_mut().unwrap();
            handshake.syn_count = 2;
            handshake.ack_ns = Some(
                handshake
                    .syn_ns
                    .plus(crate::model::Nanos::new(1_012_000_000)),
            );
        });
        assert_eq!(retried, told("1.01 s", Tone::Warning));
        let never = shown(|f| f.handshake.as_mut().unwrap().ack_ns = None);
        assert_eq!(never, told("none", Tone::Error));
        // Completed, but captured in another order.
        let backwards = shown(|f| {
            let handshake = f.handshake.as_mut().unwrap();
            handshake.ack_ns = Some(handshake.syn_ns.plus(crate::model::Nanos::new(-1)));
        });
        assert_eq!(backwards, absent);
    }

    #[test]
    fn only_the_client_s_workers_can_be_unhappy() {
        let mut fixture = Fixture::normal(4);
        fixture.fail(1, Outcome::Timeout, None);
        fixture.workers[2].outcome = None;
        fixture.fail(3, Outcome::Timeout, None);
        fixture.workers[3].side = Side::Server;
        let unhappy = unhappy_workers(
            crate::testkit::packed(&fixture.workers),
            fixture.flows.iter(),
        );
        let workers: Vec<u32> = unhappy.keys().map(|(worker, _)| worker.0).collect();
        assert_eq!(workers, [1]);
    }

    #[test]
    fn the_accepting_thread_stands_before_another_that_serves() {
        let owner = |accept, serve| {
            let owner = Fixture::normal(1).flows[0].server_owner.unwrap();
            server_thread(&ServerOwner {
                accept_tid: Option::map(accept, Tid),
                serve_tid: Option::map(serve, Tid),
                ..owner
            })
        };
        assert_eq!(owner(Some(7), Some(7)), "7");
        assert_eq!(owner(Some(7), Some(8)), "7→8");
        assert_eq!(owner(Some(7), None), "7→?");
        assert_eq!(owner(None, Some(8)), "?→8");
        assert_eq!(owner(None, None), "pid 40000");
    }

    #[test]
    fn rows_that_no_file_has_are_counted_where_there_are_more() {
        assert!(more_rows(EN, 3, 3).is_none());
        let more = more_rows(EN, 5, 3).unwrap().text;
        assert_eq!(more, "… and 2 more: raise --rows to see them");
    }
}
