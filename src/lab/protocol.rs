//! The TIME protocol of the lab, both ends, without a socket.
//!
//! A request is a line that begins with `TIME` and ends with CR LF; the answer
//! is `JAM hh:mm:ss` CR LF, 14 bytes. A connection may carry many requests,
//! pipelined or split over segments. `QUIT` ends it, and so does any other line
//! or one of more than [`LONGEST_LINE`] bytes.

use crate::model::TimeOfDay;

/// The lab's port.
pub const PORT: u16 = 45000;

/// What a client sends.
pub const REQUEST: &[u8] = b"TIME\r\n";

/// An answer's length in bytes.
pub const ANSWER_BYTES: usize = 14;

/// The most bytes of a line, its CR LF not counted.
pub const LONGEST_LINE: usize = 64;

/// An answer, as it goes on the wire.
#[must_use]
pub fn answer(time: TimeOfDay) -> [u8; ANSWER_BYTES] {
    let (h, m, s) = time.parts();
    let two = |n: u8| [b'0' + n / 10, b'0' + n % 10];
    let ([h1, h2], [m1, m2], [s1, s2]) = (two(h), two(m), two(s));
    [
        b'J', b'A', b'M', b' ', h1, h2, b':', m1, m2, b':', s1, s2, b'\r', b'\n',
    ]
}

/// What the server is to do after some bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Todo {
    /// How many requests to answer now.
    pub answers: usize,
    /// Whether to close the connection after that.
    pub close: bool,
}

/// The server's view of one connection: the line that is not complete yet.
#[derive(Clone, Copy, Debug)]
pub struct RequestLines {
    line: [u8; LONGEST_LINE + 2],
    length: usize,
}

impl Default for RequestLines {
    fn default() -> Self {
        Self {
            line: [0; LONGEST_LINE + 2],
            length: 0,
        }
    }
}

impl RequestLines {
    /// Takes the next bytes of the stream. After `close` there is nothing more to feed.
    pub fn feed(&mut self, bytes: &[u8]) -> Todo {
        let mut todo = Todo::default();
        for &byte in bytes {
            self.line[self.length] = byte;
            self.length += 1;
            let so_far = &self.line[..self.length];
            if let Some(line) = so_far.strip_suffix(b"\r\n") {
                self.length = 0;
                if !line.starts_with(b"TIME") {
                    // QUIT, or something that is not of this protocol.
                    todo.close = true;
                    return todo;
                }
                todo.answers += 1;
            } else if so_far.len() > LONGEST_LINE + 1
                || (so_far.len() == LONGEST_LINE + 1 && byte != b'\r')
            {
                todo.close = true;
                return todo;
            }
        }
        todo
    }
}

/// What a client makes of the bytes that have come so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It may still become an answer.
    Incomplete,
    /// It is one.
    Valid(TimeOfDay),
    /// It never will be one.
    Bad,
}

/// Judges the bytes that came since the request.
#[must_use]
pub fn judge(bytes: &[u8]) -> Judgement {
    const SHAPE: &[u8; ANSWER_BYTES] = b"JAM 00:00:00\r\n";
    let fits = |(got, want): (&u8, &u8)| {
        if *want == b'0' {
            got.is_ascii_digit()
        } else {
            got == want
        }
    };
    if bytes.len() > ANSWER_BYTES || !bytes.iter().zip(SHAPE).all(fits) {
        return Judgement::Bad;
    }
    if bytes.len() < ANSWER_BYTES {
        return Judgement::Incomplete;
    }
    match TimeOfDay::from_bytes(&bytes[4..12]) {
        Some(time) => Judgement::Valid(time),
        None => Judgement::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn feed(bytes: &[u8]) -> Todo {
        RequestLines::default().feed(bytes)
    }

    #[test]
    fn requests_are_counted_until_something_closes() {
        let todo = |answers, close| Todo { answers, close };
        assert_eq!(feed(b"TIME\r\n"), todo(1, false));
        assert_eq!(feed(b"TIME please\r\nTIME\r\n"), todo(2, false));
        assert_eq!(feed(b"TIME\r\nQUIT\r\nTIME\r\n"), todo(1, true));
        assert_eq!(feed(b"HELO\r\n"), todo(0, true));
        assert_eq!(feed(b"\r\n"), todo(0, true));
        assert_eq!(feed(b"TIME\n"), todo(0, false));
    }

    #[test]
    fn a_line_may_have_64_bytes_and_no_more() {
        let line = |n: usize| {
            let mut line = b"TIME".to_vec();
            line.resize(n, b'x');
            line
        };
        let ended = |n| [line(n), b"\r\n".to_vec()].concat();
        assert_eq!(feed(&ended(64)).answers, 1);
        assert!(feed(&ended(65)).close);
        assert!(!feed(&line(64)).close);
        assert!(feed(&line(65)).close);
        // A CR that may begin the line's end, and then does not.
        assert!(feed(&[line(64), b"\rx".to_vec()].concat()).close);
    }

    #[test]
    fn answers_are_judged_as_early_as_possible() {
        let time = TimeOfDay::new(12, 34, 56).unwrap();
        assert_eq!(judge(&answer(time)), Judgement::Valid(time));
        assert_eq!(judge(b""), Judgement::Incomplete);
        assert_eq!(judge(b"JAM 12:3"), Judgement::Incomplete);
        assert_eq!(judge(b"HTTP"), Judgement::Bad);
        assert_eq!(judge(b"JAM 25:00:00\r\n"), Judgement::Bad);
        assert_eq!(judge(b"JAM 12:34:56\r\nJ"), Judgement::Bad);
    }

    proptest! {
        #[test]
        fn segments_do_not_matter(text in "(TIME[ a-z]{0,70}\r\n|QUIT\r\n|[A-Z\r\n]{0,9}){0,6}",
                                  cuts in proptest::collection::vec(0usize..200, 0..6)) {
            let bytes = text.as_bytes();
            let whole = feed(bytes);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.sort_unstable();
            cuts.push(bytes.len());
            let mut lines = RequestLines::default();
            let (mut from, mut sum) = (0, Todo::default());
            for to in cuts {
                if !sum.close {
                    let todo = lines.feed(&bytes[from..to]);
                    sum = Todo { answers: sum.answers + todo.answers, close: todo.close };
                }
                from = to;
            }
            prop_assert_eq!(whole, sum);
        }
    }
}
