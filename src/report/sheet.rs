//! What a report says, before it is drawn: blocks of grids, facts and findings.
//!
//! The content rooms (`interactions`, `census`, `summary`) fill a sheet; the
//! renderers (`table`, `markdown`) draw it. So the terminal and the page say
//! the same, and neither has to know what a flow is. All text that enters a
//! sheet is made printable here, in one place.

use crate::model::Nanos;
use crate::text::escape::printable;

/// What a figure that was not measured looks like.
pub(super) const ABSENT: &str = "—";

/// What a piece of text wants to be: a renderer decides how that looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
    Plain,
    /// Beside the point: rules, headers, what is absent.
    Quiet,
    /// A heading.
    Strong,
    /// As it should be.
    Good,
    Info,
    Warning,
    Error,
}

/// A piece of printable text and its tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
}

impl Cell {
    /// A plain cell; whatever would act on a terminal is written out.
    pub(super) fn new(text: impl AsRef<str>) -> Self {
        Self {
            text: printable(text.as_ref()).into_owned(),
            tone: Tone::Plain,
        }
    }

    /// The cell of a figure that was not measured.
    pub(super) fn absent() -> Self {
        Self::new(ABSENT).toned(Tone::Quiet)
    }

    /// What was measured, or [`ABSENT`].
    pub(super) fn maybe(text: Option<impl AsRef<str>>) -> Self {
        text.map_or_else(Self::absent, Self::new)
    }

    pub(super) fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// What may happen to a column that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Shown whole.
    Whole,
    /// Its long texts may lose their middle.
    Elide,
    /// Shown only where there is room for it.
    IfRoom,
}

/// A column of a grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Its title, at every width.
    pub(super) title: &'static str,
    pub(super) align: Align,
    pub(super) keep: Keep,
}

impl Column {
    pub(super) const fn left(title: &'static str) -> Self {
        Self {
            title,
            align: Align::Left,
            keep: Keep::Whole,
        }
    }

    pub(super) const fn right(title: &'static str) -> Self {
        Self {
            align: Align::Right,
            ..Self::left(title)
        }
    }

    pub(super) const fn keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }
}

/// A row, and what has to be said about it in words.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    pub(super) note: Option<Cell>,
}

impl Row {
    pub(super) fn new(cells: impl Into<Vec<Cell>>) -> Self {
        Self {
            cells: cells.into(),
            note: None,
        }
    }
}

/// A table: every row has as many cells as there are columns.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

/// One line of the chart, in each panel.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: Cell,
    /// For each panel: from when on there were how many.
    pub(super) panels: Vec<Vec<(Nanos, u64)>>,
    /// Where the line ends.
    pub(super) end: Nanos,
}

/// A chart.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    /// The panels' titles.
    pub(super) panels: Vec<Cell>,
    pub(super) series: Vec<Series>,
}

/// One of the things that a report says, under a heading of its own.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// A table, and a line after it.
    Grid {
        heading: &'static str,
        grid: Grid,
        after: Option<Cell>,
    },
    /// A chart, and a line after it.
    Plot {
        heading: &'static str,
        plot: Plot,
        after: Option<Cell>,
    },
    /// Sentences with a label each.
    Facts {
        heading: &'static str,
        facts: Vec<(&'static str, Cell)>,
    },
    /// Conclusions.
    Findings {
        heading: &'static str,
        findings: Vec<Conclusion>,
        /// The command that says more on them, without the program's name.
        explained_by: String,
    },
}

/// A finding, ready to be drawn: what it is called, what it says, its code.
#[derive(Clone, Debug)]
pub(super) struct Conclusion {
    pub(super) label: Cell,
    pub(super) message: Cell,
    pub(super) code: Cell,
}

/// A whole report.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    /// What was done, in a line.
    pub(super) title: Cell,
    /// Whose server and how long; where, when and by which version.
    pub(super) subtitles: Vec<Cell>,
    pub(super) blocks: Vec<Block>,
}
