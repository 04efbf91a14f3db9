//! Cells that the tables and the conclusions of a comparison share: a ratio in
//! three digits, an emphasised figure, the mark of a row that fell short.

use crate::report::sheet::{Cell, Tone};

/// What the mark of a row that fell short says.
pub(super) const MARK_MEANS: &str =
    "! incomplete: requests failed or were not made, so this row is not ranked";

/// A figure of a row that fell short.
pub(super) fn marked(text: impl std::fmt::Display) -> Cell {
    Cell::new(format!("! {text}")).toned(Tone::Warning)
}

pub(super) fn strong(cell: Cell) -> Cell {
    match cell.tone {
        Tone::Plain => cell.toned(Tone::Strong),
        _ => cell,
    }
}

/// A multiple, to three digits: `1.00`, `12.3`, `1,234`.
pub(super) fn times(ratio: f64) -> String {
    if ratio < 9.995 {
        format!("{ratio:.2}")
    } else if ratio < 99.95 {
        format!("{ratio:.1}")
    } else {
        format!("{ratio:.0}")
    }
}
