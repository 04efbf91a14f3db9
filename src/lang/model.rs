//! Words of the model, in every language: what is said of them by tables, findings and
//! reports alike.

use super::{Lang, id};
use crate::model::{Incomplete, Outcome};

impl Lang {
    /// What became of a request.
    #[must_use]
    pub const fn outcome(self, outcome: Outcome) -> &'static str {
        match self {
            Self::En => outcome.explanation(),
            Self::Id => id::outcome(outcome),
        }
    }

    /// Why a figure is not known exactly.
    #[must_use]
    pub const fn incomplete(self, reason: Incomplete) -> &'static str {
        match self {
            Self::En => reason.explanation(),
            Self::Id => id::incomplete(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// All that is said, in every language, without one that is said twice.
    #[test]
    fn each_is_told_apart_in_every_language() {
        let mut all = BTreeSet::new();
        for lang in Lang::ALL {
            all.extend(Outcome::ALL.map(|outcome| lang.outcome(outcome)));
            all.extend(Incomplete::ALL.map(|reason| lang.incomplete(reason)));
        }
        let each = Outcome::ALL.len() + Incomplete::ALL.len();
        assert_eq!(all.len(), each * Lang::ALL.len());
    }
}
