//! Closing lines in Indonesian.

use super::Texts;

#[rustfmt::skip] // A text a line, for those who translate.
pub(super) const TEXTS: Texts = Texts {
    saved_in: "tersimpan di {folder}",
    next: "berikutnya: {steps}",
    open: "buka {file}",
    on_demand: "{command} membuat halaman dan tangkapan untuk Wireshark (lebih dari {n} flow: bila diminta)",
};
