//! `syn_retransmitted`: clients had to knock more than once.
//!
//! On a machine that loses no frames a SYN is sent again because the server's
//! accept queue was full and the kernel dropped it; the client then waits one
//! second, three, seven.

use crate::findings::FindingsInput;
use crate::findings::evidence::count_of;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::findings::wire::captured_twice;
use crate::model::{Handshake, Nanos, ServerKind, Severity};
use crate::wording::syn_retransmitted;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "SYNs were sent more than once",
        severities: &[Severity::Warning],
        means: "The first frame of a connection (SYN) got no answer, and the client's kernel \
             sent it again: 1, 3, 7, 15 seconds after the first, and so on. On loopback no \
             frame is lost by accident: usually the accept queue of the server was full, \
             because connections came faster than the server accepted them.",
        look_at: "The handshake latency (p99 and max are above 1 s); `nstat -az \
             TcpExtListenOverflows`, before and after.",
        to_do: "Raise the backlog (--backlog, or the argument of listen(2)) and \
             net.core.somaxconn. Or let the server accept faster, or the client begin \
             fewer connections at once.",
        filter: Some(
            "tcp.port == {port} && tcp.flags.syn == 1 && tcp.flags.ack == 0 && tcp.analysis.retransmission",
        ),
        evidence: &[
            ("flows", "flows with more than one SYN"),
            ("retransmitted_syns", "SYNs beyond the first of each flow"),
            (
                "handshakes_never_completed",
                "flows of these that were never established",
            ),
            (
                "slowest_handshake_ns",
                "the longest handshake of these; null: none was completed",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let retried = || {
        let handshakes = input.flows.iter().filter_map(|flow| flow.handshake);
        handshakes.filter(|handshake| handshake.syn_count > 1)
    };
    let flows = count_of(retried());
    // Copies of one frame are no retransmission.
    if flows == 0 || captured_twice(input).is_some() {
        return None;
    }
    let again: u64 = retried().map(|h| u64::from(h.syn_count) - 1).sum();
    let slowest = retried().filter_map(|h: Handshake| h.duration()).max();
    let never = count_of(retried().filter(|h| h.ack_ns.is_none()));
    let built_in = input.run.plan.server == ServerKind::Embedded;
    let sentence = syn_retransmitted::again(flows, slowest, built_in);
    Some(
        says(sentence)
            .with("flows", flows)
            .with("retransmitted_syns", again)
            .with("handshakes_never_completed", never)
            .with("slowest_handshake_ns", slowest.map(Nanos::get)),
    )
}
