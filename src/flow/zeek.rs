//! Zeek's account of a connection: `conn_state` and `history`.
//!
//! Both ends have a state of their own; [`Connection::transition`] is the one
//! place where it changes. The rules are those of Zeek's conn.log
//! documentation and of what Zeek does where that is silent; each is named at
//! its arm.

use crate::model::{ConnState, SeqNum, TcpFlags};

use super::endpoint::{End, EndState, said};
use super::history::History;
use super::pair::{Half, Pair};
use super::part::Part;
use super::ranges::SeqRanges;

/// Both ends of a connection, by who sent the first frame.
#[derive(Debug, Default)]
pub(super) struct Connection {
    pub ends: Pair<Half, End>,
    pub history: History,
    /// What was captured of each stream, from the first segment on that was
    /// not captured in full; before it, that is all.
    captured: Pair<Half, Option<Box<SeqRanges>>>,
}

impl Connection {
    /// Notes payload that `from` sent, before it is added to the `stream` that
    /// was seen of it. A segment cut by the snapshot length is a hole for
    /// Zeek, whatever is left of it.
    #[inline]
    pub(super) fn carry(&mut self, s: &Part<'_>, seq: SeqNum, from: Half, stream: &SeqRanges) {
        let cut = (s.payload.len() as u64) < u64::from(s.payload_len);
        match &mut self.captured[from] {
            Some(captured) if !cut => captured.insert(seq, s.payload_len),
            none @ None if cut => *none = Some(Box::new(stream.clone())),
            _ => {}
        }
    }

    /// Takes a segment that `from` sent. `streams` are the bytes seen of each
    /// side, those of this segment included.
    #[inline]
    pub(super) fn take(
        &mut self,
        s: &Part<'_>,
        from: Half,
        client: Half,
        streams: Pair<Half, &SeqRanges>,
    ) {
        let to = from.peer();
        let from_client = from == client;
        let flags = s.flags;
        let taken = u32::from(flags.has(TcpFlags::SYN)) + u32::from(flags.has(TcpFlags::FIN));
        // A RST's payload is a comment, not part of the stream (RFC 9293, 3.5.3).
        let carried = if flags.has(TcpFlags::RST) {
            0
        } else {
            s.payload_len
        };
        let end = s.seq.plus(taken).plus(carried);

        self.ends[from].prepare(flags, s.seq, end);
        self.tell(s, from, from_client);
        if s.window == 0
            && !flags.has(TcpFlags::RST)
            && self.ends[to].state != EndState::Closed
            && self.ends[from].state != EndState::Reset
        {
            let End { closed_window, .. } = &mut self.ends[from];
            self.history.scaled('W', from_client, closed_window);
        }
        if flags.has(TcpFlags::ACK) {
            if self.ends[to].state == EndState::Inactive {
                let start = SeqNum(s.ack.0.wrapping_sub(1));
                self.ends[to].begin(start, start);
            } else if !flags.has(TcpFlags::RST) {
                self.ends[to].acknowledge(s.ack);
            }
        }
        if self.ends[from].advance(flags, end, s.payload_len) {
            let End { resent, .. } = &mut self.ends[from];
            self.history.scaled('T', from_client, resent);
        }
        self.transition(flags, s.payload_len, from, from_client);
        if flags.has(TcpFlags::ACK) {
            self.look_for_holes(s.ack, to, !from_client, streams[to]);
        }
    }

    /// The letters of the segment's control bits.
    fn tell(&mut self, s: &Part<'_>, from: Half, from_client: bool) {
        let flags = s.flags;
        let (syn, fin, rst) = (
            flags.has(TcpFlags::SYN),
            flags.has(TcpFlags::FIN),
            flags.has(TcpFlags::RST),
        );
        let end = &mut self.ends[from];
        let at = s.seq.0.wrapping_sub(end.start.0);
        let mut once = |bit: u8, letter: char, moved: bool| {
            if end.said & bit == 0 || moved {
                end.said |= bit;
                self.history.add(letter, from_client);
            }
        };
        match (syn, fin, rst) {
            (_, true, true) => once(said::INCONSISTENT, 'I', false),
            (true, true, false) | (true, false, true) => once(said::MULTI, 'Q', false),
            (true, false, false) => {
                let letter = if flags.has(TcpFlags::ACK) { 'H' } else { 'S' };
                once(said::SYN, letter, at != end.syn_at);
                end.syn_at = at;
            }
            (false, true, false) => {
                let at = at.wrapping_add(s.payload_len);
                once(said::FIN, 'F', at != end.fin_at);
                end.fin_at = at;
            }
            (false, false, true) => {
                once(said::RST, 'R', at != end.rst_at);
                end.rst_at = at;
            }
            (false, false, false) if s.payload_len > 0 => once(said::DATA, 'D', false),
            (false, false, false) if flags.has(TcpFlags::ACK) => once(said::ACK, 'A', false),
            (false, false, false) => {}
        }
    }

    /// The state machine: the sender's end moves, and sometimes its peer.
    fn transition(&mut self, flags: TcpFlags, len: u32, from: Half, from_client: bool) {
        let to = from.peer();
        let (syn, ack) = (flags.has(TcpFlags::SYN), flags.has(TcpFlags::ACK));
        let (fin, rst) = (flags.has(TcpFlags::FIN), flags.has(TcpFlags::RST));
        match self.ends[from].state {
            EndState::Inactive => {
                match (syn, from_client, ack) {
                    // RFC 9293, 3.5: the opening SYN.
                    (true, true, false) => self.ends[from].enter(EndState::SynSent),
                    (true, true, true) => self.ends[from].enter(EndState::SynAckSent),
                    // RFC 9293, 3.5: SYN-ACK, or the second SYN of a simultaneous open.
                    (true, false, _) => {
                        if self.ends[to].state == EndState::SynSent {
                            self.ends[to].enter(EndState::Established);
                        }
                        self.ends[from].enter(EndState::Established);
                    }
                    (false, ..) => {}
                }
                if fin {
                    self.ends[from].enter(EndState::Closed);
                }
                if rst {
                    self.ends[from].enter(EndState::Reset);
                }
                if self.ends[from].state == EndState::Inactive {
                    // A pure ACK before the SYN-ACK: some servers do that.
                    let eccentric =
                        !from_client && len == 0 && self.ends[to].state == EndState::SynSent;
                    if eccentric {
                    } else if ack && self.ends[to].state == EndState::Established {
                        // The SYN was missed, the SYN-ACK was not.
                        self.ends[from].enter(EndState::Established);
                    } else {
                        self.ends[from].enter(EndState::Partial);
                    }
                }
            }
            // RFC 9293, 3.10.7.3: only an answer opens it, and that is the peer's to send.
            EndState::SynSent | EndState::SynAckSent => {
                if fin {
                    self.ends[from].enter(EndState::Closed);
                }
                if rst {
                    self.ends[from].enter(EndState::Reset);
                }
            }
            EndState::Established | EndState::Partial => {
                let late_syn = syn
                    && !ack
                    && self.ends[from].state == EndState::Partial
                    && self.ends[to].state == EndState::Inactive;
                if late_syn {
                    self.ends[from].enter(EndState::SynSent);
                }
                if fin && !rst {
                    self.ends[from].enter(EndState::Closed);
                    let peer = &mut self.ends[to];
                    if (peer.state, peer.before) == (EndState::Reset, EndState::Closed) {
                        // FIN, RST, and now the other FIN: a normal end.
                        peer.enter(EndState::Closed);
                    }
                }
                if rst {
                    self.ends[from].enter(EndState::Reset);
                }
            }
            // RFC 9293, 3.6: after both FINs a RST changes nothing.
            EndState::Closed => {
                if rst && self.ends[to].state != EndState::Closed {
                    self.ends[from].enter(EndState::Reset);
                }
            }
            EndState::Reset => {}
        }
    }

    /// A hole in the stream of `of` that the other side has acknowledged.
    fn look_for_holes(&mut self, ack: SeqNum, of: Half, of_client: bool, stream: &SeqRanges) {
        let end = &self.ends[of];
        let mut ack = ack;
        if end.said & said::FIN != 0 {
            let fin = end.start.plus(end.fin_at);
            if ack.after(fin) {
                ack = fin; // the FIN's own number carries no byte
            }
        }
        if !ack.after(end.checked) {
            return;
        }
        // Only in connections that were opened and are closed in the usual way:
        // elsewhere sequence numbers are no proof.
        let mut holes = 0;
        if self.ends.both.iter().all(End::is_clean) {
            let stream = self.captured[of].as_deref().unwrap_or(stream);
            holes = stream.holes(end.checked, ack);
        }
        let end = &mut self.ends[of];
        end.checked = ack;
        for _ in 0..holes {
            self.history.scaled('G', of_client, &mut end.gaps);
        }
    }

    /// Zeek's `conn_state`, as its documentation defines the names.
    pub(super) fn state(&self, client: Half) -> ConnState {
        use EndState::{Closed, Established, Inactive, Reset, SynAckSent, SynSent};
        let (orig, resp) = (&self.ends[client], &self.ends[client.peer()]);
        let nothing = || orig.sent_nothing() && resp.sent_nothing();
        match (orig.state, resp.state) {
            (SynSent | SynAckSent, Reset) => ConnState::REJ,
            (Reset, Reset) if nothing() => ConnState::REJ,
            (_, Reset) if orig.is_inactive() => ConnState::RSTRH,
            (_, Reset) => ConnState::RSTR,
            (Reset, _) if !resp.is_inactive() => ConnState::RSTO,
            (Reset, _) if syn_then_rst(self.history.as_str()) => ConnState::RSTOS0,
            (Reset, _) => ConnState::OTH,
            (Closed, Closed) => ConnState::SF,
            (Closed, _) if resp.is_inactive() => ConnState::SH,
            (Closed, _) => ConnState::S2,
            (_, Closed) if orig.is_inactive() => ConnState::SHR,
            (_, Closed) => ConnState::S3,
            (SynSent, Inactive) => ConnState::S0,
            (Established, Established) => ConnState::S1,
            _ => ConnState::OTH,
        }
    }
}

/// A SYN of the client, then its RST, and nothing of the client's between
/// that would speak of a connection.
fn syn_then_rst(history: &str) -> bool {
    history
        .trim_start_matches('^')
        .strip_prefix('S')
        .and_then(|rest| rest.split_once('R'))
        .is_some_and(|(between, _)| !between.contains(['H', 'A', 'F', 'G', 'I', 'Q']))
}
