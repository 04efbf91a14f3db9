//! `strict_seccomp_refused`: a program could not enter the strict mode of seccomp(2).

use crate::findings::FindingsInput;
use crate::findings::evidence::of_programs;
use crate::findings::rule::{About, Conclusion, Judge, Rule};
use crate::model::Severity;
use crate::wording::strict_seccomp_refused;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A program was refused the strict mode of seccomp",
        severities: &[Severity::Warning],
        means: "The program called prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) or \
             seccomp(SECCOMP_SET_MODE_STRICT), as judges of programming contests do. The \
             kernel refuses that to a process that has a filter (EINVAL), and a traced \
             program has the one by which threadtap sees its sockets. Without threadtap the \
             call succeeds.",
        look_at: "client.log or server.log, and the exit status, for what the program did \
             then.",
        to_do: "Run it with --observe sampled, which installs no filter.",
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
        |activity| &activity.strict,
        strict_seccomp_refused::refused,
    )
}
