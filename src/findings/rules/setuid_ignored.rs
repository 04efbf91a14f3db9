//! `setuid_ignored`: a program did not get the privileges of its file.

use crate::findings::FindingsInput;
use crate::findings::evidence::{listed, traced};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A set-user-ID program ran without its privileges",
        severities: &[Severity::Warning],
        means: "The kernel gives a traced program no privileges from its file (set-user-ID, \
             set-group-ID), unless its tracer is root. `sudo`, `ping` and `su` are such \
             programs. The program may behave differently than without threadtap.",
        look_at: "client.log or server.log for an error about permissions.",
        to_do: "Run threadtap as root, or with --observe sampled.",
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
        let programs = &traced(&seen, side)?.unprivileged;
        let message = format!(
            "The {side} executed a set-user-ID program ({}), which got no privileges because it is \
             traced; run threadtap as root, or with --observe sampled.",
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
