//! One TCP segment, decoded from one frame.

use std::cmp::Ordering;

use super::{Endpoint, Timestamp};

/// A TCP sequence number: compares modulo 2³² (RFC 9293, 3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SeqNum(pub u32);

impl SeqNum {
    /// The sequence number `n` bytes on.
    #[must_use]
    pub const fn plus(self, n: u32) -> Self {
        Self(self.0.wrapping_add(n))
    }

    /// How far this is after `other`; negative when it is before (modulo 2³²).
    #[must_use]
    pub const fn distance_from(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0).cast_signed()
    }

    /// Whether this comes strictly before `other`.
    #[must_use]
    pub const fn before(self, other: Self) -> bool {
        self.distance_from(other) < 0
    }

    /// Whether this comes strictly after `other`.
    #[must_use]
    pub const fn after(self, other: Self) -> bool {
        self.distance_from(other) > 0
    }
}

impl PartialOrd for SeqNum {
    /// `None` for two numbers that are exactly 2³¹ apart: neither is before the other.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.distance_from(*other) {
            i32::MIN => None,
            d => Some(d.cmp(&0)),
        }
    }
}

/// The control bits of a TCP header (RFC 9293, 3.1), as in its 14th byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgement field is significant.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer is significant.
    pub const URG: Self = Self(0x20);
    /// Congestion was met on the way (RFC 3168).
    pub const ECE: Self = Self(0x40);
    /// The sender has slowed down (RFC 3168).
    pub const CWR: Self = Self(0x80);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets of bits.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One TCP segment: what the flow table needs of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// When the frame was captured.
    pub time: Timestamp,
    /// Who sent it.
    pub source: Endpoint,
    /// Whom it was sent to.
    pub destination: Endpoint,
    /// The sequence number of its first byte, or of its SYN.
    pub seq: SeqNum,
    /// The acknowledgement number; meaningful with [`TcpFlags::ACK`].
    pub ack: SeqNum,
    /// The control bits.
    pub flags: TcpFlags,
    /// The window field, unscaled.
    pub window: u16,
    /// The length of the payload by the IP header's account, in bytes; may be
    /// more than was captured.
    pub payload_len: u32,
    /// The payload bytes that were captured, at most `payload_len` of them.
    pub payload: &'a [u8],
    /// The frame's length on the wire, in bytes.
    pub wire_len: u32,
    /// The number of the virtual network (VXLAN, Geneve) that it was in; `None` outside
    /// of any, and where tunnels are not followed.
    pub vni: Option<u32>,
}
