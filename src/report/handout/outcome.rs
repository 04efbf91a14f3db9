//! What became of the requests, how long it took, and how connections were closed.

use super::facts;
use super::words::Say;
use crate::model::{Close, FlowRecord, OpenLoop, Outcome, Provenance, Quantiles, RunRecord};
use crate::report::view::RunView;

/// Answers, failures with their reasons, times, and ends of connections.
pub(super) fn sentences(say: Say, view: RunView<'_>) -> Vec<String> {
    let run = view.run;
    let mut told = answers(say, run);
    told.extend(failures(say, run));
    let some = |n: Option<u64>| n.filter(|n| *n > 0).map(|n| say.connections(n));
    let by_calls = Provenance::is_told(run.connections.provenance);
    told.extend(some(run.connections.refused).map(|n| {
        if by_calls {
            say.conn_refused_told(&n)
        } else {
            say.conn_refused(&n)
        }
    }));
    told.extend(some(run.connections.not_established).map(|n| say.conn_neither(&n)));
    let partial = run.incomplete.contains_key("latency.exchange");
    let by_calls = Provenance::is_told(run.latency.provenance);
    if let Some(q) = &run.latency.handshake {
        let (median, max, n) = (say.time(q.p50_ns), say.time(q.max_ns), say.n(q.count));
        told.push(match q.count {
            1 if by_calls => say.connect_took_once(&max),
            _ if by_calls => say.connect_took(&median, &max, &n),
            1 => say.handshake_took_once(&max),
            _ => say.handshake_took(&median, &max, &n),
        });
    }
    if let Some(q) = &run.latency.exchange {
        let (median, max, n) = (say.time(q.p50_ns), say.time(q.max_ns), say.n(q.count));
        told.push(match q.count {
            1 if by_calls => say.reply_took_once(&max),
            _ if by_calls => say.reply_took(&median, &max, &n),
            1 => say.answer_took_once(&max),
            _ => say.answer_took(&median, &max, &n),
        });
        // Times of as many as there were are of all, whatever else is not known.
        match run.requests.valid {
            Some(valid) if partial && q.count < valid => told.push(say.answers_partial()),
            None if partial => told.push(say.answers_maybe_partial()),
            _ => {}
        }
    }
    told.extend(run.open_loop.iter().flat_map(|open| open_loop(say, open)));
    // Copies of one frame are no retransmission.
    if !facts::has_copies(run) {
        told.extend(again(say, view.flows));
    }
    told.extend(closes(say, view.flows, facts::lost(run) > 0));
    told
}

/// Of requests at a rate: both latencies, and what was not begun.
fn open_loop(say: Say, open: &OpenLoop) -> Vec<String> {
    let mut told = Vec::new();
    let times = |q: &Quantiles| [q.p50_ns, q.p99_ns, q.max_ns].map(|t| say.time(t));
    if let Some(q) = &open.response {
        let [median, p99, max] = times(q);
        told.push(say.open_loop(&open.rate.to_string(), &median, &p99, &max));
    }
    if let Some(q) = &open.service {
        let [median, p99, max] = times(q);
        told.push(say.service_took(&median, &p99, &max));
    }
    let not_begun = open.not_begun.filter(|n| *n > 0);
    told.extend(not_begun.map(|n| say.not_begun(&say.requests(n))));
    told
}

fn answers(say: Say, run: &RunRecord) -> Vec<String> {
    let requests = &run.requests;
    let mut told = Vec::new();
    match (requests.submitted, requests.valid, requests.answered) {
        (Some(1), Some(1), _) => told.push(say.one_valid()),
        (Some(1), Some(0), _) => told.push(say.one_not_valid()),
        (Some(all), Some(valid), _) if valid == all => {
            told.push(say.all_valid(&say.requests(all)));
        }
        (Some(all), Some(0), _) => told.push(say.none_valid(&say.requests(all))),
        (Some(all), Some(valid), _) if valid < all => {
            told.push(say.some_valid(&say.n(valid), &say.requests(all)));
        }
        (None, Some(0), _) if none_seen(run) => told.push(say.no_request_seen()),
        // A program can make more than was said of it: then they are no part of these.
        (_, Some(valid), _) => told.push(say.valid_seen(&say.requests(valid))),
        (_, None, Some(answered)) => {
            let answers = say.answers(answered);
            let seen = !Provenance::is_told(requests.provenance);
            told.push(if seen {
                say.not_judged(&answers)
            } else {
                say.not_read(&answers)
            });
        }
        (Some(all), None, None) => told.push(say.answers_unknown(&say.requests(all))),
        (None, None, None) => {}
    }
    if let Some(n) = requests.unknown.filter(|n| *n > 0) {
        told.push(say.outcome_unknown(&say.requests(n)));
    }
    let some = requests.valid > Some(0) || requests.answered > Some(0);
    if some && requests.submitted.is_none() && requests.sum_of_failures() == Some(0) {
        told.push(say.none_failed());
    }
    told
}

/// Whether it is certain that no request came to be seen at all.
pub(super) fn none_seen(run: &RunRecord) -> bool {
    let requests = &run.requests;
    let none = |n: Option<u64>| n.is_none_or(|n| n == 0);
    [
        requests.valid,
        requests.answered,
        requests.attempted,
        requests.unknown,
    ]
    .into_iter()
    .all(none)
        && requests.sum_of_failures() == Some(0)
}

fn failures(say: Say, run: &RunRecord) -> Option<String> {
    let mut failed: Vec<_> = run
        .requests
        .failed
        .iter()
        .filter(|(_, n)| **n > 0)
        .collect();
    failed.sort_by_key(|&(_, &n)| std::cmp::Reverse(n));
    let reasons: Vec<(u64, String)> = failed
        .into_iter()
        .map(|(name, &n)| {
            let why = match Outcome::from_name(name) {
                Some(outcome) => say.lang.outcome(outcome).to_owned(),
                None => super::page::foreign(name),
            };
            (n, why)
        })
        .collect();
    let reasons: Vec<String> = match &reasons[..] {
        [(_, why)] => vec![why.clone()],
        several => several
            .iter()
            .map(|(n, why)| format!("{} ({why})", say.n(*n)))
            .collect(),
    };
    let all = run.requests.sum_of_failures()?;
    (!reasons.is_empty()).then(|| say.failed(&say.requests(all), &reasons.join("; ")))
}

/// SYNs that were sent more than once.
fn again(say: Say, flows: &[FlowRecord]) -> Option<String> {
    let again = flows.iter().filter(|f| f.syns_sent_again() > 0);
    let again = again.count() as u64;
    (again > 0).then(|| say.syn_again(&say.connections(again)))
}

/// How those that were established ended. `lossy`: frames were lost, so that one which
/// looks open may have been closed.
fn closes(say: Say, flows: &[FlowRecord], lossy: bool) -> Vec<String> {
    let made = || {
        flows
            .iter()
            .filter(|f| f.handshake.is_none() || f.is_established())
    };
    let of = |close: Close| made().filter(move |f| f.close == close);
    // Of several, of one among others, of one alone.
    let open = if lossy {
        (
            say.closed_unseen(),
            say.closed_has_unseen(),
            say.closed_one_unseen(),
        )
    } else {
        (
            say.closed_open(),
            say.closed_was_open(),
            say.closed_one_open(),
        )
    };
    let fin = (say.closed_fin(), say.closed_was_fin(), say.closed_one_fin());
    let rst = (say.closed_rst(), say.closed_rst(), say.closed_one_rst());
    let parts = [(Close::Fin, fin), (Close::Rst, rst), (Close::Open, open)];
    let parts = parts.map(|(close, how)| (of(close).count() as u64, how));
    let parts: Vec<_> = parts.into_iter().filter(|(n, _)| *n > 0).collect();
    let all = say.connections(made().count() as u64);
    let mut told = Vec::new();
    match &parts[..] {
        [] => return told,
        [(1, (.., alone))] => told.push(alone.clone()),
        [(_, (how, ..))] => told.push(say.closed_all(&all, how)),
        several => {
            let several = several.iter().map(|(n, (many, one, _))| {
                let how = if *n == 1 { one } else { many };
                format!("{} {how}", say.n(*n))
            });
            told.push(say.closed_some(&all, &say.list(&several.collect::<Vec<_>>())));
        }
    }
    let times = of(Close::Fin).filter_map(|f| f.client_closed_ns.zip(f.server_closed_ns));
    let (mut client, mut server) = (0u64, 0u64);
    for (of_client, of_server) in times {
        client += u64::from(of_client < of_server);
        server += u64::from(of_server < of_client);
    }
    let fins = of(Close::Fin).count() as u64;
    let only_fins = fins == made().count() as u64;
    told.extend(match (client, server) {
        // Of one, the example tells.
        (0, 0 | 1) | (1, 0) => None,
        // In some neither was first, or it is not known.
        (c, s) if c.max(s) < fins => Some(say.first_mixed(&say.connections(c), &say.n(s))),
        (0, _) if only_fins => Some(say.server_first_always()),
        (0, _) => Some(say.server_first()),
        (_, _) if only_fins => Some(say.client_first_always()),
        (_, _) => Some(say.client_first()),
    });
    told
}
