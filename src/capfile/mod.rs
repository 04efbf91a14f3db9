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
pub(crate) use read::{Joined, Unpacked};
pub(crate) use write::ZstdWriter;
pub use write::{
    Direction, InterfaceInfo, InterfaceRef, Note, PcapWriter, PcapngWriter, SectionInfo, Statistics,
};

/// A file of a run that decompresses to more than so many times its size is not read any
/// further. JSON lines and headers come to 10 to 30 times theirs.
const MOST_TIMES: u64 = 100;

/// So many bytes may come out of it in any case.
const FREELY: u64 = 64 << 20;

/// The largest number of bytes that is captured of a frame: libpcap's
/// `MAXIMUM_SNAPLEN`, and Wireshark's `WTAP_MAX_PACKET_SIZE_STANDARD`.
pub const MAX_SNAPLEN: u32 = 262_144;
