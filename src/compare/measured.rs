//! A run of a comparison, measured.

use crate::model::{Nanos, RunRecord};

/// The finding of a run whose client did not end in its time, and the one of a
/// comparison with such a run.
pub(super) const TIME_LIMIT: &str = "time_limit";

/// A run that was made, and what its flows told.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Whose run: the contender's place in the list.
    pub contender: usize,
    /// Its folder, below the comparison's.
    pub folder: String,
    /// Its record; the timelines may be thinned.
    pub run: RunRecord,
    /// The largest number of flows open at once; `None` without a capture.
    pub open_flows: Option<u64>,
    /// SYNs that were sent again; `None` without a capture.
    pub syn_retransmissions: Option<u64>,
    /// Whether all of it held: its exit status was 0.
    pub held: bool,
}

impl Measured {
    /// From the client's exec to its end; `None` where that is not known, and of a
    /// client that was ended because its time was over.
    #[must_use]
    pub fn duration(&self) -> Option<Nanos> {
        let own_end = !self.was_too_long();
        self.run.observer.client_duration_ns.filter(|_| own_end)
    }

    /// Whether the client was ended because its time was over.
    pub(super) fn was_too_long(&self) -> bool {
        let mut findings = self.run.findings.iter();
        findings.any(|f| f.code == TIME_LIMIT)
    }

    /// Requests without a valid answer; `None` where nobody could count them.
    pub(super) fn failed(&self) -> Option<u64> {
        let requests = &self.run.requests;
        // A number is more than none.
        requests.sum_of_failures().max(self.missing())
    }

    /// What a program was told to ask for and the wire shows no valid answer to:
    /// its connections tell of those that it made only. `valid` is known only where
    /// answers can be judged. `None` where that is not known, as it is not where frames were dropped.
    pub(super) fn missing(&self) -> Option<u64> {
        let capture = self.run.capture.as_ref()?;
        let lost = [capture.dropped_by_kernel, capture.dropped_by_interface];
        if self.run.plan.client_command.is_none() || lost.iter().any(|n| *n > Some(0)) {
            return None;
        }
        let requests = &self.run.requests;
        let known = requests
            .valid?
            .saturating_add(requests.unknown.unwrap_or(0));
        Some(requests.submitted?.saturating_sub(known))
    }

    /// Whether it made no connection at all.
    pub(super) fn connected_nowhere(&self) -> bool {
        let requests = &self.run.requests;
        requests.attempted.or(requests.on_wire) == Some(0)
    }
}
