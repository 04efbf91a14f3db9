//! How many threads and processes there were, and what the figures say.

use std::cmp::Ordering;

use super::facts::is_exact;
use super::page::Page;
use super::words::Say;
use crate::model::{
    Counts, Provenance, RunCensus, RunRecord, ServerKind, Side, SideCensus, SystemCounts,
};

/// Before, peak, after, and created.
pub(super) fn table(say: Say, census: &RunCensus, page: &mut Page) {
    let (client, server, system) = (&census.client, &census.server, &census.system);
    let row = |name: String, counts: Counts, how: Option<Provenance>| {
        let how = how.map_or_else(|| say.cell(None), |how| how.to_string());
        let figures = [counts.before, counts.peak, counts.after, counts.created];
        let mut cells = vec![name, how];
        cells.extend(figures.map(|n| say.cell(n)));
        cells
    };
    let whole = |counts: SystemCounts| Counts {
        before: counts.before,
        peak: counts.peak,
        after: counts.after,
        created: None,
    };
    let rows = [
        row(say.r_client_threads(), client.threads, client.provenance),
        row(
            say.r_client_processes(),
            client.processes,
            client.provenance,
        ),
        row(say.r_server_threads(), server.threads, server.provenance),
        row(
            say.r_server_processes(),
            server.processes,
            server.provenance,
        ),
        row(
            say.r_system_threads(),
            whole(system.threads),
            system.provenance,
        ),
        row(
            say.r_system_processes(),
            whole(system.processes),
            system.provenance,
        ),
    ];
    page.table(
        "llrrrr",
        &[
            &say.t_of_what(),
            &say.t_counted(),
            &say.t_before(),
            &say.t_peak(),
            &say.t_after(),
            &say.t_created(),
        ],
        &rows,
    );
}

/// What the table says, in sentences.
pub(super) fn sentences(say: Say, run: &RunRecord) -> Vec<String> {
    let mut told = Vec::new();
    // What was there before threadtap attached to it is in no count but `before`.
    let existing = run.plan.server == ServerKind::Existing;
    for (side, census, attached) in [
        (Side::Client, &run.census.client, run.plan.watched),
        (Side::Server, &run.census.server, existing),
    ] {
        told.extend(of_side(say, side, census, attached));
    }
    let system = &run.census.system;
    if let (Some(before), Some(peak)) = (system.threads.before, system.threads.peak) {
        told.push(say.system_threads(&say.threads(before), &say.n(peak)));
        if let Some(after) = system.threads.after {
            told.push(say.system_after(&say.n(after)));
        }
    }
    told
}

/// The name of a side, in a sentence.
pub(super) fn name(say: Say, side: Side) -> String {
    match side {
        Side::Client => say.the_client(),
        Side::Server => say.the_server(),
    }
}

fn of_side(say: Say, side: Side, census: &SideCensus, attached: bool) -> Vec<String> {
    let who = name(say, side);
    let (threads, processes) = (census.threads, census.processes);
    if census.provenance.is_none() || (threads.peak.is_none() && processes.peak.is_none()) {
        return vec![say.not_counted(&who)];
    }
    let mut told = Vec::new();
    if !is_exact(census) {
        told.extend(threads.peak.map(|t| say.peak_seen(&who, &say.threads(t))));
        told.push(say.was_sampled(&who));
        return told;
    }
    if !attached && is_one_throughout(threads, processes) {
        told.push(say.one_throughout(&who));
        return told;
    }
    told.extend(if attached {
        created_since(say, &who, threads, processes)
    } else {
        created(say, &who, threads, processes)
    });
    let peak = (threads.peak, processes.peak);
    told.extend(match peak {
        (Some(t), Some(p)) if p > 1 => {
            Some(say.peak_of_both(&who, &say.threads(t), &say.processes(p)))
        }
        (Some(t), _) => Some(say.peak_of_threads(&who, &say.threads(t))),
        (None, _) => None,
    });
    // A side that is ready may have created some already, such as the threads of a pool.
    let first = if attached { threads.before } else { Some(1) };
    let total = first.zip(threads.created);
    let total = total.map(|(first, created)| first.saturating_add(created));
    if let (Some(total), Some(peak)) = (total, threads.peak)
        && peak < total
    {
        told.push(say.not_all_at_once(&say.n(total)));
    }
    if let (Some(before), Some(after)) = (threads.before, threads.after) {
        let threads = say.threads(after);
        told.push(match after.cmp(&before) {
            Ordering::Greater => say.left_after(&threads, &say.n(before)),
            Ordering::Equal => say.as_before(&threads),
            Ordering::Less => say.fewer_after(&threads, &say.n(before)),
        });
    }
    told
}

/// Whether there was one thread from the beginning to the end, and nothing else.
fn is_one_throughout(threads: Counts, processes: Counts) -> bool {
    let one = |counts: Counts| {
        [counts.before, counts.peak, counts.after] == [Some(1); 3] && counts.created == Some(0)
    };
    one(threads) && one(processes)
}

fn created(say: Say, who: &str, threads: Counts, processes: Counts) -> Option<String> {
    Some(match (threads.created?, processes.created?) {
        (0, 0) => say.created_none(who),
        (t, 0) => say.created_threads(who, &say.threads(t)),
        (t, p) if t == p => say.created_processes(who, &say.processes(p)),
        (t, p) => say.created_both(who, &say.processes(p), &say.threads(t)),
    })
}

/// The same of a side that ran already: since threadtap attached to it.
fn created_since(say: Say, who: &str, threads: Counts, processes: Counts) -> Option<String> {
    Some(match (threads.created?, processes.created?) {
        (0, 0) => say.since_none(who),
        (t, 0) => say.since_threads(who, &say.threads(t)),
        (t, p) => say.since_both(who, &say.processes(p), &say.threads(t)),
    })
}
