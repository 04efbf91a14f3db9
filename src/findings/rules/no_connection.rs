//! `no_connection`: a client that never tried to reach the server.

use crate::findings::FindingsInput;
use crate::findings::ending::{last_line, last_words, seen_of_the_end, to_look_at, unjoined};
use crate::findings::evidence::made_no_connection;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Phrase, Severity, Side};
use crate::wording::{english, no_connection};

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The client made no connection",
        severities: &[Severity::Error],
        means: "The client program ended, and no thread of it was seen to call connect(2) to \
             the port of the server; or, where it was not traced, a capture without losses \
             shows no connection. It may use another port, have ended with an error before, \
             or have ended before its threads came so far. The message says what was seen.",
        look_at: "client.log; the arguments of the client; the target in the plan.",
        to_do: "Give the client the address and the port of the server, or correct what \
             ended it.",
        filter: Some("tcp.flags.syn == 1 && tcp.flags.ack == 0"),
        evidence: &[
            ("target", "where the server listens"),
            (
                "seen",
                "how it ended and what else was seen, as in the message",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    if !made_no_connection(input) {
        return None;
    }
    let target = &input.run.plan.target;
    let mut seen = seen_of_the_end(input);
    // Of one that says that all went well, what it printed last may tell more.
    let last = input.seen.and_then(|seen| last_line(&seen, Side::Client));
    let last = last.map(|line| last_words(Side::Client, Some(line)));
    if let Some(last) = last.filter(|last| !seen.contains(last)) {
        seen.push(last);
    }
    let hint = match unjoined(input) {
        None => to_look_at(input),
        Some(_) => None,
    };
    // Where it was not traced, only the wire tells.
    let made = match input.run.requests.attempted {
        Some(_) => no_connection::none(target, seen.clone()),
        None => no_connection::unseen(target, seen.clone()),
    };
    let sentences: Vec<Phrase> = std::iter::once(made).chain(hint).collect();
    let seen: Vec<String> = seen.into_iter().map(|part| english(&[part])).collect();
    Some(
        says(sentences)
            .with("target", target.clone())
            .with("seen", seen),
    )
}
