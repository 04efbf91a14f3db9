//! The TCP header (RFC 9293, 3.1).

use std::net::IpAddr;

use etherparse::TcpHeaderSlice;

use crate::model::{Endpoint, Frame, Segment, SeqNum, TcpFlags};

use super::Skip;
use super::datagram::Datagram;

/// What a segment needs of the TCP header, and the payload after it.
pub(super) struct Header<'a> {
    pub source_port: u16,
    pub destination_port: u16,
    pub seq: SeqNum,
    pub ack: SeqNum,
    pub flags: TcpFlags,
    pub window: u16,
    pub payload_len: u32,
    pub payload: &'a [u8],
}

impl<'a> Header<'a> {
    /// The segment, with what the frame and the IP header say of it.
    #[inline]
    pub(super) fn segment<A: Into<IpAddr>>(
        self,
        frame: &Frame<'a>,
        source: A,
        destination: A,
    ) -> Segment<'a> {
        Segment {
            time: frame.time,
            source: Endpoint::new(source.into(), self.source_port),
            destination: Endpoint::new(destination.into(), self.destination_port),
            seq: self.seq,
            ack: self.ack,
            flags: self.flags,
            window: self.window,
            payload_len: self.payload_len,
            payload: self.payload,
            wire_len: frame.wire_len,
            vni: None,
        }
    }
}

/// Where the control bits are: the 14th byte.
const FLAGS: usize = 13;
/// The header up to the window, which is all that is needed of it. A segment
/// that was cut after these bytes still counts, as it does for tshark.
const NEEDED: usize = 16;

#[inline]
pub(super) fn parse<'a>(datagram: &Datagram<'a>) -> Result<Header<'a>, Skip> {
    let bytes = datagram.bytes;
    let Ok(header) = TcpHeaderSlice::from_slice(bytes) else {
        return cut_or_odd(datagram);
    };
    let header_len = header.slice().len();
    let payload_len = if datagram.fragment {
        0
    } else {
        datagram
            .len
            .saturating_sub(u32::from(header.data_offset()) * 4)
    };
    let payload = if payload_len == 0 {
        &[][..]
    } else {
        &bytes[header_len..]
    };
    Ok(Header {
        source_port: header.source_port(),
        destination_port: header.destination_port(),
        seq: SeqNum(header.sequence_number()),
        ack: SeqNum(header.acknowledgment_number()),
        flags: TcpFlags(bytes[FLAGS]),
        window: header.window_size(),
        payload_len,
        payload,
    })
}

/// A header of which not everything was captured, or whose data offset is
/// less than its fixed part.
#[cold]
fn cut_or_odd<'a>(datagram: &Datagram<'a>) -> Result<Header<'a>, Skip> {
    let bytes: &[u8; NEEDED] = datagram
        .bytes
        .first_chunk()
        .ok_or_else(|| datagram.too_short())?;
    let [
        s1,
        s2,
        d1,
        d2,
        q1,
        q2,
        q3,
        q4,
        a1,
        a2,
        a3,
        a4,
        offset,
        flags,
        w1,
        w2,
    ] = *bytes;
    let header_len = u32::from(offset >> 4) * 4;
    Ok(Header {
        source_port: u16::from_be_bytes([s1, s2]),
        destination_port: u16::from_be_bytes([d1, d2]),
        seq: SeqNum(u32::from_be_bytes([q1, q2, q3, q4])),
        ack: SeqNum(u32::from_be_bytes([a1, a2, a3, a4])),
        flags: TcpFlags(flags),
        window: u16::from_be_bytes([w1, w2]),
        payload_len: if datagram.fragment {
            0
        } else {
            datagram.len.saturating_sub(header_len)
        },
        payload: &[],
    })
}
