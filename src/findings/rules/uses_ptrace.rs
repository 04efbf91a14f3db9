//! `uses_ptrace`: a program that is traced wants to trace others.

use crate::findings::FindingsInput;
use crate::findings::evidence::{listed, traced};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A program uses ptrace(2) itself",
        severities: &[Severity::Warning],
        means: "A debugger, `strace` or a similar tool runs inside the client or the server. \
             A program can have one tracer only, and threadtap traces it already, so the \
             tool fails or does nothing.",
        look_at: "client.log or server.log for what the tool says.",
        to_do: "Run it with --observe sampled, so that threadtap traces nothing, or run it \
             without the tool.",
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
        let programs = &traced(&seen, side)?.tracers;
        let message = format!(
            "The {side} uses ptrace(2) itself ({}), which fails in a program that is traced; run it \
             with --observe sampled.",
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
