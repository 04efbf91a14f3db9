//! `sockets_unseen`: a program whose system calls are not looked at.

use crate::findings::FindingsInput;
use crate::findings::evidence::{listed, traced};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The sockets of a program were not seen",
        severities: &[Severity::Warning],
        means: "The program makes its system calls in another way than this machine does by \
             default, for example because it is a 32-bit program. threadtap counts its \
             threads and processes, but does not see its sockets, so its flows have no \
             owner.",
        look_at: "`file PROGRAM`, which says for which architecture it was built.",
        to_do: "Use a build of the program for this architecture.",
        evidence: &[
            ("side", "`client` or `server`"),
            ("programs", "the names of the programs"),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let Some(seen) = input.seen else {
        return Vec::new();
    };
    let of_side = |side| {
        let programs = &traced(&seen, side)?.foreign;
        let message = format!(
            "The {side} executed a program with another system-call convention ({}): its threads \
             were counted, but its sockets were not seen.",
            listed(programs),
        );
        let conclusion = says(message).with("side", side.to_string());
        let names: Vec<_> = programs.iter().cloned().collect();
        (!programs.is_empty()).then(|| conclusion.with("programs", names))
    };
    [Side::Client, Side::Server]
        .into_iter()
        .filter_map(of_side)
        .collect()
}
