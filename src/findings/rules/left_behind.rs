//! `left_behind`: processes that were still there when all was over.

use crate::findings::evidence::ended_program;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::findings::{FindingsInput, Seen};
use crate::model::observation::ObserverName;
use crate::model::{Severity, Side};
use crate::wording::left_behind;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Processes were left at the end",
        severities: &[Severity::Warning],
        means: "When the client was over, processes that it had started still existed, and \
             threadtap ended them. Either they had been traced and did nothing any more, \
             or they had not been traced: then their connections have no owner, and their \
             threads and their CPU time are in no total, but for threads that were seen in \
             /proc (--observe sampled).",
        look_at: "The program: where does it start processes, and does it wait for them \
             (waitpid(2))?",
        to_do: "Let the program wait for its child processes before it ends. If they are \
             meant to work on, use a larger --linger.",
        filter: None,
        evidence: &[("processes", "how many processes were left")],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let Some(seen) = input.seen else {
        return Vec::new();
    };
    let idle = ended_program(&seen, Side::Client).map(|ended| ended.left_behind);
    let leftovers = seen.observation.leftovers.as_ref();
    let untracked = leftovers.and_then(|leftovers| leftovers.lived);
    let some = |n: Option<u64>| n.filter(|&n| n > 0);
    let idle = some(idle).map(|n| says(left_behind::idle(n)).with("processes", n));
    let untracked = some(untracked).map(|n| {
        let sentence = if is_sampled(&seen) {
            left_behind::sampled(n)
        } else {
            left_behind::untracked(n)
        };
        says(sentence).with("processes", n)
    });
    idle.into_iter().chain(untracked).collect()
}

/// Whether the threads of a side, and so of processes that nobody traced, were counted
/// in /proc.
fn is_sampled(seen: &Seen<'_>) -> bool {
    [Side::Client, Side::Server]
        .map(|side| seen.observation.side(side).observer())
        .contains(&Some(ObserverName::Proc))
}
