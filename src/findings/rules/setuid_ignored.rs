//! `setuid_ignored`: a program did not get the privileges of its file.

use crate::findings::FindingsInput;
use crate::findings::evidence::of_programs;
use crate::findings::rule::{About, Conclusion, Judge, Rule};
use crate::model::Severity;
use crate::wording::setuid_ignored;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A program ran without the privileges of its file",
        severities: &[Severity::Warning],
        means: "The kernel gives a traced program no privileges from its file (set-user-ID, \
             set-group-ID, file capabilities), unless its tracer is root. `sudo`, `ping` and \
             `su` are such programs, and so is one that was given a capability with \
             setcap(8). The program may behave differently than without threadtap. In a run with \
             a network of its own (--isolate) it gets none untraced either: nobody but the \
             person is known there.",
        look_at: "client.log or server.log for an error about permissions.",
        to_do: "Run threadtap as root (under sudo: with --as-root), or with --observe sampled; \
             of a run with a network of its own with --isolate never, too.",
        filter: None,
        evidence: &[
            ("side", "`client` or `server`"),
            ("programs", "the names of the programs"),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    of_programs(
        input,
        |activity| &activity.unprivileged,
        |side, programs| setuid_ignored::ignored(side, programs, input.run.plan.isolated),
    )
}
