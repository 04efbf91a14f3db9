//! `ledger_full`: a built-in side did more than it had room to note.

use crate::findings::FindingsInput;
use crate::findings::evidence::totals;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};
use crate::wording::ledger_full;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A built-in side had more work than it could record",
        severities: &[Severity::Error],
        means: "The built-in client and server record each thread and each connection in a \
             memory area of fixed size. More came than it holds, so a count would be too \
             low. threadtap gives no census of that side instead of a wrong one.",
        look_at: "The number of flows beside the number of requests: who else connected to \
             this port?",
        to_do: "Make sure that no other client uses the port of the server during the run.",
        filter: Some("tcp.port == {port} && tcp.flags.syn == 1 && tcp.flags.ack == 0"),
        evidence: &[(
            "unrecorded",
            "how many threads, processes and connections are not recorded",
        )],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let Some(seen) = input.seen else {
        return Vec::new();
    };
    let of_side = |side| {
        let unrecorded = totals(&seen, side)?.unrecorded;
        let sentence = ledger_full::full(side, unrecorded);
        (unrecorded > 0).then(|| says(sentence).with("unrecorded", unrecorded))
    };
    [Side::Client, Side::Server]
        .into_iter()
        .filter_map(of_side)
        .collect()
}
