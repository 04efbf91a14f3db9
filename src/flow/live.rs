//! One flow while its segments come in.

use crate::model::{
    Close, Endpoint, Exchange, FlowId, FlowRecord, FlowShape, Incomplete, SeqNum, Shapes, TcpFlags,
    Timestamp,
};

use super::analysis::HalfAnalysis;
use super::budget::Budget;
use super::endpoint::{End, said};
use super::exchange::Dialogue;
use super::handshake::Opening;
use super::pair::{Half, Pair};
use super::part::Part;
use super::ranges::SeqRanges;
use super::zeek::Connection;

/// How it is known who the client is; a better reason replaces a lesser one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ClientKnownBy {
    FirstFrame,
    SynAck,
    Syn,
}

/// What one side sent.
#[derive(Debug, Default)]
struct Sent {
    frames: u64,
    wire_bytes: u64,
    payload_bytes: u64,
    stream: SeqRanges,
    analysis: HalfAnalysis,
    /// One past its FIN.
    fin: Option<SeqNum>,
    /// When it first sent a FIN or RST.
    closed: Option<Timestamp>,
}

/// What a flow begins with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    /// Its number.
    pub id: FlowId,
    /// Both endpoints, the first frame's sender first.
    pub ends: [Endpoint; 2],
    /// The virtual network that it is in.
    pub vni: Option<u32>,
}

/// One flow.
#[derive(Debug)]
pub(super) struct Flow {
    id: FlowId,
    ends: Pair<Half, Endpoint>,
    vni: Option<u32>,
    client: Half,
    client_known_by: ClientKnownBy,
    first: Timestamp,
    last: Timestamp,
    sent: Pair<Half, Sent>,
    opening: Opening,
    connection: Connection,
    dialogue: Dialogue,
    reset: bool,
    /// Who sent the latest segment and when, if it carried data.
    latest_data: Option<(Half, Timestamp)>,
    /// A side that was gone when data for it came, and when that data was sent.
    gone: Option<(Half, Timestamp)>,
}

impl Flow {
    /// A flow of which no segment was taken yet.
    pub(super) fn new(begun: Begun, time_port: Option<u16>) -> Self {
        let Begun { id, ends, vni } = begun;
        let mut flow = Self {
            id,
            ends: Pair::new(ends),
            vni,
            client: Half::First,
            client_known_by: ClientKnownBy::FirstFrame,
            // Every segment is earlier, and later.
            first: Timestamp::from_nanos(i64::MAX),
            last: Timestamp::from_nanos(i64::MIN),
            sent: Pair::default(),
            opening: Opening::default(),
            connection: Connection::default(),
            dialogue: Dialogue::default(),
            reset: false,
            latest_data: None,
            gone: None,
        };
        if time_port.is_some_and(|p| ends.iter().all(|end| end.port != p)) {
            flow.dialogue.forbid_time();
        }
        flow
    }

    /// Takes the next segment, which side `from` sent.
    #[inline]
    pub(super) fn take(&mut self, s: &Part<'_>, from: Half, budget: &mut Budget) {
        self.last = self.last.max(s.time);
        self.first = self.first.min(s.time);
        if s.flags.has(TcpFlags::SYN) {
            self.settle_client(s, from);
        }

        let round_trip = self.opening.round_trip();
        self.opening.take(s, from);
        let [a, b] = &mut self.sent.both;
        let (sender, peer) = match from {
            Half::First => (a, b),
            Half::Other => (b, a),
        };
        sender.frames += 1;
        sender.wire_bytes += u64::from(s.wire_len);
        sender.payload_bytes += u64::from(s.payload_len);
        if s.payload_len > 0 && !s.flags.has(TcpFlags::RST) {
            let syn = u32::from(s.flags.has(TcpFlags::SYN));
            let seq = s.seq.plus(syn);
            self.connection.carry(s, seq, from, &sender.stream);
            sender.stream.insert(seq, s.payload_len);
        }
        sender.analysis.take(&mut peer.analysis, s, round_trip);
        if s.flags.has(TcpFlags::FIN) || s.flags.has(TcpFlags::RST) {
            sender.closed.get_or_insert(s.time);
        }
        if s.flags.has(TcpFlags::FIN) {
            sender.fin = Some(s.seq.plus(s.payload_len).plus(1));
        }
        if s.flags.has(TcpFlags::RST) {
            // RFC 9293, 3.10.7.1: where there is no connection any more, a segment with
            // ACK is answered by a RST without. After its FIN nobody there reads.
            if !s.flags.has(TcpFlags::ACK) && sender.fin.is_some() {
                let data = self.latest_data.filter(|data| data.0 != from);
                self.gone = self.gone.or(data.map(|(_, at)| (from, at)));
            }
            self.reset |= sender.fin.is_none() || peer.fin.is_none();
        }

        self.latest_data = (s.payload_len > 0).then_some((from, s.time));
        let [a, b] = &self.sent.both;
        self.connection
            .take(s, from, self.client, Pair::new([&a.stream, &b.stream]));
        let ends = &self.connection.ends;
        let began = |end: &End| end.said & said::SYN != 0;
        let isn = began(&ends[from]).then_some(ends[from].start);
        let whole = ends.both.iter().all(began);
        self.dialogue
            .take(s, from == self.client, isn, whole, budget);
    }

    /// The sender of the first SYN; without one, the receiver of a SYN-ACK;
    /// else the sender of the first frame.
    #[cold]
    fn settle_client(&mut self, s: &Part<'_>, from: Half) {
        let (by, client) = if s.flags.has(TcpFlags::ACK) {
            (ClientKnownBy::SynAck, from.peer())
        } else {
            (ClientKnownBy::Syn, from)
        };
        if by <= self.client_known_by || self.ends[Half::First] == self.ends[Half::Other] {
            return;
        }
        self.client_known_by = by;
        if client != self.client {
            self.client = client;
            self.connection.history.turn();
            self.dialogue.turn_round();
        }
    }

    /// Whether frames of what this side sent are missing: before its FIN, or before
    /// what the other side acknowledged.
    fn is_incomplete(&self, side: Half) -> bool {
        let (sent, end) = (&self.sent[side], &self.connection.ends[side]);
        // The last number that was acknowledged may be that of a FIN.
        let after = sent.fin.unwrap_or(end.acked);
        let upto = SeqNum(after.0.wrapping_sub(1));
        sent.stream.holes(end.start.plus(1), upto) > 0
    }

    /// Gives back the memory that only an open flow needs.
    pub(super) fn release(&mut self, budget: &mut Budget) {
        self.dialogue.release(budget);
    }

    /// The flow as it is told; `early` is why that is too early.
    pub(super) fn record(
        &mut self,
        early: Option<Incomplete>,
        shapes: &mut Shapes,
        budget: &mut Budget,
    ) -> FlowRecord {
        let (client, server) = (self.client, self.client.peer());
        let fins = self.sent.both.iter().all(|s| s.fin.is_some());
        let state = self.connection.state(client);
        let lost = self.is_incomplete(server);
        let end = &self.connection.ends[client];
        let isn = (end.said & said::SYN != 0).then_some(end.start);
        let (mut exchanges, exchanges_omitted, mut reasons) =
            self.dialogue.finish(lost, isn, budget);
        let unread = self.gone.filter(|gone| gone.0 == client);
        for exchange in exchanges.iter_mut().filter(|e| e.valid == Some(true)) {
            if unread.is_some_and(|(_, at)| exchange.response_ns == Some(at)) {
                exchange.problem = Some(Exchange::TOO_LATE.into());
            }
        }
        let [c, s] = [&self.sent[client], &self.sent[server]];
        if c.stream.total().is_none() || s.stream.total().is_none() {
            reasons.add(Incomplete::HolesBound);
        }
        let mut incomplete = reasons.list();
        incomplete.extend(early);
        let shape = FlowShape {
            vni: self.vni,
            client_frames: c.frames,
            server_frames: s.frames,
            client_wire_bytes: c.wire_bytes,
            server_wire_bytes: s.wire_bytes,
            client_payload_bytes: c.payload_bytes,
            server_payload_bytes: s.payload_bytes,
            client_stream_bytes: c.stream.total(),
            server_stream_bytes: s.stream.total(),
            client_retransmissions: c.analysis.retransmissions.into(),
            server_retransmissions: s.analysis.retransmissions.into(),
            client_out_of_order: c.analysis.out_of_order.into(),
            server_out_of_order: s.analysis.out_of_order.into(),
            client_duplicate_acks: c.analysis.duplicate_acks.into(),
            server_duplicate_acks: s.analysis.duplicate_acks.into(),
            client_zero_windows: c.analysis.zero_windows.into(),
            server_zero_windows: s.analysis.zero_windows.into(),
            state,
            history: String::new(),
            close: if self.reset {
                Close::Rst
            } else if fins {
                Close::Fin
            } else {
                Close::Open
            },
            exchanges_omitted,
            incomplete,
        };
        FlowRecord {
            flow: self.id,
            client: self.ends[client],
            server: self.ends[server],
            first_ns: self.first,
            last_ns: self.last,
            initial_rtt_ns: self.opening.initial_rtt(),
            handshake: self.opening.handshake(client),
            client_closed_ns: c.closed,
            server_closed_ns: s.closed,
            exchanges,
            client_owner: None,
            server_owner: None,
            shape: shapes.share(self.connection.history.as_str(), shape),
        }
    }
}
