//! Closing lines in English.

use super::Texts;

#[rustfmt::skip] // A text a line, for those who translate.
pub(super) const TEXTS: Texts = Texts {
    saved_in: "saved in {folder}",
    next: "next: {steps}",
    open: "open {file}",
    on_demand: "{command} makes the page and the capture for Wireshark (more than {n} flows: on demand)",
};
