//! One TCP connection as the wire shows it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use strum::{Display, VariantArray, VariantNames};

use super::named::serialised;
use super::{Endpoint, FlowId, Incomplete, Nanos, Pid, Provenance, Side, Tid, Timestamp, WorkerId};

/// Zeek's `conn_state`: how a connection went, in one word.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Display, VariantArray, VariantNames,
)]
pub enum ConnState {
    /// Connection attempt seen, no reply.
    S0,
    /// Connection established, not terminated.
    S1,
    /// Normal establishment and termination.
    SF,
    /// Connection attempt rejected.
    REJ,
    /// Established, close attempt by the client seen, no reply from the server.
    S2,
    /// Established, close attempt by the server seen, no reply from the client.
    S3,
    /// Established, the client aborted (sent a RST).
    RSTO,
    /// The server sent a RST.
    RSTR,
    /// The client sent a SYN followed by a RST, no SYN-ACK from the server.
    RSTOS0,
    /// The server sent a SYN-ACK followed by a RST, no SYN from the client.
    RSTRH,
    /// The client sent a SYN followed by a FIN, no SYN-ACK from the server.
    SH,
    /// The server sent a SYN-ACK followed by a FIN, no SYN from the client.
    SHR,
    /// No SYN seen: midstream traffic.
    OTH,
}

serialised!(ConnState);

/// How a flow ended within the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, VariantArray, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum Close {
    /// Both sides sent a FIN.
    Fin,
    /// A RST ended it.
    Rst,
    /// It was still open, or half open, when the capture ended.
    Open,
}

serialised!(Close);

/// The opening of a connection (RFC 9293, 3.5): the times of its three segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Handshake {
    /// The first SYN.
    pub syn_ns: Timestamp,
    /// The first SYN-ACK that answers it; `null` when none was seen.
    pub syn_ack_ns: Option<Timestamp>,
    /// The client's first segment that acknowledges the SYN-ACK; `null` when none was
    /// seen.
    pub ack_ns: Option<Timestamp>,
    /// How many SYNs the client sent, the first one included.
    pub syn_count: u32,
}

impl Handshake {
    /// From the first SYN to the client's acknowledgement; `None` when it never
    /// completed, or when the SYN is later than what answers it: a capture from
    /// several queues is not always in the order of the wire.
    #[must_use]
    pub fn duration(&self) -> Option<Nanos> {
        let ack = self.ack_ns.filter(|ack| *ack >= self.syn_ns)?;
        Some(ack.since(self.syn_ns))
    }
}

/// A time of day as the TIME protocol writes it: `hh:mm:ss`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay {
    hour: u8,
    minute: u8,
    second: u8,
}

impl TimeOfDay {
    /// A time of day; `None` when a part is out of range. Second 60 is a leap second.
    #[must_use]
    pub const fn new(hour: u8, minute: u8, second: u8) -> Option<Self> {
        if hour < 24 && minute < 60 && second <= 60 {
            Some(Self {
                hour,
                minute,
                second,
            })
        } else {
            None
        }
    }

    /// Hour, minute, second.
    #[must_use]
    pub const fn parts(self) -> (u8, u8, u8) {
        (self.hour, self.minute, self.second)
    }

    /// Reads exactly the eight bytes `hh:mm:ss`.
    #[must_use]
    pub fn from_bytes(text: &[u8]) -> Option<Self> {
        let [h1, h2, b':', m1, m2, b':', s1, s2] = *text else {
            return None;
        };
        let two = |tens: u8, ones: u8| {
            (tens.is_ascii_digit() && ones.is_ascii_digit())
                .then(|| (tens - b'0') * 10 + (ones - b'0'))
        };
        Self::new(two(h1, h2)?, two(m1, m2)?, two(s1, s2)?)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::from_bytes(s.as_bytes()).ok_or_else(|| format!("not a time of day hh:mm:ss: {s:?}"))
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for TimeOfDay {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}:[0-9]{2}$"})
    }
}

/// One request and its answer on a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Exchange {
    /// The frame that carried the request's first byte.
    pub request_ns: Timestamp,
    /// The frame that carried the answer's last byte; `null` when none came.
    /// A server that does not wait for the request may have sent it before.
    pub response_ns: Option<Timestamp>,
    /// The time of day that was answered, `hh:mm:ss`; `null` where there was none.
    pub answer: Option<TimeOfDay>,
    /// Whether the answer is what the TIME protocol asks for; `null` for other protocols.
    pub valid: Option<bool>,
    /// What was wrong with it, printable; `null` when nothing was.
    pub problem: Option<String>,
}

impl Exchange {
    /// What is wrong with an answer that came when the client's end was closed already.
    pub(crate) const TOO_LATE: &str =
        "the client had closed the connection before this answer came";
    /// What is wrong with a request of TIME whose line did not end.
    pub(crate) const NO_LINE_END: &str = "no answer; the request has no line end";

    /// Whether its answer came too late for anybody to read it.
    pub(crate) fn came_too_late(&self) -> bool {
        self.problem.as_deref() == Some(Self::TOO_LATE)
    }

    /// Whether its request waited for its own end.
    pub(crate) fn has_no_line_end(&self) -> bool {
        self.problem.as_deref() == Some(Self::NO_LINE_END)
    }

    /// From request to answer; `None` when no answer came, or when it came
    /// before the request.
    #[must_use]
    pub fn duration(&self) -> Option<Nanos> {
        let response = self.response_ns.filter(|r| *r >= self.request_ns)?;
        Some(response.since(self.request_ns))
    }
}

/// The client worker behind a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientOwner {
    /// Its number on its side.
    pub worker: WorkerId,
    /// Its process.
    pub pid: Pid,
    /// Its thread.
    pub tid: Tid,
    /// How that is known.
    pub provenance: Provenance,
}

/// The server's threads behind a flow. Accepting and serving are two facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerOwner {
    /// The process that served it.
    pub pid: Pid,
    /// The thread whose accept(2) returned it.
    pub accept_tid: Option<Tid>,
    /// The thread that first received from it; where none was seen to, the one
    /// that first sent.
    pub serve_tid: Option<Tid>,
    /// The thread that first sent on it.
    #[serde(default)]
    pub send_tid: Option<Tid>,
    /// How that is known.
    pub provenance: Provenance,
}

/// One TCP connection: a line of `flows.jsonl`, and of `threadtap analyze --format
/// jsonl`.
///
/// Wire bytes are the frames' original lengths, payload bytes the TCP payload
/// carried, both with retransmissions; stream bytes are distinct by sequence number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FlowRecord {
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

impl FlowRecord {
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
