//! `requests_failed`: one conclusion for each reason why requests failed.

use std::collections::HashSet;

use crate::findings::FindingsInput;
use crate::findings::answer_format::wrong_answer;
use crate::findings::ending::{seen_of_the_end, to_look_at, unjoined};
use crate::findings::evidence::{
    count_of, early_end_of_server, is_never_accepted, left_in_the_queue, tells_acceptances,
    was_cut_short,
};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Endpoint, Exchange, FlowRecord, Outcome, ServerKind, Severity, Side};
use crate::text::escape::printable;
use crate::text::units::{count, counted};

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
             running, and on this port? For a timeout: is the server too slow, or its \
             accept queue full? For a reset: why did the server abort?",
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
    let mut message = format!("{} failed: ", counted(n, "request", "requests"));
    match outcome {
        Some(outcome) => message.push_str(outcome.explanation()),
        None => message.push_str(reason),
    }
    if let Some(example) = example {
        message.push_str(" (for example: ");
        message.push_str(&shortened(&printable(example)));
        message.push(')');
    }
    // Of a run that was cut short, nobody's program is to blame for these.
    let cut_short = was_cut_short(input)
        && matches!(
            outcome,
            Some(Outcome::NotAttempted | Outcome::NotSeen | Outcome::Abandoned)
        );
    if cut_short {
        message.push_str("; the run ended early");
    } else if let Some(reason) = outcome.and_then(|o| because(o, input)) {
        message.push_str("; ");
        message.push_str(&reason);
    }
    message.push('.');
    let severity = if cut_short {
        Severity::Warning
    } else {
        Severity::Error
    };
    let conclusion = says(message)
        .at(severity)
        .with("reason", reason)
        .with("requests", n);
    match example {
        Some(example) => conclusion.with("example", example),
        None => conclusion,
    }
}

/// What the first worker with this outcome had to say about it.
fn example<'a>(input: &FindingsInput<'a>, outcome: Outcome) -> Option<&'a str> {
    input
        .workers
        .iter()
        .filter(|w| w.side == Side::Client && w.outcome == Some(outcome))
        .find_map(|w| w.detail.as_deref())
}

/// As much of a text as a sentence bears.
fn shortened(text: &str) -> String {
    const BEARABLE: usize = 80;
    match text.char_indices().nth(BEARABLE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// What was seen that bears on it, and what a person can do about it.
fn because(outcome: Outcome, input: &FindingsInput<'_>) -> Option<String> {
    let is_program = input.run.plan.client_command.is_some();
    let known = match outcome {
        Outcome::NotAttempted if is_program => Some(never_begun(input)),
        Outcome::Abandoned if is_program && unjoined(input).is_none() => {
            let seen = seen_of_the_end(input);
            (!seen.is_empty()).then(|| seen.join("; ") + &to_look_at(input))
        }
        Outcome::Refused => refused(input),
        Outcome::Reset | Outcome::Closed | Outcome::Timeout => {
            not_accepted(outcome, input).or_else(|| by_the_client(outcome, input))
        }
        Outcome::BadAnswer => wrong_answer(input, remedy(outcome, input)),
        _ => None,
    };
    known.or_else(|| remedy(outcome, input).map(str::to_owned))
}

/// What was seen of a client that made fewer requests than it was to.
fn never_begun(input: &FindingsInput<'_>) -> String {
    let seen = seen_of_the_end(input);
    let attempted = input.run.requests.attempted;
    let silent = input.run.connections.without_request.filter(|&n| n > 0);
    let made = attempted.map(|n| {
        let silent = match silent {
            Some(silent) if silent >= n => ", without a request on any".to_owned(),
            Some(silent) => format!(", without a request on {}", count(silent)),
            None => String::new(),
        };
        format!(
            "it made {}{silent}",
            counted(n, "connection", "connections")
        )
    });
    let parts: Vec<String> = made.into_iter().chain(seen).collect();
    match parts.as_slice() {
        [] => "see client.log".to_owned(),
        parts => format!(
            "of the client was seen: {}{}",
            parts.join("; "),
            to_look_at(input)
        ),
    }
}

/// Where refused connections went, if not to where the server listens.
fn refused(input: &FindingsInput<'_>) -> Option<String> {
    let run = input.run;
    let seen = input.seen?;
    if let Some(exit) = early_end_of_server(&seen) {
        return Some(format!("the server ended during the run ({exit})"));
    }
    let made = || {
        let made = seen.client.map_or(&[][..], |c| &c.sockets.made[..]);
        made.iter().filter(|c| c.errno == Some(libc::ECONNREFUSED))
    };
    let server: Endpoint = run.plan.target.parse::<std::net::SocketAddr>().ok()?.into();
    let elsewhere = made().find(|c| c.target.ip != server.ip)?;
    let away = made().all(|c| c.target.ip != server.ip);
    away.then(|| {
        format!(
            "they went to {}, and the server listens on {}",
            elsewhere.target, run.plan.target
        )
    })
}

/// Of connections that the server's program had not accepted neither its log nor
/// its threads can tell anything.
fn not_accepted(outcome: Outcome, input: &FindingsInput<'_>) -> Option<String> {
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
    let remedy = match input.run.plan.server {
        ServerKind::Embedded => "raise --backlog",
        _ => "raise the backlog of its listen call, or let it accept faster",
    };
    let why = ended.map_or_else(
        || format!(", which waited in its accept queue, or found it full; {remedy}"),
        |exit| format!(", and the server ended during the run ({exit})"),
    );
    let which = if never >= all {
        let them = if all == 1 { "it" } else { "them" };
        format!("no thread of the server had accepted {them}")
    } else {
        format!(
            "no thread of the server had accepted {} of them",
            count(never)
        )
    };
    Some(format!("{which}{why}"))
}

/// What a program of one's own did that explains why no answer came to it: seen on the
/// wire, on the flows of its connections with this outcome.
fn by_the_client(outcome: Outcome, input: &FindingsInput<'_>) -> Option<String> {
    input.run.plan.client_command.as_ref()?;
    let workers = input.workers.iter();
    let workers = workers.filter(|w| w.side == Side::Client && w.outcome == Some(outcome));
    let ports: HashSet<Endpoint> = workers.filter_map(|w| w.client).collect();
    let all = || {
        let flows = input.flows.iter();
        flows.filter(|f| ports.contains(&f.client) && f.client_owner.is_some())
    };
    let of = |is: fn(&Exchange) -> bool| count_of(all().filter(|f| f.exchanges.iter().any(is)));
    let (late, unended) = (of(Exchange::came_too_late), of(Exchange::has_no_line_end));
    let embedded = matches!(input.run.plan.server, ServerKind::Embedded);
    let other = count_of(all().filter(|f| embedded && speaks_no_time(f)));
    let on = |n: u64| match n {
        n if n >= count_of(all()) => String::new(),
        n => format!("on {} of these connections ", count(n)),
    };
    let told = [
        (
            other,
            "what the client sent does not begin with TIME, which is all that the embedded server answers",
        ),
        (
            unended,
            "the request has no line end (CR LF), so that the server waited for the rest of it",
        ),
        (
            late,
            "the client had closed the connection before the answer came: let it read the answer first",
        ),
    ];
    let told = told.into_iter().filter(|(n, _)| *n > 0);
    let told: Vec<String> = told.map(|(n, what)| format!("{}{what}", on(n))).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// Whether all that a client said on a flow was seen, and none of it is a request of TIME.
fn speaks_no_time(flow: &FlowRecord) -> bool {
    let other = |e: &Exchange| e.valid.is_none() && e.problem.is_none();
    let said = !flow.exchanges.is_empty() && flow.exchanges_omitted == 0;
    said && flow.incomplete.is_empty() && flow.exchanges.iter().all(other)
}

/// What a person can do about it.
const fn remedy(outcome: Outcome, input: &FindingsInput<'_>) -> Option<&'static str> {
    let embedded = matches!(input.run.plan.server, ServerKind::Embedded);
    Some(match outcome {
        Outcome::Valid | Outcome::Other => return None,
        Outcome::NotSeen => "client.log may say why",
        Outcome::NotAttempted | Outcome::Abandoned => {
            "let the main thread wait for its workers before the client ends"
        }
        Outcome::Refused => "check that the server listens on this address and port",
        Outcome::Reset => "look in the server's log for why it aborted connections",
        Outcome::Closed => "look in the server's log for why it closed without an answer",
        Outcome::Timeout if input.run.plan.client_command.is_some() => {
            "look in the server's log for why it did not answer, or let the client wait longer"
        }
        Outcome::Timeout if embedded => "raise --timeout, --backlog or --server-workers",
        Outcome::Timeout => {
            "look in the server's log for why it did not answer, or raise --timeout"
        }
        Outcome::BadAnswer => "correct the server: the answer is JAM hh:mm:ss and CR LF",
        Outcome::NoThread => {
            "use fewer threads at once (--max-in-flight, or a pool), or raise the limit that is \
             reached: RLIMIT_NPROC, pids.max, kernel.threads-max or vm.max_map_count"
        }
        Outcome::NoProcess => {
            "use fewer processes at once (--max-in-flight), or raise the limit that is reached: \
             RLIMIT_NPROC, pids.max or kernel.pid_max"
        }
        Outcome::NoDescriptor => {
            "raise the limit of open files (ulimit -n), or have fewer connections at once with \
             --max-in-flight"
        }
        Outcome::NoPort => {
            "widen net.ipv4.ip_local_port_range, or wait a minute until ports in TIME_WAIT \
             are free again"
        }
        Outcome::Unreachable => "check the address and the route to it",
    })
}
