//! `records_lost`: programs in the kernel told more than was taken from them in time.

use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::model::observation::Trouble;
use crate::wording::records_lost;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The kernel told more than could be recorded",
        severities: &[Severity::Error],
        means: "Programs in the kernel (eBPF) tell each thread, process and connection of your \
             programs through a memory area of fixed size. It was full for a moment, so some of \
             it was lost, and a count would be too low. threadtap gives no census and no owners \
             instead of wrong ones.",
        look_at: "What else ran on this computer at that time: threadtap has to get a processor \
             every few milliseconds.",
        to_do: "Run it again with less beside it, or with --observe ptrace, which loses nothing: \
             your programs wait until each event is recorded.",
        filter: None,
        evidence: &[(
            "records",
            "how many are lost; absent where the kernel did not say",
        )],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let troubles = &input.seen?.observation.troubles;
    let lost = troubles.iter().filter_map(|trouble| match trouble {
        Trouble::RecordsLost { lost, .. } => Some(*lost),
        _ => None,
    });
    // Both sides read the same count, one after the other.
    let lost = lost.max()?;
    let said = says(records_lost::lost(lost));
    Some(match lost {
        Some(lost) => said.with("records", lost),
        None => said,
    })
}
