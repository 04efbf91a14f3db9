//! `requests_unknown`: requests of which it is not known how they ended.

use crate::findings::FindingsInput;
use crate::findings::beside::made_beside_the_tap;
use crate::findings::evidence::{frames_lost, reasons_of, was_cut_short};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};
use crate::wording::requests_unknown;

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
    let figure = input.run.incomplete.get("requests.valid");
    let figure = figure.filter(|figure| !figure.flows.is_empty());
    let reason = if lost > 0 {
        requests_unknown::lost(lost)
    } else if let Some(figure) = figure {
        let is_cut = figure.flows.keys().any(|name| name.ends_with("_cut"));
        let snaplen = capture.filter(|_| is_cut).map(|c| u64::from(c.snaplen));
        requests_unknown::because(reasons_of(figure), snaplen)
    } else if was_cut_short(input) || input.run.plan.watched {
        requests_unknown::ended_early()
    } else if let Some(interface) = interface_beside(input, unknown) {
        requests_unknown::beside(unknown, interface)
    } else {
        requests_unknown::not_shown()
    };
    let sentence = requests_unknown::unknown(unknown, reason);
    Some(
        says(sentence)
            .with("requests", unknown)
            .with("dropped", capture.map(|_| lost))
            .with("snaplen", capture.map(|c| c.snaplen)),
    )
}

/// The interface that was captured, where the connections of all these requests went
/// beside it.
fn interface_beside<'a>(input: &FindingsInput<'a>, requests: u64) -> Option<&'a str> {
    let (beside, capture) = made_beside_the_tap(input)?;
    let are_theirs = beside.told_by == Side::Client && beside.unseen == requests;
    are_theirs.then_some(capture.interface.as_str())
}
