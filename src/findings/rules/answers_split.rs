//! `answers_split`: answers of TIME that came in several segments, so that a single
//! recv(2) may have got a part of one.

use crate::findings::FindingsInput;
use crate::findings::evidence::{count_of, is_lossy};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::findings::wire::{captured_twice, time_answers};
use crate::model::Severity;
use crate::wording::answers_split;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Answers came in several segments",
        severities: &[Severity::Info],
        means: "TCP carries a stream of bytes, not messages (RFC 9293, 3.7). The server sent these \
             answers with several calls of send(2), or the network cut them, and each part came \
             in a segment of its own. recv(2) returns what is there: one that is called when only \
             the first part has come returns that part alone, however large its buffer is. \
             Whether it did depends on the moment; the wire does not show it.",
        look_at: "The segments of the answer in one of these flows, and the time between them.",
        to_do: "Let the client call recv(2) until the line end has come. In the server, send the \
             whole answer with one call.",
        filter: Some("tcp.srcport == {port} && tcp.len > 0 && tcp.len < 14"),
        evidence: &[
            ("answers", "how many answers"),
            ("of", "of how many that were captured whole"),
            ("most_segments", "the most segments of one answer"),
            ("flow", "the number of the first flow with such an answer"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    // Copies of a frame would do no harm, but who knows in which order they are.
    if is_lossy(input) || captured_twice(input).is_some() {
        return None;
    }
    let of = count_of(time_answers(input));
    let split = || time_answers(input).filter(|(_, answer)| answer.segments > 1);
    let n = count_of(split());
    let most = split().map(|(_, answer)| answer.segments).max()?;
    let (flow, _) = split().next()?;
    let sentence = answers_split::split(n, of, u64::from(most));
    Some(
        says(sentence)
            .with("answers", n)
            .with("of", of)
            .with("most_segments", most)
            .with("flow", flow.flow.0),
    )
}
