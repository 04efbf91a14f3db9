//! `client_signal`: a signal ended the client program.

use crate::findings::FindingsInput;
use crate::findings::ending::{last_line, last_words_of};
use crate::findings::evidence::own_end_of_client;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Exit, Severity, Side};
use crate::wording::client_signal;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A signal ended the client",
        severities: &[Severity::Error],
        means: "The first process of the client program did not end by itself: a signal \
             ended it, and threadtap did not send it. SIGSEGV and SIGABRT mean a fault in \
             the program, SIGKILL often means that memory ran out.",
        look_at: "client.log; the kernel log (`dmesg`); a core file, if there is one.",
        to_do: "Correct the program. A debugger shows the place: run it alone first.",
        filter: None,
        evidence: &[
            ("signal", "the number of the signal"),
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
    let Exit::Signal(signal) = exit else {
        return None;
    };
    let last = last_line(&input.seen?, Side::Client);
    let sentence = client_signal::ended(exit, last_words_of(&input.seen?, Side::Client, last));
    Some(
        says(sentence)
            .with("signal", signal)
            .with("last_line", last),
    )
}
