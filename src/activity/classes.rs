//! How requests ended, each in one class: valid, failed for one reason, or not known.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::outcomes::{Wire, has_an_answer};
use crate::model::{FlowId, FlowRecord, Outcome};

/// How many requests are in which class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Classes {
    /// A valid answer came.
    pub valid: u64,
    /// None came, by the reason's name.
    pub failed: BTreeMap<String, u64>,
    /// How they ended is not known.
    pub unknown: u64,
}

impl Classes {
    /// So many more have failed for this reason.
    pub fn fail(&mut self, reason: Outcome, requests: u64) {
        if requests > 0 {
            *self.failed.entry(reason.name().to_owned()).or_default() += requests;
        }
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.valid + self.failed.values().sum::<u64>() + self.unknown
    }

    /// Whether of one of them is known whether its answer was right.
    #[must_use]
    pub fn any_is_judged(&self) -> bool {
        self.valid > 0 || self.failed.contains_key(Outcome::BadAnswer.name())
    }
}

impl Wire<'_> {
    /// Sorts what a client asked for. `own`: its flows; `None` where they were not
    /// captured, so that what connect(2) returned is all that is known. `again`:
    /// attempts that were made once more elsewhere, and that no request failed by.
    #[must_use]
    pub fn classes(&self, own: Option<&[&FlowRecord]>, again: &HashSet<usize>) -> Classes {
        let mut classes = Classes::default();
        let made: HashMap<FlowId, usize> = (0..self.made())
            .filter_map(|at| Some((self.flow_of(at)?.flow, at)))
            .collect();
        let mut told: HashSet<usize> = again.clone();
        for flow in own.unwrap_or_default() {
            let at = made.get(&flow.flow).copied();
            if at.is_none_or(|at| !again.contains(&at)) {
                self.sort(flow, at, &mut classes);
            }
            told.extend(at);
        }
        for at in (0..self.made()).filter(|at| !told.contains(at)) {
            match self.outcome(at) {
                Some(Outcome::Valid) => classes.valid += 1,
                Some(reason) => classes.fail(reason, 1),
                // It was made, and what came of it is not in the capture.
                None => classes.unknown += u64::from(own.is_some() && self.speaks_time()),
            }
        }
        classes
    }

    /// One that carried several may have some of each kind; one that came to none has
    /// failed as a whole, or was not meant to carry any.
    fn sort(&self, flow: &FlowRecord, made: Option<usize>, classes: &mut Classes) {
        if flow.exchanges.is_empty() && flow.exchanges_omitted == 0 {
            match self.outcome_on(flow, made) {
                Some(Outcome::Valid) => {}
                Some(reason) => classes.fail(reason, 1),
                // Whether it was made, or was to be, the next frames would tell, or those
                // that were lost.
                None if self.may_come(flow) && self.is_missed(flow) => classes.unknown += 1,
                None => {}
            }
            return;
        }
        // Of another protocol nobody here knows what is asked and what is an answer.
        if !self.speaks_time() {
            return;
        }
        for exchange in &flow.exchanges {
            match (exchange.valid, exchange.response_ns) {
                (_, None) if self.may_come(flow) => classes.unknown += 1,
                // It came when nobody was there any more.
                (Some(_), Some(_)) if !has_an_answer(exchange) => {
                    classes.fail(self.without_answer(flow, made), 1);
                }
                (Some(true), _) => classes.valid += 1,
                (Some(false), Some(_)) => classes.fail(Outcome::BadAnswer, 1),
                // Not an answer that the capture does not have: then it has a word for it.
                (Some(false), None) => classes.fail(self.without_answer(flow, made), 1),
                (None, None) if exchange.problem.is_none() && flow.incomplete.is_empty() => {
                    classes.fail(self.without_answer(flow, made), 1);
                }
                (None, _) => classes.unknown += 1,
            }
        }
        classes.unknown += flow.exchanges_omitted;
    }
}
