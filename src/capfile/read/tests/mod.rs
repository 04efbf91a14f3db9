//! Files built byte by byte, and what is read from them.

mod build;
mod compressed;
mod pcap;
mod pcapng;
mod robust;

use std::io::{self, Read};

use crate::capfile::{CaptureReader, OpenError, Problem, ReadError};

/// A frame that was read: time, link type, length on the wire, bytes.
type Got = (i64, u16, u32, Vec<u8>);

/// An input that gives at most so many bytes at a time, as a pipe does.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = buf.len().min(self.1);
        self.0.read(&mut buf[..n])
    }
}

/// All frames of a file, and what ended it.
fn read(input: impl Read) -> Result<(Vec<Got>, Option<ReadError>), OpenError> {
    let mut reader = CaptureReader::open(input)?;
    let mut frames = Vec::new();
    let error = loop {
        match reader.next() {
            Ok(Some(f)) => {
                frames.push((f.time.as_nanos(), f.link.0, f.wire_len, f.bytes.to_vec()));
            }
            Ok(None) => break None,
            Err(e) => break Some(e),
        }
    };
    assert_eq!(reader.frames(), frames.len() as u64);
    assert!(matches!(reader.next(), Ok(None)), "an end is an end");
    Ok((frames, error))
}

/// All frames of a file that is whole, read at once.
fn read_at_once(file: &[u8]) -> Vec<Got> {
    let (frames, error) = read(file).unwrap();
    assert!(error.is_none(), "{error:?}");
    frames
}

/// All frames of a file that is whole, the same however the bytes come.
fn read_whole(file: &[u8]) -> Vec<Got> {
    let frames = read_at_once(file);
    for step in [1, 7, 1000] {
        let (again, error) = read(Trickle(file, step)).unwrap();
        assert!(error.is_none(), "{error:?}");
        assert_eq!(again, frames, "{step} bytes at a time");
    }
    frames
}

/// What a damaged file gives: the frames before, and the error.
fn read_damaged(file: &[u8]) -> (Vec<Got>, ReadError) {
    let (frames, error) = read(file).unwrap();
    let error = error.expect("an error");
    assert_eq!(error.frame, frames.len() as u64 + 1);
    (frames, error)
}

/// Where the record began that is cut off in this file.
fn cut_at(error: &ReadError) -> u64 {
    assert!(matches!(error.problem, Problem::CutOff { .. }), "{error}");
    error.offset
}
