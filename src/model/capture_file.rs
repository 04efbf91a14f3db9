//! The files that a capture was written to (`--rotate`).

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// One of the files of a capture, which are read one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CaptureFile {
    /// Its name in the run's folder. One that was compressed since has `.zst` added.
    pub name: String,
    /// The frames in it.
    pub frames: u64,
    /// Its length in bytes, before it was compressed.
    pub bytes: u64,
    /// When its first frame was captured; `null` without one.
    pub first_ns: Option<Timestamp>,
    /// When its last frame was captured.
    pub last_ns: Option<Timestamp>,
}

impl CaptureFile {
    /// The name of a capture that is in one file.
    pub const ONLY: &'static str = "capture.pcap";

    /// The name of the file with this number, from 1, of a capture in several.
    #[must_use]
    pub fn name_of(number: u64) -> String {
        format!("capture-{number:05}.pcap")
    }

    /// Whether a file may be one of those, compressed or not.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        let name = name.strip_suffix(".zst").unwrap_or(name);
        let number = name
            .strip_prefix("capture-")
            .and_then(|rest| rest.strip_suffix(".pcap"));
        number.is_some_and(|n| n.len() >= 5 && n.bytes().all(|b| b.is_ascii_digit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_the_files() {
        assert_eq!(CaptureFile::name_of(7), "capture-00007.pcap");
        for n in [1, 99_999, 100_000] {
            assert!(CaptureFile::is_name(&CaptureFile::name_of(n)));
            assert!(CaptureFile::is_name(&format!(
                "{}.zst",
                CaptureFile::name_of(n)
            )));
        }
        for other in [
            "capture.pcap",
            "capture-1.pcap",
            "capture-0000a.pcap",
            "capture-00001.pcapng",
        ] {
            assert!(!CaptureFile::is_name(other), "{other}");
        }
    }
}
