//! `requests_unknown`: requests of which it is not known how they ended.

use crate::findings::FindingsInput;
use crate::findings::evidence::{frames_lost, was_cut_short};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::text::units::{count, counted};

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "How requests ended is not known",
        severities: &[Severity::Warning],
        means: "The capture does not show how these requests ended: their frames were lost, \
             the snapshot length cut the answers, or a flow had more exchanges than are \
             kept. They may have gone well or not. Each request is valid, failed or \
             unknown, and the three add up.",
        look_at: "The capture's dropped frames and its snapshot length (capture.snaplen); \
             `incomplete` of the flows in flows.jsonl.",
        to_do: "Where frames were lost, raise --buffer or lower the load. Where answers were \
             cut, raise --snaplen.",
        filter: Some("frame.cap_len < frame.len || tcp.analysis.lost_segment"),
        evidence: &[
            ("requests", "how many requests"),
            ("dropped", "frames that the capture is known to have lost"),
            ("snaplen", "the snapshot length"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let unknown = input.run.requests.unknown.filter(|&n| n > 0)?;
    let capture = input.run.capture.as_ref();
    let lost = capture.map_or(0, frames_lost);
    let mut reasons = Vec::new();
    if lost > 0 {
        reasons.push(format!(
            "the capture lost {}; raise --buffer or lower the load",
            counted(lost, "frame", "frames")
        ));
    } else if let Some(figure) = input.run.incomplete.get("requests.valid") {
        let is_cut = |name: &String| name.ends_with("_cut");
        let remedy = match capture.filter(|_| figure.flows.keys().any(is_cut)) {
            Some(capture) => format!(
                "; raise --snaplen, which is {}",
                count(capture.snaplen.into())
            ),
            None => String::new(),
        };
        reasons.push(format!("{}{remedy}", figure.reasons()));
    }
    if reasons.is_empty() && was_cut_short(input) {
        reasons.push("the run ended early".to_owned());
    }
    if reasons.is_empty() {
        reasons.push("the capture does not show it".to_owned());
    }
    let message = format!(
        "How {} ended is not known: {}.",
        counted(unknown, "request", "requests"),
        reasons.join("; "),
    );
    Some(
        says(message)
            .with("requests", unknown)
            .with("dropped", capture.map(|_| lost))
            .with("snaplen", capture.map(|c| c.snaplen)),
    )
}
