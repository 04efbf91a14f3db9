//! `server_refused_descriptors`: the built-in server could not accept for a while.

use crate::findings::FindingsInput;
use crate::findings::evidence::totals;
use crate::findings::limit_hit;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};
use crate::wording::server_refused_descriptors;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The server had no file descriptor left",
        severities: &[Severity::Warning],
        means: "Each open connection needs a file descriptor. The server had reached its \
             limit (EMFILE or ENFILE), and could accept the next connection only after \
             another one had closed.",
        look_at: "The flows that waited long for their first answer; `ulimit -n` in the shell \
             that starts threadtap.",
        to_do: "Raise the limit with `ulimit -n`, or have fewer connections open at once \
             with --max-in-flight.",
        filter: None,
        evidence: &[
            ("refused", "how often the system refused"),
            (
                "most_descriptors",
                "the limit of open files of the server (RLIMIT_NOFILE); null: not told",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let totals = totals(&input.seen?, Side::Server)?;
    let refused = totals.refused_descriptors;
    let which = limit_hit::of_descriptors(input, Side::Server);
    let sentence = server_refused_descriptors::ran_out(which);
    (refused > 0).then(|| {
        says(sentence)
            .with("refused", refused)
            .with("most_descriptors", totals.most_descriptors)
    })
}
