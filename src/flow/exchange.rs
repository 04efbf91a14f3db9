//! Requests and their answers.
//!
//! A client whose first bytes are `TIME` speaks the TIME protocol, whatever
//! the port, unless the table is told one port for it. Its lines are put back
//! in order and paired with the server's lines, first with first. Lines that
//! say `QUIT`, and empty ones, ask for nothing. A server that answers before
//! it has read the request may be heard first: whether it was is a matter of
//! which frame was quicker, so its first line is the first answer either way.
//!
//! Of every other protocol only the turns are timed: the first new payload
//! byte after the other side spoke begins one. A client's turn is a request,
//! the server's turn after it is the answer.

use std::num::NonZero;

use crate::model::{Exchanges, SeqNum, TcpFlags};

use super::budget::Budget;
use super::inbound::Inbound;
use super::pair::{Pair, Role};
use super::part::Part;
use super::reasons::Reasons;
use super::turns::{CLIENT, Protocol, SERVER, Turns};

/// The exchanges of one flow.
#[derive(Debug, Default)]
pub(super) struct Dialogue {
    inbound: Pair<Role, Inbound>,
    turns: Turns,
}

impl Dialogue {
    /// TIME is not to be recognised on this flow.
    pub(super) const fn forbid_time(&mut self) {
        self.turns.not_time = true;
    }

    /// The direction was turned round.
    pub(super) const fn turn_round(&mut self) {
        self.inbound.both.swap(0, 1);
    }

    /// Takes a segment. `isn` is the sender's initial sequence number where
    /// its SYN was seen; `whole`: both SYNs were.
    #[inline]
    pub(super) fn take(
        &mut self,
        s: &Part<'_>,
        from_client: bool,
        isn: Option<SeqNum>,
        whole: bool,
        budget: &mut Budget,
    ) {
        // A RST's payload is a comment, not part of the stream.
        if s.payload_len == 0 || s.flags.has(TcpFlags::RST) {
            return;
        }
        let Self { inbound, turns } = self;
        let seq = s.seq.plus(u32::from(s.flags.has(TcpFlags::SYN)));
        let from = if from_client { CLIENT } else { SERVER };
        if turns.protocol == Protocol::Turns {
            if let Some(first) = inbound[from].moves_by(seq, s.payload_len) {
                turns.turn(from, (s.time, first), budget);
            }
            return;
        }
        if from == SERVER && s.flags.has(TcpFlags::ACK) {
            // It answers what it has received, captured or not.
            inbound[CLIENT].acknowledged(s.ack, budget, &mut |p, b| turns.hear(CLIENT, &p, b));
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
            &mut |p, b| turns.hear(from, &p, b),
        );
        if !whole {
            turns.forget_what_was_said();
        }
        if turns.protocol == Protocol::Turns {
            // From here on nothing is put in order.
            for i in &mut inbound.both {
                i.clear(budget);
            }
        }
    }

    /// The flow is closed: what waits for a hole to be filled waits no longer.
    pub(super) fn release(&mut self, budget: &mut Budget) {
        let Self { inbound, turns } = self;
        for from in [CLIENT, SERVER] {
            inbound[from].flush(budget, &mut |p, b| turns.hear(from, &p, b));
        }
    }

    /// The exchanges, those without an answer included, how many more there were
    /// than are kept, and what could not be told of them. `lost`: frames of
    /// the server's stream are missing. `isn`: the client's initial sequence number,
    /// where its SYN was seen.
    pub(super) fn finish(
        &mut self,
        lost: bool,
        isn: Option<SeqNum>,
        budget: &mut Budget,
    ) -> (Exchanges, u64, Reasons) {
        self.release(budget);
        let turns = &mut self.turns;
        turns.end(lost);
        budget.release_exchanges(turns.exchanges.len());
        for exchange in &mut turns.exchanges {
            exchange.request_seq = exchange.request_seq.and_then(|seq| {
                let relative = isn.map(|isn| seq.get().wrapping_sub(isn.0));
                relative.and_then(NonZero::new)
            });
        }
        (
            std::mem::take(&mut turns.exchanges),
            turns.omitted,
            turns.reasons,
        )
    }
}
