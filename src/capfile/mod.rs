//! Capture files: pcap and pcapng, both ways.
//!
//! Frames go in and bytes come out (the writers), or bytes go in and frames
//! come out (the readers). Everything works over [`std::io::Read`] and
//! [`std::io::Write`]: no file names, no clocks, no threads, no seeking.
//!
//! The rules come from pcap-savefile(5) and draft-ietf-opsawg-pcap for pcap,
//! and from draft-ietf-opsawg-pcapng for pcapng; where the two big readers,
//! libpcap and Wireshark, know better what is out there, the code says so.

mod error;
mod read;
mod write;

pub use error::{CaptureFormat, Damage, OpenError, Problem, ReadError};
pub use read::{CaptureReader, FirstBytes};
pub use write::{
    Direction, InterfaceInfo, InterfaceRef, Note, PcapWriter, PcapngWriter, SectionInfo, Statistics,
};

/// The largest number of bytes that is captured of a frame: libpcap's
/// `MAXIMUM_SNAPLEN`, and Wireshark's `WTAP_MAX_PACKET_SIZE_STANDARD`.
pub const MAX_SNAPLEN: u32 = 262_144;
