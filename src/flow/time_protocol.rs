//! The lines of the TIME protocol: request `TIME…\r\n`, answer `JAM hh:mm:ss\r\n`.

use std::num::NonZero;

use crate::model::{Incomplete, TimeOfDay};

use super::printable::quoted;

/// Bytes kept of an answer: a right one has 14.
const KEPT: usize = 32;
/// How many bytes a right answer has before CR LF.
const BARE: usize = 12;

/// What the beginning of a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Too few bytes to tell.
    NotYet,
    Time,
    /// The client says good-bye; nothing is asked.
    Quit,
    Other,
}

/// A request as it comes in: only its first bytes matter.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RequestLine {
    head: [u8; 4],
    len: u32,
    /// Its last two bytes.
    tail: [u8; 2],
}

impl RequestLine {
    pub(super) const fn is_empty(self) -> bool {
        self.len == 0
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let at = self.len as usize;
        for (to, &b) in self.head.iter_mut().skip(at).zip(bytes) {
            *to = b;
        }
        self.len = self
            .len
            .saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        for &byte in &bytes[bytes.len().saturating_sub(2)..] {
            self.tail = [self.tail[1], byte];
        }
    }

    /// Whether it ends with LF alone, where TIME has CR LF.
    pub(super) const fn ends_with_lf_alone(self) -> bool {
        self.tail[1] == b'\n' && self.tail[0] != b'\r'
    }

    pub(super) fn says(self) -> Says {
        let head = &self.head[..self.head.len().min(self.len as usize)];
        match head {
            b"TIME" => Says::Time,
            b"QUIT" => Says::Quit,
            _ if b"TIME".starts_with(head) || b"QUIT".starts_with(head) => Says::NotYet,
            _ => Says::Other,
        }
    }

    /// Whether it is nothing but a line end.
    pub(super) fn is_blank(self) -> bool {
        matches!(
            (self.len, self.head),
            (1, [b'\n', ..]) | (2, [b'\r', b'\n', ..])
        )
    }
}

/// An answer as it comes in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AnswerLine {
    kept: [u8; KEPT],
    len: u32,
    /// How many segments brought it.
    segments: u16,
    /// The exchange whose answer ended in the segment in which this one begins.
    pub shares_with: Option<u32>,
    /// Whether the snapshot length cut it.
    pub cut: bool,
    /// Why frames of it, or before it, are missing, where they are.
    pub lost: Option<Incomplete>,
}

/// What a right answer looks like: `d` is a digit.
const SHAPE: &[u8] = b"JAM dd:dd:dd\r\n";

/// What an answer turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub answer: Option<TimeOfDay>,
    pub valid: Option<bool>,
    pub problem: Option<String>,
}

impl AnswerLine {
    /// Whether bytes of it were not captured.
    pub(super) const fn is_partial(&self) -> bool {
        self.cut || self.lost.is_some()
    }

    /// Whether `missing` bytes more than were captured may hold other answers.
    pub(super) fn may_hide_others(&self, missing: u32) -> bool {
        let whole = SHAPE.len() as u64;
        u64::from(self.len) + u64::from(missing) > whole
    }

    /// Whether what was captured is how a right answer begins.
    fn begins_right(&self) -> bool {
        let bytes = self.bytes();
        bytes.len() <= SHAPE.len()
            && bytes.iter().zip(SHAPE).all(|(byte, like)| match like {
                b'd' => byte.is_ascii_digit(),
                like => byte == like,
            })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0 && !self.is_partial()
    }

    /// How many segments brought it; `None` where not all of it was captured.
    pub(super) fn segments(&self) -> Option<NonZero<u16>> {
        NonZero::new(self.segments).filter(|_| !self.is_partial())
    }

    /// Takes what one more segment brought of it.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.segments = self.segments.saturating_add(1);
        let at = (self.len as usize).min(KEPT);
        let n = bytes.len().min(KEPT - at);
        self.kept[at..at + n].copy_from_slice(&bytes[..n]);
        self.len = self
            .len
            .saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.kept[..KEPT.min(self.len as usize)]
    }

    /// The bytes for a person.
    pub(super) fn quoted(&self) -> String {
        quoted(self.bytes(), self.len)
    }

    /// Whether it is an answer that only lacks its line end.
    pub(super) fn lacks_end(&self) -> bool {
        matches!(self.len as usize, n if n == BARE || n == BARE + 1)
            && !self.is_partial()
            && self.bytes().starts_with(b"JAM ")
    }

    pub(super) fn is_answer(&self) -> bool {
        self.bytes().starts_with(b"JAM ")
    }

    /// Whether what came of it is the beginning of an answer.
    pub(super) fn may_be_answer(&self) -> bool {
        self.is_answer() || !self.is_partial() && self.len > 0 && b"JAM ".starts_with(self.bytes())
    }

    /// Whether nothing more belongs to it: its line is over, or the rest is lost.
    pub(super) fn has_ended(&self) -> bool {
        self.is_partial() || self.len as usize > KEPT || self.bytes().ends_with(b"\n")
    }

    /// Holds it against `JAM hh:mm:ss\r\n`.
    pub(super) fn verdict(&self) -> Verdict {
        let bytes = self.bytes();
        let answer = bytes
            .strip_prefix(b"JAM ")
            .and_then(|rest| rest.get(..8))
            .and_then(TimeOfDay::from_bytes);
        // What begins wrongly is wrong, however it goes on.
        if self.lost.is_some() || self.cut && self.begins_right() {
            return Verdict {
                answer,
                valid: None,
                problem: Some(format!("answer not captured completely: {}", self.quoted())),
            };
        }
        let right = answer.is_some() && bytes.get(BARE..) == Some(b"\r\n".as_slice());
        Verdict {
            answer,
            valid: Some(right),
            problem: (!right).then(|| {
                let what = self.quoted();
                match answer {
                    Some(_) => format!("answer does not end like JAM hh:mm:ss\\r\\n: {what}"),
                    None => format!("answer is not JAM hh:mm:ss\\r\\n: {what}"),
                }
            }),
        }
    }
}

/// The bytes up to and with the first line break, and what is behind it.
pub(super) fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes
        .iter()
        .position(|&b| b == b'\n')
        .map_or(bytes.len(), |i| i + 1);
    bytes.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(bytes: &[u8]) -> Verdict {
        let mut line = AnswerLine::default();
        line.push(bytes);
        line.verdict()
    }

    #[test]
    fn a_right_answer_is_right() {
        let v = verdict(b"JAM 23:59:60\r\n");
        assert_eq!(v.valid, Some(true));
        assert_eq!(v.problem, None);
        assert_eq!(v.answer, TimeOfDay::new(23, 59, 60));
    }

    #[test]
    fn wrong_answers_say_what_they_are() {
        for wrong in [
            &b"JAM 24:00:00\r\n"[..],
            b"JAM 1:2:3\r\n",
            b"JAM 10:00:00\n",
            b"JAM 10:00:00",
            b"jam 10:00:00\r\n",
            b"JAM 10:00:00 \r\n",
            b"ERR\x1b[2J\r\n",
        ] {
            let v = verdict(wrong);
            assert_eq!(v.valid, Some(false), "{wrong:?}");
            let problem = v.problem.unwrap();
            assert!(
                problem.bytes().all(|b| (b' '..=b'~').contains(&b)),
                "{problem}"
            );
        }
        assert_eq!(verdict(b"JAM 10:00:00\n").answer, TimeOfDay::new(10, 0, 0));
    }

    /// What came of an answer, and whether bytes of it were not captured.
    fn line(bytes: &[u8], cut: bool) -> AnswerLine {
        let mut line = AnswerLine {
            cut,
            ..AnswerLine::default()
        };
        line.push(bytes);
        line
    }

    #[test]
    fn an_answer_of_which_nothing_came_is_empty() {
        assert!(line(b"", false).is_empty());
        assert!(!line(b"J", false).is_empty());
        assert!(!line(b"", true).is_empty(), "there was one");
    }

    #[test]
    fn an_answer_is_told_by_its_first_bytes() {
        for begun in [&b"J"[..], b"JAM", b"JAM ", b"JAM 10:0"] {
            assert!(line(begun, false).may_be_answer(), "{begun:?}");
        }
        for other in [&b""[..], b"X", b"JAR", b"JAM\r\n", b"HTTP/1.1 200 OK\r\n"] {
            assert!(!line(other, false).may_be_answer(), "{other:?}");
        }
        assert!(
            !line(b"JA", true).may_be_answer(),
            "of the rest nobody knows"
        );
        assert!(line(b"JAM 1", true).may_be_answer());
    }

    #[test]
    fn an_answer_ends_with_its_line_or_where_it_is_too_long_or_lost() {
        assert!(line(b"JAM 10:00:00\r\n", false).has_ended());
        assert!(line(b"\n", false).has_ended());
        assert!(!line(b"JAM 10:00:00\r", false).has_ended());
        assert!(!line(b"", false).has_ended());
        assert!(line(b"JAM 1", true).has_ended());
        assert!(!line(&[b'x'; KEPT], false).has_ended());
        assert!(line(&[b'x'; KEPT + 1], false).has_ended());
    }

    #[test]
    fn an_answer_may_lack_nothing_but_its_line_end() {
        assert!(line(b"JAM 10:00:00", false).lacks_end());
        assert!(line(b"JAM 10:00:00\r", false).lacks_end());
        for other in [
            &b"JAM 10:00:0"[..],
            b"JAM 10:00:00\r\n",
            b"HTTP/1.1 200",
            b"",
        ] {
            assert!(!line(other, false).lacks_end(), "{other:?}");
        }
        assert!(!line(b"JAM 10:00:00", true).lacks_end());
    }

    #[test]
    fn a_cut_answer_is_not_judged_unless_it_begins_wrongly() {
        let cut = |bytes: &[u8], lost: bool| {
            let mut line = AnswerLine::default();
            line.push(bytes);
            line.cut = !lost;
            line.lost = lost.then_some(Incomplete::AnswersLost);
            line.verdict().valid
        };
        for begun in [&b""[..], b"J", b"JAM ", b"JAM 10:0", b"JAM 10:00:00\r"] {
            assert_eq!(cut(begun, false), None, "{begun:?}");
        }
        for wrong in [
            &b"E"[..],
            b"JAMX",
            b"JAM 1:",
            b"JAM 10:00:00\n",
            b"ERR too busy today",
        ] {
            assert_eq!(cut(wrong, false), Some(false), "{wrong:?}");
            // After a hole it may be the end of something.
            assert_eq!(cut(wrong, true), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_long_answer_is_kept_short() {
        let v = verdict(&[b'x'; 5000]);
        assert!(v.problem.unwrap().len() < 120);
    }

    #[test]
    fn requests_are_told_by_their_first_bytes() {
        for (text, says) in [
            (&b"TI"[..], Says::NotYet),
            (b"TIME", Says::Time),
            (b"TIME 3\r\n", Says::Time),
            (b"QUIT\r\n", Says::Quit),
            (b"TIRE", Says::Other),
            (b"GET", Says::Other),
        ] {
            let mut line = RequestLine::default();
            for b in text {
                line.push(&[*b]);
            }
            assert_eq!(line.says(), says, "{text:?}");
        }
    }
}
