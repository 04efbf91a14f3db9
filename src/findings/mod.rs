//! Conclusions from a run: what a person should know beside the figures.
//!
//! In comes a run that is otherwise finished: what was seen in it, its record,
//! its flows, its workers. Out go [`Finding`]s, the most severe first. One small
//! file a rule, and one line in the registry ([`Code`]): each looks at the
//! evidence and says a sentence or two, with what to do about it where something
//! can be done. A rule whose evidence was not measured says nothing, unless that
//! is its subject. No rule calls another; what two of them ask stands in
//! `evidence`.
//!
//! What each code means is told in its rule's file, and in the files of the other
//! languages ([`Topic`]); `threadtap explain` prints it, and `docs/findings.md` and its
//! sisters are made of it.

mod about;
mod answer_format;
mod beside;
mod ending;
mod evidence;
mod limit_hit;
mod queue;
mod rule;
mod rules;
mod wire;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

pub use about::{PageWords, Topic, Words};
pub use rules::Code;

use rule::{About, Conclusion, Judge};

use crate::activity::Activity;
use crate::model::observation::Observation;
use crate::model::{Finding, FlowRecord, Packed, RunRecord, Severity, WorkerRecord};
use crate::wording;

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
    /// Those of them that are the client's own, as far as that can be told: others may
    /// talk to the same server. `None`: all are taken for its own.
    pub own: Option<&'a [&'a FlowRecord]>,
    /// Its workers, of both sides.
    pub workers: &'a Packed<WorkerRecord>,
}

impl<'a> FindingsInput<'a> {
    /// The flows that are the client's own.
    fn own_flows(&self) -> impl Iterator<Item = &'a FlowRecord> {
        let own = self.own.into_iter().flatten().copied();
        let all = self.own.is_none().then_some(self.flows);
        own.chain(all.into_iter().flatten())
    }
}

/// Everything that can be concluded, the most severe first.
#[must_use]
pub fn findings(input: &FindingsInput<'_>) -> Vec<Finding> {
    let seen = input.seen.map(|seen| seen.observation);
    let no_client_ran = seen.is_some_and(Observation::no_client_ran);
    let mut found: Vec<Finding> = Code::ALL
        .iter()
        .filter(|code| !no_client_ran || code.speaks_without_a_client())
        .flat_map(|code| code.judge(input))
        .collect();
    found.sort_by_key(|finding| Reverse(finding.severity));
    found
}

impl Code {
    /// What it means, and what to do about it.
    const fn about(self) -> &'static About {
        &self.rule().about
    }

    /// What this rule concludes.
    fn judge(self, input: &FindingsInput<'_>) -> Vec<Finding> {
        let conclusions = match self.rule().judge {
            Judge::Once(judge) => judge(input).into_iter().collect(),
            Judge::Each(judge) => judge(input),
        };
        conclusions.into_iter().map(|c| self.finding(c)).collect()
    }

    fn finding(self, conclusion: Conclusion) -> Finding {
        let severity = conclusion.severity.unwrap_or(self.usual());
        Finding {
            evidence: conclusion.evidence,
            ..wording::finding(self.name(), severity, conclusion.said.0)
        }
    }

    /// Whether it has something to say of a run in which no client ran, because a
    /// program could not be started. Everything else in such a run follows from that.
    const fn speaks_without_a_client(self) -> bool {
        matches!(
            self,
            Self::ProgramNotStarted
                | Self::ServerNotListening
                | Self::IsolatedOutside
                | Self::TraceNotAllowed
                | Self::CaptureFailed
                | Self::CaptureNotSaved
                | Self::NotEnded
        )
    }

    /// The severity that it has, unless its rule says another one.
    const fn usual(self) -> Severity {
        self.about().severities[0]
    }
}
