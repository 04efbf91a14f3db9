//! `sampled`: threads of a program were counted by looking now and then.

use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::observation::Trouble;
use crate::model::{Provenance, ServerKind, Severity, Side};
use crate::wording::sampled;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Threads were counted by looking now and then",
        severities: &[Severity::Info],
        means: "The program was not traced: threadtap read /proc again and again, every few \
             milliseconds, and counted what was there. A thread or process that began and ended \
             between two looks was not seen, so the highest number may have been higher. It is told \
             where there were more connections than threads at once. Which \
             thread made or served a connection is not known.",
        look_at: "*sampled* beside the counts in the census.",
        to_do: "For exact counts, let threadtap trace the program: leave --observe sampled out.",
        filter: None,
        evidence: &[("sides", "`client`, `server` or both")],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let (run, seen) = (input.run, input.seen?);
    // Where tracing was refused, that is told; of a server that ran already, too.
    let refused = |side: Side| {
        let mut troubles = seen.observation.troubles.iter();
        troubles.any(|t| matches!(t, Trouble::NotTraced { side: of, .. } if *of == side))
    };
    let census = &run.census;
    let is_sampled = |side: Side| {
        let (of, started_here) = match side {
            Side::Client => (&census.client, !run.plan.watched),
            Side::Server => (&census.server, run.plan.server != ServerKind::Existing),
        };
        // Where each connection may have had a thread that was seen, none need be missing.
        let connections = run.connections.established;
        let fewer = connections > of.threads.peak && of.threads.peak.is_some();
        of.provenance == Some(Provenance::Sampled) && started_here && fewer && !refused(side)
    };
    let sides = [Side::Client, Side::Server].into_iter();
    let sides: Vec<Side> = sides.filter(|side| is_sampled(*side)).collect();
    let names: Vec<String> = sides.iter().map(Side::to_string).collect();
    (!sides.is_empty()).then(|| says(sampled::sides(sides)).with("sides", names))
}
