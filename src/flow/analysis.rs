//! Retransmissions, out-of-order segments, duplicate acknowledgements and zero
//! windows, by the rules of tshark's `tcp.analysis` (User's Guide, "TCP
//! Analysis").
//!
//! A segment that carries payload, SYN or FIN and does not begin where the
//! highest byte seen ended is one of these, asked in this order:
//!
//! * *keep-alive*: at most one byte, from one before the next expected number,
//!   without SYN, FIN and RST. Not a retransmission.
//! * *spurious retransmission*: all of its payload was acknowledged before.
//! * *fast retransmission*: it begins at the number that the other side's last
//!   two or more duplicate ACKs ask for, within 20 ms of the last one.
//! * *out of order*: within the initial round-trip time (3 ms when that is not
//!   known) of this side's highest segment, and not ending where that ended.
//! * *retransmission*: all others.
//!
//! A repeated SYN, without ACK, takes back what is expected next to where the first
//! hole is: the highest number up to which nothing is missing. An acknowledgement
//! beyond that says that what was seen is all there, and moves it up to the highest
//! number. One beyond that number too tells of segments that are not in the capture;
//! then the side whose bytes they are may have sent duplicate ACKs that are missing
//! as well, and is taken to have.
//!
//! [`HalfAnalysis::retransmissions`] counts the three kinds of retransmission.
//! SACK blocks are not looked at. The rules are those of tshark 4.0; later
//! versions hold a segment whose bytes were seen for a retransmission where
//! 4.0 says out of order.

use crate::model::{Nanos, SeqNum, TcpFlags, Timestamp};

use super::part::Part;

/// A fast retransmission comes within this of the last duplicate ACK.
const FAST_WITHIN: i64 = 20_000_000;
/// Out of order is within this when the round-trip time is not known.
const DISORDER_WITHIN: i64 = 3_000_000;

/// How many duplicate ACKs a side has sent, when some of its segments are missing:
/// enough for a fast retransmission.
const UNKNOWN_RUN: u32 = u32::MAX;

/// What a segment turned out to be; only for the one after it to look back at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Plain,
    KeepAlive,
    ZeroWindowProbe,
}

/// What is known of the segments that one side sent.
#[derive(Debug, Default)]
pub(super) struct HalfAnalysis {
    /// One past the highest sequence number seen; before the first, 0.
    next: SeqNum,
    /// When `next` was moved last.
    next_time: Timestamp,
    /// One past the highest number up to which nothing is missing, but for what
    /// the other side has acknowledged unseen; before the first, 0.
    contiguous: SeqNum,
    last_ack: SeqNum,
    last_time: Timestamp,
    duplicate_run: u32,
    /// The latest window; `None` before the first segment.
    window: Option<u16>,
    last: Kind,
    pub retransmissions: u32,
    pub out_of_order: u32,
    pub duplicate_acks: u32,
    pub zero_windows: u32,
}

impl HalfAnalysis {
    /// Takes the next segment that this side sent. `rev` is the other side,
    /// `round_trip` the initial round-trip time where it is known.
    #[inline]
    pub(super) fn take(&mut self, rev: &mut Self, s: &Part<'_>, round_trip: Option<Nanos>) {
        let len = s.payload_len;
        let opens_or_closes = s.flags.0 & (TcpFlags::SYN.0 | TcpFlags::FIN.0) != 0;
        let control = opens_or_closes || s.flags.has(TcpFlags::RST);

        // A SYN with another number began another flow: this one was sent again.
        if s.flags.has(TcpFlags::SYN) && !s.flags.has(TcpFlags::ACK) {
            self.next = self.contiguous;
        }
        let kind = self.kind_of(rev, s, control);
        if s.ack != self.last_ack {
            self.duplicate_run = 0;
        }
        if s.flags.has(TcpFlags::ACK) && rev.contiguous != SeqNum(0) && s.ack.after(rev.contiguous)
        {
            if rev.contiguous == rev.next {
                // Beyond everything that was seen of the other side.
                rev.duplicate_run = UNKNOWN_RUN;
            }
            rev.contiguous = rev.next;
        }
        if (len > 0 || opens_or_closes) && kind != Kind::KeepAlive {
            self.sent_again(rev, s, round_trip);
        }

        let mut next = s.seq.plus(len);
        if opens_or_closes {
            next = next.plus(1);
        }
        let known = self.next != SeqNum(0);
        if (!known || next.after(self.next)) && kind != Kind::ZeroWindowProbe {
            self.next = next;
            self.next_time = s.time;
        }
        if (self.contiguous == SeqNum(0) || s.seq == self.contiguous)
            && kind != Kind::ZeroWindowProbe
        {
            self.contiguous = self.next;
        }
        self.window = Some(s.window);
        self.last_ack = s.ack;
        self.last_time = s.time;
        self.last = kind;
    }

    /// Counts what a segment says by itself: its window and its acknowledgement.
    fn kind_of(&mut self, rev: &Self, s: &Part<'_>, control: bool) -> Kind {
        let len = s.payload_len;
        if len == 1 && s.seq == self.next && rev.window == Some(0) {
            return Kind::ZeroWindowProbe;
        }
        if s.window == 0 && !control {
            self.zero_windows = self.zero_windows.saturating_add(1);
        }
        let mut kind = Kind::Plain;
        if len <= 1 && s.seq.plus(1) == self.next && !control {
            kind = Kind::KeepAlive;
        }
        // What follows repeats the segment before it, byte for byte.
        let repeats = len == 0
            && self.window == Some(s.window)
            && s.seq == self.next
            && s.ack == self.last_ack
            && !control;
        if !repeats {
            return kind;
        }
        if s.window == 0 {
            // A zero-window probe's acknowledgement is no duplicate, nor is
            // any other with a closed window.
            return kind;
        }
        if rev.last != Kind::KeepAlive {
            self.duplicate_run = match self.duplicate_run {
                UNKNOWN_RUN => 1,
                n => n + 1,
            };
            self.duplicate_acks = self.duplicate_acks.saturating_add(1);
        }
        kind
    }

    /// Counts a segment that does not begin where the last one ended.
    fn sent_again(&mut self, rev: &Self, s: &Part<'_>, round_trip: Option<Nanos>) {
        let len = s.payload_len;
        let end = s.seq.plus(len);
        if len > 0 && rev.last_ack != SeqNum(0) && !end.after(rev.last_ack) {
            self.retransmissions = self.retransmissions.saturating_add(1); // spurious
            return;
        }
        let behind = self.next != SeqNum(0)
            && s.seq.before(self.next)
            // One byte back with more behind it: what a probe had carried.
            && !(len > 1 && s.seq.plus(1) == self.next);
        if !behind {
            return;
        }
        let since = s.time.since(rev.last_time).get();
        if (0..FAST_WITHIN).contains(&since) && rev.duplicate_run >= 2 && rev.last_ack == s.seq {
            self.retransmissions = self.retransmissions.saturating_add(1); // fast
            return;
        }
        let within = round_trip
            .map(Nanos::get)
            .filter(|&ns| ns != 0)
            .unwrap_or(DISORDER_WITHIN);
        let takes = u32::from(s.flags.0 & (TcpFlags::SYN.0 | TcpFlags::FIN.0) != 0);
        // Where times run backwards nothing is known to be near.
        if (0..within).contains(&s.time.since(self.next_time).get()) && end.plus(takes) != self.next
        {
            self.out_of_order = self.out_of_order.saturating_add(1);
            return;
        }
        self.retransmissions = self.retransmissions.saturating_add(1);
    }
}
