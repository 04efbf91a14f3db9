//! A capture in several files, one after the other, read as one.
//!
//! threadtap writes such files of one run (`--rotate`): each is a whole pcap file with the
//! same header, and goes on where the one before it ended.

use std::io::{self, ErrorKind, Read};

use super::unpacked::Unpacked;

/// The length of a pcap file's header (draft-ietf-opsawg-pcap, section 4).
const HEADER: usize = 24;

/// The bytes of the first file, and of all others without their headers.
pub struct Joined<R: Read> {
    files: Box<dyn Iterator<Item = io::Result<R>> + Send>,
    now: Option<Unpacked<R>>,
    /// What was read of the first one's header.
    header: Vec<u8>,
    begun: bool,
}

impl<R: Read> Joined<R> {
    /// Files that are opened when it is their turn, compressed or not.
    pub fn new(files: impl Iterator<Item = io::Result<R>> + Send + 'static) -> Self {
        Self {
            files: Box::new(files),
            now: None,
            header: Vec::new(),
            begun: false,
        }
    }

    /// Opens the next file; false where there is none.
    fn open(&mut self) -> io::Result<bool> {
        let Some(next) = self.files.next() else {
            return Ok(false);
        };
        let mut next = Unpacked::new(next?)?;
        if self.begun {
            let mut header = [0; HEADER];
            next.read_exact(&mut header)?;
            if header != self.header[..] {
                return Err(io::Error::new(
                    ErrorKind::InvalidData,
                    "the next file of the capture does not go on with it: its header is another one",
                ));
            }
        }
        self.begun = true;
        self.now = Some(next);
        Ok(true)
    }
}

impl<R: Read> Read for Joined<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(now) = &mut self.now {
                let n = now.read(buf)?;
                let missing = HEADER.saturating_sub(self.header.len()).min(n);
                self.header.extend_from_slice(&buf[..missing]);
                if n > 0 || buf.is_empty() {
                    return Ok(n);
                }
                self.now = None;
            }
            if !self.open()? {
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capfile::{CaptureReader, PcapWriter, ZstdWriter};
    use crate::model::{Frame, LinkType, Timestamp};

    fn file(link: LinkType, times: &[i64]) -> Vec<u8> {
        let mut writer = PcapWriter::new(Vec::new(), link, 0).unwrap();
        for time in times {
            let frame = Frame {
                time: Timestamp::from_nanos(*time),
                link,
                wire_len: 60,
                bytes: &[7; 60],
            };
            writer.write(&frame).unwrap();
        }
        writer.flush().unwrap();
        writer.get_ref().clone()
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = ZstdWriter::new(&mut out);
        io::Write::write_all(&mut writer, bytes).unwrap();
        writer.finish().unwrap();
        out
    }

    fn times(files: Vec<Vec<u8>>) -> (Vec<i64>, Option<String>) {
        let files = files.into_iter().map(|bytes| Ok(io::Cursor::new(bytes)));
        let mut reader = CaptureReader::open(Joined::new(files)).unwrap();
        let mut times = Vec::new();
        loop {
            match reader.next() {
                Ok(Some(frame)) => times.push(frame.time.as_nanos()),
                Ok(None) => return (times, None),
                Err(e) => return (times, Some(e.to_string())),
            }
        }
    }

    #[test]
    fn files_are_read_as_one() {
        let ethernet = |times: &[i64]| file(LinkType::ETHERNET, times);
        let three = vec![ethernet(&[1, 2]), packed(&ethernet(&[3])), ethernet(&[])];
        assert_eq!(times(three), (vec![1, 2, 3], None));
        let packed_first = vec![packed(&ethernet(&[1])), ethernet(&[2])];
        assert_eq!(times(packed_first), (vec![1, 2], None));
    }

    #[test]
    fn one_that_does_not_go_on_is_told() {
        let files = vec![file(LinkType::ETHERNET, &[1]), file(LinkType::RAW, &[2])];
        let (before, told) = times(files);
        assert_eq!(before, [1]);
        assert!(told.unwrap().contains("its header is another one"));
        let cut = vec![file(LinkType::ETHERNET, &[1]), vec![0x4d, 0x3c]];
        assert!(times(cut).1.is_some());
    }

    /// A few kilobytes that would be gigabytes.
    #[test]
    fn a_bomb_is_not_read_to_its_end() {
        let mut bomb = Vec::new();
        let block = packed(&vec![0; 4 << 20]);
        for _ in 0..64 {
            bomb.extend_from_slice(&block);
        }
        assert!(bomb.len() < 1 << 20);
        let mut out = Unpacked::new(&bomb[..]).unwrap();
        let error = io::copy(&mut out, &mut io::sink()).unwrap_err();
        assert!(
            error.to_string().contains("not read any further"),
            "{error}"
        );
    }
}
