//! `not_ended`: processes that were killed and still exist.

use crate::findings::FindingsInput;
use crate::findings::evidence::len;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::wording::not_ended;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A process does not end",
        severities: &[Severity::Error],
        means: "threadtap killed a process (SIGKILL), and a minute later it still existed. \
             The kernel waits for something on its behalf, usually a disk or a network \
             file system, and a process cannot end meanwhile.",
        look_at: "`ps -o stat,wchan -p PID`: state D means that it waits in the kernel, and \
             wchan where.",
        to_do: "Find out what the kernel waits for (a disk, NFS, FUSE). The process ends \
             when that is over, or at the next restart.",
        filter: None,
        evidence: &[("pids", "the ids of the processes")],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let pids = &input.seen?.observation.leftovers.as_ref()?.not_ended;
    let listed: Vec<String> = pids.iter().map(ToString::to_string).collect();
    let sentence = not_ended::held(len(pids), &listed);
    (!pids.is_empty()).then(|| says(sentence).with("pids", listed.join(", ")))
}
