//! `client_refused_tasks`: the built-in client did not get all its workers.

use crate::findings::FindingsInput;
use crate::findings::evidence::totals;
use crate::findings::limit_hit;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};
use crate::wording::client_refused_tasks;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The client got fewer threads or processes than it wanted",
        severities: &[Severity::Warning],
        means: "The system refused to create a thread or a process for the built-in client \
             (EAGAIN). The run went on with those that it had, so the figures are not \
             those of the number that was asked for.",
        look_at: "The census of the client (created); `threadtap ceiling`, which shows the \
             limit that is reached first.",
        to_do: "Ask for fewer requests with -n, use a pool or --max-in-flight, or raise the \
             limit that `threadtap ceiling` names.",
        filter: None,
        evidence: &[
            ("refused", "how often the system refused"),
            (
                "limits",
                "the limit that was reached, or those that may have been, with their values and \
                 what was in use of them before the client started; null: not read",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let refused = totals(&input.seen?, Side::Client)?.refused_tasks;
    let hit = limit_hit::of_tasks(input);
    let which = hit.as_ref().map(limit_hit::Hit::told);
    let sentence = client_refused_tasks::refused(refused, which);
    (refused > 0).then(|| {
        says(sentence)
            .with("refused", refused)
            .with("limits", hit.map(|hit| hit.evidence()))
    })
}
