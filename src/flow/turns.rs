//! What two sides say to each other, in order: turns, and the TIME protocol.

mod unseen;

use std::num::NonZero;

use crate::model::{Exchange, Exchanges, Incomplete, SeqNum, Timestamp};

use super::budget::Budget;
use super::inbound::Piece;
use super::pair::Role;
use super::reasons::Reasons;
use super::time_protocol::{AnswerLine, RequestLine, Says, first_line};
use unseen::close_unanswered;

pub(super) const CLIENT: Role = Role::Client;
pub(super) const SERVER: Role = Role::Server;

/// Bytes that are enough for the end of one request and all of the next.
const SHORTEST_REQUEST: u32 = 6;

/// What is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Protocol {
    /// The client has not said enough.
    #[default]
    Unknown,
    Time,
    /// Something else: only turns are timed.
    Turns,
}

/// What is said, in order.
#[derive(Debug, Default)]
pub(super) struct Turns {
    pub protocol: Protocol,
    /// Whether TIME may not be recognised on this flow.
    pub not_time: bool,
    /// Whether the next bytes of the client, of the server, may be the rest of a line
    /// of which not all was captured.
    rest: [bool; 2],
    /// What could not be told.
    pub reasons: Reasons,
    /// Whether the server spoke last.
    server_spoke: bool,
    /// How many of the exchanges are over.
    over: u32,
    request: RequestLine,
    answer: AnswerLine,
    /// When the last byte of `answer` came.
    answer_at: Timestamp,
    pub exchanges: Exchanges,
    pub omitted: u64,
}

impl Turns {
    pub(super) fn hear(&mut self, from: Role, piece: &Piece<'_>, budget: &mut Budget) {
        match (self.protocol, piece) {
            (Protocol::Turns, &Piece::Bytes { at, seq, .. }) => {
                self.turn(from, (at, seq), budget);
            }
            (Protocol::Turns, Piece::Hole { .. }) => {}
            (before, piece @ Piece::Bytes { .. }) if from == CLIENT => {
                self.asked(piece, budget);
                if before == Protocol::Unknown && self.protocol == Protocol::Time {
                    self.answered_before();
                }
            }
            (_, &Piece::Hole { bound }) if from == CLIENT => self.request_hole(bound),
            (
                Protocol::Unknown,
                &Piece::Bytes {
                    at,
                    seq,
                    bytes,
                    missing,
                },
            ) => {
                // Somebody who had to wait for this before going on is not
                // asking for the time.
                if !self.request.is_empty() {
                    self.protocol = Protocol::Turns;
                }
                self.answer.push(bytes);
                self.answer.cut |= missing > 0;
                self.answer_at = at;
                self.turn(SERVER, (at, seq), budget);
            }
            (
                Protocol::Time,
                &Piece::Bytes {
                    at, bytes, missing, ..
                },
            ) => {
                self.answered(at, bytes, missing);
            }
            (_, Piece::Hole { bound: true }) => {
                self.answer.lost = Some(Incomplete::DisorderBound);
            }
            (_, Piece::Hole { bound: false }) => {
                self.answer.lost = Some(Incomplete::AnswersLost);
            }
        }
    }

    /// New bytes of a protocol of which only the turns count: when they came, and the
    /// number of the first.
    pub(super) fn turn(&mut self, from: Role, (at, seq): (Timestamp, SeqNum), budget: &mut Budget) {
        let begins = self.server_spoke || self.exchanges.is_empty() && self.omitted == 0;
        if from == SERVER {
            self.server_spoke = true;
            // With exchanges left out, the last one kept is not the last one.
            if let Some(last) = self.exchanges.last_mut().filter(|_| self.omitted == 0) {
                last.response_ns = Some(at);
                let one = NonZero::<u16>::MIN;
                let more = last.response_segments.map(|n| n.saturating_add(1));
                last.response_segments = Some(more.unwrap_or(one));
            }
        } else {
            self.server_spoke = false;
            if begins {
                self.begin(at, seq, budget);
            }
        }
    }

    /// A request begins, with this sequence number.
    fn begin(&mut self, at: Timestamp, seq: SeqNum, budget: &mut Budget) {
        if self.omitted > 0 || !budget.keep_exchange(self.exchanges.len()) {
            self.omitted += 1;
            return;
        }
        // Relative to the SYN when the flow is over, and all is known of that.
        self.exchanges
            .push(Exchange::begun(at, NonZero::new(seq.0)));
    }

    /// Takes back an exchange that was begun: it asks for nothing.
    fn withdraw(&mut self, budget: &mut Budget) {
        if self.omitted > 0 {
            self.omitted -= 1;
        } else if self.exchanges.len() > self.over as usize {
            self.exchanges.pop();
            budget.release_exchanges(1);
        }
    }

    /// The client's next bytes, in order.
    fn asked(&mut self, piece: &Piece<'_>, budget: &mut Budget) {
        let &Piece::Bytes {
            at,
            mut seq,
            mut bytes,
            missing,
        } = piece
        else {
            return;
        };
        self.server_spoke = false;
        let mut goes_on = false;
        while !bytes.is_empty() {
            let (line, rest) = first_line(bytes);
            let first = seq;
            seq = seq.plus(u32::try_from(line.len()).unwrap_or(u32::MAX));
            bytes = rest;
            if self.request.is_empty() {
                if self.is_rest(CLIENT, line, &[b"TIME", b"QUIT"]) {
                    goes_on = self.rest[0];
                    continue;
                }
                self.begin(at, first, budget);
            }
            self.request.push(line);
            if self.protocol == Protocol::Unknown {
                match self.request.says() {
                    Says::Time if !self.not_time => self.protocol = Protocol::Time,
                    Says::NotYet if !line.ends_with(b"\n") => {}
                    _ => {
                        self.protocol = Protocol::Turns;
                        return;
                    }
                }
            }
            if line.ends_with(b"\n") {
                self.request_ends(budget);
            }
        }
        if missing > 0 {
            if self.protocol == Protocol::Unknown {
                self.protocol = Protocol::Turns;
                self.doubt_protocol(Incomplete::FirstBytesCut);
                if self.request.is_empty() {
                    self.turn(CLIENT, (at, seq), budget);
                }
                return;
            }
            // Whole lines more, or the beginning of one.
            let within = !self.request.is_empty() || goes_on;
            if !within || missing >= SHORTEST_REQUEST {
                self.reasons.add(Incomplete::MoreRequestsCut);
            }
            if !self.request.is_empty() {
                self.request_ends(budget);
            }
            self.rest[0] = true;
        }
    }

    fn request_ends(&mut self, budget: &mut Budget) {
        if self.request.is_blank() || self.request.says() == Says::Quit {
            self.withdraw(budget);
        } else if let Some(last) = self.exchanges.last_mut().filter(|_| self.omitted == 0) {
            if self.request.says() != Says::Time {
                last.problem = Some("the request does not begin with TIME".into());
            } else if self.request.ends_with_lf_alone() {
                last.problem = Some(Exchange::LF_ALONE.into());
            }
        }
        self.request = RequestLine::default();
    }

    /// The first request has come. What the server had said by then is the
    /// answer to it if it reads like one, and else a greeting.
    fn answered_before(&mut self) {
        if !self.answer.may_be_answer() {
            self.answer = AnswerLine::default();
        } else if self.answer.has_ended() {
            self.answer_ends();
        }
    }

    /// The server's next bytes, in order.
    fn answered(&mut self, at: Timestamp, mut bytes: &[u8], missing: u32) {
        if self.answer.lacks_end() && bytes.starts_with(b"JAM ") {
            self.answer_ends();
        }
        // The exchange whose answer this segment has brought to its end.
        let mut answered = None;
        while !bytes.is_empty() {
            let (line, rest) = first_line(bytes);
            bytes = rest;
            if self.answer.is_empty() {
                if self.is_rest(SERVER, line, &[b"JAM "]) {
                    self.goes_on(at);
                    continue;
                }
                self.answer.shares_with = answered;
            }
            self.answer.push(line);
            self.answer_at = at;
            if line.ends_with(b"\n") {
                let before = self.over;
                self.answer_ends();
                answered = (self.over > before).then(|| self.over - 1);
            }
        }
        if missing > 0 {
            let pending = self.exchanges.len() - self.over as usize;
            if pending == 0 && self.answer.is_empty() && self.rest[1] {
                self.goes_on(at);
                return;
            }
            if pending > 1 && self.answer.may_hide_others(missing) {
                self.reasons.add(Incomplete::MoreAnswersCut);
            }
            self.answer.cut = true;
            self.answer_at = at;
            self.answer_ends();
            self.rest[1] = true;
        }
    }

    fn answer_ends(&mut self) {
        let answer = std::mem::take(&mut self.answer);
        if answer.is_answer() {
            self.pass_over_other_requests();
        }
        let Some(exchange) = self.exchanges.get_mut(self.over as usize) else {
            self.one_too_many(&answer);
            return;
        };
        let verdict = answer.verdict();
        if let Some(reason) = answer.lost {
            self.reasons.add(reason);
        } else if answer.cut && verdict.valid.is_none() {
            self.reasons.add(Incomplete::AnswerCut);
        }
        exchange.response_ns = Some(self.answer_at);
        exchange.answer = verdict.answer;
        exchange.valid = verdict.valid;
        exchange.problem = verdict.problem.map(String::into_boxed_str);
        exchange.response_segments = answer.segments();
        exchange.response_coalesced = answer.segments().map(|_| answer.shares_with.is_some());
        if let Some(other) = answer.shares_with
            && let Some(other) = self.exchanges.get_mut(other as usize)
            && other.response_segments.is_some()
        {
            other.response_coalesced = Some(true);
        }
        self.over += 1;
        if self.over as usize == self.exchanges.len() {
            // Answered before its line ended: the next byte begins another.
            self.request = RequestLine::default();
        }
    }

    /// A right answer is for a TIME request: other requests before it got none.
    fn pass_over_other_requests(&mut self) {
        let pending = self
            .exchanges
            .get_mut(self.over as usize..)
            .unwrap_or_default();
        let Some(n) = pending.iter().position(|e| e.problem.is_none()) else {
            return;
        };
        for other in &mut pending[..n] {
            close_unanswered(other);
        }
        self.over += u32::try_from(n).unwrap_or_default();
    }

    /// An answer that nobody asked for spoils the one before it.
    fn one_too_many(&mut self, answer: &AnswerLine) {
        if self.omitted > 0 || answer.is_partial() || self.requests_unseen() {
            return;
        }
        if let Some(last) = self.exchanges.last_mut()
            && last.problem.is_none()
        {
            last.valid = Some(false);
            let problem = format!("extra bytes after the answer: {}", answer.quoted());
            last.problem = Some(problem.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchanges_past_the_bound_are_counted() {
        let (mut turns, mut budget) = (Turns::default(), Budget::default());
        let mut asks = |text: &str| {
            let piece = Piece::Bytes {
                at: Timestamp::default(),
                seq: SeqNum(1),
                bytes: text.as_bytes(),
                missing: 0,
            };
            turns.hear(CLIENT, &piece, &mut budget);
            (turns.exchanges.len(), turns.omitted)
        };
        let most = 1 << 16;
        assert_eq!(asks(&"TIME\r\n".repeat(most)), (most, 0));
        // What asks for nothing takes none away.
        assert_eq!(asks("QUIT\r\n"), (most, 0));
        assert_eq!(asks("TIME\r\nTIME\r\n"), (most, 2));
        assert_eq!(asks("\r\n"), (most, 2));
    }
}
