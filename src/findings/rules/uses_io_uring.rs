//! `uses_io_uring`: a side that used sockets in a way that makes no system call.

use crate::findings::FindingsInput;
use crate::findings::evidence::{listed, ring_of, unseen_flows};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};
use crate::text::units::counted;

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
        let (what, who) = match side {
            Side::Client => ("how many connections it tried to make", "made"),
            Side::Server => ("what it accepted through it", "accepted"),
        };
        let of_flows = match flows {
            0 => String::new(),
            n => format!(
                ", nor which thread {who} {}",
                counted(n, "flow of the capture", "flows of the capture")
            ),
        };
        let message = format!(
            "The {side} uses io_uring(7) ({}), which makes no system calls that could be seen: it is \
             not known {what}{of_flows}.",
            listed(programs),
        );
        let names: Vec<_> = programs.iter().cloned().collect();
        let conclusion = says(message).with("side", side.to_string());
        Some(conclusion.with("programs", names).with("flows", flows))
    };
    [Side::Client, Side::Server]
        .into_iter()
        .filter_map(of_side)
        .collect()
}
