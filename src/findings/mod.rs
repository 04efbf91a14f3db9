//! Conclusions from a run: what a person should know beside the figures.
//!
//! In comes a run that is otherwise finished (its record, its flows, its
//! workers) and what was found out while it ran; out go [`Finding`]s, the most
//! severe first. One small file a rule: each looks at the evidence and says
//! one sentence, with what to do about it where something can be done. A rule
//! whose evidence was not measured says nothing, unless that is its subject.

mod rules;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

pub use rules::interrupted::finding as interruption;
use rules::{
    capture_lossy, count_mismatch, drops_unknown, interrupted, linger_timeout, no_connection,
    not_joined, peak_below_requests, ports_reused, requests_failed, source_addresses,
    syn_retransmitted, unanswered_flows, unowned_flows,
};

use crate::activity::Activity;
use crate::model::observation::Observation;
use crate::model::{CaptureSummary, Finding, FlowRecord, RunRecord, StopReason, WorkerRecord};

/// What was seen in a run, and what the tasks of its sides did.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Everything that was seen.
    pub observation: &'a Observation,
    /// What the client's tasks did; `None` where it was not traced.
    pub client: Option<&'a Activity>,
    /// What the server's tasks did; `None` where it was not traced.
    pub server: Option<&'a Activity>,
}

/// What conclusions are drawn from.
#[derive(Clone, Copy, Debug)]
pub struct FindingsInput<'a> {
    /// What was seen; `None` for a record that is read without it.
    pub seen: Option<Seen<'a>>,
    /// The run's record; its own findings are not looked at.
    pub run: &'a RunRecord,
    /// Its flows.
    pub flows: &'a [FlowRecord],
    /// Its workers, of both sides.
    pub workers: &'a [WorkerRecord],
    /// What was found out while it ran ("the server ran out of descriptors").
    pub extra: &'a [Finding],
}

impl FindingsInput<'_> {
    /// Whether the run was ended before its time, by a person or a fault.
    fn was_cut_short(&self) -> bool {
        let capture = self.run.capture.as_ref();
        self.extra.iter().any(|f| f.code == "interrupted")
            || capture.is_some_and(|c| c.stop_reason == StopReason::Interrupted)
    }

    /// The capture, where it is known that nothing was lost.
    fn lossless_capture(&self) -> Option<&CaptureSummary> {
        self.run
            .capture
            .as_ref()
            .filter(|c| c.dropped_by_kernel == Some(0) && c.dropped_by_interface == Some(0))
    }
}

/// A rule: evidence in, conclusions out.
type Rule = fn(&FindingsInput<'_>) -> Vec<Finding>;

/// Every rule; among findings of one severity, this is their order.
const RULES: [Rule; 14] = [
    |input| capture_lossy::rule(input).into_iter().collect(),
    |input| count_mismatch::rule(input).into_iter().collect(),
    |input| not_joined::rule(input).into_iter().collect(),
    |input| no_connection::rule(input).into_iter().collect(),
    requests_failed::rule,
    |input| interrupted::rule(input).into_iter().collect(),
    |input| linger_timeout::rule(input).into_iter().collect(),
    |input| drops_unknown::rule(input).into_iter().collect(),
    |input| syn_retransmitted::rule(input).into_iter().collect(),
    |input| unanswered_flows::rule(input).into_iter().collect(),
    unowned_flows::rule,
    |input| peak_below_requests::rule(input).into_iter().collect(),
    |input| ports_reused::rule(input).into_iter().collect(),
    |input| source_addresses::rule(input).into_iter().collect(),
];

/// Everything that can be concluded, the most severe first.
#[must_use]
pub fn findings(input: &FindingsInput<'_>) -> Vec<Finding> {
    let mut found = input.extra.to_vec();
    found.extend(RULES.iter().flat_map(|rule| rule(input)));
    found.sort_by_key(|finding| Reverse(finding.severity));
    found
}

/// How many there are, as evidence holds it.
fn len<T>(of: &[T]) -> u64 {
    u64::try_from(of.len()).unwrap_or(u64::MAX)
}

/// How many of these there are, as evidence holds it.
fn count_of(of: impl Iterator) -> u64 {
    u64::try_from(of.count()).unwrap_or(u64::MAX)
}
