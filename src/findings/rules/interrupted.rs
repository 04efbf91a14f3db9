//! `interrupted`: the run was ended before its time.

use crate::findings::FindingsInput;
use crate::findings::evidence::{len, was_interrupted};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, StopReason};
use crate::wording::interrupted;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The run was interrupted",
        severities: &[Severity::Warning],
        means: "A person pressed Ctrl-C, a signal came, or threadtap itself was killed. The \
             record shows what had happened until then; requests that had not begun or \
             not ended by then count as failed.",
        look_at: "The duration of the run, and how many requests were attempted.",
        to_do: "Run it again for figures of the whole run.",
        filter: None,
        evidence: &[(
            "flows",
            "how many flows there were, where that is all that is known",
        )],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    if input.seen.is_some() {
        return was_interrupted(input).then(conclusion);
    }
    // Of a record that is read without what was seen, only the capture tells.
    let capture = input.run.capture.as_ref()?;
    (capture.stop_reason == StopReason::Interrupted)
        .then(|| conclusion().with("flows", len(input.flows)))
}

fn conclusion() -> Conclusion {
    says(interrupted::run())
}
