//! The opening of a connection (RFC 9293, 3.5).

use crate::model::{Handshake, Nanos, SeqNum, TcpFlags, Timestamp};

use super::pair::{Half, Pair};
use super::part::Part;

/// What was seen of one side's SYNs, with or without ACK.
#[derive(Clone, Copy, Debug)]
struct Opened {
    at: Timestamp,
    isn: SeqNum,
    count: u32,
}

/// The times of an opening, by who sent the first frame.
#[derive(Debug, Default)]
pub(super) struct Opening {
    /// The first SYN without ACK of each side.
    syn: Pair<Half, Option<Opened>>,
    /// The first SYN-ACK of each side.
    syn_ack: Pair<Half, Option<(Timestamp, SeqNum)>>,
    /// The first segment that acknowledges the other side's SYN.
    ack: Pair<Half, Option<Timestamp>>,
    /// The latest SYN without ACK, until the first ACK makes it a round trip.
    latest_syn: Option<Timestamp>,
    round_trip: Option<Nanos>,
    /// The same, of a segment without RST.
    initial_rtt: Option<Nanos>,
}

impl Opening {
    /// Takes a segment that side `from` sent.
    #[inline]
    pub(super) fn take(&mut self, s: &Part<'_>, from: Half) {
        let syn = s.flags.has(TcpFlags::SYN);
        let ack = s.flags.has(TcpFlags::ACK);
        if syn {
            self.take_syn(s, from, ack);
        } else if !ack {
            return;
        } else {
            let since = self.latest_syn.map(|t| s.time.since(t));
            // None yet, or none to speak of: tshark goes on looking then.
            let open = |t: Option<Nanos>| t.is_none_or(|t| t.get() == 0);
            if open(self.round_trip) {
                self.round_trip = since;
            }
            if open(self.initial_rtt) && !s.flags.has(TcpFlags::RST) {
                self.initial_rtt = since.filter(|t| t.get() >= 0);
            }
        }
        if ack && self.ack[from].is_none() && !s.flags.has(TcpFlags::RST) {
            let other = from.peer();
            let isn = self.syn_ack[other]
                .map(|(_, isn)| isn)
                .or(self.syn[other].map(|o| o.isn));
            let acknowledges = match (isn, self.syn[from]) {
                (Some(isn), _) => s.ack.after(isn),
                // A capture of one direction: its own SYN was acknowledged,
                // or it would not go on.
                (None, Some(own)) => s.seq.after(own.isn),
                (None, None) => false,
            };
            if acknowledges {
                self.ack[from] = Some(s.time);
            }
        }
    }

    #[cold]
    fn take_syn(&mut self, s: &Part<'_>, from: Half, ack: bool) {
        if ack {
            // One that acknowledges something else answers another SYN.
            let answers = self.syn[from.peer()].is_none_or(|syn| s.ack.after(syn.isn));
            if answers {
                self.syn_ack[from].get_or_insert((s.time, s.seq));
            }
            return;
        }
        self.latest_syn = Some(s.time);
        match &mut self.syn[from] {
            Some(first) => first.count = first.count.saturating_add(1),
            none => {
                *none = Some(Opened {
                    at: s.time,
                    isn: s.seq,
                    count: 1,
                });
            }
        }
    }

    /// The time of a handshake: from the latest SYN to the first segment with ACK
    /// and without SYN. A refusal has an ACK too, and is none.
    pub(super) const fn initial_rtt(&self) -> Option<Nanos> {
        self.initial_rtt
    }

    /// The same where a refusal counts: what tshark measures disorder by.
    pub(super) const fn round_trip(&self) -> Option<Nanos> {
        self.round_trip
    }

    /// The opening as the side `client` made it; `None` without its SYN.
    pub(super) fn handshake(&self, client: Half) -> Option<Handshake> {
        let syn = self.syn[client]?;
        Some(Handshake {
            syn_ns: syn.at,
            syn_ack_ns: self.syn_ack[client.peer()].map(|(at, _)| at),
            ack_ns: self.ack[client],
            syn_count: syn.count,
        })
    }
}
