//! The table of interactions: a row a connection, with the threads of both sides. Where
//! nothing was captured, a row a request as its worker noted it.

use super::RunPart;
use super::page::{Page, foreign};
use super::words::Say;
use crate::model::{Close, Exchange, FlowRecord, ServerOwner, WorkerRecord};
use crate::report::interactions::{first_clients, server_threads};

/// The first rows, and how many more there are.
pub(super) fn table(say: Say, run: &RunPart<'_>, rows: usize, page: &mut Page) {
    let flows = run.view.flows;
    if flows.is_empty() {
        return of_workers(say, run, rows, page);
    }
    let shown: Vec<Vec<String>> = flows.iter().take(rows).map(|f| flow_row(say, f)).collect();
    page.table(
        "lllllrrl",
        &[
            &say.t_flow(),
            &say.t_client(),
            &say.t_client_tid(),
            &say.t_server_tid(),
            &say.t_answer(),
            &say.t_handshake(),
            &say.t_answer_time(),
            &say.t_closed(),
        ],
        &shown,
    );
    let mut after = Vec::new();
    let two = flows.iter().take(rows).find_map(|f| {
        let owner = f.server_owner?;
        Some((owner.accept_tid?, owner.serve_tid?)).filter(|(a, s)| a != s)
    });
    if let Some((accept, serve)) = two {
        let pair = format!("{accept}→{serve}");
        after.push(say.interactions_pair(&pair, &accept.to_string(), &serve.to_string()));
    }
    let further = flows.iter().take(rows).map(FlowRecord::requests_seen);
    after.extend(further.filter(|all| *all > 1).take(1).map(|all| match all {
        2 => say.interactions_further_one(),
        all => say.interactions_further(&say.n(all - 1)),
    }));
    after.extend(
        more(say, flows.len(), rows).map(|n| say.interactions_more(&n, &foreign(run.name))),
    );
    page.sentences(&after);
}

fn more(say: Say, all: usize, shown: usize) -> Option<String> {
    let hidden = all.saturating_sub(shown) as u64;
    (hidden > 0).then(|| say.n(hidden))
}

fn flow_row(say: Say, flow: &FlowRecord) -> Vec<String> {
    let first = flow.exchanges.first();
    let handshake = flow.handshake;
    let handshake = match handshake.map(|h| (h.duration(), h.ack_ns)) {
        Some((Some(span), _)) => say.time(span),
        Some((None, None)) => say.x_none(),
        _ => say.cell(None),
    };
    vec![
        flow.flow.to_string(),
        foreign(&flow.client.to_string()),
        flow.client_owner
            .map_or_else(|| say.cell(None), |o| o.tid.to_string()),
        flow.server_owner
            .as_ref()
            .map_or_else(|| say.cell(None), server),
        answer(say, flow, first),
        handshake,
        say.time_cell(first.and_then(Exchange::duration)),
        match flow.close {
            Close::Fin => "FIN".to_owned(),
            Close::Rst => "RST".to_owned(),
            Close::Open => say.x_open(),
        },
    ]
}

fn server(owner: &ServerOwner) -> String {
    server_threads(owner).unwrap_or_else(|| format!("PID {}", owner.pid))
}

fn answer(say: Say, flow: &FlowRecord, first: Option<&Exchange>) -> String {
    let Some(exchange) = first else {
        // It may have been refused, or never have asked.
        return say.cell(None);
    };
    let text = match (exchange.answer, exchange.response_ns, exchange.valid) {
        (Some(time), _, Some(false)) => format!("{time} ({})", say.x_bad()),
        (Some(time), ..) => time.to_string(),
        (None, None, None) if exchange.problem.is_some() => say.cell(None),
        (None, None, _) => say.x_none(),
        (None, Some(_), Some(false)) => say.x_bad(),
        (None, Some(_), _) => say.x_answered(),
    };
    match flow.requests_seen() {
        0 | 1 => text,
        all => format!("{text} +{}", say.n(all - 1)),
    }
}

/// As the workers noted it.
fn of_workers(say: Say, run: &RunPart<'_>, rows: usize, page: &mut Page) {
    let (first, all) = first_clients(run.view.workers, rows);
    if all == 0 {
        page.sentences(&[say.interactions_none()]);
        return;
    }
    let shown: Vec<Vec<String>> = first.iter().map(|w| worker_row(say, w)).collect();
    page.table(
        "lllllrrr",
        &[
            &say.t_request(),
            &say.t_client(),
            &say.t_client_tid(),
            &say.t_server_tid(),
            &say.t_result(),
            &say.t_handshake(),
            &say.t_answer_time(),
            &say.t_worker_time(),
        ],
        &shown,
    );
    let more = more(say, all, rows);
    page.sentences(
        &more
            .map(|n| say.workers_more(&n, &foreign(run.name)))
            .into_iter()
            .collect::<Vec<_>>(),
    );
}

fn worker_row(say: Say, worker: &WorkerRecord) -> Vec<String> {
    let told = worker.told.unwrap_or_default();
    let took = worker.started_ns.zip(worker.ended_ns);
    let took = took
        .map(|(from, to)| to.since(from))
        .filter(|span| span.get() >= 0);
    vec![
        worker
            .request
            .map_or_else(|| say.cell(None), |n| n.to_string()),
        worker
            .client
            .map_or_else(|| say.cell(None), |c| foreign(&c.to_string())),
        worker
            .tid
            .map_or_else(|| say.cell(None), |tid| tid.to_string()),
        told.server_owner
            .as_ref()
            .map_or_else(|| say.cell(None), server),
        match (worker.outcome, told.answered) {
            (Some(outcome), _) => say.lang.outcome(outcome).to_owned(),
            (None, Some(1..)) => say.x_answered(),
            _ => say.cell(None),
        },
        say.time_cell(told.handshake_ns),
        say.time_cell(told.exchange_ns),
        say.time_cell(took),
    ]
}
