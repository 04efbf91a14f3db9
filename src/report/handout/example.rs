//! How one connection went on the wire, as an example of them all: in sentences, and
//! segment by segment.

use std::collections::HashMap;

use super::RunPart;
use super::facts;
use super::page::{Page, foreign};
use super::words::Say;
use crate::analysis::Rung;
use crate::model::{Close, FlowId, FlowRecord, Nanos, TcpFlags, Timestamp};
use crate::report::ladder::set_flags;

/// No longer ladder is read.
const MOST_RUNGS: usize = 24;

/// The flow that stands for the others: the first of those that went as most did.
pub(crate) fn example(flows: &[FlowRecord]) -> Option<FlowId> {
    let mut histories: HashMap<&str, (usize, FlowId)> = HashMap::new();
    for flow in flows {
        let (n, _) = histories.entry(&flow.history).or_insert((0, flow.flow));
        *n += 1;
    }
    let most = histories.into_values();
    // Of two that are as many, the one that began first.
    let most = most.max_by_key(|&(n, flow)| (n, std::cmp::Reverse(flow)));
    most.map(|(_, flow)| flow)
}

/// The example of a run.
pub(super) fn describe(say: Say, run: &RunPart<'_>, page: &mut Page) {
    let flows = run.view.flows;
    let Some(id) = example(flows) else {
        if run.view.run.capture.is_none() {
            page.sentences(&[say.no_capture()]);
        }
        return;
    };
    let Some(flow) = flows.iter().find(|flow| flow.flow == id) else {
        return;
    };
    let alike = flows.iter().filter(|f| f.history == flow.history).count() as u64;
    let ends = [flow.client, flow.server].map(|end| foreign(&end.to_string()));
    let [client, server] = &ends;
    let mut told = vec![say.example(&flow.flow.to_string(), client, server)];
    let all = flows.len() as u64;
    let history = foreign(&flow.history);
    told.push(match (alike, all) {
        (_, 1) => say.example_only(&history),
        (alike, all) if alike == all => say.example_all(&say.flows(all), &history),
        (alike, all) if is_tied(flows, &flow.history, alike) => {
            say.example_tied(&say.n(alike), &say.flows(all), &history)
        }
        (alike, all) => say.example_most(&say.n(alike), &say.flows(all), &history),
    });
    let record = run.view.run;
    let (lossy, copies) = (facts::lost(record) > 0, facts::has_copies(record));
    told.extend(steps(say, flow, lossy, copies));
    page.sentences(&told);
    ladder(say, run, flow, page);
}

/// Whether as many flows went another way.
fn is_tied(flows: &[FlowRecord], history: &str, alike: u64) -> bool {
    let mut others: HashMap<&str, u64> = HashMap::new();
    for flow in flows.iter().filter(|f| f.history != history) {
        *others.entry(&flow.history).or_default() += 1;
    }
    others.into_values().any(|n| n >= alike)
}

/// From `from` to `to`, where time ran forwards.
fn span(from: Timestamp, to: Timestamp) -> Option<Nanos> {
    (to >= from).then(|| to.since(from))
}

/// What happened, one thing after the other. `lossy`: frames were lost, so that what is
/// not there may have happened. `copies`: frames are there more than once, and what seems
/// to be sent again may be a copy.
fn steps(say: Say, flow: &FlowRecord, lossy: bool, copies: bool) -> Vec<String> {
    let mut told = Vec::new();
    let Some(shake) = flow.handshake else {
        told.push(say.step_no_syn());
        return told;
    };
    let since = |at: Option<Timestamp>| at.and_then(|at| span(shake.syn_ns, at));
    if flow.syns_sent_again() > 0 && !copies {
        told.push(say.step_syns(&say.n(u64::from(shake.syn_count))));
    }
    let refused = !flow.is_answered() && flow.close == Close::Rst;
    told.extend(match (since(shake.syn_ack_ns), since(shake.ack_ns)) {
        (Some(a), Some(b)) => Some(say.step_handshake(&say.time(a), &say.time(b))),
        (None, None) if refused => {
            let after = since(flow.server_closed_ns).map(|after| say.time(after));
            after.map(|after| say.step_refused(&after))
        }
        _ if lossy && !flow.is_established() => {
            told.push(say.step_end_unseen());
            return told;
        }
        _ if !flow.is_answered() => Some(say.step_syn_alone()),
        _ if !flow.is_established() => Some(say.step_half()),
        _ => None,
    });
    exchanges(say, flow, lossy, &mut told);
    end(say, flow, lossy, &mut told);
    told
}

fn exchanges(say: Say, flow: &FlowRecord, lossy: bool, told: &mut Vec<String>) {
    let Some(first) = flow.exchanges.first() else {
        if !lossy && flow.is_established() && flow.requests() == Some(0) {
            told.push(say.step_no_request());
        }
        return;
    };
    let seen = flow.requests_seen();
    if seen > 1 {
        told.push(say.step_requests(&say.requests(seen)));
    }
    told.push(match (first.duration(), first.answer, first.response_ns) {
        (Some(took), Some(answer), _) if first.valid == Some(true) => {
            say.step_answer_time(&answer.to_string(), &say.time(took))
        }
        (Some(took), ..) => say.step_answer(&say.time(took)),
        (None, _, Some(_)) => say.step_answer_before(),
        (None, _, None) if lossy || first.problem.is_some() && first.valid.is_none() => {
            say.step_answer_unseen()
        }
        (None, _, None) => say.step_no_answer(),
    });
    if first.valid == Some(false)
        && first.response_ns.is_some()
        && let Some(problem) = &first.problem
    {
        told.push(say.step_problem(&foreign(&say.lang.kept(problem))));
    }
}

fn end(say: Say, flow: &FlowRecord, lossy: bool, told: &mut Vec<String>) {
    let (client, server) = (flow.client_closed_ns, flow.server_closed_ns);
    told.extend(match (flow.close, client, server) {
        (Close::Open, ..) if lossy => Some(say.step_end_unseen()),
        // What was never made is not open, and does not end.
        (Close::Open | Close::Rst, ..) if !flow.is_established() => None,
        (Close::Open, ..) => Some(say.step_open()),
        (Close::Rst, ..) => Some(say.step_rst()),
        (Close::Fin, Some(client), Some(server)) if client < server => {
            Some(say.step_fin_client(&say.time(server.since(client))))
        }
        (Close::Fin, Some(client), Some(server)) if server < client => {
            Some(say.step_fin_server(&say.time(client.since(server))))
        }
        (Close::Fin, ..) => Some(say.step_fin()),
    });
}

/// Its segments.
fn ladder(say: Say, run: &RunPart<'_>, flow: &FlowRecord, page: &mut Page) {
    let Some(ladder) = run.ladder.filter(|ladder| ladder.flow() == flow.flow) else {
        return;
    };
    let all = ladder.rungs(flow.client).count();
    let rungs = ladder.rungs(flow.client).take(MOST_RUNGS);
    let rows: Vec<Vec<String>> = rungs
        .map(|rung| {
            let arrow = if rung.from_client {
                say.arrow_to_server()
            } else {
                say.arrow_to_client()
            };
            vec![
                say.n(rung.frame),
                say.time(rung.time),
                arrow,
                set_flags(rung.flags).join(", "),
                meaning(say, &rung),
                say.n(rung.seq.into()),
                rung.ack.map_or_else(|| say.cell(None), |n| say.n(n.into())),
                say.n(rung.length.into()),
            ]
        })
        .collect();
    page.table(
        "lllllrrr",
        &[
            &say.t_frame(),
            &say.t_time(),
            &say.t_direction(),
            &say.t_flags(),
            &say.t_meaning(),
            &say.t_seq(),
            &say.t_ack(),
            &say.t_length(),
        ],
        &rows,
    );
    let more = (all.saturating_sub(MOST_RUNGS) as u64).saturating_add(ladder.more());
    let mut after = vec![say.ladder_legend()];
    if more > 0 {
        after.push(say.ladder_more(&say.segments(more)));
    }
    page.sentences(&after);
}

fn meaning(say: Say, rung: &Rung) -> String {
    let has = |flag| rung.flags.has(flag);
    let payload = rung.payload.escape_ascii().to_string();
    let more = if rung.whole { "" } else { "…" };
    let payload = format!("{}{more}", foreign(&payload));
    let mut parts = Vec::new();
    if has(TcpFlags::RST) {
        parts.push(say.w_reset());
    }
    if has(TcpFlags::SYN) && has(TcpFlags::ACK) {
        parts.push(say.w_syn_ack());
    } else if has(TcpFlags::SYN) {
        parts.push(say.w_syn());
    }
    if rung.length > 0 {
        parts.push(say.w_data(&payload));
    }
    if has(TcpFlags::FIN) {
        parts.push(say.w_fin());
    }
    if parts.is_empty() && has(TcpFlags::ACK) {
        parts.push(say.w_ack());
    }
    parts.join("; ")
}
