//! The files that the frames of a run are written to: one, or one after the other.

use std::io::{self, Write};

use super::save_in::Rotate;
use super::world::{CutCapture, MakeFile};
use crate::capfile::{MAX_SNAPLEN, PcapWriter};
use crate::model::{CaptureFile, Frame, LinkType, Timestamp};

/// The bytes of a pcap file before its frames, and before the bytes of each
/// (draft-ietf-opsawg-pcap, sections 4 and 5).
const HEADER: u64 = 24;
const RECORD: u64 = 16;

/// The files, of which the last is being written.
pub struct CaptureFiles {
    make: MakeFile,
    rotate: Option<Rotate>,
    link: LinkType,
    snaplen: u32,
    writer: PcapWriter<Box<dyn Write + Send>>,
    now: CaptureFile,
    /// Those that are whole.
    whole: Vec<CaptureFile>,
}

impl CaptureFiles {
    /// Makes the first file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn begin(
        mut make: MakeFile,
        rotate: Option<Rotate>,
        link: LinkType,
        snaplen: u32,
    ) -> io::Result<Self> {
        let name = match rotate {
            None => CaptureFile::ONLY.to_owned(),
            Some(_) => CaptureFile::name_of(1),
        };
        let writer = PcapWriter::new(make(&name)?, link, snaplen)?;
        Ok(Self {
            make,
            rotate,
            link,
            snaplen,
            writer,
            now: empty(name),
            whole: Vec::new(),
        })
    }

    /// Writes a frame, where it is time for that into the next file.
    ///
    /// # Errors
    /// Those of the system; then nothing more is to be written, and [`cut`](Self::cut)
    /// says what is there.
    pub fn write(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let most = match self.snaplen {
            0 => MAX_SNAPLEN,
            n => n,
        };
        let captured = (frame.bytes.len() as u64).min(most.into());
        let bytes = RECORD + captured;
        if self.is_over(frame.time, bytes) {
            self.next()?;
        }
        self.writer.write(frame)?;
        self.now.frames += 1;
        self.now.bytes += bytes;
        self.now.first_ns.get_or_insert(frame.time);
        self.now.last_ns = Some(frame.time);
        Ok(())
    }

    /// Hands on what was written.
    ///
    /// # Errors
    /// Those of the system.
    pub fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// Whether a frame belongs into the next file. One is never without a frame.
    fn is_over(&self, time: Timestamp, bytes: u64) -> bool {
        let Some(first) = self.now.first_ns else {
            return false;
        };
        match self.rotate {
            None => false,
            Some(Rotate::Size(most)) => self.now.bytes + bytes > most,
            Some(Rotate::Time(span)) => time.since(first) >= span,
        }
    }

    fn next(&mut self) -> io::Result<()> {
        self.writer.flush()?;
        let name = CaptureFile::name_of(self.whole.len() as u64 + 2);
        let file = (self.make)(&name)?;
        self.whole
            .push(std::mem::replace(&mut self.now, empty(name)));
        self.writer = PcapWriter::new(file, self.link, self.snaplen)?;
        Ok(())
    }

    /// What is there after an error.
    pub fn cut(&self, error: io::Error) -> CutCapture {
        // Of a file whose header could not be written the writer is the one before.
        let begun = self.now.frames > 0 || self.whole.is_empty();
        let written = if begun { self.writer.frames() } else { 0 };
        let before: u64 = self.whole.iter().map(|file| file.frames).sum();
        CutCapture {
            error,
            frames: before + written,
            file: self.now.name.clone(),
            whole_bytes: if begun { self.writer.whole_bytes() } else { 0 },
        }
    }

    /// All files, where there may be several. After an error the last is what `cut` says.
    pub fn finish(mut self, cut: Option<&CutCapture>) -> Vec<CaptureFile> {
        if self.rotate.is_none() {
            return Vec::new();
        }
        if let Some(cut) = cut {
            let before: u64 = self.whole.iter().map(|file| file.frames).sum();
            self.now.frames = cut.frames - before;
            self.now.bytes = cut.whole_bytes;
        }
        if self.now.bytes > 0 {
            self.whole.push(self.now);
        }
        self.whole
    }
}

fn empty(name: String) -> CaptureFile {
    CaptureFile {
        name,
        frames: 0,
        bytes: HEADER,
        first_ns: None,
        last_ns: None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::model::Nanos;

    type Made = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

    struct File(Made, usize);

    impl Write for File {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap()[self.1].1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn files(rotate: Option<Rotate>, room: usize) -> (CaptureFiles, Made) {
        let made = Made::default();
        let all = Arc::clone(&made);
        let maker: MakeFile = Box::new(move |name| {
            let mut files = all.lock().unwrap();
            if files.len() == room {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            files.push((name.to_owned(), Vec::new()));
            Ok(Box::new(File(Arc::clone(&all), files.len() - 1)))
        });
        let files = CaptureFiles::begin(maker, rotate, LinkType::ETHERNET, 0).unwrap();
        (files, made)
    }

    fn frame(ms: i64) -> Frame<'static> {
        Frame {
            time: Timestamp::from_nanos(ms * 1_000_000),
            link: LinkType::ETHERNET,
            wire_len: 60,
            bytes: &[7; 60],
        }
    }

    fn told(all: &[CaptureFile]) -> Vec<(&str, u64, u64)> {
        let one = |file: &'_ CaptureFile| (file.frames, file.bytes);
        all.iter()
            .map(|file| (file.name.as_str(), one(file).0, one(file).1))
            .collect()
    }

    #[test]
    fn one_file_is_no_list() {
        let (mut files, made) = files(None, 1);
        for ms in 0..100 {
            files.write(&frame(ms)).unwrap();
        }
        files.flush().unwrap();
        assert!(files.finish(None).is_empty());
        assert_eq!(made.lock().unwrap()[0].0, "capture.pcap");
    }

    #[test]
    fn no_file_is_longer_than_it_may_be() {
        const SNAP: u64 = 24 + 2 * 76;
        let (mut files, made) = files(Some(Rotate::Size(SNAP)), 9);
        for ms in 0..5 {
            files.write(&frame(ms)).unwrap();
        }
        files.flush().unwrap();
        let all = files.finish(None);
        assert_eq!(
            told(&all),
            [
                ("capture-00001.pcap", 2, SNAP),
                ("capture-00002.pcap", 2, SNAP),
                ("capture-00003.pcap", 1, 24 + 76)
            ]
        );
        for (file, (name, bytes)) in all.iter().zip(made.lock().unwrap().iter()) {
            assert_eq!((&file.name, file.bytes), (name, bytes.len() as u64));
        }
        // Not even one frame fits: each has a file.
        let (mut files, _) = self::files(Some(Rotate::Size(1)), 9);
        for ms in 0..3 {
            files.write(&frame(ms)).unwrap();
        }
        assert_eq!(files.finish(None).len(), 3);
    }

    #[test]
    fn a_file_is_of_so_much_time() {
        let second = Rotate::Time(Nanos::new(1_000_000_000));
        let (mut files, _) = files(Some(second), 9);
        for ms in [0, 500, 999, 1000, 1999, 9000] {
            files.write(&frame(ms)).unwrap();
        }
        let all = files.finish(None);
        let frames: Vec<u64> = all.iter().map(|file| file.frames).collect();
        assert_eq!(frames, [3, 2, 1]);
        let at = |ms: i64| Some(Timestamp::from_nanos(ms * 1_000_000));
        assert_eq!((all[1].first_ns, all[1].last_ns), (at(1000), at(1999)));
    }

    #[test]
    fn a_file_that_cannot_be_made_leaves_those_before_whole() {
        let (mut files, made) = files(Some(Rotate::Size(24 + 76)), 2);
        files.write(&frame(0)).unwrap();
        files.write(&frame(1)).unwrap();
        let error = files.write(&frame(2)).unwrap_err();
        let cut = files.cut(error);
        assert_eq!((cut.frames, cut.file.as_str()), (2, "capture-00002.pcap"));
        assert_eq!(cut.whole_bytes, 24 + 76);
        let all = files.finish(Some(&cut));
        assert_eq!(all.len(), made.lock().unwrap().len());
        assert_eq!(all[1].frames, 1);
    }
}
