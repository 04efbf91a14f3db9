//! `answers_coalesced`: several answers of TIME in one segment, so that a single recv(2)
//! may have got more than one.

use crate::findings::FindingsInput;
use crate::findings::evidence::count_of;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::findings::wire::time_answers;
use crate::model::Severity;
use crate::wording::answers_coalesced;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Several answers came in one segment",
        severities: &[Severity::Info],
        means: "TCP carries a stream of bytes, not messages (RFC 9293, 3.7). The client sent a \
             request before the answer to the one before it had come, and the server's answers \
             were sent together (Nagle's algorithm, RFC 9293, 3.7.4, or one call of send(2)). A \
             recv(2) whose buffer is longer than an answer, such as recv(16), then returns one \
             answer and the beginning of the next one: what a program takes for one answer has \
             too many bytes, and the rest of the next one comes with the next call.",
        look_at: "A segment of the server with more than 14 bytes: it holds several lines.",
        to_do: "Let the client keep what is behind a line end for the next answer. Or wait for an \
             answer before the next request is sent.",
        filter: Some("tcp.srcport == {port} && tcp.len > 14"),
        evidence: &[
            ("answers", "how many answers"),
            ("of", "of how many that were captured whole"),
            ("flow", "the number of the first flow with such an answer"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let of = count_of(time_answers(input));
    let together = || time_answers(input).filter(|(_, answer)| answer.coalesced);
    let n = count_of(together());
    let (flow, _) = together().next()?;
    let sentence = answers_coalesced::together(n, of);
    Some(
        says(sentence)
            .with("answers", n)
            .with("of", of)
            .with("flow", flow.flow.0),
    )
}
