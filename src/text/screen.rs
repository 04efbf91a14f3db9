//! What programs print, as it is shown on a terminal: each line says which side
//! printed it, and nothing in it acts upon the terminal.

use std::fmt::Write;

use super::escape::printable;
use crate::model::Side;

/// The place where the output of both sides is shown.
#[derive(Debug, Default)]
pub struct Screen {
    /// Whose line has no end yet.
    open: Option<Side>,
}

/// What a side has printed and cannot be shown yet: the beginning of a character
/// in UTF-8, or a carriage return that a line feed may follow. A few bytes at most.
#[derive(Debug, Default)]
pub struct Pending(Vec<u8>);

impl Screen {
    /// The text for a piece of a side's output. A line that has no end yet is shown
    /// as far as it has come, so that a question can be answered.
    pub fn show(&mut self, side: Side, pending: &mut Pending, piece: &[u8]) -> String {
        let text = pending.take(piece);
        let mut shown = String::with_capacity(text.len() + 16);
        for piece in text.split_inclusive('\n') {
            let line = piece.strip_suffix('\n');
            self.begin_line(side, &mut shown);
            match line {
                Some(line) => {
                    let line = line.strip_suffix('\r').unwrap_or(line);
                    push_printable(line, &mut shown);
                    shown.push('\n');
                    self.open = None;
                }
                None => push_printable(piece, &mut shown),
            }
        }
        shown
    }

    /// The text with which the output of a side ends.
    pub fn end(&mut self, side: Side, pending: &mut Pending) -> String {
        let mut shown = String::new();
        let rest = std::mem::take(&mut pending.0);
        if !rest.is_empty() {
            self.begin_line(side, &mut shown);
            push_printable(&String::from_utf8_lossy(&rest), &mut shown);
        }
        if self.open == Some(side) {
            shown.push('\n');
            self.open = None;
        }
        shown
    }

    fn begin_line(&mut self, side: Side, shown: &mut String) {
        if self.open == Some(side) {
            return;
        }
        if self.open.is_some() {
            shown.push('\n');
        }
        let written = write!(shown, "{side}: ");
        debug_assert!(written.is_ok(), "memory takes everything");
        self.open = Some(side);
    }
}

/// A tab moves to a column and does no more.
fn push_printable(line: &str, shown: &mut String) {
    for (at, part) in line.split('\t').enumerate() {
        if at > 0 {
            shown.push('\t');
        }
        shown.push_str(&printable(part));
    }
}

impl Pending {
    /// As much of what has come as is whole.
    fn take(&mut self, piece: &[u8]) -> String {
        let mut bytes = std::mem::take(&mut self.0);
        bytes.extend_from_slice(piece);
        let mut whole = bytes.len();
        if bytes.ends_with(b"\r") {
            whole -= 1;
        } else if let Some(last) = bytes.utf8_chunks().last()
            && let begun = last.invalid()
            && std::str::from_utf8(begun).is_err_and(|e| e.error_len().is_none())
        {
            whole -= begun.len();
        }
        self.0 = bytes.split_off(whole);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown of these pieces, and of the ends of both sides.
    fn shown(pieces: &[(Side, &[u8])]) -> String {
        let mut screen = Screen::default();
        let mut pending = [Pending::default(), Pending::default()];
        let of = |side| usize::from(side == Side::Server);
        let mut text = String::new();
        for (side, piece) in pieces {
            text += &screen.show(*side, &mut pending[of(*side)], piece);
        }
        for side in [Side::Client, Side::Server] {
            text += &screen.end(side, &mut pending[of(side)]);
        }
        text
    }

    use Side::{Client, Server};

    #[test]
    fn every_line_says_whose_it_is() {
        assert_eq!(
            shown(&[(Client, b"a\nb\n"), (Server, b"c\r\n\n"), (Client, b"d")]),
            "client: a\nclient: b\nserver: c\nserver: \nclient: d\n"
        );
        assert_eq!(shown(&[]), "");
    }

    #[test]
    fn a_question_is_seen_and_nobody_writes_into_it() {
        let mut screen = Screen::default();
        let mut pending = Pending::default();
        assert_eq!(
            screen.show(Client, &mut pending, b"Name? "),
            "client: Name? "
        );
        assert_eq!(screen.show(Client, &mut pending, b"ok\n"), "ok\n");
        assert_eq!(
            shown(&[(Client, b"Name? "), (Server, b"up\n"), (Client, b"ok\n")]),
            "client: Name? \nserver: up\nclient: ok\n"
        );
    }

    #[test]
    fn nothing_acts_upon_the_terminal() {
        assert_eq!(
            shown(&[(Client, b"\x1b]0;t\x07\x1b[2Jx\ty\rz\x08\xc2\x9b1m\x00\n")]),
            "client: \\u{1b}]0;t\\u{7}\\u{1b}[2Jx\ty\\rz\\u{8}\\u{9b}1m\\u{0}\n"
        );
    }

    /// A character, or a line's end, in two pieces.
    #[test]
    fn a_cut_changes_nothing() {
        let all = "h\u{e9}\u{65e5}\u{1f600}\r\n\x1b\u{202e}x\r\n".as_bytes();
        let whole = shown(&[(Client, all)]);
        assert_eq!(
            whole,
            "client: h\u{e9}\u{65e5}\u{1f600}\nclient: \\u{1b}\\u{202e}x\n"
        );
        for at in 0..all.len() {
            let (a, b) = all.split_at(at);
            assert_eq!(shown(&[(Client, a), (Client, b)]), whole, "{at}");
        }
        let one_by_one: Vec<(Side, &[u8])> = all.chunks(1).map(|c| (Client, c)).collect();
        assert_eq!(shown(&one_by_one), whole);
    }

    #[test]
    fn what_is_no_text_is_shown_as_such_and_not_kept() {
        assert_eq!(
            shown(&[(Client, b"\xff\xfe\n")]),
            "client: \u{fffd}\u{fffd}\n"
        );
        assert_eq!(shown(&[(Client, b"a\xe2\x82")]), "client: a\u{fffd}\n");
        let mut pending = Pending::default();
        for _ in 0..1000 {
            pending.take(b"\xf0\x9f");
            assert!(pending.0.len() < 4);
        }
    }
}
