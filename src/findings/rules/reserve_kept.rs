//! `reserve_kept`: a built-in side did not start all its workers, to leave other
//! programs room.

use crate::findings::FindingsInput;
use crate::findings::evidence::totals;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};
use crate::wording::reserve_kept;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Room was left for other programs",
        severities: &[Severity::Warning],
        means: "threadtap leaves a part of the threads and processes that the system can have, \
             and of its memory, to other programs: without it they could not start anything, or \
             the system would kill one of them. The built-in client and server do not start a \
             thread or process that would take of it. Nobody refused them; the figures are not \
             those of the number that was asked for.",
        look_at: "The census of that side (created); `threadtap ceiling`, which shows what the \
             system can hold, and how much of it is left unused.",
        to_do: "Ask for fewer requests with -n, use a pool or --max-in-flight, or raise the limit \
             that `threadtap ceiling` names. --reserve 0 leaves nothing to others.",
        filter: None,
        evidence: &[
            (
                "tasks",
                "how many were not started, to leave threads and processes",
            ),
            ("memory", "how many were not started, to leave memory"),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let Some(seen) = input.seen else {
        return Vec::new();
    };
    let of_side = |side| {
        let own = totals(&seen, side)?;
        let (tasks, memory) = (own.kept_tasks, own.kept_memory);
        let sentence = match side {
            Side::Client => reserve_kept::client,
            Side::Server => reserve_kept::server,
        };
        let all = tasks.saturating_add(memory);
        let said = sentence(all, tasks > 0, memory > 0);
        (all > 0).then(|| says(said).with("tasks", tasks).with("memory", memory))
    };
    [Side::Client, Side::Server]
        .into_iter()
        .filter_map(of_side)
        .collect()
}
