//! `observer_cost`: looking on took so much time that times are not those of a run
//! without it.

use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Nanos, ServerKind, Severity};
use crate::wording::observer_cost;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Observing took much of the time",
        severities: &[Severity::Info],
        means: "A traced program is stopped at each call that tells of a thread, a process or a \
             connection, and goes on when threadtap has looked (ptrace(2)). The CPU time that \
             this took is at least half of the time that the client ran, so that durations and \
             latencies are longer than without threadtap. Counts are not affected.",
        look_at: "observer in run.json: tracer_cpu_ns and tracer_stops beside \
             client_duration_ns.",
        to_do: "For times, run it again with --observe sampled, and compare runs that were made in \
             the same way only.",
        filter: None,
        evidence: &[
            (
                "tracer_cpu_ns",
                "CPU time of the tracers, from the start of each program",
            ),
            ("tracer_stops", "how often they stopped a thread"),
            ("client_duration_ns", "how long the client ran"),
        ],
    },
    judge: Judge::Once(judge),
};

/// A client that ends sooner tells nothing of times.
const LONG_ENOUGH: Nanos = Nanos::new(100_000_000);

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let observer = &input.run.observer;
    let (cpu, stops) = (observer.tracer_cpu_ns?, observer.tracer_stops?);
    let client = observer.client_duration_ns.filter(|d| *d >= LONG_ENOUGH)?;
    // A server that was started is traced from its own beginning.
    let before = input.run.plan.server == ServerKind::Command;
    let sentence = observer_cost::cost(client, cpu, stops, before);
    (cpu.get().saturating_mul(2) >= client.get()).then(|| {
        says(sentence)
            .with("tracer_cpu_ns", cpu.get())
            .with("tracer_stops", stops)
            .with("client_duration_ns", client.get())
    })
}
