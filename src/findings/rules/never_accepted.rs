//! `never_accepted`: connections that the client had, and the server's program never
//! got.

use crate::findings::FindingsInput;
use crate::findings::evidence::{clock_was_set, count_of, early_end_of_server, is_lossy};
use crate::findings::queue::{self, queue_counts, with_counts};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::findings::wire::is_stuck_in_the_queue;
use crate::model::{ServerKind, Severity};
use crate::wording::never_accepted;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Connections were established and never accepted",
        severities: &[Severity::Warning],
        means: "The kernel of the server's host makes connections by itself: it answers the SYN, \
             and puts the connection into the accept queue of the listening socket. To the client \
             it is established, and it can send. The server's program knows nothing of it until \
             it calls accept(2), and of these connections no thread of it did: they waited in the \
             queue to the end, or the queue was full, and the kernel dropped the last ACK of the \
             handshake.",
        look_at: "One of these flows: the handshake is complete, the request may have been sent \
             (again and again), and no answer comes. `ss -lnt` while it runs: *Recv-Q* is how many \
             wait in the queue, *Send-Q* how many may.",
        to_do: "Let the server accept each connection as soon as it is there, for example in a \
             thread that does nothing else. Raise the backlog of listen(2) (--backlog of the \
             embedded server) and net.core.somaxconn. Give each read of the client a timeout.",
        filter: Some("tcp.port == {port} && tcp.analysis.retransmission"),
        evidence: &[
            ("connections", "how many connections"),
            ("asked", "those on which the client had sent something"),
            queue::EVIDENCE[0],
            queue::EVIDENCE[1],
            queue::EVIDENCE[2],
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let stuck = || {
        let flows = input.flows.iter();
        flows.filter(|flow| is_stuck_in_the_queue(input, flow))
    };
    let n = count_of(stuck());
    if n == 0 || is_lossy(input) || clock_was_set(input) {
        return None;
    }
    let asked = count_of(stuck().filter(|flow| flow.client_payload_bytes > 0));
    let ended = input.seen.and_then(|seen| early_end_of_server(&seen));
    let built_in = input.run.plan.server == ServerKind::Embedded;
    let counts = queue_counts(input);
    let why = match (ended, counts) {
        (Some(exit), _) => never_accepted::server_ended(exit),
        (None, None) => never_accepted::queued(n, None, built_in),
        (None, Some(counts)) if counts.overflows == 0 => never_accepted::only_waited(n),
        (None, Some(counts)) => never_accepted::queued(n, Some(counts.told()), built_in),
    };
    let sentence = never_accepted::stuck(n, why);
    let conclusion = says(sentence).with("connections", n).with("asked", asked);
    Some(with_counts(conclusion, counts))
}
