//! A flow as it is told: its record, in memory and as a line of `flows.jsonl`.
//!
//! A run or a capture may have millions of flows, and most of them went the same way:
//! as many frames, as many bytes, the same history. What flows have in common is kept
//! once ([`FlowShape`]); a record has what is its own, and reads like one thing.

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use foldhash::fast::RandomState;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    ClientOwner, Close, ConnState, Endpoint, Exchange, Exchanges, FlowId, Handshake, Incomplete,
    Nanos, ServerOwner, Side, Timestamp,
};

/// One TCP connection. Its figures that other flows may have too are those of its
/// [`FlowShape`], and are reached as if they were its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowRecord {
    /// Its number in the capture.
    pub flow: FlowId,
    /// Who opened it.
    pub client: Endpoint,
    /// Who was connected to.
    pub server: Endpoint,
    /// Its first frame.
    pub first_ns: Timestamp,
    /// Its last frame.
    pub last_ns: Timestamp,
    /// From the latest SYN to the first segment with ACK and without SYN
    /// (tshark's `tcp.analysis.initial_rtt`, but that a RST does not count); `null`
    /// without both.
    pub initial_rtt_ns: Option<Nanos>,
    /// Its handshake; `null` when no SYN was seen.
    pub handshake: Option<Handshake>,
    /// When the client first sent a FIN or RST; `null` when it sent neither.
    pub client_closed_ns: Option<Timestamp>,
    /// When the server first sent a FIN or RST; `null` when it sent neither.
    pub server_closed_ns: Option<Timestamp>,
    /// The requests on it and their answers.
    pub exchanges: Exchanges,
    /// The client worker that opened it; `null` when not known.
    pub client_owner: Option<ClientOwner>,
    /// The server threads that accepted and served it; `null` when not known.
    pub server_owner: Option<ServerOwner>,
    /// How it went, which may be another flow's way, too.
    pub(crate) shape: Arc<FlowShape>,
}

// What a flow takes in memory is a promise to long runs and large captures.
const _: () = assert!(size_of::<FlowRecord>() <= 248);

/// How a flow went, in figures that many flows may have alike.
///
/// Wire bytes are the frames' original lengths, payload bytes the TCP payload
/// carried, both with retransmissions; stream bytes are distinct by sequence number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FlowShape {
    /// The number of the virtual network (VXLAN, Geneve) that it was in; `null` outside
    /// of any, and where tunnels are not followed.
    pub vni: Option<u32>,
    /// Frames from the client.
    pub client_frames: u64,
    /// Frames from the server.
    pub server_frames: u64,
    /// Bytes on the wire from the client.
    pub client_wire_bytes: u64,
    /// Bytes on the wire from the server.
    pub server_wire_bytes: u64,
    /// TCP payload bytes from the client.
    pub client_payload_bytes: u64,
    /// TCP payload bytes from the server.
    pub server_payload_bytes: u64,
    /// Distinct stream bytes from the client; `null` where its stream had more holes
    /// than are followed.
    pub client_stream_bytes: Option<u64>,
    /// Distinct stream bytes from the server; `null` as for the client.
    pub server_stream_bytes: Option<u64>,
    /// Segments that the client retransmitted.
    pub client_retransmissions: u64,
    /// Segments that the server retransmitted.
    pub server_retransmissions: u64,
    /// Segments from the client that are out of order and not retransmissions
    /// (tshark's `tcp.analysis.out_of_order`).
    pub client_out_of_order: u64,
    /// The same from the server: segments after later ones, not sent again.
    pub server_out_of_order: u64,
    /// Duplicate acknowledgements from the client (tshark's `tcp.analysis.duplicate_ack`).
    pub client_duplicate_acks: u64,
    /// Acknowledgements that the server repeated.
    pub server_duplicate_acks: u64,
    /// Segments from the client with a zero window (tshark's `tcp.analysis.zero_window`).
    pub client_zero_windows: u64,
    /// Segments in which the server closed its window.
    pub server_zero_windows: u64,
    /// Zeek's `conn_state`.
    pub state: ConnState,
    /// Zeek's history letters.
    pub history: String,
    /// How it ended.
    pub close: Close,
    /// Exchanges that are not listed, because a flow keeps only a limited number.
    pub exchanges_omitted: u64,
    /// Why something of it could not be told: what the snapshot length cut, frames
    /// that are not in the capture, bounds that were reached. Empty where all was seen.
    pub incomplete: Vec<Incomplete>,
}

/// One TCP connection: a line of `flows.jsonl`, and of `threadtap analyze --format
/// jsonl`.
///
/// Wire bytes are the frames' original lengths, payload bytes the TCP payload
/// carried, both with retransmissions; stream bytes are distinct by sequence number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "FlowRecord"))]
pub struct FlowLine {
    /// Its number in the capture.
    pub flow: FlowId,
    /// Who opened it.
    pub client: Endpoint,
    /// Who was connected to.
    pub server: Endpoint,
    /// The number of the virtual network (VXLAN, Geneve) that it was in; `null` outside
    /// of any, and where tunnels are not followed.
    #[serde(default)]
    pub vni: Option<u32>,
    /// Its first frame.
    pub first_ns: Timestamp,
    /// Its last frame.
    pub last_ns: Timestamp,
    /// Frames from the client.
    pub client_frames: u64,
    /// Frames from the server.
    pub server_frames: u64,
    /// Bytes on the wire from the client.
    pub client_wire_bytes: u64,
    /// Bytes on the wire from the server.
    pub server_wire_bytes: u64,
    /// TCP payload bytes from the client.
    pub client_payload_bytes: u64,
    /// TCP payload bytes from the server.
    pub server_payload_bytes: u64,
    /// Distinct stream bytes from the client; `null` where its stream had more holes
    /// than are followed.
    pub client_stream_bytes: Option<u64>,
    /// Distinct stream bytes from the server; `null` as for the client.
    pub server_stream_bytes: Option<u64>,
    /// Segments that the client retransmitted.
    pub client_retransmissions: u64,
    /// Segments that the server retransmitted.
    pub server_retransmissions: u64,
    /// Segments from the client that are out of order and not retransmissions
    /// (tshark's `tcp.analysis.out_of_order`).
    #[serde(default)]
    pub client_out_of_order: u64,
    /// The same from the server: segments after later ones, not sent again.
    #[serde(default)]
    pub server_out_of_order: u64,
    /// Duplicate acknowledgements from the client (tshark's `tcp.analysis.duplicate_ack`).
    #[serde(default)]
    pub client_duplicate_acks: u64,
    /// Acknowledgements that the server repeated.
    #[serde(default)]
    pub server_duplicate_acks: u64,
    /// Segments from the client with a zero window (tshark's `tcp.analysis.zero_window`).
    #[serde(default)]
    pub client_zero_windows: u64,
    /// Segments in which the server closed its window.
    #[serde(default)]
    pub server_zero_windows: u64,
    /// From the latest SYN to the first segment with ACK and without SYN
    /// (tshark's `tcp.analysis.initial_rtt`, but that a RST does not count); `null`
    /// without both.
    #[serde(default)]
    pub initial_rtt_ns: Option<Nanos>,
    /// Zeek's `conn_state`.
    pub state: ConnState,
    /// Zeek's history letters.
    pub history: String,
    /// Its handshake; `null` when no SYN was seen.
    pub handshake: Option<Handshake>,
    /// How it ended.
    pub close: Close,
    /// When the client first sent a FIN or RST; `null` when it sent neither.
    #[serde(default)]
    pub client_closed_ns: Option<Timestamp>,
    /// When the server first sent a FIN or RST; `null` when it sent neither.
    #[serde(default)]
    pub server_closed_ns: Option<Timestamp>,
    /// The requests on it and their answers.
    pub exchanges: Vec<Exchange>,
    /// Exchanges that are not listed, because a flow keeps only a limited number.
    #[serde(default)]
    pub exchanges_omitted: u64,
    /// Why something of it could not be told: what the snapshot length cut, frames
    /// that are not in the capture, bounds that were reached. Empty where all was seen.
    #[serde(default)]
    pub incomplete: Vec<Incomplete>,
    /// The client worker that opened it; `null` when not known.
    pub client_owner: Option<ClientOwner>,
    /// The server threads that accepted and served it; `null` when not known.
    pub server_owner: Option<ServerOwner>,
}

impl Deref for FlowRecord {
    type Target = FlowShape;

    fn deref(&self) -> &FlowShape {
        &self.shape
    }
}

impl DerefMut for FlowRecord {
    /// Other flows of this shape keep it.
    fn deref_mut(&mut self) -> &mut FlowShape {
        Arc::make_mut(&mut self.shape)
    }
}

impl From<FlowLine> for FlowRecord {
    fn from(line: FlowLine) -> Self {
        let shape = FlowShape {
            vni: line.vni,
            client_frames: line.client_frames,
            server_frames: line.server_frames,
            client_wire_bytes: line.client_wire_bytes,
            server_wire_bytes: line.server_wire_bytes,
            client_payload_bytes: line.client_payload_bytes,
            server_payload_bytes: line.server_payload_bytes,
            client_stream_bytes: line.client_stream_bytes,
            server_stream_bytes: line.server_stream_bytes,
            client_retransmissions: line.client_retransmissions,
            server_retransmissions: line.server_retransmissions,
            client_out_of_order: line.client_out_of_order,
            server_out_of_order: line.server_out_of_order,
            client_duplicate_acks: line.client_duplicate_acks,
            server_duplicate_acks: line.server_duplicate_acks,
            client_zero_windows: line.client_zero_windows,
            server_zero_windows: line.server_zero_windows,
            state: line.state,
            history: line.history,
            close: line.close,
            exchanges_omitted: line.exchanges_omitted,
            incomplete: line.incomplete,
        };
        Self {
            flow: line.flow,
            client: line.client,
            server: line.server,
            first_ns: line.first_ns,
            last_ns: line.last_ns,
            initial_rtt_ns: line.initial_rtt_ns,
            handshake: line.handshake,
            client_closed_ns: line.client_closed_ns,
            server_closed_ns: line.server_closed_ns,
            exchanges: line.exchanges.into(),
            client_owner: line.client_owner,
            server_owner: line.server_owner,
            shape: Arc::new(shape),
        }
    }
}

impl From<FlowRecord> for FlowLine {
    fn from(flow: FlowRecord) -> Self {
        let shape = Arc::unwrap_or_clone(flow.shape);
        Self {
            flow: flow.flow,
            client: flow.client,
            server: flow.server,
            vni: shape.vni,
            first_ns: flow.first_ns,
            last_ns: flow.last_ns,
            client_frames: shape.client_frames,
            server_frames: shape.server_frames,
            client_wire_bytes: shape.client_wire_bytes,
            server_wire_bytes: shape.server_wire_bytes,
            client_payload_bytes: shape.client_payload_bytes,
            server_payload_bytes: shape.server_payload_bytes,
            client_stream_bytes: shape.client_stream_bytes,
            server_stream_bytes: shape.server_stream_bytes,
            client_retransmissions: shape.client_retransmissions,
            server_retransmissions: shape.server_retransmissions,
            client_out_of_order: shape.client_out_of_order,
            server_out_of_order: shape.server_out_of_order,
            client_duplicate_acks: shape.client_duplicate_acks,
            server_duplicate_acks: shape.server_duplicate_acks,
            client_zero_windows: shape.client_zero_windows,
            server_zero_windows: shape.server_zero_windows,
            initial_rtt_ns: flow.initial_rtt_ns,
            state: shape.state,
            history: shape.history,
            handshake: flow.handshake,
            close: shape.close,
            client_closed_ns: flow.client_closed_ns,
            server_closed_ns: flow.server_closed_ns,
            exchanges: flow.exchanges.into(),
            exchanges_omitted: shape.exchanges_omitted,
            incomplete: shape.incomplete,
            client_owner: flow.client_owner,
            server_owner: flow.server_owner,
        }
    }
}

impl Serialize for FlowRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FlowLine::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FlowRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        FlowLine::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for FlowRecord {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        FlowLine::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        FlowLine::json_schema(generator)
    }
}

/// The shapes that flows of one capture have had so far. Flows that went the same way
/// share one. The hasher is seeded anew for every set, because the writer of a hostile
/// capture chooses the shapes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shapes {
    known: HashSet<Arc<FlowShape>, RandomState>,
    /// The latest flow's: often the next one's, too.
    latest: Option<Arc<FlowShape>>,
    /// The room of a history that was known already.
    spare: String,
}

impl Shapes {
    /// So many are remembered at most. Flows that share nothing are not to fill the
    /// memory twice.
    const MOST: usize = 1 << 12;

    /// The shape of a flow with this history, which `shape` is without; shared with
    /// those before it.
    pub fn share(&mut self, history: &str, mut shape: FlowShape) -> Arc<FlowShape> {
        shape.history = std::mem::take(&mut self.spare);
        shape.history.clear();
        shape.history.push_str(history);
        let latest = self.latest.as_ref().filter(|latest| ***latest == shape);
        let shared = if let Some(known) = latest.or_else(|| self.known.get(&shape)) {
            let known = Arc::clone(known);
            self.spare = shape.history;
            known
        } else {
            shape.history.shrink_to_fit();
            let shape = Arc::new(shape);
            if self.known.len() < Self::MOST {
                self.known.insert(Arc::clone(&shape));
            }
            shape
        };
        self.latest = Some(Arc::clone(&shared));
        shared
    }
}

/// Sooner than this no SYN is sent again: Linux waits one second for the first time (RFC
/// 6298, 2), and never less than its least timeout of a retransmission (`TCP_RTO_MIN`).
const NO_RETRANSMISSION: Nanos = Nanos::new(200_000_000);

impl FlowRecord {
    /// SYNs that the client sent again, the first one aside. Those of a handshake that was
    /// over sooner than any is sent again are copies of one frame: 0.
    #[must_use]
    pub fn syns_sent_again(&self) -> u64 {
        let over = |h: &Handshake| h.ack_ns.unwrap_or(self.last_ns);
        let late = |h: &Handshake| over(h) >= h.syn_ns.plus(NO_RETRANSMISSION);
        if self.handshake.as_ref().is_some_and(late) {
            self.syn_retransmissions()
        } else {
            0
        }
    }

    /// SYNs of the capture beyond the first.
    #[must_use]
    pub fn syn_retransmissions(&self) -> u64 {
        let syns = self.handshake.map_or(0, |h| h.syn_count);
        syns.saturating_sub(1).into()
    }

    /// Whether the server's system answered its SYN.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.handshake.is_some_and(|h| h.syn_ack_ns.is_some())
    }

    /// Whether its handshake was completed.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.handshake.is_some_and(|h| h.ack_ns.is_some())
    }

    /// Whether nobody of a side was seen to make or to accept it. A SYN that nobody
    /// answered has reached no thread of a server.
    #[must_use]
    pub fn is_nobodys(&self, of: Side) -> bool {
        match of {
            Side::Client => self.client_owner.is_none(),
            Side::Server => {
                self.server_owner.is_none() && (self.handshake.is_none() || self.is_answered())
            }
        }
    }

    /// How many requests it carried; `None` where more may have been than were seen.
    #[must_use]
    pub fn requests(&self) -> Option<u64> {
        let hidden = self.incomplete.iter().any(|reason| reason.hides_requests());
        (!hidden).then(|| self.requests_seen())
    }

    /// How many requests were seen on it, those that are not listed included.
    #[must_use]
    pub fn requests_seen(&self) -> u64 {
        // Of a saved flow the number may be anything.
        (self.exchanges.len() as u64).saturating_add(self.exchanges_omitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// So many flows that went the same way.
    fn alike(n: u16) -> Vec<FlowRecord> {
        let flow = |n: u16| {
            serde_json::from_value(json!({
                "flow": n, "client": {"ip": "127.0.0.1", "port": n},
                "server": {"ip": "::1", "port": 45_000}, "vni": null,
                "first_ns": n, "last_ns": n + 9, "client_frames": 5, "server_frames": 4,
                "client_wire_bytes": 344, "server_wire_bytes": 352, "client_payload_bytes": 6,
                "server_payload_bytes": 14, "client_stream_bytes": 6,
                "server_stream_bytes": null, "client_retransmissions": 1,
                "server_retransmissions": 2, "client_out_of_order": 3, "server_out_of_order": 4,
                "client_duplicate_acks": 5, "server_duplicate_acks": 6,
                "client_zero_windows": 7, "server_zero_windows": 8, "initial_rtt_ns": 3,
                "state": "SF", "history": "ShADadFf",
                "handshake": {"syn_ns": n, "syn_ack_ns": null, "ack_ns": 7, "syn_count": 2},
                "close": "fin", "client_closed_ns": n + 8, "server_closed_ns": null,
                "exchanges": [{
                    "request_ns": n + 2, "response_ns": n + 3, "answer": "15:53:20",
                    "valid": false, "problem": "what came after it"
                }],
                "exchanges_omitted": 9, "incomplete": ["holes_bound"],
                "client_owner": {
                    "worker": n, "pid": 10, "tid": n + 11, "provenance": "instrumented"
                },
                "server_owner": {
                    "pid": 20, "accept_tid": 21, "serve_tid": n + 22, "send_tid": null,
                    "provenance": "traced"
                }
            }))
        };
        (0..n).map(|n| flow(n).unwrap()).collect()
    }

    fn shared(flows: &[FlowRecord]) -> Vec<FlowRecord> {
        let mut shapes = Shapes::default();
        let mut flows = flows.to_vec();
        for flow in &mut flows {
            flow.shape = shapes.share(&flow.history, (*flow.shape).clone());
        }
        flows
    }

    #[test]
    fn flows_that_went_the_same_way_share_a_shape() {
        let mut flows = alike(3);
        flows[1].client_frames += 1;
        let told = shared(&flows);
        assert_eq!(told, flows, "and are told as before");
        assert!(Arc::ptr_eq(&told[0].shape, &told[2].shape));
        assert!(!Arc::ptr_eq(&told[0].shape, &told[1].shape));
    }

    #[test]
    fn what_is_changed_of_one_flow_is_not_changed_of_another() {
        let mut flows = shared(&alike(2));
        flows[0].history.push('R');
        assert_eq!(flows[0].history, format!("{}R", flows[1].history));
    }

    #[test]
    fn no_more_shapes_are_remembered_than_there_is_room_for() {
        let mut shapes = Shapes::default();
        let flow = alike(1).remove(0);
        for n in 0..=Shapes::MOST as u64 + 1 {
            let mut flow = flow.clone();
            flow.client_frames = n;
            let shape = shapes.share(&flow.history, (*flow.shape).clone());
            assert_eq!(shape, flow.shape);
        }
        assert_eq!(shapes.known.len(), Shapes::MOST);
    }

    #[test]
    fn a_record_is_its_line_and_back() {
        for flow in alike(3) {
            let line = FlowLine::from(flow.clone());
            let text = serde_json::to_string(&line).unwrap();
            assert_eq!(serde_json::to_string(&flow).unwrap(), text);
            assert_eq!(serde_json::from_str::<FlowRecord>(&text).unwrap(), flow);
            assert_eq!(FlowRecord::from(line), flow);
        }
    }
}
