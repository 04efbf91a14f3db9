//! How far a flow has come: whether a segment begins another one, and whether it is over.

use crate::model::{Segment, SeqNum, TcpFlags};

use super::pair::Half;

/// What the table has to know of a flow between its segments, and no more: there may be
/// millions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    /// What each side's numbers are counted from: its initial sequence number, or the one
    /// that tshark takes for it.
    bases: [SeqNum; 2],
    /// One past each side's FIN.
    fins: [SeqNum; 2],
    /// Which of these are known, and what has happened.
    known: u8,
}

/// Bits of [`Life::known`]; those of the other side are one further to the left.
mod known {
    pub(super) const BASE: u8 = 1;
    pub(super) const FIN: u8 = 1 << 2;
    pub(super) const FIN_ACKNOWLEDGED: u8 = 1 << 4;
    pub(super) const SYN: u8 = 1 << 6;
    pub(super) const RST: u8 = 1 << 7;
}

impl Life {
    /// Of a flow of which no segment was taken yet.
    pub(super) const fn new() -> Self {
        Self {
            bases: [SeqNum(0); 2],
            fins: [SeqNum(0); 2],
            known: 0,
        }
    }

    #[inline]
    const fn knows(&self, what: u8, side: usize) -> bool {
        self.known & what << side != 0
    }

    /// Takes the next segment, as tshark guesses what numbers are counted from.
    #[inline]
    pub(super) fn take(&mut self, s: &Segment<'_>, from: Half) {
        let (from, to) = match from {
            Half::First => (0, 1),
            Half::Other => (1, 0),
        };
        let flags = s.flags;
        let (syn, ack) = (flags.has(TcpFlags::SYN), flags.has(TcpFlags::ACK));
        if !self.knows(known::BASE, from) || syn && ack {
            let before = s.seq.0.wrapping_sub(1);
            self.bases[from] = if syn { s.seq } else { SeqNum(before) };
            self.known |= known::BASE << from;
        }
        if ack && !self.knows(known::BASE, to) {
            self.bases[to] = SeqNum(s.ack.0.wrapping_sub(1));
            self.known |= known::BASE << to;
        }
        if flags.has(TcpFlags::FIN) {
            self.fins[from] = s.seq.plus(s.payload_len).plus(1);
            self.known |= known::FIN << from;
        }
        if ack && self.knows(known::FIN, to) && !self.fins[to].after(s.ack) {
            self.known |= known::FIN_ACKNOWLEDGED << to;
        }
        if syn && !ack {
            self.known |= known::SYN;
        }
        if flags.has(TcpFlags::RST) {
            self.known |= known::RST;
        }
    }

    /// Whether a segment begins another connection on the same pair: a SYN
    /// whose sequence number is not the one that this side began with. One
    /// with the same number was sent again. tshark's `tcp.stream` tells them
    /// apart in the same way.
    #[inline]
    pub(super) fn is_superseded_by(&self, s: &Segment<'_>, from: Half) -> bool {
        let from = usize::from(from == Half::Other);
        s.flags.has(TcpFlags::SYN)
            && !s.flags.has(TcpFlags::ACK)
            && self.knows(known::BASE, from)
            && self.bases[from] != s.seq
    }

    /// Whether any SYN without ACK was seen.
    #[inline]
    pub(super) const fn has_syn(&self) -> bool {
        self.known & known::SYN != 0
    }

    /// Whether both sides have sent a FIN and had it acknowledged, or a RST came:
    /// no more is to be waited for.
    #[inline]
    pub(super) const fn is_closed(&self) -> bool {
        self.known & known::RST != 0
            || self.knows(known::FIN_ACKNOWLEDGED, 0) && self.knows(known::FIN_ACKNOWLEDGED, 1)
    }
}
