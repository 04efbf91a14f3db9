//! Requests and their answers.
//!
//! A client whose first bytes are `TIME` speaks the TIME protocol, whatever
//! the port, unless the table is told one port for it. Its lines are put back
//! in order and paired with the server's lines, first with first. Lines that
//! say `QUIT`, and empty ones, ask for nothing.
//!
//! Of every other protocol only the turns are timed: the first new payload
//! byte after the other side spoke begins one. A client's turn is a request,
//! the server's turn after it is the answer.

use crate::model::{Exchange, Segment, SeqNum, TcpFlags, Timestamp};

use super::budget::Budget;
use super::inbound::{Inbound, Piece};
use super::time_protocol::{AnswerLine, RequestLine, Says};

const CLIENT: usize = 0;
const SERVER: usize = 1;

/// What is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Protocol {
    /// The client has not said enough.
    #[default]
    Unknown,
    Time,
    /// Something else: only turns are timed.
    Turns,
}

/// The exchanges of one flow.
#[derive(Debug, Default)]
pub(super) struct Dialogue {
    inbound: [Inbound; 2],
    talk: Talk,
}

/// What is said, in order.
#[derive(Debug, Default)]
struct Talk {
    protocol: Protocol,
    /// Whether TIME may not be recognised on this flow.
    not_time: bool,
    /// Whether requests may have been missed, so that answers prove nothing.
    uncertain: bool,
    /// Whether the server spoke last.
    server_spoke: bool,
    /// How many of the exchanges are over.
    over: u32,
    request: RequestLine,
    answer: AnswerLine,
    /// When the last byte of `answer` came.
    answer_at: Timestamp,
    exchanges: Vec<Exchange>,
    omitted: u64,
}

impl Dialogue {
    /// TIME is not to be recognised on this flow.
    pub(super) const fn forbid_time(&mut self) {
        self.talk.not_time = true;
    }

    /// The direction was turned round.
    pub(super) const fn turn_round(&mut self) {
        self.inbound.swap(CLIENT, SERVER);
    }

    /// Takes a segment. `isn` is the sender's initial sequence number where
    /// its SYN was seen.
    #[inline]
    pub(super) fn take(
        &mut self,
        s: &Segment<'_>,
        from_client: bool,
        isn: Option<SeqNum>,
        budget: &mut Budget,
    ) {
        // A RST's payload is a comment, not part of the stream.
        if s.payload_len == 0 || s.flags.has(TcpFlags::RST) {
            return;
        }
        let Self { inbound, talk } = self;
        let seq = s.seq.plus(u32::from(s.flags.has(TcpFlags::SYN)));
        let from = if from_client { CLIENT } else { SERVER };
        if talk.protocol == Protocol::Turns {
            if inbound[from].moves_to(seq.plus(s.payload_len)) {
                talk.turn(from, s.time, budget);
            }
            return;
        }
        if from == SERVER && s.flags.has(TcpFlags::ACK) {
            // It answers what it has received, captured or not.
            inbound[CLIENT].acknowledged(s.ack, budget, &mut |p, b| talk.hear(CLIENT, &p, b));
        }
        if let Some(isn) = isn {
            inbound[from].begin(isn.plus(1));
        }
        inbound[from].take(
            s.time,
            seq,
            s.payload_len,
            s.payload,
            budget,
            &mut |p, b| talk.hear(from, &p, b),
        );
        if talk.protocol == Protocol::Turns {
            // From here on nothing is put in order.
            for i in inbound {
                i.clear(budget);
            }
        }
    }

    /// The flow is closed: what waits for a hole to be filled waits no longer.
    pub(super) fn release(&mut self, budget: &mut Budget) {
        let Self { inbound, talk } = self;
        for from in [CLIENT, SERVER] {
            inbound[from].flush(budget, &mut |p, b| talk.hear(from, &p, b));
        }
    }

    /// The exchanges, those without an answer included, and how many more
    /// there were than are kept.
    pub(super) fn finish(&mut self, budget: &mut Budget) -> (Vec<Exchange>, u64) {
        self.release(budget);
        let talk = &mut self.talk;
        if talk.protocol != Protocol::Turns {
            talk.end();
        }
        budget.release_exchanges(talk.exchanges.len());
        (std::mem::take(&mut talk.exchanges), talk.omitted)
    }
}

impl Talk {
    fn hear(&mut self, from: usize, piece: &Piece<'_>, budget: &mut Budget) {
        match (self.protocol, piece) {
            (Protocol::Turns, &Piece::Bytes { at, .. }) => self.turn(from, at, budget),
            (Protocol::Turns, Piece::Hole) => {}
            (_, &Piece::Bytes { at, bytes, missing }) if from == CLIENT => {
                self.asked(at, bytes, missing, budget);
            }
            (_, Piece::Hole) if from == CLIENT => self.request_hole(),
            (Protocol::Unknown, Piece::Bytes { .. }) => {
                // Somebody who had to wait for this before going on is not
                // asking for the time.
                if !self.request.is_empty() {
                    self.protocol = Protocol::Turns;
                }
                if let &Piece::Bytes { at, .. } = piece {
                    self.turn(SERVER, at, budget);
                }
            }
            (Protocol::Unknown, Piece::Hole) => {}
            (Protocol::Time, &Piece::Bytes { at, bytes, missing }) => {
                self.answered(at, bytes, missing);
            }
            (Protocol::Time, Piece::Hole) => self.answer.cut = true,
        }
    }

    /// A new byte of a protocol of which only the turns count.
    fn turn(&mut self, from: usize, at: Timestamp, budget: &mut Budget) {
        let begins = self.server_spoke || self.exchanges.is_empty() && self.omitted == 0;
        if from == SERVER {
            self.server_spoke = true;
            // With exchanges left out, the last one kept is not the last one.
            if let Some(last) = self.exchanges.last_mut().filter(|_| self.omitted == 0) {
                last.response_ns = Some(at);
            }
        } else {
            self.server_spoke = false;
            if begins {
                self.begin(at, budget);
            }
        }
    }

    fn begin(&mut self, at: Timestamp, budget: &mut Budget) {
        if self.omitted > 0 || !budget.keep_exchange(self.exchanges.len()) {
            self.omitted += 1;
            return;
        }
        if self.exchanges.capacity() == 0 {
            self.exchanges.reserve_exact(1);
        }
        self.exchanges.push(Exchange {
            request_ns: at,
            response_ns: None,
            answer: None,
            valid: None,
            problem: None,
        });
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
    fn asked(&mut self, at: Timestamp, mut bytes: &[u8], missing: u32, budget: &mut Budget) {
        self.server_spoke = false;
        while !bytes.is_empty() {
            let end = bytes
                .iter()
                .position(|&b| b == b'\n')
                .map_or(bytes.len(), |i| i + 1);
            let (line, rest) = bytes.split_at(end);
            bytes = rest;
            if self.request.is_empty() {
                self.begin(at, budget);
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
            match self.protocol {
                Protocol::Unknown => {
                    self.protocol = Protocol::Turns;
                    if self.request.is_empty() {
                        self.turn(CLIENT, at, budget);
                    }
                }
                // The rest of a line, or whole lines more.
                _ if self.request.is_empty() => self.uncertain = true,
                _ => self.request_ends(budget),
            }
        }
    }

    fn request_ends(&mut self, budget: &mut Budget) {
        if self.request.is_blank() || self.request.says() == Says::Quit {
            self.withdraw(budget);
        } else if self.request.says() != Says::Time
            && let Some(last) = self.exchanges.last_mut().filter(|_| self.omitted == 0)
        {
            last.problem = Some("a request that does not begin with TIME".to_owned());
        }
        self.request = RequestLine::default();
    }

    fn request_hole(&mut self) {
        if self.protocol == Protocol::Unknown {
            self.protocol = Protocol::Turns;
        } else {
            self.uncertain = true;
            self.request = RequestLine::default();
        }
    }

    /// The server's next bytes, in order.
    fn answered(&mut self, at: Timestamp, mut bytes: &[u8], missing: u32) {
        if self.answer.lacks_end() && bytes.starts_with(b"JAM ") {
            self.answer_ends();
        }
        while !bytes.is_empty() {
            let end = bytes
                .iter()
                .position(|&b| b == b'\n')
                .map_or(bytes.len(), |i| i + 1);
            let (line, rest) = bytes.split_at(end);
            bytes = rest;
            self.answer.push(line);
            self.answer_at = at;
            if line.ends_with(b"\n") {
                self.answer_ends();
            }
        }
        if missing > 0 {
            self.answer.cut = true;
            self.answer_at = at;
            self.answer_ends();
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
        exchange.response_ns = Some(self.answer_at);
        exchange.answer = verdict.answer;
        exchange.valid = verdict.valid;
        exchange.problem = verdict.problem;
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
        if self.uncertain || self.omitted > 0 || answer.cut {
            return;
        }
        if let Some(last) = self.exchanges.last_mut()
            && last.problem.is_none()
        {
            last.valid = Some(false);
            last.problem = Some(format!("more after the answer: {}", answer.quoted()));
        }
    }

    /// The flow is over.
    fn end(&mut self) {
        if !self.answer.is_empty() {
            self.answer_ends();
        }
        if self.protocol == Protocol::Time {
            for e in self.exchanges.iter_mut().skip(self.over as usize) {
                close_unanswered(e);
            }
        }
    }
}

fn close_unanswered(exchange: &mut Exchange) {
    exchange.valid = Some(false);
    exchange.problem = Some(match exchange.problem.take() {
        Some(other) => format!("no answer to {other}"),
        None => "no answer".to_owned(),
    });
}
