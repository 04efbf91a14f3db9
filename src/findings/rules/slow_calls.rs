//! `slow_calls`: of a run that was not captured, connections and answers that took a
//! second or more by the client's own account.

use crate::findings::FindingsInput;
use crate::findings::evidence::clock_was_set;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Nanos, Severity, Side, ToldConnection};
use crate::wording::slow_calls;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The client was connected or answered after a second or more",
        severities: &[Severity::Info],
        means: "Nothing was captured in this run; these times are the client's own. Either it \
             knew only a second or more after connect(2) that it was connected, or it \
             had the first of an answer a second or more after its request: the answer came \
             late, or the client read it late. Without a capture it is not \
             known what happened on the wire meanwhile. A handshake of a little more than 1, 3 \
             or 7 s is often one whose SYN was lost and sent again.",
        look_at: "workers.jsonl: `told.handshake_ns`, `told.exchange_ns` and, where the server's \
             threads were seen, `told.accepted_after_ns`. Capture the run (as root, after \
             setcap, or with --isolate always): then the SYNs can be counted.",
        to_do: "Where connections waited to be accepted: accept in a thread of its own, or use \
             more threads in the server. Else look first at the slowest ones, on the wire.",
        filter: None,
        evidence: &[
            (
                "connections",
                "connections that took a second or more to be made",
            ),
            (
                "slowest_connection_ns",
                "the longest of them; absent where there is none",
            ),
            (
                "answers",
                "answers that it had a second or more after the request",
            ),
            (
                "slowest_answer_ns",
                "the longest of them; absent where there is none",
            ),
            (
                "waited_to_be_accepted",
                "connections that accept(2) returned a second or more after connect(2) was called",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

/// From when on a wait is told.
const LONG: Nanos = Nanos::new(1_000_000_000);

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    // What is captured tells more of them, and other rules of that.
    if input.run.capture.is_some() || clock_was_set(input) {
        return None;
    }
    let clients = input.workers.iter().filter(|w| w.side == Side::Client);
    let told: Vec<ToldConnection> = clients.filter_map(|w| w.told).collect();
    let [made, answers, accepted] = [
        Waits::of(told.iter().filter_map(|t| t.handshake_ns)),
        Waits::of(told.iter().filter_map(|t| t.exchange_ns)),
        Waits::of(told.iter().filter_map(|t| t.accepted_after_ns)),
    ];
    let mut said = Vec::new();
    said.extend(
        made.slowest
            .map(|slowest| slow_calls::made(made.long, made.all, slowest)),
    );
    said.extend(
        answers
            .slowest
            .map(|slowest| slow_calls::answered(answers.long, answers.all, slowest)),
    );
    if said.is_empty() {
        return None;
    }
    said.extend((accepted.long > 0).then(|| slow_calls::accepted(accepted.long)));
    let ns = |slowest: Option<Nanos>| slowest.map(Nanos::get);
    let mut conclusion = says(said).with("connections", made.long);
    if let Some(slowest) = ns(made.slowest) {
        conclusion = conclusion.with("slowest_connection_ns", slowest);
    }
    conclusion = conclusion.with("answers", answers.long);
    if let Some(slowest) = ns(answers.slowest) {
        conclusion = conclusion.with("slowest_answer_ns", slowest);
    }
    Some(conclusion.with("waited_to_be_accepted", accepted.long))
}

/// Times of one kind.
struct Waits {
    all: u64,
    /// Those of a second or more.
    long: u64,
    /// The longest of these.
    slowest: Option<Nanos>,
}

impl Waits {
    fn of(times: impl Iterator<Item = Nanos>) -> Self {
        let mut waits = Self {
            all: 0,
            long: 0,
            slowest: None,
        };
        for time in times {
            waits.all += 1;
            if time >= LONG {
                waits.long += 1;
                waits.slowest = waits.slowest.max(Some(time));
            }
        }
        waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::findings;
    use crate::testkit::{Fixture, packed};

    fn told(times: &[(i64, i64, i64)], captured: bool) -> Option<(String, String)> {
        let mut fixture = Fixture::normal(u32::try_from(times.len()).unwrap());
        if !captured {
            fixture.run.capture = None;
            fixture.flows.clear();
        }
        let ms = |ms: i64| (ms > 0).then(|| Nanos::new(ms * 1_000_000));
        let mut workers = fixture.workers.iter_mut();
        for &(handshake, answer, accepted) in times {
            workers.next().unwrap().told = Some(ToldConnection {
                handshake_ns: ms(handshake),
                exchange_ns: ms(answer),
                accepted_after_ns: ms(accepted),
                ..ToldConnection::default()
            });
        }
        let input = FindingsInput {
            seen: None,
            run: &fixture.run,
            flows: &fixture.flows,
            own: None,
            workers: packed(&fixture.workers),
        };
        let mut found = findings(&input).into_iter();
        let found = found.find(|f| f.code == "slow_calls")?;
        let evidence = serde_json::to_string(&found.evidence).unwrap();
        Some((found.message, evidence))
    }

    #[test]
    fn long_waits_are_told_with_what_was_seen_of_them() {
        assert_eq!(told(&[(1, 999, 2), (0, 0, 0)], false), None);
        let (message, evidence) = told(&[(1030, 2, 5), (1, 3, 1)], false).unwrap();
        assert_eq!(
            message,
            "By the client's own account 1 of 2 connections took a second or more to be made, \
             the slowest 1.03 s."
        );
        assert!(!evidence.contains("slowest_answer_ns"), "{evidence}");
        let (message, _) = told(&[(1, 2500, 2400), (0, 1000, 0), (0, 0, 0)], false).unwrap();
        assert_eq!(
            message,
            "By the client's own account it had 2 of 2 answers a second or more after the \
             request, the slowest after 2.50 s: they came late, or the client read them late. \
             accept(2) of the server returned 1 connection a second or more after connect(2)."
        );
        assert_eq!(told(&[(1030, 2000, 5)], true), None, "the wire tells more");
    }
}
