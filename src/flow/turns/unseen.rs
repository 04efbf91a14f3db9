//! What was not captured of what was said, and how a conversation ends.

use super::{Protocol, SERVER, Turns};
use crate::flow::pair::Role;
use crate::flow::time_protocol::{AnswerLine, RequestLine};
use crate::model::{Exchange, Incomplete, Timestamp};

impl Turns {
    pub(super) fn request_hole(&mut self, bound: bool) {
        let because = |lost| {
            if bound {
                Incomplete::DisorderBound
            } else {
                lost
            }
        };
        if self.protocol == Protocol::Unknown {
            self.protocol = Protocol::Turns;
            self.doubt_protocol(because(Incomplete::FirstBytesLost));
        } else {
            self.reasons.add(because(Incomplete::RequestsLost));
            self.request = RequestLine::default();
            self.rest[0] = true;
        }
    }

    /// What the server has said so far may be the answer to a request that the
    /// capture does not have.
    pub(in crate::flow) fn forget_what_was_said(&mut self) {
        if self.protocol == Protocol::Unknown {
            self.answer = AnswerLine::default();
        }
    }

    /// More of an answer of which not all was captured.
    pub(super) fn goes_on(&mut self, at: Timestamp) {
        let last = (self.over as usize).checked_sub(1);
        if let Some(exchange) = last.and_then(|at| self.exchanges.get_mut(at)) {
            exchange.response_ns = Some(at);
            exchange.response_segments = None;
            exchange.response_coalesced = None;
        }
    }

    /// It is not known whether TIME is spoken.
    pub(super) const fn doubt_protocol(&mut self, reason: Incomplete) {
        if !self.not_time {
            self.reasons.add(reason);
        }
    }

    /// Whether these bytes, which begin a line, are the rest of one that was not
    /// captured whole: they do not begin like what that side says.
    pub(super) fn is_rest(&mut self, from: Role, line: &[u8], begins: &[&[u8; 4]]) -> bool {
        let rest = &mut self.rest[usize::from(from == SERVER)];
        if !*rest {
            return false;
        }
        let head = &line[..line.len().min(4)];
        let is_rest = !begins.iter().any(|b| b.starts_with(head));
        *rest = is_rest && !line.ends_with(b"\n");
        is_rest
    }

    /// Whether requests may have been missed, so that answers prove nothing.
    pub(super) fn requests_unseen(&self) -> bool {
        let reasons = [
            Incomplete::RequestsLost,
            Incomplete::MoreRequestsCut,
            Incomplete::DisorderBound,
        ];
        reasons.into_iter().any(|reason| self.reasons.has(reason))
    }

    /// The flow is over. `lost`: frames of the server's stream are missing.
    pub(in crate::flow) fn end(&mut self, lost: bool) {
        if self.protocol == Protocol::Time {
            if !self.answer.is_empty() {
                if lost && self.answer.lost.is_none() {
                    self.answer.lost = Some(Incomplete::AnswersLost);
                }
                self.answer_ends();
            }
            if lost && self.exchanges.len() > self.over as usize {
                self.reasons.add(Incomplete::AnswersLost);
            }
            let unseen = [
                Incomplete::AnswersLost,
                Incomplete::MoreAnswersCut,
                Incomplete::DisorderBound,
            ];
            let unseen = unseen.into_iter().any(|reason| self.reasons.has(reason));
            let unended = !self.request.is_empty() && !self.requests_unseen() && self.omitted == 0;
            let begun = self.exchanges.len().checked_sub(1).filter(|_| unended);
            let pending = self.exchanges.iter_mut().enumerate();
            for (at, e) in pending.skip(self.over as usize) {
                if unseen && e.problem.is_none() {
                    e.problem = Some(NOT_CAPTURED.into());
                } else if Some(at) == begun && e.problem.is_none() {
                    e.valid = Some(false);
                    e.problem = Some(Exchange::NO_LINE_END.into());
                } else {
                    close_unanswered(e);
                }
            }
        } else if lost {
            for exchange in &mut self.exchanges {
                exchange.response_segments = None;
            }
            if let Some(last) = self.exchanges.last_mut()
                && last.response_ns.is_none()
            {
                self.reasons.add(Incomplete::AnswersLost);
                last.problem = Some(NOT_CAPTURED.into());
            }
        }
        if self.omitted > 0 {
            self.reasons.add(Incomplete::ExchangesBound);
        }
    }
}

/// What is said of a request whose answer was sent, or may have been, but not captured.
const NOT_CAPTURED: &str = "no answer was captured";

/// Says of a request that it had no answer.
pub(super) fn close_unanswered(exchange: &mut Exchange) {
    exchange.valid = Some(false);
    exchange.problem = Some(match exchange.problem.take() {
        Some(other) => format!("no answer; {other}").into(),
        None => "no answer".into(),
    });
}
