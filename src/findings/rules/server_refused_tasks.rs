//! `server_refused_tasks`: the built-in server did not get a thread or process
//! for each connection.

use crate::findings::FindingsInput;
use crate::findings::evidence::totals;
use crate::findings::limit_hit;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};
use crate::wording::server_refused_tasks;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The server got fewer threads or processes than it wanted",
        severities: &[Severity::Warning],
        means: "The system refused to create a thread or a process for the built-in server \
             (EAGAIN). The thread that accepts connections then served that connection \
             itself, and other connections waited meanwhile.",
        look_at: "The census of the server; the slowest exchanges; `threadtap ceiling`, which \
             shows the limit that is reached first.",
        to_do: "Use --model pool or --model async, ask for fewer requests at once, or raise \
             the limit that `threadtap ceiling` names.",
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
    let refused = totals(&input.seen?, Side::Server)?.refused_tasks;
    let hit = limit_hit::of_tasks(input);
    let which = hit.as_ref().map(limit_hit::Hit::told);
    let sentence = server_refused_tasks::refused(refused, which);
    (refused > 0).then(|| {
        says(sentence)
            .with("refused", refused)
            .with("limits", hit.map(|hit| hit.evidence()))
    })
}
