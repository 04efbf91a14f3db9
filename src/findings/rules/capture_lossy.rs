//! `capture_lossy`: frames were lost, so nothing about flows is certain.

use crate::findings::FindingsInput;
use crate::findings::evidence::frames_lost;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::wording::capture_lossy;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The capture lost frames",
        severities: &[Severity::Error],
        means: "Frames arrived faster than threadtap could take them out of the buffer, or \
             the interface dropped them. Flows, times and counts from the wire are \
             incomplete: a request that seems to have failed may have gone well.",
        look_at: "The number of dropped frames beside those kept; how busy the processors \
             were.",
        to_do: "Raise --buffer, or lower the load: fewer requests at once (--max-in-flight), \
             a shorter --snaplen.",
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
            ("frames", "frames that were kept"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let capture = input.run.capture.as_ref()?;
    let lost = frames_lost(capture);
    if lost == 0 {
        return None;
    }
    let (kernel, interface) = (capture.dropped_by_kernel, capture.dropped_by_interface);
    let sentence = capture_lossy::lost(lost, kernel, interface, capture.frames);
    Some(
        says(sentence)
            .with("dropped_by_kernel", kernel)
            .with("dropped_by_interface", interface)
            .with("frames", capture.frames),
    )
}
