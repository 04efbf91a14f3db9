//! A segment without its two ends, which its flow knows.

use crate::model::{Segment, SeqNum, TcpFlags, Timestamp};

/// What a flow takes of a segment: the same fields, but for who sent it to whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub time: Timestamp,
    pub seq: SeqNum,
    pub ack: SeqNum,
    pub flags: TcpFlags,
    pub window: u16,
    pub payload_len: u32,
    pub payload: &'a [u8],
    pub wire_len: u32,
}

impl<'a> Part<'a> {
    /// Of no segment.
    pub(super) const NONE: Self = Self {
        time: Timestamp::from_nanos(0),
        seq: SeqNum(0),
        ack: SeqNum(0),
        flags: TcpFlags(0),
        window: 0,
        payload_len: 0,
        payload: &[],
        wire_len: 0,
    };

    /// Of this segment.
    #[inline]
    pub(super) const fn of(s: &Segment<'a>) -> Self {
        Self {
            time: s.time,
            seq: s.seq,
            ack: s.ack,
            flags: s.flags,
            window: s.window,
            payload_len: s.payload_len,
            payload: s.payload,
            wire_len: s.wire_len,
        }
    }
}
