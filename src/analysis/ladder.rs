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
    /// Who sent the first segment.
    first: Option<Endpoint>,
    /// Of the first segment's sender and of the other end: the number that its
    /// sequence is told from.
    bases: [Option<SeqNum>; 2],
}

#[derive(Debug)]
struct Kept {
    frame: u64,
    time: Timestamp,
    source: Endpoint,
    flags: TcpFlags,
    /// Relative, as is the other.
    seq: u32,
    ack: u32,
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
            first: None,
            bases: [None; 2],
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
        let [own, other] = self.settle_bases(segment);
        let kept = segment.payload.len().min(PAYLOAD_KEPT);
        self.rungs.push(Kept {
            frame,
            time: segment.time,
            source: segment.source,
            flags: segment.flags,
            seq: relative(segment.seq, own),
            ack: relative(segment.ack, other),
            window: segment.window,
            length: segment.payload_len,
            payload: segment.payload[..kept].into(),
            whole: kept as u64 == u64::from(segment.payload_len),
        });
    }

    /// As tshark does: a SYN is number 0. Without one the first byte that is seen
    /// is number 1, or the first that the other end asks for. A SYN-ACK counts for what
    /// comes from then on, so that one with another number leaves the handshake readable.
    /// Returns the sender's base and the other end's.
    fn settle_bases(&mut self, s: &Segment<'_>) -> [Option<SeqNum>; 2] {
        let first = *self.first.get_or_insert(s.source);
        let own = usize::from(s.source != first);
        let other = 1 - own;
        let syn = s.flags.has(TcpFlags::SYN);
        let ack = s.flags.has(TcpFlags::ACK);
        let one_before = |n: SeqNum| SeqNum(n.0.wrapping_sub(1));
        if self.bases[own].is_none() || syn && ack {
            self.bases[own] = Some(if syn { s.seq } else { one_before(s.seq) });
        }
        if self.bases[other].is_none() && ack {
            self.bases[other] = Some(one_before(s.ack));
        }
        [self.bases[own], self.bases[other]]
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
            seq: r.seq,
            ack: r.flags.has(TcpFlags::ACK).then_some(r.ack),
            window: r.window,
            length: r.length,
            payload: r.payload.to_vec(),
            whole: r.whole,
        })
    }
}

fn relative(number: SeqNum, base: Option<SeqNum>) -> u32 {
    base.map_or(0, |base| number.0.wrapping_sub(base.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: (u8, u16) = (1, 50_000);
    const B: (u8, u16) = (2, 8000);

    /// From, to, flags, seq, ack.
    type Said = ((u8, u16), (u8, u16), u8, u32, u32);

    /// The relative numbers of a conversation.
    fn numbers(spoken: &[Said]) -> Vec<(u32, Option<u32>)> {
        let end =
            |(host, port)| Endpoint::new(std::net::Ipv4Addr::new(10, 0, 0, host).into(), port);
        let mut ladder = Ladder::of(FlowId(0));
        for (frame, &(from, to, flags, seq, ack)) in (1..).zip(spoken) {
            let segment = Segment {
                time: Timestamp::default(),
                source: end(from),
                destination: end(to),
                seq: SeqNum(seq),
                ack: SeqNum(ack),
                flags: TcpFlags(flags),
                window: 1000,
                payload_len: 0,
                payload: &[],
                wire_len: 54,
                vni: None,
            };
            ladder.segment(FlowId(0), frame, &segment);
        }
        ladder.rungs(end(A)).map(|r| (r.seq, r.ack)).collect()
    }

    #[test]
    fn numbers_are_told_as_wireshark_tells_them() {
        let (syn, syn_ack, ack) = (0x02, 0x12, 0x10);
        assert_eq!(
            numbers(&[
                (A, B, syn, 100, 0),
                (B, A, syn_ack, 300, 101),
                (A, B, ack, 101, 301)
            ]),
            [(0, None), (0, Some(1)), (1, Some(1))]
        );
        // Of one side nothing was captured: it begins before what it is told to
        // have said.
        assert_eq!(
            numbers(&[
                (A, B, ack, 100, 5000),
                (A, B, ack, 110, 6000),
                (A, B, ack, 110, 4999)
            ]),
            [(1, Some(1)), (11, Some(1001)), (11, Some(0))]
        );
        // What it says later is told from there too.
        assert_eq!(
            numbers(&[
                (A, B, ack, 100, 5000),
                (B, A, ack, 5500, 100),
                (A, B, ack, 100, 6000)
            ]),
            [(1, Some(1)), (501, Some(1)), (1, Some(1001))]
        );
        // Without ACK nothing is said of the other side.
        assert_eq!(
            numbers(&[(A, B, 0x08, 100, 77), (B, A, ack, 300, 110)]),
            [(1, None), (1, Some(11))]
        );
        // A SYN-ACK says where its side really began, from then on.
        assert_eq!(
            numbers(&[
                (A, B, ack, 101, 305),
                (B, A, syn_ack, 300, 101),
                (A, B, ack, 101, 305)
            ]),
            [(1, Some(1)), (0, Some(1)), (1, Some(5))]
        );
        // One with another number, as of a side that has forgotten the first.
        assert_eq!(
            numbers(&[
                (A, B, syn, 100, 0),
                (B, A, syn_ack, 300, 101),
                (B, A, syn_ack, 7, 101),
                (A, B, ack, 101, 8)
            ]),
            [(0, None), (0, Some(1)), (0, Some(1)), (1, Some(1))]
        );
        // Across the end of the numbers.
        assert_eq!(
            numbers(&[(A, B, ack, u32::MAX, 0), (A, B, ack, 4, 9)]),
            [(1, Some(1)), (6, Some(10))]
        );
        // An end that talks to itself.
        assert_eq!(
            numbers(&[
                (A, A, syn, 100, 0),
                (A, A, syn_ack, 100, 101),
                (A, A, ack, 101, 101)
            ]),
            [(0, None), (0, Some(1)), (1, Some(1))]
        );
    }
}
