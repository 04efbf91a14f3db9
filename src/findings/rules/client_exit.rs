//! `client_exit`: the client program says that it failed.

use crate::findings::FindingsInput;
use crate::findings::ending::{last_line, last_words_of};
use crate::findings::evidence::own_end_of_client;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Exit, Severity, Side};
use crate::wording::client_exit;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The client ended with an error",
        severities: &[Severity::Error],
        means: "The first process of the client program ended with an exit status that is \
             not 0. By convention that means an error.",
        look_at: "client.log, where the output of the program is.",
        to_do: "Correct what client.log shows. If the exit status of this program does not \
             mean an error, ignore this finding.",
        filter: None,
        evidence: &[
            ("exit_code", "the exit status"),
            (
                "last_line",
                "the last line of client.log; null: none is known",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let exit = own_end_of_client(&input.seen?)?;
    let Exit::Code(code @ (1.. | ..=-1)) = exit else {
        return None;
    };
    let last = last_line(&input.seen?, Side::Client);
    let sentence = client_exit::ended(exit, last_words_of(&input.seen?, Side::Client, last));
    Some(
        says(sentence)
            .with("exit_code", code)
            .with("last_line", last),
    )
}
