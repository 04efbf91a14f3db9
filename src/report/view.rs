//! What a report is made from, and how it is to look.

use crate::analysis::{AnalysisSummary, SortKey};
use crate::lang::Lang;
use crate::model::{FlowRecord, Packed, RunRecord, WorkerRecord};

/// A finished run: everything that a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct RunView<'a> {
    /// The record of the run, its findings included.
    pub run: &'a RunRecord,
    /// Its flows, in the order of their numbers; none where nothing was captured.
    pub flows: &'a [FlowRecord],
    /// Its workers, of both sides.
    pub workers: &'a Packed<WorkerRecord>,
}

/// A flow and where it is from.
#[derive(Clone, Copy, Debug)]
pub struct FlowOf<'a> {
    /// The file's name; `None` where there is one file only.
    pub file: Option<&'a str>,
    /// The flow.
    pub flow: &'a FlowRecord,
}

/// An analysis: everything that its report is made from.
#[derive(Clone, Copy, Debug)]
pub struct AnalysisView<'a> {
    /// The figures.
    pub summary: &'a AnalysisSummary,
    /// The flows to tell, in their order.
    pub flows: &'a [FlowOf<'a>],
    /// How many more there are, which come after those of their file and are not told.
    pub hidden: usize,
    /// What they are sorted by, which is then to be seen.
    pub sorted: Option<SortKey>,
}

/// How a report for people is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal. Below 40 is taken as 40.
    pub width: usize,
    /// Whether to colour; without it no escape byte goes out.
    pub colour: bool,
    /// The most rows of the interaction table.
    pub rows: usize,
    /// The language that people are written to in.
    pub lang: Lang,
    /// How a person starts this program: commands that are told begin with it.
    pub program: &'static str,
}

impl Default for Style {
    /// 80 columns, no colour, ten rows, in English, of a program that is installed.
    fn default() -> Self {
        Self {
            width: 80,
            colour: false,
            rows: 10,
            lang: Lang::En,
            program: "threadtap",
        }
    }
}
