//! `peak_below_requests`: a worker a request, and yet never all at once.

use crate::findings::FindingsInput;
use crate::model::{Finding, Outcome, Severity, Strategy};
use crate::text::units::count;

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Option<Finding> {
    let (plan, census) = (&input.run.plan, &input.run.census.client);
    // Of a program it is not known that it meant them to be there at once.
    if plan.client_command.is_some() {
        return None;
    }
    let (counts, workers) = match plan.strategy? {
        Strategy::Thread => (census.threads, "threads"),
        Strategy::Process => (census.processes, "processes"),
        Strategy::Pool | Strategy::Async | Strategy::Iterative => return None,
    };
    let failed = &input.run.requests.failed;
    let refused = [Outcome::NoThread, Outcome::NoProcess, Outcome::NotAttempted]
        .iter()
        .any(|outcome| failed.get(outcome.name()).is_some_and(|&n| n > 0));
    let requests = plan.requests?;
    // The client's own first thread or process is no worker.
    let peak = counts.peak?.checked_sub(counts.before?)?;
    if plan.gate || plan.max_in_flight.is_some() || refused || peak >= requests {
        return None;
    }
    let message = format!(
        "At most {} of {} client {workers} existed at once, because the first had ended before \
         the last was started; use --gate to hold them until all have been started.",
        count(peak),
        count(requests),
    );
    Some(
        Finding::new("peak_below_requests", Severity::Info, message)
            .with("peak", peak)
            .with("requests", requests),
    )
}
