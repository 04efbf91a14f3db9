//! `peak_below_requests`: a worker a request, and yet never all at once.

use crate::findings::FindingsInput;
use crate::findings::evidence::workers_at_once;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Counts, Outcome, Phrase, Severity, Strategy};
use crate::wording::peak_below_requests;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The workers did not all exist at the same time",
        severities: &[Severity::Info],
        means: "The client starts one thread or process for each request, but a request is \
             so short that the first workers end while later ones are still being \
             started. So the peak is below the number of requests. This is normal.",
        look_at: "The timeline of the client's census.",
        to_do: "Use --gate if all workers are to exist at once: each then waits until the \
             last one has been started. In a program of your own, let each worker wait at a \
             barrier (Python: threading.Barrier).",
        filter: None,
        evidence: &[
            (
                "peak",
                "the most threads or processes of the client at one moment, as the census has it",
            ),
            (
                "all",
                "how many there were altogether, the first one included",
            ),
            (
                "requests",
                "the number of requests, or of connections that a program made",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let (plan, census) = (&input.run.plan, &input.run.census.client);
    if plan.client_command.is_some() {
        return of_a_program(input);
    }
    let (counts, processes) = match plan.strategy? {
        Strategy::Thread => (census.threads, false),
        Strategy::Process => (census.processes, true),
        // Others do not start a worker for each request.
        _ => return None,
    };
    let failed = &input.run.requests.failed;
    let refused = [
        Outcome::NoThread,
        Outcome::NoProcess,
        Outcome::ReserveKept,
        Outcome::NotAttempted,
    ]
    .iter()
    .any(|outcome| failed.get(outcome.name()).is_some_and(|&n| n > 0));
    let requests = plan.requests?;
    // The client's own first thread or process is no worker.
    let workers = counts.peak?.checked_sub(counts.before?)?;
    if plan.gate || plan.max_in_flight.is_some() || refused || workers >= requests {
        return None;
    }
    told(counts, requests, processes, peak_below_requests::gate())
}

/// Of a program: a thread or process was created for each connection, by what was
/// seen. Where they were not all there at one moment, the first to end had ended
/// before the last began.
fn of_a_program(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let census = &input.run.census.client;
    let (counts, processes) = match input.run.plan.strategy? {
        Strategy::Thread => (census.threads, false),
        Strategy::Process => (census.processes, true),
        _ => return None,
    };
    let (workers, peak) = workers_at_once(input.seen?.client?);
    if peak >= workers {
        return None;
    }
    told(counts, workers, processes, peak_below_requests::normal())
}

/// The figures are those of the census, so that a reader finds one number for one thing.
fn told(counts: Counts, requests: u64, processes: bool, advice: Phrase) -> Option<Conclusion> {
    let peak = counts.peak?;
    let all = counts.before?.checked_add(counts.created?)?;
    if peak >= all {
        return None;
    }
    let said = vec![peak_below_requests::at_most(peak, all, processes), advice];
    Some(
        says(said)
            .with("peak", peak)
            .with("all", all)
            .with("requests", requests),
    )
}
