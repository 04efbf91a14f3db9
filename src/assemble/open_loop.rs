//! Requests that were due at fixed times: how long they took from then on, and from
//! when they were begun.

use crate::model::observation::{AskedClient, Observation};
use crate::model::{Durations, OpenLoop, Outcome, Rate, Timestamp};

/// When requests were due, by their numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct DueTimes {
    first: Timestamp,
    rate: Rate,
}

impl DueTimes {
    /// Of a built-in client that makes requests at a rate.
    pub(super) fn of(observation: &Observation) -> Option<Self> {
        let AskedClient::BuiltIn { rate, .. } = observation.header.asked.client else {
            return None;
        };
        let first = observation.client.totals?.first_due?;
        Some(Self { first, rate: rate? })
    }

    /// When this one was.
    pub(super) fn due(self, request: u64) -> Timestamp {
        self.first.plus(self.rate.due(request))
    }
}

/// What is told of them; `None` where each was made as soon as it could be.
pub(super) fn told(observation: &Observation) -> Option<OpenLoop> {
    let AskedClient::BuiltIn {
        requests,
        rate,
        duration_ns,
        ..
    } = observation.header.asked.client
    else {
        return None;
    };
    let due = DueTimes::of(observation);
    let mut response = Durations::default();
    let mut service = Durations::default();
    let mut delay = Durations::default();
    let mut begun = 0;
    for note in &observation.client.requests {
        let Some(started) = note.started else {
            continue;
        };
        begun += 1;
        let Some(due) = due.map(|times| times.due(note.number)) else {
            continue;
        };
        delay.add(started.since(due));
        let answered = matches!(note.outcome, Outcome::Valid | Outcome::BadAnswer);
        if let Some(ended) = note.ended.filter(|_| answered) {
            service.add(ended.since(started));
            response.add(ended.since(due));
        }
    }
    let all_noted = observation.client.totals.is_some();
    Some(OpenLoop {
        rate: rate?,
        duration_ns,
        first_due_ns: due.map(|times| times.first),
        response: response.quantiles(),
        service: service.quantiles(),
        start_delay: delay.quantiles(),
        not_begun: all_noted.then(|| requests.saturating_sub(begun)),
    })
}
