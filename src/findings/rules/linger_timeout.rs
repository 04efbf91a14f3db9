//! `linger_timeout`: the capture did not wait for the last flows.

use crate::findings::FindingsInput;
use crate::findings::beside::made_beside_the_tap;
use crate::findings::evidence::{count_of, is_lossy, was_too_long};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Close, Severity, StopReason};
use crate::wording::linger_timeout;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The capture ended before all flows had closed",
        severities: &[Severity::Warning],
        means: "After the client has ended, the capture waits until the flows that have begun \
             since it was started have closed, but not longer than --linger. This time was over. The last frames of some \
             flows are not in the capture.",
        look_at: "The flows that are still open (`close` is \"open\" in flows.jsonl). Does the \
             server close its connections?",
        to_do: "Raise --linger if the connections only need more time. If they never close, \
             look in the server for a socket that it forgets to close.",
        filter: Some("tcp.port == {port} && tcp.flags.fin == 1"),
        evidence: &[("open_flows", "flows that were still open")],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let capture = input.run.capture.as_ref()?;
    if capture.stop_reason != StopReason::Timeout || is_lossy(input) {
        return None;
    }
    // Whoever waited for a client that did not end is to look at that first.
    if was_too_long(input) {
        return None;
    }
    let open = count_of(input.own_flows().filter(|f| f.close == Close::Open));
    // What never passed the tap does not close on it, however long one waits; and others
    // may leave their connections open for as long as they like.
    let others = input.flows.iter().any(|f| f.close == Close::Open);
    if open == 0 && (others || made_beside_the_tap(input).is_some()) {
        return None;
    }
    let sentence = linger_timeout::open(Some(open).filter(|&n| n > 0));
    Some(says(sentence).with("open_flows", open))
}
