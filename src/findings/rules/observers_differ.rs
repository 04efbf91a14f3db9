//! `observers_differ`: two observers at once, as a check, and one of them is wrong.

use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::model::observation::Trouble;
use crate::wording::observers_differ;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Two observers do not tell the same",
        severities: &[Severity::Error],
        means: "With --observe both a program is traced with ptrace(2) and watched by programs in \
             the kernel (eBPF) at once, as a check of threadtap itself. What each tells of tasks, \
             programs and connections is compared, event by event; what only eBPF can see \
             (io_uring, calls at which the tracer does not stop) is left out. The rest has to be \
             the same, and is not: one of the two is wrong, and so may be figures of this run.",
        look_at: "The examples: who tells it, and what.",
        to_do: "Report it, with the programs and the folder of the run: it is a fault of threadtap.",
        filter: None,
        evidence: &[
            ("side", "client or server"),
            ("agreed", "how many things both tell"),
            ("differ", "how many only one of them tells"),
            ("examples", "the first of these: who tells it, and what"),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let Some(seen) = input.seen else {
        return Vec::new();
    };
    let troubles = seen.observation.troubles.iter();
    let differing = troubles.filter_map(|trouble| match trouble {
        Trouble::ObserversDiffer {
            side,
            agreed,
            differ,
            examples,
        } => {
            let example = examples.first().map_or("", String::as_str);
            let sentence = observers_differ::differ(*side, *differ, *agreed, example);
            let said = says(sentence).with("side", side.to_string());
            let said = said.with("agreed", *agreed).with("differ", *differ);
            Some(said.with("examples", examples.clone()))
        }
        _ => None,
    });
    differing.collect()
}
