//! What a report is about, and what it says of it to people.
//!
//! There are five subjects. A format for people does not know them: each makes a
//! sheet, and the format draws sheets. A format for programs writes each of them.

use super::sheet::Sheet;
use super::view::{AnalysisView, RunView, Style};
use super::words::Say;
use super::{ceiling, census, compare, flows, interactions, ladder, summary};
use crate::analysis::Ladder;
use crate::model::{CeilingRecord, CompareRecord, FlowRecord};

/// What a report is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'a> {
    /// A finished run.
    Run(RunView<'a>),
    /// A comparison.
    Compare(&'a CompareRecord),
    /// The ceilings of this environment.
    Ceiling(&'a CeilingRecord),
    /// The flows of captures, and their summary.
    Analysis(AnalysisView<'a>),
    /// One flow, a line a segment.
    Ladder(&'a FlowRecord, &'a Ladder),
}

impl Subject<'_> {
    /// Everything that a report for people says, in order.
    pub(super) fn sheet(self, style: Style) -> Sheet {
        let say = Say::new(style.lang);
        match self {
            Self::Run(view) => run(say, view, style.rows),
            Self::Compare(record) => compare::sheet(style.lang, record),
            Self::Ceiling(record) => ceiling::sheet(style.lang, record),
            Self::Analysis(view) => flows::sheet(say, view, style.rows),
            Self::Ladder(flow, rungs) => ladder::sheet(say, flow, rungs),
        }
    }
}

fn run(say: Say, view: RunView<'_>, rows: usize) -> Sheet {
    let run = view.run;
    let mut blocks = vec![
        interactions::block(say, view, rows),
        census::block(say, &run.census),
    ];
    blocks.extend(summary::blocks(say, run));
    Sheet {
        title: summary::title(say, run),
        subtitles: summary::subtitles(say, run),
        blocks,
    }
}
