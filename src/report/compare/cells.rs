//! Cells that the tables and the conclusions of a comparison share: a ratio in
//! three digits, an emphasised figure, the mark of a row that fell short.

use crate::report::sheet::{Cell, Tone};

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
