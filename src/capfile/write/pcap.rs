//! The classic pcap file with nanosecond times.

use std::io::{self, ErrorKind, Write};

use super::sink::RecordSink;
use crate::capfile::MAX_SNAPLEN;
use crate::model::{Frame, LinkType};

/// The magic number that says "times are in nanoseconds" (draft-ietf-opsawg-pcap,
/// section 4).
const MAGIC_NANOS: u32 = 0xa1b2_3c4d;
/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// Writes a pcap file: version 2.4, little-endian, times in nanoseconds.
///
/// Only whole records are handed to `W`, in pieces of 64 KiB and more, and at
/// every [`flush`](Self::flush): a process that is killed leaves a file that can be read
/// up to the last record handed on, or to the one before where SIGKILL cut that write. What is still buffered when the writer is
/// dropped is handed on then.
///
/// ```
/// use threadtap::capfile::{CaptureReader, PcapWriter};
///
/// let file = std::fs::File::open("captures/golden/thread.pcapng")?;
/// let mut reader = CaptureReader::open(file)?;
/// let mut writer = None;
/// while let Some(frame) = reader.next()? {
///     if writer.is_none() {
///         writer = Some(PcapWriter::new(Vec::new(), frame.link, 0)?);
///     }
///     writer.as_mut().expect("a writer").write(&frame)?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PcapWriter<W: Write> {
    sink: RecordSink<W>,
    link: LinkType,
    snaplen: u32,
}

impl<W: Write> PcapWriter<W> {
    /// Begins a file of frames of one link type, each cut at `snaplen` bytes (0
    /// or more than [`MAX_SNAPLEN`] mean that), and hands its header on.
    ///
    /// # Errors
    /// Those of `W`.
    pub fn new(out: W, link: LinkType, snaplen: u32) -> io::Result<Self> {
        let snaplen = match snaplen {
            0 => MAX_SNAPLEN,
            n => n.min(MAX_SNAPLEN),
        };
        let mut sink = RecordSink::new(out);
        // draft-ietf-opsawg-pcap, section 4: magic, version, two reserved
        // words, snapshot length, link type.
        sink.record(|b| {
            b.extend_from_slice(&MAGIC_NANOS.to_le_bytes());
            b.extend_from_slice(&2_u16.to_le_bytes());
            b.extend_from_slice(&4_u16.to_le_bytes());
            b.extend_from_slice(&[0; 8]);
            b.extend_from_slice(&snaplen.to_le_bytes());
            b.extend_from_slice(&u32::from(link.0).to_le_bytes());
        })?;
        sink.flush()?;
        Ok(Self {
            sink,
            link,
            snaplen,
        })
    }

    /// Adds one frame.
    ///
    /// # Errors
    /// `InvalidInput` if the frame's link type is not the file's, or its time
    /// is not one that pcap can hold (1970 to 2106): such a frame is not
    /// written, and others may follow. Those of `W`: then nothing more can be
    /// written, and [`whole_bytes`](Self::whole_bytes) says where to cut the file.
    pub fn write(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        if frame.link != self.link {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                format!(
                    "a frame of link type {} in a pcap file of link type {}",
                    frame.link.0, self.link.0
                ),
            ));
        }
        let time = frame.time.as_nanos();
        let (Ok(seconds), Ok(nanos)) = (
            u32::try_from(time.div_euclid(SECOND)),
            u32::try_from(time.rem_euclid(SECOND)),
        ) else {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                format!("a pcap file cannot hold the time {time} ns since 1970"),
            ));
        };
        let captured = u32::try_from(frame.bytes.len())
            .unwrap_or(u32::MAX)
            .min(self.snaplen);
        let bytes = &frame.bytes[..captured as usize];
        // The length on the wire cannot be less than what was captured of it.
        let wire = frame.wire_len.max(captured);
        let mut header = [0; 16];
        header[..4].copy_from_slice(&seconds.to_le_bytes());
        header[4..8].copy_from_slice(&nanos.to_le_bytes());
        header[8..12].copy_from_slice(&captured.to_le_bytes());
        header[12..].copy_from_slice(&wire.to_le_bytes());
        self.sink.frame(|b| {
            b.extend_from_slice(&header);
            b.extend_from_slice(bytes);
        })
    }

    /// Hands everything on to `W`, and flushes that.
    ///
    /// # Errors
    /// Those of `W`.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }

    /// The file length, in bytes, at which the last whole record that reached
    /// `W` ended. After an error, a file cut there is a whole capture.
    #[must_use]
    pub const fn whole_bytes(&self) -> u64 {
        self.sink.whole_bytes()
    }

    /// Frames written so far, those still buffered included; after an error,
    /// those that reached `W` whole.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.sink.frames()
    }

    /// What is written to.
    #[must_use]
    pub const fn get_ref(&self) -> &W {
        self.sink.get_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sink::tests::SmallDisk;
    use super::*;
    use crate::model::Timestamp;

    fn frame(time: i64, bytes: &[u8]) -> Frame<'_> {
        Frame {
            time: Timestamp::from_nanos(time),
            link: LinkType::ETHERNET,
            wire_len: 60,
            bytes,
        }
    }

    #[test]
    fn golden_bytes() {
        let mut out = Vec::new();
        let mut w = PcapWriter::new(&mut out, LinkType::ETHERNET, 65_535).unwrap();
        w.write(&frame(3_000_000_007, &[0xaa, 0xbb])).unwrap();
        assert_eq!(w.frames(), 1);
        w.flush().unwrap();
        assert_eq!(w.whole_bytes(), 24 + 18);
        drop(w);
        let golden = [
            &[0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0][..],
            &[0; 8],
            &[0xff, 0xff, 0, 0, 1, 0, 0, 0],
            &[3, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0, 60, 0, 0, 0, 0xaa, 0xbb],
        ]
        .concat();
        assert_eq!(out, golden);
    }

    #[test]
    fn the_header_is_handed_on_at_once() {
        let w = PcapWriter::new(Vec::new(), LinkType::RAW, 0).unwrap();
        assert_eq!(w.get_ref().len(), 24);
        assert_eq!(w.get_ref()[16..20], MAX_SNAPLEN.to_le_bytes());
        assert_eq!((w.frames(), w.whole_bytes()), (0, 24));
    }

    #[test]
    fn frames_are_cut_at_the_snapshot_length() {
        let mut out = Vec::new();
        let mut w = PcapWriter::new(&mut out, LinkType::ETHERNET, 3).unwrap();
        w.write(&frame(0, &[1; 60])).unwrap();
        drop(w);
        assert_eq!(out.len(), 24 + 16 + 3);
        assert_eq!(out[32..40], [3, 0, 0, 0, 60, 0, 0, 0]);
    }

    #[test]
    fn what_the_file_cannot_hold_is_refused_and_the_rest_goes_on() {
        let mut w = PcapWriter::new(Vec::new(), LinkType::ETHERNET, 0).unwrap();
        for time in [-1, i64::MAX, (1 << 32) * SECOND] {
            let e = w.write(&frame(time, &[])).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::InvalidInput);
        }
        let other = Frame {
            link: LinkType::RAW,
            ..frame(0, &[])
        };
        assert!(w.write(&other).is_err());
        w.write(&frame((1 << 32) * SECOND - 1, &[])).unwrap();
        assert_eq!(w.frames(), 1);
    }

    #[test]
    fn a_full_disk_leaves_a_known_length() {
        let disk = SmallDisk {
            bytes: Vec::new(),
            room: 24 + 3 * 26 + 25,
            step: 1000,
        };
        let mut w = PcapWriter::new(disk, LinkType::ETHERNET, 0).unwrap();
        for _ in 0..5 {
            w.write(&frame(0, &[9; 10])).unwrap();
        }
        assert_eq!(w.flush().unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(w.whole_bytes(), 24 + 3 * 26);
        assert_eq!(w.frames(), 3);
        assert_eq!(w.get_ref().bytes.len(), 24 + 3 * 26 + 25);
        assert!(w.write(&frame(0, &[])).is_err());
        assert_eq!(w.whole_bytes(), 24 + 3 * 26);
    }
}
