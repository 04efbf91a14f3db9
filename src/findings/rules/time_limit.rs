//! `time_limit`: the client did not end in the time that it was given.

use crate::findings::FindingsInput;
use crate::findings::evidence::{ended_program, was_too_long};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};
use crate::wording::time_limit;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The client did not end in time",
        severities: &[Severity::Error],
        means: "The client, or a process that it had started, still ran when the time of \
             --time-limit was over, and threadtap ended it. The record shows what had happened until then; requests that had \
             not begun or not ended by then count as failed where their number is known. \
             It is not said whether the client would have ended with more time.",
        look_at: "The last flows, and the workers that have not ended: what do they wait for? \
             A flow whose request has no answer waits for the server. client.log and \
             server.log.",
        to_do: "If the client only needs more time, raise --time-limit. If it waits for ever, \
             correct the program that keeps it waiting.",
        filter: Some("tcp.dstport == {port} && tcp.len > 0"),
        evidence: &[("limit_ns", "the time that it was given, in nanoseconds")],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let seen = input.seen?;
    let asked = &seen.observation.header.asked;
    let limit = asked.time_limit_ns.filter(|_| was_too_long(input))?;
    // Its first process may have ended, and nobody had to ask it to.
    let first = ended_program(&seen, Side::Client);
    let sentence = if first.is_some_and(|ended| ended.exit.is_some() && !ended.asked_to_end) {
        time_limit::others(limit)
    } else {
        time_limit::over(limit)
    };
    Some(says(sentence).with("limit_ns", limit.get()))
}
