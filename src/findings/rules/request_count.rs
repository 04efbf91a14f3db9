//! `request_count`: the client made another number of requests than `-n` says.

use crate::findings::FindingsInput;
use crate::findings::evidence::{lossless_capture, made_no_connection, was_cut_short};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Phrase, RunRecord, Severity};
use crate::wording::request_count;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The number of requests is not the one that was given",
        severities: &[Severity::Error, Severity::Warning],
        means: "-n says how many requests a client program makes, and the capture shows \
             another number. Requests of TIME are counted exactly, and those that are \
             missing have failed (`not_attempted`, `not_seen`). Of another protocol \
             threadtap counts exchanges: several requests that are sent before an answer \
             comes are one.",
        look_at: "connections and exchanges in run.json; client.log.",
        to_do: "Correct the client, or -n. Leave -n out for a protocol in which requests are \
             sent together (pipelining).",
        filter: Some("tcp.dstport == {port} && tcp.len > 0"),
        evidence: &[
            ("submitted", "what -n says"),
            (
                "made",
                "requests that were made; of another protocol than TIME, exchanges",
            ),
            ("connections", "connections that were made; null: not known"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let run = input.run;
    run.plan.client_command.as_ref()?;
    let submitted = run.requests.submitted?;
    let is_time = run.requests.valid.is_some();
    // Of another protocol, connections that came to nothing stand beside exchanges.
    let (made, failed) = if is_time {
        (made_of_time(run)?, 0)
    } else {
        lossless_capture(input)?;
        (run.exchanges.requests?, run.requests.failed.values().sum())
    };
    let conclusion = |severity, sentences: Vec<Phrase>| {
        says(sentences)
            .at(severity)
            .with("submitted", submitted)
            .with("made", made)
            .with("connections", run.connections.established)
    };
    let all = made.checked_add(failed)?;
    // Of TIME, those that are missing have failed, and are told as that.
    if all < submitted && !is_time && !was_cut_short(input) && !made_no_connection(input) {
        let on = run.connections.established;
        let failed = Some(failed).filter(|&n| n > 0);
        let sentences = vec![
            request_count::fewer(made, on, failed, submitted),
            request_count::together(),
        ];
        return Some(conclusion(Severity::Error, sentences));
    }
    (made > submitted && is_time).then(|| {
        let sentence = request_count::more(made, submitted);
        conclusion(Severity::Warning, vec![sentence])
    })
}

/// All that are in a class.
fn made_of_time(run: &RunRecord) -> Option<u64> {
    let known = run.requests.valid?.checked_add(run.requests.unknown?)?;
    let mut failed = run.requests.failed.values();
    failed.try_fold(known, |sum, n| sum.checked_add(*n))
}
