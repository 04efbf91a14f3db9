//! Figures as the language writes them, and what is said of each of our own words.

use super::Say;
use crate::model::{Close, Nanos};

impl Say {
    /// A count.
    pub(in crate::report) fn n(self, n: u64) -> String {
        self.lang.count(n)
    }

    /// A duration.
    pub(in crate::report) fn span(self, span: Nanos) -> String {
        self.lang.duration(span)
    }

    /// A share of a whole; `None` of a whole that is nothing.
    pub(in crate::report) fn share(self, part: u64, whole: u64) -> Option<String> {
        self.lang.percent(part, whole)
    }

    /// A number of bytes.
    pub(in crate::report) fn bytes(self, n: u64) -> String {
        self.lang.bytes(n)
    }

    /// How a flow ended, as a cell.
    pub(in crate::report) const fn close(self, close: Close) -> &'static str {
        match close {
            Close::Fin => self.closed_fin(),
            Close::Rst => self.closed_rst(),
            Close::Open => self.closed_open(),
        }
    }
}
