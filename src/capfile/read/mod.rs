//! Reading capture files: bytes in, frames out, one after the other.
//!
//! ```text
//!  Read ─► source (gzip, zstd, plain) ─► input (one fixed buffer) ─┬─ pcap ───┬─► Frame
//!                                                                  └─ pcapng ─┘
//! ```
//!
//! Memory is bounded whatever a file says: the buffer is fixed, blocks that are
//! not frames are passed over as they stream by, and the number of interfaces is
//! limited.

mod input;
mod joined;
mod link;
mod order;
mod pcap;
mod pcap_variant;
mod pcapng;
mod reader;
mod sniff;
mod source;
mod unpacked;
mod zstd;

#[cfg(test)]
mod tests;

use super::{CaptureFormat, Damage, OpenError, Problem, ReadError};
use crate::model::{LinkType, Timestamp};

pub use joined::Joined;
pub use reader::CaptureReader;
pub use sniff::FirstBytes;
pub use unpacked::Unpacked;

/// A frame just passed over in the input's buffer.
#[derive(Clone, Copy, Debug)]
struct Found {
    time: Timestamp,
    link: LinkType,
    wire_len: u32,
    /// The number of captured bytes.
    len: usize,
    /// Bytes between the frame's end and what is next.
    back: usize,
}
