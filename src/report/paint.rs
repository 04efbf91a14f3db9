//! Tones as colours of a terminal: the only place that knows escape bytes.
//!
//! Printable text and its tone come in; the text goes out, painted where
//! colour is wanted and untouched where it is not. Only the eight basic
//! colours and bold are used: they follow the reader's own theme, light or
//! dark.

use super::sheet::{Cell, Tone};

/// Whether to paint at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    pub(super) colour: bool,
}

impl Paint {
    /// The text in its tone.
    pub(super) fn text(self, text: &str, tone: Tone) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Quiet => "2",
            Tone::Strong => "1",
            Tone::Good => "32",
            Tone::Info => "36",
            Tone::Warning => "33",
            Tone::Error => "1;31",
        };
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// A cell in its tone.
    pub(super) fn cell(self, cell: &Cell) -> String {
        self.text(&cell.text, cell.tone)
    }
}
