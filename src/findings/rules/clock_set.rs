//! `clock_set`: the clock of all moments was set while the run went on.

use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::observation::Trouble;
use crate::model::{Nanos, Severity};
use crate::wording::clock_set;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The clock was set during the run",
        severities: &[Severity::Error],
        means: "Frames, threads and requests are told by the system's clock. It went on by \
             another step than a clock that nobody sets: somebody set it, a time service did \
             (NTP), or the system slept. A time from before that moment to after it is wrong \
             by as much. Where it was set back, what came later seems to come before, so it \
             is not told how many threads and processes there were at one moment. How many \
             were created and what was answered does not depend on it, nor who owns a flow, but \
             of connections that were made at that very moment.",
        look_at: "`journalctl -u systemd-timesyncd -u chronyd -u ntpd`, and whether the \
             machine is a virtual one that was stopped.",
        to_do: "Run it again when the clock is right.",
        filter: None,
        evidence: &[(
            "by_ns",
            "by how much it was set, in nanoseconds; less than 0: back",
        )],
    },
    judge: Judge::Each(judge),
};

/// A service that sets it again and again needs no more lines.
const MOST: usize = 4;

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let Some(seen) = input.seen else {
        return Vec::new();
    };
    let troubles = seen.observation.troubles.iter();
    let set = troubles.filter_map(|trouble| match trouble {
        Trouble::ClockSet { by_ns } => Some(*by_ns),
        _ => None,
    });
    set.take(MOST)
        .map(|by| {
            let size = Nanos::new(by.get().saturating_abs());
            says(clock_set::set(size, by.get() < 0)).with("by_ns", by.get())
        })
        .collect()
}
