//! What the kernel counted of accept queues while the client ran.

use super::FindingsInput;
use super::rule::Conclusion;
use crate::model::{Phrase, ServerKind};
use crate::wording::queue;

/// What it counted, where the server's listening socket was seen, so that the counts are
/// of the network namespace in which it listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueueCounts {
    /// How often an accept queue was full.
    pub overflows: u64,
    /// How often a listening socket dropped a SYN or an ACK, for that or another reason.
    pub drops: Option<u64>,
    /// How many connections may wait at the server's socket.
    pub backlog: u64,
    /// Whether nobody else listens there: the run has a network of its own.
    pub only_ours: bool,
}

/// What the kernel counted; `None` where it did not tell, or not of this server.
pub(super) fn queue_counts(input: &FindingsInput<'_>) -> Option<QueueCounts> {
    let looks = &input.seen?.observation.kernel;
    let ([first, .., last], true) = (looks.as_slice(), is_on_this_machine(input)) else {
        return None;
    };
    let since = |now: Option<u64>, then: Option<u64>| now?.checked_sub(then?);
    Some(QueueCounts {
        overflows: since(last.listen_overflows, first.listen_overflows)?,
        drops: since(last.listen_drops, first.listen_drops),
        backlog: first.backlog?,
        only_ours: input.run.plan.isolated,
    })
}

/// Whether the server is known to listen on this machine.
fn is_on_this_machine(input: &FindingsInput<'_>) -> bool {
    let plan = &input.run.plan;
    let target = plan.target.parse::<std::net::SocketAddr>();
    plan.server != ServerKind::Existing || target.is_ok_and(|t| t.ip().is_loopback())
}

impl QueueCounts {
    /// What was counted, as a part of a sentence.
    pub fn told(&self) -> Phrase {
        queue::counted(self.overflows, self.only_ours, self.backlog)
    }
}

/// The figures behind it.
pub(super) fn with_counts(conclusion: Conclusion, counts: Option<QueueCounts>) -> Conclusion {
    conclusion
        .with("listen_overflows", counts.map(|c| c.overflows))
        .with("listen_drops", counts.and_then(|c| c.drops))
        .with("backlog", counts.map(|c| c.backlog))
}

/// What these figures are.
pub(super) const EVIDENCE: [(&str, &str); 3] = [
    (
        "listen_overflows",
        "how often the kernel found an accept queue full while the client ran; null: not known",
    ),
    (
        "listen_drops",
        "how often a listening socket dropped a SYN or ACK for any reason; null: not known",
    ),
    (
        "backlog",
        "how many connections may wait at the server's socket; null: not seen",
    ),
];
