//! Which figures of a run are not known exactly, and why: what the snapshot length
//! cut of its flows, frames that are not in the capture, bounds that were reached.

use std::collections::BTreeMap;

use crate::model::observation::Observation;
use crate::model::{
    Exchange, FlowRecord, Hides, Incomplete, IncompleteFigure, Requests, RunExchanges,
};

/// The counts of `exchanges`, in the order of their fields.
const COUNTS: [&str; 7] = [
    "exchanges.requests",
    "exchanges.answered",
    "exchanges.unanswered",
    "exchanges.last_words",
    "exchanges.valid",
    "exchanges.invalid",
    "exchanges.not_judged",
];

const ANSWERED: &str = "requests.answered";
const VALID: &str = "requests.valid";
const FAILED: &str = "requests.failed_total";
const LATENCY: &str = "latency.exchange";

/// Figures beside the exchanges that a flow which was handed on early touches: what
/// came of it later is another flow.
const OF_FLOWS: [&str; 5] = [
    "requests.on_wire",
    "requests.handshakes",
    "connections",
    "latency.handshake",
    "correlation",
];

/// What touches which figures of one run.
pub(super) type Figures = BTreeMap<String, IncompleteFigure>;

/// What was counted of the client's own flows.
fn counted(own: &[&FlowRecord]) -> [u64; 7] {
    let count = |of: fn(&Exchange) -> bool| {
        let all = own.iter().flat_map(|f| &f.exchanges);
        all.filter(|e| of(e)).count() as u64
    };
    let last_words = own.iter().filter(|f| f.has_last_word()).count() as u64;
    let omitted: u64 = own.iter().map(|f| f.exchanges_omitted).sum();
    [
        count(|_| true) + omitted,
        count(|e| e.response_ns.is_some()),
        count(|e| e.response_ns.is_none()) - last_words,
        last_words,
        count(|e| e.response_ns.is_some() && e.valid == Some(true)),
        count(|e| e.response_ns.is_some() && e.valid == Some(false)),
        count(|e| e.response_ns.is_some() && e.valid.is_none()),
    ]
}

/// How the requests were counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// On the wire, and not by those who made them.
    pub(super) by_the_wire: bool,
    /// Frames are known to have been lost.
    pub(super) lossy: bool,
}

impl Counted {
    /// What the capture tells of what it lost.
    pub(super) fn of(observation: &Observation, by_the_wire: bool) -> Self {
        Self {
            by_the_wire,
            lossy: super::lost::frames(observation),
        }
    }
}

/// The figures that are not known exactly.
fn figures(own: Option<&[&FlowRecord]>, requests: &Requests, how: Counted) -> Figures {
    let own = own.unwrap_or_default();
    let seen = counted(own);
    let mut figures = Figures::new();
    let mut touch = |path: &str, reason: Incomplete, at_least: Option<u64>, flows: u64| {
        let figure = figures.entry(path.to_owned()).or_default();
        figure.at_least = at_least;
        figure.flows.insert(reason.name().to_owned(), flows);
    };
    let mut reasons: BTreeMap<Incomplete, u64> = BTreeMap::new();
    for reason in own.iter().flat_map(|f| &f.incomplete) {
        *reasons.entry(*reason).or_default() += 1;
    }
    for (&reason, &flows) in &reasons {
        let counts = match reason.hides() {
            Some(Hides::Requests) => &COUNTS[..],
            Some(Hides::Answers) => &COUNTS[1..],
            Some(Hides::Verdicts) => &COUNTS[4..],
            None => continue,
        };
        for (path, least) in COUNTS.iter().zip(seen) {
            if counts.contains(path) {
                touch(path, reason, Some(least), flows);
            }
        }
        if counts.contains(&COUNTS[1]) {
            touch(ANSWERED, reason, Some(seen[1]), flows);
            touch(LATENCY, reason, None, flows);
        }
        if reason == Incomplete::Evicted {
            for path in OF_FLOWS {
                touch(path, reason, None, flows);
            }
        }
    }
    let unknown = requests.unknown.unwrap_or(0);
    if how.by_the_wire && unknown > 0 {
        let failed: u64 = requests.failed.values().sum();
        reasons.remove(&Incomplete::HolesBound);
        // What has no flow at all was lost, or it was never made.
        if reasons.is_empty() && how.lossy {
            reasons.insert(Incomplete::RequestsLost, unknown);
        }
        // And so was what is not on those that are there. An answer that was lost makes a
        // request too many of those without one, or of those not judged.
        if how.lossy {
            let too_many = [COUNTS[2], COUNTS[3], COUNTS[6]];
            for (path, least) in COUNTS.iter().zip(seen) {
                let figure = figures.entry((*path).to_owned()).or_default();
                figure.at_least = Some(least).filter(|_| !too_many.contains(path));
                let lost = Incomplete::RequestsLost.name().to_owned();
                figure.flows.entry(lost).or_insert(unknown);
            }
        }
        for (path, least) in [(VALID, requests.valid.unwrap_or(0)), (FAILED, failed)] {
            let figure = figures.entry(path.to_owned()).or_default();
            figure.at_least = Some(least);
            let why = reasons.iter().map(|(r, n)| (r.name().to_owned(), *n));
            figure.flows.extend(why);
        }
    }
    figures
}

/// The same, where what was `said` is more than what is on the flows that were begun.
pub(super) fn of_both(
    own: Option<&[&FlowRecord]>,
    said: Option<&[&FlowRecord]>,
    requests: &Requests,
    how: Counted,
) -> Figures {
    // What may still come is not known because it has not come, and not for want of frames.
    let is_of_all = |path: &str| path.starts_with("exchanges.") || path == LATENCY;
    let mut all = figures(said, requests, how);
    all.retain(|path, _| is_of_all(path));
    let begun = figures(own, requests, how);
    all.extend(begun.into_iter().filter(|(path, _)| !is_of_all(path)));
    all
}

/// What was said on the client's flows; nothing without a capture. What is not known
/// exactly is absent.
pub(super) fn exchanges(own: Option<&[&FlowRecord]>, incomplete: &Figures) -> RunExchanges {
    let Some(own) = own else {
        return RunExchanges::default();
    };
    let seen = counted(own);
    let known = |at: usize| (!incomplete.contains_key(COUNTS[at])).then_some(seen[at]);
    RunExchanges {
        requests: known(0),
        answered: known(1),
        unanswered: known(2),
        last_words: known(3),
        valid: known(4),
        invalid: known(5),
        not_judged: known(6),
        provenance: Some(crate::model::Provenance::Captured),
    }
}

/// The same of the requests.
pub(super) fn answered(requests: &Requests, incomplete: &Figures) -> Option<u64> {
    requests
        .answered
        .filter(|_| !incomplete.contains_key(ANSWERED))
}
