//! From a captured frame to a TCP segment.
//!
//! In comes a [`Frame`]: a link type and bytes, cut at the capture's snapshot
//! length. Out goes a [`Segment`] that borrows the payload, or the reason
//! [why there is none](Skip). Pure, without allocation, and total: every byte
//! string gives one or the other.
//!
//! The headers are followed from the link (Ethernet with any stack of VLAN
//! tags, Linux SLL and SLL2, NULL and LOOP, RAW, PPP and `PPPoE`) through one
//! IPv4 or IPv6 header with its options, extension headers and AH to TCP.
//! Tunnels are not followed. Of a fragmented datagram the first fragment
//! belongs to its flow, the later ones to none.
//!
//! Lengths are those of the wire, by the IP header's account, and at most what
//! the frame held: a frame cut by the snapshot length keeps its true payload
//! length, and Ethernet padding is no payload. Where the IP header gives no
//! length (0, as segmentation offload leaves it) the frame's own length counts.
//! The first fragment of a datagram does not say how long the whole segment
//! is, so it counts with no payload; tshark's `tcp.len` does the same.

mod datagram;
mod ip;
mod link;
mod skip;
mod tcp;
#[cfg(test)]
mod tests;

pub use skip::{Skip, SkipCounts};

use crate::model::{Frame, Segment};
use link::Version;

/// The TCP segment that a frame carries.
///
/// ```
/// use threadtap::capfile::CaptureReader;
/// use threadtap::decode::decode;
/// use threadtap::model::TcpFlags;
///
/// let file = std::fs::File::open("captures/golden/thread.pcap")?;
/// let mut reader = CaptureReader::open(file)?;
/// let mut opened = 0;
/// while let Some(frame) = reader.next()? {
///     let Ok(segment) = decode(&frame) else { continue };
///     opened += u32::from(segment.flags.has(TcpFlags::SYN) && !segment.flags.has(TcpFlags::ACK));
/// }
/// assert_eq!(opened, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The reason why there is none; see [`Skip`].
#[inline]
pub fn decode<'a>(frame: &Frame<'a>) -> Result<Segment<'a>, Skip> {
    let (version, bytes) = link::strip(frame.link, frame.bytes)?;
    let version = match version {
        Version::ByNibble => match bytes.first().map(|b| b >> 4) {
            Some(4) => Version::V4,
            Some(6) => Version::V6,
            Some(_) => return Err(Skip::NotIp),
            None => return Err(Skip::Truncated),
        },
        told => told,
    };
    // A length that is less than what was captured is a writer's mistake.
    let cut = frame.wire_len as usize - frame.bytes.len().min(frame.wire_len as usize);
    let wire_len = u32::try_from(bytes.len() + cut).unwrap_or(u32::MAX);
    if version == Version::V6 {
        ip::v6(frame, bytes, wire_len)
    } else {
        ip::v4(frame, bytes, wire_len)
    }
}
