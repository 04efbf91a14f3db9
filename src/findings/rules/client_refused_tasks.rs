//! `client_refused_tasks`: the built-in client did not get all its workers.

use crate::findings::FindingsInput;
use crate::findings::evidence::totals;
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
        evidence: &[("refused", "how often the system refused")],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let refused = totals(&input.seen?, Side::Client)?.refused_tasks;
    let sentences = vec![
        client_refused_tasks::refused(refused),
        client_refused_tasks::lower(),
    ];
    (refused > 0).then(|| says(sentences).with("refused", refused))
}
