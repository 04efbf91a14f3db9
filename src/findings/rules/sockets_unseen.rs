//! `sockets_unseen`: a program whose system calls are not looked at.

use crate::findings::FindingsInput;
use crate::findings::evidence::of_programs;
use crate::findings::rule::{About, Conclusion, Judge, Rule};
use crate::model::Severity;
use crate::wording::sockets_unseen;

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
        filter: None,
        evidence: &[
            ("side", "`client` or `server`"),
            ("programs", "the names of the programs"),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    of_programs(input, |activity| &activity.foreign, sockets_unseen::unseen)
}
