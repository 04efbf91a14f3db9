//! `setuid_ignored`: a program did not get the privileges of its file.

use crate::findings::FindingsInput;
use crate::findings::evidence::of_programs;
use crate::findings::rule::{About, Conclusion, Judge, Rule};
use crate::model::Severity;

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
    let message = |side, programs| {
        format!(
            "The {side} executed a set-user-ID program ({programs}), which got no privileges because \
             it is traced; run threadtap as root, or with --observe sampled."
        )
    };
    of_programs(input, |activity| &activity.unprivileged, message)
}
