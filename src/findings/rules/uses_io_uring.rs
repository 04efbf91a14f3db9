//! `uses_io_uring`: a side that used sockets in a way that makes no system call.

use crate::findings::FindingsInput;
use crate::findings::evidence::{ring_of, unseen_flows};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};
use crate::wording::uses_io_uring;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A program uses io_uring(7)",
        severities: &[Severity::Warning],
        means: "What a program does through an io_uring makes no system call of its own, so \
             that no tracer sees it: neither which thread made or accepted a connection, \
             nor how many connections were tried. What is on the wire is counted all the \
             same.",
        look_at: "`strace -f -e trace=io_uring_setup` on the program; the flows without an \
             owner in flows.jsonl.",
        to_do: "If the program or its runtime can be told not to use io_uring, do so to \
             learn who made which connection.",
        filter: None,
        evidence: &[
            ("side", "`client` or `server`"),
            ("programs", "the names of the programs"),
            ("flows", "flows that it was not seen to make or to accept"),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let of_side = |side| {
        let programs = ring_of(input, side)?;
        let flows = unseen_flows(input, side);
        let attempts = side == Side::Client && input.run.requests.attempted.is_none();
        if flows == 0 && !attempts {
            return None;
        }
        let all: Vec<&str> = programs.iter().map(String::as_str).collect();
        let some = Some(flows).filter(|&n| n > 0);
        let sentence = match side {
            Side::Client => uses_io_uring::client(all, some),
            Side::Server => uses_io_uring::server(all, some),
        };
        let names: Vec<_> = programs.iter().cloned().collect();
        let conclusion = says(sentence).with("side", side.to_string());
        Some(conclusion.with("programs", names).with("flows", flows))
    };
    [Side::Client, Side::Server]
        .into_iter()
        .filter_map(of_side)
        .collect()
}
