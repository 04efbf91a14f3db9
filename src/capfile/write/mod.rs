//! Writing capture files: frames in, bytes out, whole records only.

mod block;
mod pcap;
mod pcapng;
mod sink;
mod zstd;

pub use pcap::PcapWriter;
pub use pcapng::{
    Direction, InterfaceInfo, InterfaceRef, Note, PcapngWriter, SectionInfo, Statistics,
};
pub use zstd::ZstdWriter;
