//! One flow as a ladder: a rung a segment.

use crate::model::{Endpoint, FlowId, Nanos, Segment, SeqNum, TcpFlags, Timestamp};

/// The most rungs that are kept; what is beyond them is counted.
const MOST_RUNGS: usize = 100_000;

/// The most payload bytes that are kept of a segment.
const PAYLOAD_KEPT: usize = 64;

/// The segments of one flow, as they come.
#[derive(Debug)]
pub struct Ladder {
    flow: FlowId,
    rungs: Vec<Kept>,
    more: u64,
    /// Each end that was seen, with the number its sequence is told from.
    ends: Vec<(Endpoint, SeqNum)>,
}

#[derive(Debug)]
struct Kept {
    frame: u64,
    time: Timestamp,
    source: Endpoint,
    flags: TcpFlags,
    seq: SeqNum,
    ack: SeqNum,
    window: u16,
    length: u32,
    payload: Box<[u8]>,
    whole: bool,
}

/// One segment, ready to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Its frame's number in the capture, from 1 as in Wireshark.
    pub frame: u64,
    /// Since the flow's first segment.
    pub time: Nanos,
    /// Since the segment before; `None` for the first.
    pub since: Option<Nanos>,
    /// Whether the client sent it.
    pub from_client: bool,
    /// Its control bits.
    pub flags: TcpFlags,
    /// The sequence number, from 0 at the sender's SYN.
    pub seq: u32,
    /// The acknowledgement number, from 0 at the other's SYN; `None` without ACK.
    pub ack: Option<u32>,
    /// The window field, unscaled.
    pub window: u16,
    /// Payload bytes.
    pub length: u32,
    /// The payload's first bytes.
    pub payload: Vec<u8>,
    /// Whether these are all of them.
    pub whole: bool,
}

impl Ladder {
    /// A ladder of the flow with this number.
    #[must_use]
    pub fn of(flow: FlowId) -> Self {
        Self {
            flow,
            rungs: Vec::new(),
            more: 0,
            ends: Vec::new(),
        }
    }

    /// The flow's number.
    #[must_use]
    pub fn flow(&self) -> FlowId {
        self.flow
    }

    /// Segments beyond the most that are kept.
    #[must_use]
    pub fn more(&self) -> u64 {
        self.more
    }

    /// Takes a segment of any flow; keeps it if it is of this one.
    #[inline]
    pub fn segment(&mut self, flow: FlowId, frame: u64, segment: &Segment<'_>) {
        if flow == self.flow {
            self.keep(frame, segment);
        }
    }

    fn keep(&mut self, frame: u64, segment: &Segment<'_>) {
        if self.rungs.len() >= MOST_RUNGS {
            self.more += 1;
            return;
        }
        if !self.ends.iter().any(|(end, _)| *end == segment.source) {
            // As Wireshark does: a SYN is number 0; without one, the first
            // byte that is seen is number 1.
            let base = if segment.flags.has(TcpFlags::SYN) {
                segment.seq
            } else {
                SeqNum(segment.seq.0.wrapping_sub(1))
            };
            self.ends.push((segment.source, base));
        }
        let kept = segment.payload.len().min(PAYLOAD_KEPT);
        self.rungs.push(Kept {
            frame,
            time: segment.time,
            source: segment.source,
            flags: segment.flags,
            seq: segment.seq,
            ack: segment.ack,
            window: segment.window,
            length: segment.payload_len,
            payload: segment.payload[..kept].into(),
            whole: kept as u64 == u64::from(segment.payload_len),
        });
    }

    /// The rungs, seen from this client.
    pub fn rungs(&self, client: Endpoint) -> impl Iterator<Item = Rung> + '_ {
        let first = self.rungs.first().map(|r| r.time);
        let before = std::iter::once(None).chain(self.rungs.iter().map(|r| Some(r.time)));
        self.rungs.iter().zip(before).map(move |(r, before)| Rung {
            frame: r.frame,
            time: r.time.since(first.unwrap_or(r.time)),
            since: before.map(|b| r.time.since(b)),
            from_client: r.source == client,
            flags: r.flags,
            seq: relative(r.seq, self.base_of(r.source)),
            ack: r.flags.has(TcpFlags::ACK).then(|| {
                // Before the other end has said anything, what it is told to
                // have said is where it begins.
                let base = self.base_of_other(r.source);
                base.map_or(1, |base| relative(r.ack, Some(base)))
            }),
            window: r.window,
            length: r.length,
            payload: r.payload.to_vec(),
            whole: r.whole,
        })
    }

    fn base_of(&self, end: Endpoint) -> Option<SeqNum> {
        let found = self.ends.iter().find(|(e, _)| *e == end);
        found.map(|(_, base)| *base)
    }

    fn base_of_other(&self, end: Endpoint) -> Option<SeqNum> {
        let found = self.ends.iter().find(|(e, _)| *e != end);
        found.map(|(_, base)| *base)
    }
}

fn relative(number: SeqNum, base: Option<SeqNum>) -> u32 {
    base.map_or(0, |base| number.0.wrapping_sub(base.0))
}
