//! `drops_unknown`: nobody counted what the capture lost.

use crate::findings::FindingsInput;
use crate::findings::evidence::frames_lost;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::wording::drops_unknown;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "It is not known whether frames were lost",
        severities: &[Severity::Warning],
        means: "The system did not tell how many frames it dropped. The capture may be \
             complete or not.",
        look_at: "The counts of the capture and of the workers: do they agree?",
        to_do: "Compare the two. Where they agree, nothing was lost that matters.",
        filter: Some("tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment"),
        evidence: &[
            (
                "dropped_by_kernel",
                "frames that found no room in the buffer; null: not known",
            ),
            (
                "dropped_by_interface",
                "frames that the interface or its driver dropped; null: not known",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let capture = input.run.capture.as_ref()?;
    let (kernel, interface) = (capture.dropped_by_kernel, capture.dropped_by_interface);
    // Known losses are worse, and their finding names the unknown ones too.
    if frames_lost(capture) > 0 {
        return None;
    }
    if kernel.is_some() && interface.is_some() {
        return None;
    }
    let sentence = drops_unknown::unknown(kernel.is_none(), interface.is_none());
    Some(
        says(sentence)
            .with("dropped_by_kernel", kernel)
            .with("dropped_by_interface", interface),
    )
}
