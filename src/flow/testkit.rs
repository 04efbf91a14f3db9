//! Conversations for tests: `talk.client().syn(100).at_ms(0)`.

use std::net::Ipv4Addr;

use crate::model::{Endpoint, FlowRecord, Segment, SeqNum, TcpFlags, Timestamp};

use super::{FlowConfig, FlowCounts, FlowTable};

/// A segment that owns its payload.
#[derive(Clone, Debug)]
pub(super) struct Spoken {
    source: Endpoint,
    destination: Endpoint,
    time: Timestamp,
    seq: u32,
    ack: u32,
    flags: TcpFlags,
    window: u16,
    payload: Vec<u8>,
    /// Payload bytes that the capture cut off.
    cut: usize,
    vni: Option<u32>,
}

/// One side of a conversation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speaker {
    me: Endpoint,
    you: Endpoint,
}

pub(super) fn client() -> Speaker {
    client_at(50_000)
}

/// A client on this port, of the one server.
pub(super) fn client_at(port: u16) -> Speaker {
    let me = Endpoint::new(Ipv4Addr::new(10, 0, 0, 1).into(), port);
    let you = Endpoint::new(Ipv4Addr::new(10, 0, 0, 2).into(), 45_000);
    Speaker { me, you }
}

pub(super) fn server() -> Speaker {
    client().other()
}

impl Speaker {
    pub(super) const fn other(self) -> Self {
        Self {
            me: self.you,
            you: self.me,
        }
    }

    pub(super) fn send(self, flags: TcpFlags, seq: u32, ack: u32, payload: &[u8]) -> Spoken {
        Spoken {
            source: self.me,
            destination: self.you,
            time: Timestamp::default(),
            seq,
            ack,
            flags,
            window: 1000,
            payload: payload.to_vec(),
            cut: 0,
            vni: None,
        }
    }

    pub(super) fn syn(self, seq: u32) -> Spoken {
        self.send(TcpFlags::SYN, seq, 0, b"")
    }

    pub(super) fn syn_ack(self, seq: u32, ack: u32) -> Spoken {
        self.send(TcpFlags::SYN.with(TcpFlags::ACK), seq, ack, b"")
    }

    pub(super) fn ack(self, seq: u32, ack: u32) -> Spoken {
        self.send(TcpFlags::ACK, seq, ack, b"")
    }

    pub(super) fn says(self, seq: u32, ack: u32, text: &[u8]) -> Spoken {
        self.send(TcpFlags::ACK.with(TcpFlags::PSH), seq, ack, text)
    }

    pub(super) fn fin(self, seq: u32, ack: u32) -> Spoken {
        self.send(TcpFlags::FIN.with(TcpFlags::ACK), seq, ack, b"")
    }

    pub(super) fn rst(self, seq: u32) -> Spoken {
        self.send(TcpFlags::RST, seq, 0, b"")
    }
}

impl Spoken {
    pub(super) fn at_ms(mut self, ms: i64) -> Self {
        self.time = Timestamp::from_nanos(ms * 1_000_000);
        self
    }

    pub(super) fn window(mut self, window: u16) -> Self {
        self.window = window;
        self
    }

    pub(super) fn with(mut self, flags: TcpFlags) -> Self {
        self.flags = self.flags.with(flags);
        self
    }

    /// As if the receiver were the sender.
    pub(super) fn looped(mut self) -> Self {
        self.destination = self.source;
        self
    }

    /// In a virtual network.
    pub(super) fn within(mut self, vni: u32) -> Self {
        self.vni = Some(vni);
        self
    }

    /// The capture kept only the first `n` payload bytes.
    pub(super) fn cut_to(mut self, n: usize) -> Self {
        self.cut = self.payload.len() - n;
        self
    }

    pub(super) fn segment(&self) -> Segment<'_> {
        let len = u32::try_from(self.payload.len()).unwrap();
        Segment {
            time: self.time,
            source: self.source,
            destination: self.destination,
            seq: SeqNum(self.seq),
            ack: SeqNum(self.ack),
            flags: self.flags,
            window: self.window,
            payload_len: len,
            payload: &self.payload[..self.payload.len() - self.cut],
            wire_len: 54 + len,
            vni: self.vni,
        }
    }
}

/// All flows of a conversation, by number.
pub(super) fn flows(spoken: &[Spoken]) -> Vec<FlowRecord> {
    flows_with(FlowConfig::default(), spoken).0
}

pub(super) fn flows_with(config: FlowConfig, spoken: &[Spoken]) -> (Vec<FlowRecord>, FlowCounts) {
    let mut table = FlowTable::new(config);
    let mut records = Vec::new();
    for s in spoken {
        table.push(&s.segment(), &mut |r| records.push(r));
    }
    let counts = table.counts();
    table.finish(&mut |r| records.push(r));
    records.sort_by_key(|r| r.flow);
    (records, counts)
}

/// The one flow of a conversation.
pub(super) fn flow(spoken: &[Spoken]) -> FlowRecord {
    let mut all = flows(spoken);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

/// A handshake, `client` from 100 and `server` from 300, a segment a
/// millisecond, and then what is said.
pub(super) fn opened(then: impl IntoIterator<Item = Spoken>) -> Vec<Spoken> {
    let (c, s) = (client(), server());
    let mut all = vec![
        c.syn(100).at_ms(0),
        s.syn_ack(300, 101).at_ms(1),
        c.ack(101, 301).at_ms(2),
    ];
    all.extend(then);
    all
}
