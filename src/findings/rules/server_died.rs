//! `server_died`: the server did not live as long as the run.

use crate::findings::FindingsInput;
use crate::findings::ending::{last_line, last_words_of};
use crate::findings::evidence::early_end_of_server;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Exit, Severity, Side};
use crate::wording::server_died;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The server ended during the run",
        severities: &[Severity::Error],
        means: "The server ended while the client still needed it, with an error or by a \
             signal that threadtap did not send. Where the run was interrupted, only a \
             fault of its own counts: what interrupts a run may reach the server as well. What the client asked after that failed.",
        look_at: "server.log; the last flows; the kernel log (`dmesg`) if the signal was \
             SIGKILL.",
        to_do: "Correct the server. Start it alone and send it the same requests to find the \
             cause.",
        filter: Some("tcp.srcport == {port} && tcp.flags.reset == 1"),
        evidence: &[
            ("exit", "the exit status or the signal"),
            (
                "last_line",
                "the last line of server.log; null: none is known",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let seen = input.seen?;
    let exit = early_end_of_server(&seen)?;
    let built_in = seen.observation.server.is_built_in();
    let last = last_line(&seen, Side::Server);
    let sentence = server_died::ended(exit, last_words_of(&seen, Side::Server, last));
    // A program that ends with status 0 has ended, not died.
    (built_in || exit != Exit::Code(0)).then(|| {
        says(sentence)
            .with("exit", exit.to_string())
            .with("last_line", last)
    })
}
