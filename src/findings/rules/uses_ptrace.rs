//! `uses_ptrace`: a program that is traced wants to trace others.

use crate::findings::FindingsInput;
use crate::findings::evidence::of_programs;
use crate::findings::rule::{About, Conclusion, Judge, Rule};
use crate::model::Severity;
use crate::wording::uses_ptrace;

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
        filter: None,
        evidence: &[
            ("side", "`client` or `server`"),
            ("programs", "the names of the programs"),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    of_programs(input, |activity| &activity.tracers, uses_ptrace::uses)
}
