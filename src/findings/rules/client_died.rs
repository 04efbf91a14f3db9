//! `client_died`: the built-in client ended before its work was done.

use crate::findings::FindingsInput;
use crate::findings::evidence::death_of_built_in_client;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::wording::client_died;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The built-in client ended too early",
        severities: &[Severity::Error],
        means: "The process of the built-in client ended before all requests were made, and \
             nobody had asked it to end. Usually the system killed it, for example \
             because memory ran out, or a person did.",
        look_at: "client.log in the run directory, and the kernel log (`dmesg`) for a message \
             about memory.",
        to_do: "If memory was the cause, use fewer workers at once (--max-in-flight, or a \
             pool). Then run it again.",
        filter: None,
        evidence: &[("exit", "the exit status or the signal")],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let exit = death_of_built_in_client(&input.seen?)?;
    let sentence = client_died::ended(exit);
    Some(says(sentence).with("exit", exit.to_string()))
}
