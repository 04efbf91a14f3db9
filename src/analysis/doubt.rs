//! Which figures of a summary are not known exactly, and why.
//!
//! What could not be told of each flow comes in, and what was counted; out go the
//! figures that it touches.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Hides, Incomplete, IncompleteFigure};

/// Requests and their answers. What could not be told of all of them is `null`:
/// `incomplete` says why, and what it is at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Exchanges {
    /// Requests.
    pub requests: Option<u64>,
    /// Of these, with an answer, right or wrong.
    pub answered: Option<u64>,
    /// TIME requests with a valid answer.
    pub time_valid: Option<u64>,
    /// TIME requests with a wrong answer or none.
    pub time_invalid: Option<u64>,
}

/// Exchanges as far as they were seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    pub requests: u64,
    pub answered: u64,
    pub time_valid: u64,
    pub time_invalid: u64,
}

const REQUESTS: &str = "exchanges.requests";
const ANSWERED: &str = "exchanges.answered";
const VALID: &str = "exchanges.time_valid";
const INVALID: &str = "exchanges.time_invalid";
const ANSWER_TIMES: &str = "latency.exchange";

/// All that can be touched. The first four are counts, and `null` when they are.
pub(super) const FIGURES: [&str; 15] = [
    REQUESTS,
    ANSWERED,
    VALID,
    INVALID,
    ANSWER_TIMES,
    "flows",
    "states",
    "closes",
    "handshakes",
    "syn_retransmissions",
    "retransmissions",
    "out_of_order",
    "duplicate_acks",
    "latency.handshake",
    "initial_rtt",
];

/// The figures of a summary that a reason touches.
fn touched(reason: Incomplete) -> &'static [&'static str] {
    match reason.hides() {
        // What came later of such a flow is told as another one.
        _ if reason == Incomplete::Evicted => &FIGURES,
        Some(Hides::Requests) => &FIGURES[..5],
        Some(Hides::Answers) => &FIGURES[1..5],
        Some(Hides::Verdicts) => &FIGURES[2..4],
        None => &[],
    }
}

/// The figures that are not known exactly. `reasons`: in how many flows what could
/// not be told.
pub(super) fn figures(
    reasons: &BTreeMap<Incomplete, u64>,
    seen: Counted,
) -> BTreeMap<String, IncompleteFigure> {
    let mut figures: BTreeMap<String, IncompleteFigure> = BTreeMap::new();
    for (reason, flows) in reasons {
        for path in touched(*reason) {
            let figure = figures.entry((*path).to_owned()).or_default();
            figure.flows.insert(reason.name().to_owned(), *flows);
            figure.at_least = match *path {
                REQUESTS => Some(seen.requests),
                ANSWERED => Some(seen.answered),
                VALID => Some(seen.time_valid),
                INVALID => Some(seen.time_invalid),
                _ => None,
            };
        }
    }
    figures
}

/// The counts of exchanges, those that are not known exactly as `null`.
pub(super) fn exchanges(
    seen: Counted,
    incomplete: &BTreeMap<String, IncompleteFigure>,
) -> Exchanges {
    let known = |path: &str, n: u64| (!incomplete.contains_key(path)).then_some(n);
    Exchanges {
        requests: known(REQUESTS, seen.requests),
        answered: known(ANSWERED, seen.answered),
        time_valid: known(VALID, seen.time_valid),
        time_invalid: known(INVALID, seen.time_invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: Counted = Counted {
        requests: 9,
        answered: 8,
        time_valid: 5,
        time_invalid: 1,
    };

    fn told(reasons: &[(Incomplete, u64)]) -> [Option<u64>; 4] {
        let reasons = reasons.iter().copied().collect();
        let told = exchanges(SEEN, &figures(&reasons, SEEN));
        [
            told.requests,
            told.answered,
            told.time_valid,
            told.time_invalid,
        ]
    }

    #[test]
    fn only_what_a_reason_touches_is_not_known() {
        let all = [Some(9), Some(8), Some(5), Some(1)];
        assert_eq!(told(&[]), all);
        assert_eq!(told(&[(Incomplete::HolesBound, 3)]), all);
        assert_eq!(
            told(&[(Incomplete::AnswerCut, 3)]),
            [Some(9), Some(8), None, None]
        );
        for hidden in [
            Incomplete::MoreAnswersCut,
            Incomplete::AnswersLost,
            Incomplete::ExchangesBound,
        ] {
            assert_eq!(told(&[(hidden, 1)]), [Some(9), None, None, None]);
        }
        for hidden in [
            Incomplete::MoreRequestsCut,
            Incomplete::RequestsLost,
            Incomplete::FirstBytesCut,
            Incomplete::FirstBytesLost,
            Incomplete::DisorderBound,
            Incomplete::Evicted,
        ] {
            assert_eq!(told(&[(hidden, 1)]), [None; 4]);
        }
    }

    #[test]
    fn it_is_told_what_it_is_at_least_and_in_how_many_flows() {
        let reasons = [(Incomplete::AnswerCut, 3), (Incomplete::AnswersLost, 2)];
        let figures = figures(&reasons.into(), SEEN);
        let valid = &figures[VALID];
        assert_eq!(valid.at_least, Some(5));
        let flows: Vec<_> = valid.flows.iter().map(|(r, n)| (r.as_str(), *n)).collect();
        assert_eq!(flows, [("answer_cut", 3), ("answers_lost", 2)]);
        assert_eq!(figures[ANSWER_TIMES].at_least, None);
        assert!(!figures.contains_key(REQUESTS));
    }

    #[test]
    fn every_reason_names_figures_that_there_are() {
        for path in Incomplete::ALL.into_iter().flat_map(touched) {
            assert!(FIGURES.contains(path), "{path}");
        }
    }
}
