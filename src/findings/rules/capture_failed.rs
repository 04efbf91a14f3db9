//! `capture_failed`: the capture ended before the run did.

use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::model::observation::Trouble;
use crate::wording::capture_failed;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The capture stopped before the run ended",
        severities: &[Severity::Error],
        means: "The system reported an error to the capture, for example because the \
             interface went down. Frames after that moment are not in any table.",
        look_at: "The error in the message, and the kernel log (`dmesg`).",
        to_do: "Put the interface up again, or capture on another one with --interface. Then \
             run it again.",
        filter: None,
        evidence: &[],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let troubles = &input.seen?.observation.troubles;
    let error = troubles.iter().find_map(|trouble| match trouble {
        Trouble::CaptureFailed { error } => Some(error),
        _ => None,
    })?;
    Some(says(capture_failed::stopped(error)))
}
