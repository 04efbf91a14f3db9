//! Writing capture files: frames in, bytes out, whole records only.

mod pcap;
mod sink;

pub use pcap::PcapWriter;
