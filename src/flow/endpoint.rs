//! One end of a connection as Zeek's state machine sees it.
//!
//! The states and their names are those that Zeek's `conn.log` documentation
//! rests on: not the state of the host's TCP, but what the packets that passed
//! say of it.

use crate::model::{SeqNum, TcpFlags};

/// What one end has shown of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum EndState {
    /// Nothing was seen of it.
    #[default]
    Inactive,
    /// It sent a SYN, unanswered so far.
    SynSent,
    /// It, the client, began with a SYN-ACK.
    SynAckSent,
    /// It was seen in the middle of a connection.
    Partial,
    /// Its SYN was answered, or answers.
    Established,
    /// It sent a FIN.
    Closed,
    /// It sent a RST.
    Reset,
}

/// A jump of sequence numbers in a SYN or RST that is not believed.
const IMPLAUSIBLE: i32 = 1 << 20;

/// Bits of [`End::said`]: letters of the history that this end has already.
pub(super) mod said {
    pub const SYN: u8 = 1;
    pub const FIN: u8 = 1 << 1;
    pub const RST: u8 = 1 << 2;
    pub const DATA: u8 = 1 << 3;
    pub const ACK: u8 = 1 << 4;
    pub const MULTI: u8 = 1 << 5;
    pub const INCONSISTENT: u8 = 1 << 6;
}

/// One end: its state and where its sequence numbers stand.
#[derive(Debug, Default)]
pub(super) struct End {
    pub state: EndState,
    /// The state before, for RSTs and FINs that cross.
    pub before: EndState,
    /// Which letters it has in the history.
    pub said: u8,
    /// The number of its SYN, or what it would have been.
    pub start: SeqNum,
    /// One past the highest number sent.
    pub last: SeqNum,
    /// The highest number that was acknowledged.
    pub acked: SeqNum,
    /// Up to where holes in its stream were looked for.
    pub checked: SeqNum,
    /// Where its latest SYN, FIN and RST were, from `start` on.
    pub syn_at: u32,
    pub fin_at: u32,
    pub rst_at: u32,
    /// How often it sent payload again, closed its window, left a hole.
    pub resent: u32,
    pub closed_window: u32,
    pub gaps: u32,
}

impl End {
    pub(super) const fn enter(&mut self, state: EndState) {
        if self.state as u8 != state as u8 {
            self.before = self.state;
            self.state = state;
        }
    }

    /// Whether nothing, or only midstream traffic, was seen of it.
    pub(super) const fn is_inactive(&self) -> bool {
        matches!(self.state, EndState::Inactive | EndState::Partial)
    }

    /// Established, or closed by a FIN after that.
    pub(super) const fn is_clean(&self) -> bool {
        matches!(self.state, EndState::Established)
            || matches!(
                (self.state, self.before),
                (EndState::Closed, EndState::Established)
            )
    }

    /// Starts the numbering at `start`, as if a SYN had been there.
    pub(super) const fn begin(&mut self, start: SeqNum, last: SeqNum) {
        self.start = start;
        self.acked = start;
        self.checked = start.plus(1);
        self.last = last;
    }

    /// Prepares the numbering for a segment that this end sends.
    pub(super) const fn prepare(&mut self, flags: TcpFlags, seq: SeqNum, end: SeqNum) {
        let syn = flags.has(TcpFlags::SYN);
        match self.state {
            EndState::Inactive | EndState::Established | EndState::Partial if syn => {
                self.begin(seq, end);
            }
            // So that the first segment is not taken for one sent again.
            EndState::Inactive => self.begin(SeqNum(seq.0.wrapping_sub(1)), seq),
            EndState::SynSent | EndState::SynAckSent if syn && seq.0 != self.start.0 => {
                self.begin(seq, end);
            }
            EndState::Reset if syn && matches!(self.before, EndState::Inactive) => {
                self.begin(seq, end);
            }
            _ => {}
        }
    }

    /// Moves the highest number sent; true when payload was sent again.
    pub(super) fn advance(&mut self, flags: TcpFlags, end: SeqNum, len: u32) -> bool {
        let ahead = end.distance_from(self.last);
        let odd = flags.has(TcpFlags::SYN) || flags.has(TcpFlags::RST);
        if odd && !(-IMPLAUSIBLE..=IMPLAUSIBLE).contains(&ahead) {
            false
        } else if flags.has(TcpFlags::FIN) && self.last == self.start.plus(1) {
            self.last = end;
            false
        } else if self.state == EndState::Reset {
            false
        } else if ahead > 0 {
            self.last = end;
            false
        } else {
            len > 0
        }
    }

    /// Takes an acknowledgement of what this end sent.
    pub(super) fn acknowledge(&mut self, ack: SeqNum) {
        let ahead = ack.distance_from(self.acked);
        if ahead > 0 && !(ack == SeqNum(0) && ahead > IMPLAUSIBLE) {
            self.acked = ack;
        }
    }

    /// Whether no byte of a stream was sent or acknowledged.
    pub(super) fn sent_nothing(&self) -> bool {
        let furthest = if self.last.after(self.acked) {
            self.last
        } else {
            self.acked
        };
        let fin = u32::from(self.said & said::FIN != 0);
        furthest.distance_from(self.start) <= 1 + fin.cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An end that has sent a SYN with the number 100.
    fn opened() -> End {
        let mut end = End::default();
        end.prepare(TcpFlags::SYN, SeqNum(100), SeqNum(101));
        end.enter(EndState::SynSent);
        end
    }

    #[test]
    fn a_syn_or_rst_far_away_moves_nothing() {
        let far = IMPLAUSIBLE.cast_unsigned();
        for flags in [TcpFlags::SYN, TcpFlags::RST] {
            let after = |to: u32| {
                let mut end = opened();
                assert!(!end.advance(flags, SeqNum(to), 0));
                end.last.0
            };
            assert_eq!(after(101 + far), 101 + far);
            assert_eq!(after(101 + far + 1), 101);
            // Nor is payload there sent again.
            let again = |to: u32| opened().advance(flags, SeqNum(to), 5);
            assert!(again(101_u32.wrapping_sub(far)));
            assert!(!again(101_u32.wrapping_sub(far + 1)));
        }
        let mut end = opened();
        assert!(!end.advance(TcpFlags::ACK, SeqNum(101 + far + 1), 5));
        assert_eq!(
            end.last.0,
            101 + far + 1,
            "of other segments it is believed"
        );
    }

    #[test]
    fn an_acknowledgement_of_0_far_away_is_none() {
        let far = IMPLAUSIBLE.cast_unsigned();
        let after = |acked: u32, ack: u32| {
            let mut end = opened();
            end.acked = SeqNum(acked);
            end.acknowledge(SeqNum(ack));
            end.acked.0
        };
        assert_eq!(after(0_u32.wrapping_sub(far), 0), 0);
        let further = 0_u32.wrapping_sub(far + 1);
        assert_eq!(after(further, 0), further);
        assert_eq!(after(further, 1), 1);
        assert_eq!(after(100, 101), 101);
        assert_eq!(after(101, 100), 101);
    }

    #[test]
    fn only_another_number_begins_anew() {
        let syn = |mut end: End, seq: u32| {
            end.prepare(TcpFlags::SYN, SeqNum(seq), SeqNum(seq + 1));
            (end.start.0, end.last.0, end.acked.0, end.checked.0)
        };
        assert_eq!(syn(opened(), 900), (900, 901, 900, 901));
        let mut end = opened();
        end.acked = SeqNum(500);
        assert_eq!(syn(end, 100), (100, 101, 500, 101));
        let mut reset = opened();
        reset.enter(EndState::Reset);
        assert_eq!(syn(reset, 900), (100, 101, 100, 101));
        let mut reset = End::default();
        reset.enter(EndState::Reset);
        assert_eq!(syn(reset, 900), (900, 901, 900, 901));
        // What is seen midstream begins where it is.
        let mut midstream = End::default();
        midstream.prepare(TcpFlags::ACK, SeqNum(7), SeqNum(9));
        assert_eq!((midstream.start.0, midstream.last.0), (6, 7));
    }

    #[test]
    fn a_syn_and_a_fin_are_no_bytes_of_a_stream() {
        let nothing = |last: u32, acked: u32, said: u8| {
            let mut end = opened();
            (end.last, end.acked, end.said) = (SeqNum(last), SeqNum(acked), said);
            end.sent_nothing()
        };
        assert!(nothing(101, 100, 0));
        assert!(nothing(100, 101, said::SYN | said::RST));
        assert!(!nothing(102, 101, 0));
        assert!(!nothing(101, 102, 0));
        assert!(nothing(102, 102, said::FIN));
        assert!(!nothing(103, 102, said::FIN));
    }
}
