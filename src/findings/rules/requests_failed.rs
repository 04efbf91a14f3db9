//! `requests_failed`: one conclusion for each reason why requests failed.

use std::collections::HashSet;

use crate::findings::FindingsInput;
use crate::findings::answer_format::{begun, wrong_answer};
use crate::findings::ending::{death, seen_of_the_end, shortened, to_look_at, unjoined};
use crate::findings::evidence::{
    count_of, early_end_of_server, is_lossy, is_never_accepted, left_in_the_queue,
    tells_acceptances, was_cut_short,
};
use crate::findings::limit_hit;
use crate::findings::queue::queue_counts;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Endpoint, Exchange, FlowRecord, Outcome, Phrase, ServerKind, Severity, Side};
use crate::text::escape::printable;
use crate::wording::requests_failed;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Requests failed",
        severities: &[Severity::Error, Severity::Warning],
        means: "These requests did not get a valid answer, all for the same reason. It is a \
             warning only where the run itself was ended early, which is nobody's \
             mistake.",
        look_at: "The reason in the message; workers.jsonl, where `outcome` says how each \
             request ended; the flows of those requests in capture.pcap.",
        to_do: "What the message recommends. For a refused connection: is the server \
             running, and on this port? For a timeout: is the server too slow, is its \
             accept queue full, or does something drop the SYNs? For a reset: why did the server abort?",
        filter: Some("tcp.port == {port} && (tcp.flags.reset == 1 || tcp.analysis.retransmission)"),
        evidence: &[
            ("reason", "the outcome, as in workers.jsonl"),
            ("requests", "how many requests"),
            (
                "example",
                "what the first of them reported, where it reported something",
            ),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    // What an unjoined main thread left in the queue has a finding of its own.
    let unjoined = left_in_the_queue(input).is_some() || unjoined(input).is_some();
    let told = unjoined.then(|| Outcome::NotAttempted.name());
    let failed = input.run.requests.failed.iter();
    failed
        .filter(|&(reason, &n)| n > 0 && Some(reason.as_str()) != told)
        .map(|(reason, &n)| conclusion(input, reason, n))
        .collect()
}

fn conclusion(input: &FindingsInput<'_>, reason: &str, n: u64) -> Conclusion {
    let outcome = Outcome::from_name(reason);
    let example = outcome.and_then(|outcome| example(input, outcome));
    // Of a run that was cut short, nobody's program is to blame for these.
    let cut_short = was_cut_short(input)
        && matches!(
            outcome,
            Some(Outcome::NotAttempted | Outcome::NotSeen | Outcome::Abandoned)
        );
    let (why, look_at) = match outcome {
        _ if cut_short => (vec![requests_failed::ended_early()], None),
        Some(outcome) => because(outcome, input),
        None => (Vec::new(), None),
    };
    // What is wrong with the answer is told with the answer.
    let is_told = why.iter().any(|part| part.args.contains_key("answer"));
    let example_told = example
        .as_deref()
        .filter(|_| !is_told)
        .map(|example| shortened(&printable(example)));
    let sentence = requests_failed::failed(n, outcome, reason, example_told.as_deref(), why);
    let sentences: Vec<Phrase> = std::iter::once(sentence).chain(look_at).collect();
    let severity = if cut_short {
        Severity::Warning
    } else {
        Severity::Error
    };
    let conclusion = says(sentences)
        .at(severity)
        .with("reason", reason)
        .with("requests", n);
    match example {
        Some(example) => conclusion.with("example", example),
        None => conclusion,
    }
}

/// What the first worker with this outcome had to say about it.
fn example(input: &FindingsInput<'_>, outcome: Outcome) -> Option<String> {
    input
        .workers
        .iter()
        .filter(|w| w.side == Side::Client && w.outcome == Some(outcome))
        .find_map(|w| w.detail)
}

/// What was seen that bears on it and what a person can do about it, as parts of a
/// sentence; and a sentence behind it.
fn because(outcome: Outcome, input: &FindingsInput<'_>) -> (Vec<Phrase>, Option<Phrase>) {
    let is_program = !input.run.plan.has_built_in_client();
    let never_ended = matches!(outcome, Outcome::NotAttempted | Outcome::Abandoned);
    if let Some(died) = input
        .seen
        .and_then(|seen| death(&seen))
        .filter(|_| never_ended)
    {
        return (vec![requests_failed::seen(vec![died])], None);
    }
    let known = match outcome {
        Outcome::NotAttempted if is_program => return never_begun(input),
        Outcome::Abandoned if is_program && unjoined(input).is_none() => {
            if let Some(told) = no_syn_answered(outcome, input) {
                return (told, None);
            }
            let seen = seen_of_the_end(input);
            if !seen.is_empty() {
                return (seen, to_look_at(input));
            }
            Vec::new()
        }
        Outcome::Refused => refused(input).into_iter().collect(),
        Outcome::Reset | Outcome::Closed | Outcome::Timeout => not_accepted(outcome, input)
            .map(|part| vec![part])
            .or_else(|| begun_only(outcome, input))
            .or_else(|| no_syn_answered(outcome, input))
            .unwrap_or_else(|| by_the_client(outcome, input)),
        Outcome::BadAnswer => {
            let answer = wrong_answer(input).into_iter();
            answer.chain(remedy(outcome, input)).collect()
        }
        Outcome::NoThread | Outcome::NoProcess => limit_hit::of_tasks(input)
            .map(|hit| vec![hit.told(), requests_failed::fewer_tasks()])
            .unwrap_or_default(),
        Outcome::NoDescriptor => limit_hit::of_descriptors(input, Side::Client)
            .map(|which| vec![which, requests_failed::fewer_connections()])
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    if known.is_empty() {
        (remedy(outcome, input).into_iter().collect(), None)
    } else {
        (known, None)
    }
}

/// What was seen of a client that made fewer requests than it was to.
fn never_begun(input: &FindingsInput<'_>) -> (Vec<Phrase>, Option<Phrase>) {
    let seen = seen_of_the_end(input);
    let attempted = input.run.requests.attempted;
    let silent = input.run.connections.without_request.filter(|&n| n > 0);
    let made = attempted.map(|n| {
        let none_asked = silent.is_some_and(|silent| silent >= n);
        requests_failed::made(n, none_asked, silent.filter(|_| !none_asked))
    });
    let parts: Vec<Phrase> = made.into_iter().chain(seen).collect();
    if parts.is_empty() {
        return (vec![requests_failed::see_log()], None);
    }
    (vec![requests_failed::seen(parts)], to_look_at(input))
}

/// Where refused connections went, if not to where the server listens.
fn refused(input: &FindingsInput<'_>) -> Option<Phrase> {
    let run = input.run;
    let seen = input.seen?;
    if let Some(exit) = early_end_of_server(&seen) {
        return Some(requests_failed::server_ended(exit));
    }
    let made = || {
        let made = seen.client.map_or(&[][..], |c| &c.sockets.made[..]);
        made.iter().filter(|c| c.errno == Some(libc::ECONNREFUSED))
    };
    let server: Endpoint = run.plan.target.parse::<std::net::SocketAddr>().ok()?.into();
    let elsewhere = made().find(|c| c.target.ip != server.ip)?;
    let away = made().all(|c| c.target.ip != server.ip);
    away.then(|| requests_failed::went_to(&elsewhere.target.to_string(), &run.plan.target))
}

/// Of connections that the server's program had not accepted neither its log nor
/// its threads can tell anything.
fn not_accepted(outcome: Outcome, input: &FindingsInput<'_>) -> Option<Phrase> {
    if !tells_acceptances(input) {
        return None;
    }
    let workers = || {
        let workers = input.workers.iter();
        workers.filter(|w| w.side == Side::Client && w.outcome == Some(outcome))
    };
    let ports: HashSet<Endpoint> = workers().filter_map(|w| w.client).collect();
    let of_these = |flow: &&FlowRecord| ports.contains(&flow.client) && flow.client_owner.is_some();
    let never = count_of(
        input
            .flows
            .iter()
            .filter(of_these)
            .filter(|f| is_never_accepted(f)),
    );
    let all = count_of(workers());
    if never == 0 {
        return None;
    }
    let ended = input.seen.and_then(|seen| early_end_of_server(&seen));
    let built_in = input.run.plan.server == ServerKind::Embedded;
    let some = Some(never).filter(|&never| never < all);
    let only_waited = queue_counts(input).is_some_and(|counts| counts.overflows == 0);
    Some(requests_failed::not_accepted(
        some,
        all,
        ended,
        only_waited,
        built_in,
    ))
}

/// That a part of an answer had come when the time was over: the server may have been
/// about to send the rest, or may take it for the whole.
fn begun_only(outcome: Outcome, input: &FindingsInput<'_>) -> Option<Vec<Phrase>> {
    if outcome != Outcome::Timeout {
        return None;
    }
    let flows = of_workers(outcome, input);
    let parts: Vec<&str> = flows
        .iter()
        .filter_map(|flow| flow.exchanges.iter().find_map(begun))
        .collect();
    let (first, n) = (parts.first()?, parts.len() as u64);
    if n == flows.len() as u64 {
        return Some(vec![
            requests_failed::begun(None, first),
            requests_failed::end_answer(),
        ]);
    }
    let told = requests_failed::begun(Some(n), first);
    Some(
        std::iter::once(told)
            .chain(remedy(outcome, input))
            .collect(),
    )
}

/// That no SYN of these connections was answered: then no program of the server's is to
/// blame, but its host or what is on the way.
fn no_syn_answered(outcome: Outcome, input: &FindingsInput<'_>) -> Option<Vec<Phrase>> {
    if !matches!(outcome, Outcome::Timeout | Outcome::Abandoned) || is_lossy(input) {
        return None;
    }
    let flows = of_workers(outcome, input);
    let unanswered = flows.iter().filter(|flow| {
        let knocked = flow.handshake.is_some_and(|h| h.syn_ack_ns.is_none());
        knocked && flow.server_frames == 0
    });
    let n = count_of(unanswered);
    let all = flows.len() as u64;
    // Why a client ended before others were answered has another reason.
    if n == 0 || (outcome == Outcome::Abandoned && n < all) {
        return None;
    }
    let not_full = queue_counts(input).is_some_and(|counts| counts.overflows == 0);
    let told = requests_failed::no_syn_ack(Some(n).filter(|&n| n < all), not_full);
    let other = match outcome {
        Outcome::Abandoned => None,
        _ => remedy(outcome, input).filter(|_| n < all || !not_full),
    };
    Some(std::iter::once(told).chain(other).collect())
}

/// The flows of the client's connections with this outcome.
fn of_workers<'a>(outcome: Outcome, input: &FindingsInput<'a>) -> Vec<&'a FlowRecord> {
    let workers = input.workers.iter();
    let workers = workers.filter(|w| w.side == Side::Client && w.outcome == Some(outcome));
    let ports: HashSet<Endpoint> = workers.filter_map(|w| w.client).collect();
    let flows = input.flows.iter();
    let own = flows.filter(|f| ports.contains(&f.client) && f.client_owner.is_some());
    own.collect()
}

/// What a program of one's own did that explains why no answer came to it: seen on the
/// wire, on the flows of its connections with this outcome.
fn by_the_client(outcome: Outcome, input: &FindingsInput<'_>) -> Vec<Phrase> {
    if input.run.plan.has_built_in_client() {
        return Vec::new();
    }
    let all = of_workers(outcome, input);
    let all = || all.iter().copied();
    let of = |is: fn(&Exchange) -> bool| count_of(all().filter(|f| f.exchanges.iter().any(is)));
    let (late, unended) = (of(Exchange::came_too_late), of(Exchange::has_no_line_end));
    let lf = of(Exchange::has_lf_alone);
    let embedded = matches!(input.run.plan.server, ServerKind::Embedded);
    let other = count_of(all().filter(|f| embedded && speaks_no_time(f)));
    let on = |n: u64| Some(n).filter(|&n| n < count_of(all()));
    let told = [
        (other, requests_failed::no_time_request(on(other))),
        (unended, requests_failed::no_line_end(on(unended))),
        (lf, requests_failed::lf_alone(on(lf), embedded)),
        (late, requests_failed::came_late(on(late))),
    ];
    let told = told.into_iter().filter(|(n, _)| *n > 0);
    told.map(|(_, what)| what).collect()
}

/// Whether all that a client said on a flow was seen, and none of it is a request of TIME.
fn speaks_no_time(flow: &FlowRecord) -> bool {
    let other = |e: &Exchange| e.valid.is_none() && e.problem.is_none();
    let said = !flow.exchanges.is_empty() && flow.exchanges_omitted == 0;
    said && flow.incomplete.is_empty() && flow.exchanges.iter().all(other)
}

/// What a person can do about it.
fn remedy(outcome: Outcome, input: &FindingsInput<'_>) -> Option<Phrase> {
    let embedded = matches!(input.run.plan.server, ServerKind::Embedded);
    Some(match outcome {
        Outcome::Valid | Outcome::Other => return None,
        Outcome::NotSeen => requests_failed::log_may_say(),
        Outcome::NotAttempted if input.run.open_loop.is_some() => requests_failed::too_fast(),
        Outcome::NotAttempted | Outcome::Abandoned => requests_failed::let_it_wait(),
        Outcome::Refused => requests_failed::check_listens(),
        // It writes no log.
        Outcome::Reset | Outcome::Closed if embedded => requests_failed::embedded_closes(),
        Outcome::Reset => requests_failed::why_aborted(),
        Outcome::Closed => requests_failed::why_closed(),
        Outcome::Timeout if !input.run.plan.has_built_in_client() => {
            requests_failed::why_silent_program(embedded)
        }
        Outcome::Timeout if embedded => requests_failed::raise_timeout(),
        Outcome::Timeout => requests_failed::why_silent(),
        Outcome::BadAnswer => requests_failed::correct_answer(),
        Outcome::NoThread => requests_failed::fewer_threads(),
        Outcome::NoProcess => requests_failed::fewer_processes(),
        Outcome::ReserveKept => requests_failed::leave_room(),
        Outcome::NoDescriptor => requests_failed::more_descriptors(),
        Outcome::NoPort => requests_failed::more_ports(),
        Outcome::Unreachable => requests_failed::check_route(),
    })
}
