//! `slow_answers`: answers that took a second or more, and where the time went as far
//! as that was seen.

use std::collections::{HashMap, HashSet};

use crate::findings::FindingsInput;
use crate::findings::evidence::{clock_was_set, count_of, is_lossy, traced};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Endpoint, FlowRecord, Nanos, Severity, Side, Timestamp};
use crate::wording::slow_answers;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Answers took a second or more",
        severities: &[Severity::Info],
        means: "From the first byte of these requests to the last byte of their answers a second or \
             more passed. That is far more than the way on the wire takes: the request waited, or \
             the server was at work. Where the server's threads were seen, the message says which: \
             the connection waited for accept(2), or a thread had received the request. In the second \
             case it took its time, or its answer was lost before the capture and sent again.",
        look_at: "The slowest exchanges (threadtap analyze --sort exchange, on capture.pcap); on the wire, the time \
             between the request, its ACK and the answer.",
        to_do: "Where requests waited to be accepted: raise the backlog, accept in a thread of its \
             own, use more threads in the server. Where the server was at work: look for what it \
             waits for or computes, and for what may drop its segments.",
        // Where the server's kernel took no request, only its being sent again is on the wire.
        filter: Some(
            "tcp.len > 0 && ((tcp.srcport == {port} && tcp.time_delta >= 1) || \
             (tcp.dstport == {port} && tcp.analysis.retransmission))",
        ),
        evidence: &[
            ("answers", "answers that took a second or more"),
            ("slowest_ns", "the longest of them"),
            (
                "waited_to_be_accepted",
                "those whose connection waited for accept(2) most of that time",
            ),
            (
                "in_the_server",
                "those that a thread of the server had received for most of that time",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

/// From when on an answer is told to be slow.
const SLOW: Nanos = Nanos::new(1_000_000_000);

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    if is_lossy(input) || clock_was_set(input) {
        return None;
    }
    let owned = input.run.correlation.client_owned.is_some();
    let own = || {
        let flows = input.flows.iter();
        flows.filter(move |flow| !owned || flow.client_owner.is_some())
    };
    // Of other protocols, an answer may be meant to take its time.
    let exchanges = || {
        own().flat_map(|flow| {
            let exchanges = flow.exchanges.iter().filter(|e| e.valid.is_some());
            exchanges.filter_map(move |e| Some((flow, e, e.duration()?)))
        })
    };
    let slow = || exchanges().filter(|(_, _, took)| *took >= SLOW);
    let n = count_of(slow());
    let slowest = slow().map(|(_, _, took)| took).max()?;
    let all = count_of(exchanges());
    let ends: HashSet<Endpoint> = slow().map(|(flow, ..)| flow.client).collect();
    let served = served(input, &ends);
    let (mut queued, mut inside) = (0u64, 0u64);
    for (flow, exchange, took) in slow() {
        // Of a later request on a connection only the wire tells.
        let first = flow.exchanges.first() == Some(exchange);
        let Some(served) = served_of(&served, flow).filter(|_| first) else {
            continue;
        };
        let most = |span: Nanos| span.get().saturating_mul(2) >= took.get();
        let answered = exchange.response_ns.unwrap_or(exchange.request_ns);
        if most(served.accepted.since(exchange.request_ns)) {
            queued += 1;
        } else if served.received.is_some_and(|at| most(answered.since(at))) {
            inside += 1;
        }
    }
    let some = |n: u64| Some(n).filter(|&n| n > 0);
    let sentence = slow_answers::slow(n, all, slowest, some(queued), some(inside));
    Some(
        says(sentence)
            .with("answers", n)
            .with("slowest_ns", slowest.get())
            .with("waited_to_be_accepted", queued)
            .with("in_the_server", inside),
    )
}

/// When a connection came into the hands of the server's threads.
#[derive(Clone, Copy, Debug)]
struct Served {
    accepted: Timestamp,
    received: Option<Timestamp>,
}

/// Of each of these ends of a client, what the server's threads did with its
/// connections.
fn served(input: &FindingsInput<'_>, ends: &HashSet<Endpoint>) -> HashMap<Endpoint, Vec<Served>> {
    let mut served: HashMap<Endpoint, Vec<Served>> = HashMap::new();
    let Some(seen) = input.seen else {
        return served;
    };
    let notes = seen.observation.server.connections.iter();
    for note in notes.filter(|note| ends.contains(&note.client)) {
        served.entry(note.client).or_default().push(Served {
            accepted: note.accepted,
            received: note.served,
        });
    }
    let accepted = traced(&seen, Side::Server).map_or(&[][..], |s| &s.sockets.accepted[..]);
    for one in accepted.iter().filter(|one| ends.contains(&one.peer)) {
        served.entry(one.peer).or_default().push(Served {
            accepted: one.at,
            received: one.received.and_then(|received| received.3),
        });
    }
    served
}

/// What they did with this one; `None` where they had none, or several may be it.
fn served_of(served: &HashMap<Endpoint, Vec<Served>>, flow: &FlowRecord) -> Option<Served> {
    match served.get(&flow.client)?.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}
