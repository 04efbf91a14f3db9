//! `client_refused_tasks`: the built-in client did not get all its workers.

use crate::findings::FindingsInput;
use crate::findings::evidence::{tasks, totals};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};

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
    let message = format!(
        "The system refused the client {} (EAGAIN); the run went on with those it had. Lower -n, \
         or raise RLIMIT_NPROC, kernel.threads-max, kernel.pid_max or vm.max_map_count.",
        tasks(refused),
    );
    (refused > 0).then(|| says(message).with("refused", refused))
}
