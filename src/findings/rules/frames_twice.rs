//! `frames_twice`: the capture has frames twice, so that they look like
//! retransmissions.

use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::findings::wire::captured_twice;
use crate::model::Severity;
use crate::wording::frames_twice;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Frames were captured twice",
        severities: &[Severity::Warning],
        means: "The SYN of every connection is in the capture more than once, and the connection \
             was there less than 200 ms after the first one. A retransmission comes later (after \
             1 second), so these are copies of one frame: it passed two places of the capture. \
             That happens on `any`, where a frame passes a bridge or both ends of a veth pair. \
             Counts of frames, bytes and retransmissions are too high.",
        look_at: "Two frames with the same sequence number right after each other, and the \
             interface of each (in a capture on `any`).",
        to_do: "Capture one interface (-i NAME), or take the copies out of a capture with \
             `editcap -d`.",
        filter: Some("tcp.port == {port} && tcp.analysis.retransmission && tcp.time_delta < 0.2"),
        evidence: &[
            ("flows", "flows whose SYN is there more than once"),
            ("interface", "the interface that was captured"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let flows = captured_twice(input)?;
    let interface = &input.run.capture.as_ref()?.interface;
    let sentences = vec![
        frames_twice::twice(flows, interface),
        frames_twice::too_high(),
    ];
    Some(
        says(sentences)
            .with("flows", flows)
            .with("interface", interface.clone()),
    )
}
