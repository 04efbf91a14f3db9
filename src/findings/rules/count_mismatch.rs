//! `count_mismatch`: the wire and the workers disagree, and no frame was lost.
//!
//! A wrong count is worse than none, so it has to be said. A worker that gave
//! up, was reset or ended may have been sent a valid answer that it never
//! read; more than that cannot be explained, and neither can a valid answer
//! that a worker read and the wire never carried.

use crate::findings::FindingsInput;
use crate::findings::beside::made_beside_the_tap;
use crate::findings::evidence::{clock_was_set, count_of, lossless_capture, was_stopped};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{FlowRecord, Outcome, Severity, Side};
use crate::wording::count_mismatch;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The wire and the workers disagree",
        severities: &[Severity::Error],
        means: "threadtap counts valid answers in two ways: on the wire, and by the notes of \
             the client's workers. The two numbers differ although no frame was lost, and \
             answers that a worker did not read in time do not explain the difference.",
        look_at: "flows.jsonl and workers.jsonl: which worker has no flow, or which flow no \
             worker?",
        to_do: "Do not use the figures of this run. Keep the run directory, and report it as \
             a fault of threadtap if no other program used the port.",
        filter: Some("tcp.srcport == {port} && tcp.len > 0"),
        evidence: &[
            (
                "valid_on_wire",
                "connections of the client with valid answers only, in the capture",
            ),
            (
                "valid_by_workers",
                "valid answers by the workers' own notes",
            ),
            (
                "answers_possibly_unread",
                "workers that may have missed an answer: timed out, reset or ended",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let capture = lossless_capture(input)?;
    let beside = made_beside_the_tap(input).is_some();
    if was_stopped(capture.stop_reason) || beside || clock_was_set(input) {
        return None;
    }
    input.run.correlation.client_owned?;
    // Connections are compared with connections: one may carry many requests,
    // and others may use the port.
    let all_valid = |f: &&FlowRecord| {
        let mut exchanges = f.exchanges.iter();
        let all = exchanges.clone().all(|e| e.valid == Some(true));
        f.client_owner.is_some() && all && exchanges.next().is_some()
    };
    let wire = count_of(input.flows.iter().filter(all_valid));
    // What was not captured whole may have been valid.
    let not_judged =
        |f: &&FlowRecord| f.client_owner.is_some() && f.exchanges.iter().any(|e| e.valid.is_none());
    let not_judged = count_of(input.flows.iter().filter(not_judged));
    let with =
        |outcomes: &[Outcome]| {
            count_of(input.workers.iter().filter(|w| {
                w.side == Side::Client && w.outcome.is_some_and(|o| outcomes.contains(&o))
            }))
        };
    // Without a worker that says how it went there is nothing to compare with.
    if with(&Outcome::ALL) == 0 {
        return None;
    }
    let workers = with(&[Outcome::Valid]);
    let unread = with(&[Outcome::Timeout, Outcome::Reset, Outcome::Abandoned]);
    if wire <= workers + unread && workers <= wire + not_judged {
        return None;
    }
    let sentences = vec![
        count_mismatch::disagree(wire, workers),
        count_mismatch::trust(),
    ];
    Some(
        says(sentences)
            .with("valid_on_wire", wire)
            .with("valid_by_workers", workers)
            .with("answers_possibly_unread", unread),
    )
}
