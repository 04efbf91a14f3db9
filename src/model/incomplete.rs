//! Why a figure is not known exactly.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{VariantArray, VariantNames};

use super::named::serialised;

/// Why something of a flow could not be told from its frames: the snapshot length
/// cut them, frames are missing, or a bound was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, VariantArray, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Incomplete {
    /// The snapshot length cut an answer: it was not seen whole.
    AnswerCut,
    /// Behind a cut answer there may be more answers.
    MoreAnswersCut,
    /// Behind a cut request there may be more requests.
    MoreRequestsCut,
    /// The snapshot length cut the client's first bytes, by which TIME is recognised.
    FirstBytesCut,
    /// Frames with answers, or parts of them, are not in the capture.
    AnswersLost,
    /// Frames with requests, or parts of them, are not in the capture.
    RequestsLost,
    /// The frames with the client's first bytes are not in the capture.
    FirstBytesLost,
    /// Segments came too far out of order to be put in order.
    DisorderBound,
    /// More exchanges than are kept of a flow, or of all.
    ExchangesBound,
    /// More holes in a stream than are followed.
    HolesBound,
    /// It was handed on while it was open, because there were too many flows: what came
    /// of it later is told as another flow.
    Evicted,
}

serialised!(Incomplete);

/// What of the exchanges of a flow cannot be told; each hides what stands above it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hides {
    /// Whether an answer is right.
    Verdicts,
    /// Whether, and when, a request was answered.
    Answers,
    /// How many requests there were.
    Requests,
}

impl Incomplete {
    /// What it hides of the exchanges; `None`: nothing.
    pub(crate) const fn hides(self) -> Option<Hides> {
        match self {
            Self::AnswerCut => Some(Hides::Verdicts),
            Self::MoreAnswersCut | Self::AnswersLost | Self::ExchangesBound => Some(Hides::Answers),
            Self::MoreRequestsCut
            | Self::FirstBytesCut
            | Self::RequestsLost
            | Self::FirstBytesLost
            | Self::DisorderBound
            | Self::Evicted => Some(Hides::Requests),
            // Stream bytes are no exchanges.
            Self::HolesBound => None,
        }
    }

    /// Whether there may have been more requests than were seen.
    #[must_use]
    pub const fn hides_requests(self) -> bool {
        matches!(self.hides(), Some(Hides::Requests))
    }

    /// The reason in words.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::AnswerCut => "the snapshot length cut an answer",
            Self::MoreAnswersCut => "the snapshot length may have cut off more answers",
            Self::MoreRequestsCut => "the snapshot length may have cut off more requests",
            Self::FirstBytesCut => {
                "the snapshot length cut the client's first bytes, by which TIME is recognised"
            }
            Self::AnswersLost => "frames with answers are not in the capture",
            Self::RequestsLost => "frames with requests are not in the capture",
            Self::FirstBytesLost => {
                "the frames with the client's first bytes, by which TIME is recognised, are not in the capture"
            }
            Self::DisorderBound => "segments came too far out of order to be put in order",
            Self::ExchangesBound => "more exchanges than are kept",
            Self::HolesBound => "more holes in a stream than are followed",
            Self::Evicted => "reported while still open, because there were too many flows",
        }
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.explanation())
    }
}

/// A figure that is not known exactly, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct IncompleteFigure {
    /// What it is at least, by what was seen; `null` where not even that is known.
    pub at_least: Option<u64>,
    /// In how many flows it could not be told, by reason; one that is not named did not
    /// occur.
    #[cfg_attr(test, schemars(extend("propertyNames" = {"enum": Incomplete::ALL.map(Incomplete::name)})))]
    pub flows: BTreeMap<String, u64>,
}

impl IncompleteFigure {
    /// The reasons in words: `the snapshot length cut an answer (20 flows)`.
    #[must_use]
    pub fn reasons(&self) -> String {
        let word = |(name, n): (&String, &u64)| {
            let flows = if *n == 1 { "flow" } else { "flows" };
            match Incomplete::from_name(name) {
                Some(reason) => format!("{reason} ({n} {flows})"),
                None => format!("{name} ({n} {flows})"),
            }
        };
        self.flows.iter().map(word).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_name_and_words_of_its_own() {
        let names: std::collections::BTreeSet<_> = Incomplete::ALL.map(Incomplete::name).into();
        let words: std::collections::BTreeSet<_> = Incomplete::ALL.map(|r| r.to_string()).into();
        let all = Incomplete::ALL.len();
        assert_eq!((names.len(), words.len()), (all, all));
        for reason in Incomplete::ALL {
            assert_eq!(Incomplete::from_name(reason.name()), Some(reason));
        }
    }

    #[test]
    fn reasons_are_told_with_their_flows() {
        let figure = IncompleteFigure {
            at_least: None,
            flows: [("answer_cut".to_owned(), 20), ("later".to_owned(), 1)].into(),
        };
        assert_eq!(
            figure.reasons(),
            "the snapshot length cut an answer (20 flows); later (1 flow)"
        );
    }
}
