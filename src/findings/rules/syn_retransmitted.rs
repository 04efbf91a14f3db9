//! `syn_retransmitted`: clients had to knock more than once.
//!
//! A SYN is sent again where the server's accept queue was full, so that the kernel
//! dropped it, or where a frame was lost on the way. The kernel counts the first.

use crate::findings::FindingsInput;
use crate::findings::evidence::count_of;
use crate::findings::queue::{self, QueueCounts, queue_counts, with_counts};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{FlowRecord, Handshake, Nanos, Phrase, ServerKind, Severity};
use crate::wording::syn_retransmitted;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "SYNs were sent more than once",
        severities: &[Severity::Warning],
        means: "The first frame of a connection (SYN) got no answer, and the client's kernel \
             sent it again: 1, 3, 7, 15 seconds after the first, and so on; since Linux 6.5 1, \
             2, 3, 4, 5, 7, 11 (net.ipv4.tcp_syn_linear_timeouts). On loopback no frame is lost \
             by accident: usually the accept queue of the server was full, because connections \
             came faster than the server accepted them. The kernel counts that \
             (ListenOverflows), and threadtap compares the count before and after; in a network \
             of the run's own it is of this server alone.",
        look_at: "The handshake latency (p99 and max are above 1 s); `nstat -az \
             TcpExtListenOverflows`, before and after.",
        to_do: "Raise the backlog (--backlog, or the argument of listen(2)) and \
             net.core.somaxconn. Or let the server accept each connection as soon as \
             it is there, or the client begin fewer connections at once. Where the kernel \
             counted no overflow, look for what drops frames: a firewall, a busy interface.",
        filter: Some(
            "tcp.port == {port} && tcp.flags.syn == 1 && tcp.flags.ack == 0 && tcp.analysis.retransmission",
        ),
        evidence: &[
            ("flows", "flows with more than one SYN"),
            ("retransmitted_syns", "SYNs beyond the first of each flow"),
            ("most_syns", "the most SYNs of one flow"),
            (
                "handshakes_never_completed",
                "flows of these that were never established",
            ),
            (
                "slowest_handshake_ns",
                "the longest handshake of these; null: none was completed",
            ),
            queue::EVIDENCE[0],
            queue::EVIDENCE[1],
            queue::EVIDENCE[2],
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    // Copies of one frame are no retransmission.
    let sent_again = |flow: &&FlowRecord| flow.syns_sent_again() > 0;
    let flows = count_of(input.flows.iter().filter(sent_again));
    if flows == 0 {
        return None;
    }
    let retried = || {
        let flows = input.flows.iter().filter(sent_again);
        flows.filter_map(|flow| flow.handshake)
    };
    let again: u64 = retried().map(|h| u64::from(h.syn_count) - 1).sum();
    let most = u64::from(retried().map(|h| h.syn_count).max()?);
    let slowest = retried().filter_map(|h: Handshake| h.duration()).max();
    let never = count_of(retried().filter(|h| h.ack_ns.is_none()));
    let counts = queue_counts(input);
    let sentence = syn_retransmitted::again(flows, most, slowest, why(input, again, counts));
    let conclusion = says(sentence)
        .with("flows", flows)
        .with("retransmitted_syns", again)
        .with("most_syns", most)
        .with("handshakes_never_completed", never)
        .with("slowest_handshake_ns", slowest.map(Nanos::get));
    Some(with_counts(conclusion, counts))
}

/// Why so many SYNs were sent again, and what to do about it.
fn why(input: &FindingsInput<'_>, again: u64, counts: Option<QueueCounts>) -> Phrase {
    let built_in = input.run.plan.server == ServerKind::Embedded;
    let Some(counts) = counts else {
        return syn_retransmitted::unknown(built_in);
    };
    if counts.overflows == 0 {
        return syn_retransmitted::not_full(counts.drops.filter(|&n| n > 0));
    }
    // Each SYN that was dropped for that is counted.
    if counts.overflows < again {
        return syn_retransmitted::partly(counts.told());
    }
    syn_retransmitted::full(!counts.only_ours, counts.told(), built_in)
}
