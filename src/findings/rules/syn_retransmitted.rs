//! `syn_retransmitted`: clients had to knock more than once.
//!
//! On a machine that loses no frames a SYN is sent again because the server's
//! accept queue was full and the kernel dropped it; the client then waits one
//! second, three, seven.

use crate::findings::{FindingsInput, count_of};
use crate::model::{Finding, Handshake, Nanos, ServerKind, Severity};
use crate::text::units::{counted, duration};

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Option<Finding> {
    let retried = || {
        let handshakes = input.flows.iter().filter_map(|flow| flow.handshake);
        handshakes.filter(|handshake| handshake.syn_count > 1)
    };
    let flows = count_of(retried());
    if flows == 0 {
        return None;
    }
    let again: u64 = retried().map(|h| u64::from(h.syn_count) - 1).sum();
    let slowest = retried().filter_map(|h: Handshake| h.duration()).max();
    let never = count_of(retried().filter(|h| h.ack_ns.is_none()));

    let delay = match slowest {
        Some(span) => format!("the slowest handshake took {}", duration(span)),
        None => "none of their handshakes was completed".to_owned(),
    };
    let remedy = match input.run.plan.server {
        ServerKind::Embedded => "raise --backlog and net.core.somaxconn",
        ServerKind::Command | ServerKind::Existing => {
            "raise the backlog of the server's listen call and net.core.somaxconn"
        }
    };
    let message = format!(
        "{} had to send the SYN more than once ({delay}): probably the server's accept queue \
         overflowed; {remedy}.",
        counted(flows, "flow", "flows"),
    );
    Some(
        Finding::new("syn_retransmitted", Severity::Warning, message)
            .with("flows", flows)
            .with("retransmitted_syns", again)
            .with("handshakes_never_completed", never)
            .with("slowest_handshake_ns", slowest.map(Nanos::get)),
    )
}
