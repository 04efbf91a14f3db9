//! `client_signal`: a signal ended the client program.

use crate::findings::FindingsInput;
use crate::findings::evidence::own_end_of_client;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Exit, Severity};

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A signal ended the client",
        severities: &[Severity::Error],
        means: "The first process of the client program did not end by itself: a signal \
             ended it, and threadtap did not send it. SIGSEGV and SIGABRT mean a fault in \
             the program, SIGKILL often means that memory ran out.",
        look_at: "client.log; the kernel log (`dmesg`); a core file, if there is one.",
        to_do: "Correct the program. A debugger shows the place: run it alone first.",
        evidence: &[("signal", "the number of the signal")],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let exit = own_end_of_client(&input.seen?)?;
    let Exit::Signal(signal) = exit else {
        return None;
    };
    let message = format!("The client was ended by {exit}; client.log may say why.");
    Some(says(message).with("signal", signal))
}
