//! `processes_killed`: processes of a client that a signal ended while the client ran.

use crate::findings::FindingsInput;
use crate::findings::ending::killed;
use crate::findings::evidence::{has_blind_spots, was_cut_short};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Exit, Severity, Side};
use crate::wording::processes_killed;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A signal ended processes of the client",
        severities: &[Severity::Warning],
        means: "Processes that the client had created did not end by themselves: a signal \
             ended them, and threadtap did not send it. With SIGTERM that may be the \
             program itself: Python ends the processes of a multiprocessing.Pool so when \
             the main program ends without close() and join(), and what was still in the \
             queue is never done. SIGSEGV and SIGABRT mean a fault, SIGKILL often that \
             memory ran out.",
        look_at: "client.log; the timeline of the client's census; the program: does it wait \
             for its processes?",
        to_do: "Let the main program wait for its processes before it ends, or correct what \
             ended them.",
        filter: None,
        evidence: &[
            ("signal", "the number of the signal"),
            ("processes", "how many it ended"),
            (
                "connections",
                "the connections that they had made; null: not seen",
            ),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let Some(seen) = input.seen.filter(|_| !was_cut_short(input)) else {
        return Vec::new();
    };
    let conclusion = |(signal, (processes, connections)): (i32, (u64, u64))| {
        let exit = Exit::Signal(signal);
        // What they did unseen is in no count.
        let connections = Some(connections).filter(|_| !has_blind_spots(input, Side::Client));
        let mut sentences = vec![processes_killed::killed(processes, exit, connections)];
        if signal == libc::SIGTERM {
            sentences.push(processes_killed::pool());
        }
        says(sentences)
            .with("signal", signal)
            .with("processes", processes)
            .with("connections", connections)
    };
    killed(&seen).into_iter().map(conclusion).collect()
}
