//! `not_joined`: the classic mistake with a thread pool.

use crate::findings::FindingsInput;
use crate::findings::evidence::left_in_the_queue;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::text::units::count;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The main thread did not wait for its workers",
        severities: &[Severity::Error],
        means: "When the main thread of a program ends, the program ends, and all its \
             threads with it. Requests that were still in the queue of the pool, or whose \
             thread had not come so far, are never made. This is the usual mistake with a \
             thread pool.",
        look_at: "The number of requests that were attempted, and the client's census: *after* \
             is above 1 when the main thread leaves others at work.",
        to_do: "Join the threads, or shut the pool down and wait for it, before the program \
             ends. In the lab: leave --no-join out.",
        evidence: &[
            ("submitted", "requests that the client was to make"),
            ("attempted", "requests for which it called connect(2)"),
            ("never_attempted", "the difference"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let (submitted, attempted) = left_in_the_queue(input)?;
    let never = submitted - attempted;
    let message = format!(
        "The main thread ended without waiting: {} of {} requests were never attempted. Join \
         the workers (shut the pool down and wait for it) before the program ends.",
        count(never),
        count(submitted),
    );
    Some(
        says(message)
            .with("submitted", submitted)
            .with("attempted", attempted)
            .with("never_attempted", never),
    )
}
