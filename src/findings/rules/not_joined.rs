//! `not_joined`: the classic mistake with a thread pool.

use crate::findings::FindingsInput;
use crate::findings::ending::{Left, unjoined};
use crate::findings::evidence::{left_in_the_queue, made_no_connection, never_attempted};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Phrase, Severity};
use crate::wording::not_joined;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The main thread did not wait for its workers",
        severities: &[Severity::Error, Severity::Warning, Severity::Info],
        means: "When the main thread of a program ends, the program ends, and all its \
             threads with it. Requests that were still in the queue of the pool, or whose \
             thread had not come so far, are never made. This is the usual mistake with a \
             thread pool. Of a program it is seen by its threads: its main thread ended \
             while others that it had created were still there, which had made connections \
             (or nobody had). It is an error where requests are known to be missing (-n), a warning where \
             something was still going on, and only information where every connection \
             was closed: then the main thread may have known in another way that all was \
             done.",
        look_at: "The number of requests that were attempted, and the client's census: *after* \
             is above 1 when the main thread leaves others at work.",
        to_do: "Join the threads, or shut the pool down and wait for it, before the program \
             ends (Python: pool.close() and pool.join()). With -n N threadtap says how many \
             requests are missing. In the lab: leave --no-join out.",
        filter: Some("tcp.port == {port} && tcp.flags.syn == 1 && tcp.flags.ack == 0"),
        evidence: &[
            (
                "submitted",
                "requests that the client was to make; null: not known",
            ),
            ("attempted", "requests for which it called connect(2)"),
            ("never_attempted", "the difference; null: not known"),
            (
                "threads_left",
                "of a program: threads that were there when the main thread ended",
            ),
            (
                "connections_open",
                "of a program: connections of theirs that were open then; null: not known",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    match left_in_the_queue(input) {
        Some(left) => Some(of_the_built_in(left)),
        None => of_a_program(input, unjoined(input)?),
    }
}

fn of_the_built_in((submitted, attempted): (u64, u64)) -> Conclusion {
    let never = submitted - attempted;
    let sentences = vec![not_joined::never(never, submitted), not_joined::join()];
    says(sentences)
        .with("submitted", submitted)
        .with("attempted", attempted)
        .with("never_attempted", never)
}

fn of_a_program(input: &FindingsInput<'_>, left: Left) -> Option<Conclusion> {
    let requests = &input.run.requests;
    let never = never_attempted(input);
    let nothing_missing = requests.submitted.is_some() && never == 0;
    if nothing_missing && left.open == 0 {
        return None;
    }
    let lost = if never > 0 {
        let submitted = requests.submitted.unwrap_or(never);
        Some(not_joined::never_attempted(never, submitted))
    } else if left.open > 0 {
        Some(not_joined::still_open(left.open))
    } else if made_no_connection(input) {
        Some(not_joined::no_connection())
    } else {
        (!left.unseen).then(not_joined::all_closed)
    };
    let made = Some(left.made).filter(|&n| n > 0);
    let there = not_joined::left(left.threads, made, left.child);
    let sentences: Vec<Phrase> = std::iter::once(there)
        .chain(lost)
        .chain([not_joined::wait()])
        .collect();
    let severity = if never > 0 {
        Severity::Error
    } else if left.open > 0 || made_no_connection(input) {
        Severity::Warning
    } else if left.threads > 1 {
        Severity::Info
    } else {
        return None;
    };
    let known = left.open > 0 || !left.unseen;
    let conclusion = says(sentences)
        .at(severity)
        .with("submitted", requests.submitted)
        .with("attempted", requests.attempted)
        .with("never_attempted", requests.submitted.map(|_| never))
        .with("threads_left", left.threads)
        .with("connections_open", known.then_some(left.open));
    Some(conclusion)
}
