//! One TCP connection as the wire shows it.

use std::fmt;
use std::num::NonZero;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use strum::{Display, VariantArray, VariantNames};

use super::named::serialised;
use super::{Nanos, Pid, Tid, Timestamp};

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
    /// The number of that byte in the client's stream: its sequence number relative to
    /// the SYN, as Wireshark's `tcp.seq` is, so that 1 is the first; past 4 GiB it begins
    /// anew. `null` where the client's SYN is not in the capture.
    #[serde(default)]
    pub request_seq: Option<NonZero<u32>>,
    /// The frame that carried the answer's last byte; `null` when none came.
    /// A server that does not wait for the request may have sent it before.
    pub response_ns: Option<Timestamp>,
    /// The time of day that was answered, `hh:mm:ss`; `null` where there was none.
    pub answer: Option<TimeOfDay>,
    /// Whether the answer is what the TIME protocol asks for; `null` for other protocols.
    pub valid: Option<bool>,
    /// What was wrong with it, printable; `null` when nothing was.
    pub problem: Option<Box<str>>,
    /// How many segments brought the answer: those that carried a byte of it for the
    /// first time; 65,535 where there were more. `null` when no answer came, or not all of it was captured.
    #[serde(default)]
    pub response_segments: Option<NonZero<u16>>,
    /// Whether one of these segments carried bytes of another answer, too; `null` when no
    /// answer came or not all of it was captured, and for protocols other than TIME.
    #[serde(default)]
    pub response_coalesced: Option<bool>,
    /// The process of `serve_tid`.
    #[serde(default)]
    pub serve_pid: Option<Pid>,
    /// The server's thread that served it: that received the first byte of its request
    /// or, on a connection from which none was seen to receive, the one that sent.
    /// `null` where that was not seen; so it is of a file alone.
    #[serde(default)]
    pub serve_tid: Option<Tid>,
}

impl Exchange {
    /// One whose request has begun, and of which nothing more is known.
    pub(crate) const fn begun(request_ns: Timestamp, request_seq: Option<NonZero<u32>>) -> Self {
        Self {
            request_ns,
            request_seq,
            response_ns: None,
            answer: None,
            valid: None,
            problem: None,
            response_segments: None,
            response_coalesced: None,
            serve_pid: None,
            serve_tid: None,
        }
    }

    /// What is wrong with an answer that came when the client's end was closed already.
    pub(crate) const TOO_LATE: &str =
        "the client had closed the connection before this answer came";
    /// What is wrong with a request of TIME whose line did not end.
    pub(crate) const NO_LINE_END: &str = "no answer; the request has no line end";

    /// The same of one whose line ends otherwise than TIME has it.
    pub(crate) const LF_ALONE: &str = "the request ends with LF alone";

    /// Whether its answer came too late for anybody to read it.
    pub(crate) fn came_too_late(&self) -> bool {
        self.problem.as_deref() == Some(Self::TOO_LATE)
    }

    /// Whether its request waited for its own end.
    pub(crate) fn has_no_line_end(&self) -> bool {
        self.problem.as_deref() == Some(Self::NO_LINE_END)
    }

    /// Whether it got no answer, and its line ends with LF where TIME has CR LF.
    pub(crate) fn has_lf_alone(&self) -> bool {
        let problem = self.problem.as_deref();
        problem.is_some_and(|it| self.response_ns.is_none() && it.ends_with(Self::LF_ALONE))
    }

    /// From request to answer; `None` when no answer came, or when it came
    /// before the request.
    #[must_use]
    pub fn duration(&self) -> Option<Nanos> {
        let response = self.response_ns.filter(|r| *r >= self.request_ns)?;
        Some(response.since(self.request_ns))
    }
}
