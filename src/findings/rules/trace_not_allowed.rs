//! `trace_not_allowed`: programs were sampled, because the system forbids tracing.
//!
//! Said once, whichever side it is: it is the same system.

use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::model::observation::Trouble;
use crate::wording::{recorded, trace_not_allowed};

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The system does not allow tracing",
        severities: &[Severity::Warning],
        means: "threadtap wanted to see each thread and each connection of a program \
             (ptrace(2)), and the system did not allow it. It looked at /proc again and \
             again instead. A thread that lives for a very short time can be missed, and \
             the thread behind a flow is not known.",
        look_at: "The reason in the message; /proc/sys/kernel/yama/ptrace_scope; the rules of \
             the container, if it runs in one.",
        to_do: "Do what the message recommends, or use --observe sampled to run without \
             tracing and without this warning.",
        filter: None,
        evidence: &[("reason", "the error of the system, and what would allow it")],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let troubles = &input.seen?.observation.troubles;
    let (error, remedy) = troubles.iter().find_map(|trouble| match trouble {
        Trouble::NotTraced { error, remedy, .. } => Some((error, remedy)),
        _ => None,
    })?;
    let sentence = trace_not_allowed::sampled(error, recorded(remedy));
    let reason = format!("{error}{remedy}");
    Some(says(sentence).with("reason", reason))
}
