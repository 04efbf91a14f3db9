//! A buffer that hands out whole records only, and knows after an error where
//! the last whole one ended.

use std::io::{self, ErrorKind, Write};

/// The buffered bytes at which whole records are handed on unasked.
const HAND_ON_AT: usize = 64 * 1024;

/// Collects records and hands them to `W` in one piece.
#[derive(Debug)]
pub(super) struct RecordSink<W: Write> {
    out: W,
    buffer: Vec<u8>,
    /// Where each buffered record ends in `buffer`, and whether it is a frame.
    ends: Vec<(usize, bool)>,
    /// Frames that are whole in `out`.
    whole_frames: u64,
    /// Bytes of `out` that whole records take up.
    whole_bytes: u64,
    /// What went wrong; nothing more is written after that.
    failed: Option<ErrorKind>,
}

impl<W: Write> RecordSink<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            buffer: Vec::with_capacity(2 * HAND_ON_AT),
            ends: Vec::new(),
            whole_frames: 0,
            whole_bytes: 0,
            failed: None,
        }
    }

    /// Adds one record that is not a frame, which `fill` appends to the buffer it
    /// is given.
    pub(super) fn record(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.add(fill, false)
    }

    /// Adds one frame's record.
    pub(super) fn frame(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.add(fill, true)
    }

    #[inline]
    fn add(&mut self, fill: impl FnOnce(&mut Vec<u8>), is_frame: bool) -> io::Result<()> {
        self.check()?;
        fill(&mut self.buffer);
        self.ends.push((self.buffer.len(), is_frame));
        if self.buffer.len() >= HAND_ON_AT {
            self.hand_on()?;
        }
        Ok(())
    }

    /// Hands all buffered records on, and flushes `W`.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.check()?;
        self.hand_on()?;
        loop {
            match self.out.flush() {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                // The bytes are handed on: where the records end is known, and
                // a later flush may succeed.
                result => return result,
            }
        }
    }

    /// The length of the output at which its last whole record ended.
    pub(super) const fn whole_bytes(&self) -> u64 {
        self.whole_bytes
    }

    /// Frames that are whole in the output or wait in the buffer.
    pub(super) fn frames(&self) -> u64 {
        self.whole_frames + frames_of(&self.ends)
    }

    pub(super) const fn get_ref(&self) -> &W {
        &self.out
    }

    /// After a failure the output may end inside a record: writing more would
    /// make a damaged file of a truncated one.
    fn check(&self) -> io::Result<()> {
        match self.failed {
            None => Ok(()),
            Some(kind) => Err(io::Error::new(
                kind,
                "an earlier write of this capture failed; nothing more is written to it",
            )),
        }
    }

    fn hand_on(&mut self) -> io::Result<()> {
        let mut done = 0;
        let result = loop {
            let Some(rest) = self.buffer.get(done..).filter(|rest| !rest.is_empty()) else {
                break Ok(());
            };
            match self.out.write(rest) {
                Ok(0) => break Err(io::Error::from(ErrorKind::WriteZero)),
                Ok(n) => done += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        let whole = self.ends.partition_point(|&(end, _)| end <= done);
        let whole = &self.ends[..whole];
        self.whole_frames += frames_of(whole);
        if let Some(&(end, _)) = whole.last() {
            self.whole_bytes += end as u64;
        }
        if let Err(e) = &result {
            self.failed = Some(e.kind());
        }
        self.buffer.clear();
        self.ends.clear();
        result
    }
}

fn frames_of(ends: &[(usize, bool)]) -> u64 {
    ends.iter().filter(|&&(_, is_frame)| is_frame).count() as u64
}

impl<W: Write> Drop for RecordSink<W> {
    fn drop(&mut self) {
        // What was accepted should not be lost because a caller returned early;
        // who wants to know of the error calls `flush` first.
        if self.failed.is_none() {
            let _ = self.flush();
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A disk with room for `room` bytes that takes at most `step` at a time.
    #[derive(Debug)]
    pub(crate) struct SmallDisk {
        pub(crate) bytes: Vec<u8>,
        pub(crate) room: usize,
        pub(crate) step: usize,
    }

    impl Write for SmallDisk {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            let n = buf.len().min(self.step).min(self.room - self.bytes.len());
            if n == 0 {
                return Err(io::Error::from(ErrorKind::StorageFull));
            }
            self.bytes.extend_from_slice(&buf[..n]);
            Ok(n)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A disk whose flushes fail in this way, one after another, and then succeed.
    struct Flushes(Vec<ErrorKind>);

    impl Write for Flushes {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.pop().map_or(Ok(()), |kind| Err(kind.into()))
        }
    }

    #[test]
    fn a_flush_that_a_signal_interrupts_goes_on_and_no_other() {
        let mut interrupted = RecordSink::new(Flushes(vec![ErrorKind::Interrupted; 3]));
        interrupted.flush().unwrap();
        assert!(interrupted.out.0.is_empty());
        let mut full = RecordSink::new(Flushes(vec![ErrorKind::StorageFull]));
        assert_eq!(full.flush().unwrap_err().kind(), ErrorKind::StorageFull);
        full.flush().unwrap();
    }

    #[test]
    fn knows_the_last_whole_record_at_every_size_of_disk() {
        for room in 0..=100 {
            let mut sink = RecordSink::new(SmallDisk {
                bytes: Vec::new(),
                room,
                step: 7,
            });
            let mut failed = false;
            for _ in 0..10 {
                sink.frame(|b| b.extend_from_slice(&[1; 10])).unwrap();
            }
            failed |= sink.flush().is_err();
            assert_eq!(failed, room < 100);
            assert_eq!(sink.whole_bytes(), (room / 10 * 10) as u64, "room {room}");
            assert_eq!(sink.frames(), (room / 10) as u64);
            if failed {
                let again = sink.record(|b| b.push(1)).unwrap_err();
                assert_eq!(again.kind(), ErrorKind::StorageFull);
                assert_eq!(sink.get_ref().bytes.len(), room);
            }
        }
    }

    #[test]
    fn hands_whole_records_on_in_one_write() {
        struct Writes(Vec<usize>);
        impl Write for Writes {
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                self.0.push(buf.len());
                Ok(buf.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut sink = RecordSink::new(Writes(Vec::new()));
        for _ in 0..1000 {
            sink.record(|b| b.extend_from_slice(&[0; 300])).unwrap();
        }
        sink.flush().unwrap();
        assert!(sink.get_ref().0.len() < 10);
        assert!(sink.get_ref().0.iter().all(|n| n % 300 == 0));
    }

    #[test]
    fn what_was_accepted_is_written_when_dropped() {
        let mut out = Vec::new();
        RecordSink::new(&mut out).record(|b| b.push(7)).unwrap();
        assert_eq!(out, [7]);
    }
}
