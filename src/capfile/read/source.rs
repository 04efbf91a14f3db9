//! The bytes of a capture, decompressed where they are compressed.
//!
//! gzip is RFC 1952, several members one after the other included; zstd is
//! RFC 8878, several frames and skippable frames included. Both are told by
//! their first bytes, as Wireshark does, not by a file's name.

use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};

use flate2::bufread::GzDecoder;

use super::zstd::ZstdFrames;

/// What was read to tell the compression, and then the rest.
type Whole<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// Compressed bytes fetched at a time.
const FETCH: usize = 64 * 1024;

/// The bytes of a capture.
pub(super) enum Source<R: Read> {
    Plain(Whole<R>),
    /// `None` only while a member is exchanged for the next.
    Gzip(Option<GzDecoder<BufReader<Whole<R>>>>),
    Zstd(Box<ZstdFrames<BufReader<Whole<R>>>>),
}

impl<R: Read> Source<R> {
    /// Looks at the first bytes and goes on from there.
    pub(super) fn new(mut inner: R) -> io::Result<Self> {
        let mut first = Vec::with_capacity(4);
        while first.len() < 4 {
            let mut rest = [0; 4];
            let room = 4 - first.len();
            match inner.read(&mut rest[..room]) {
                Ok(0) => break,
                Ok(n) => first.extend_from_slice(&rest[..n]),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        let gzip = first.starts_with(&[0x1f, 0x8b]);
        let zstd = first == [0x28, 0xb5, 0x2f, 0xfd];
        let whole = Cursor::new(first).chain(inner);
        Ok(if gzip {
            Self::Gzip(Some(GzDecoder::new(BufReader::with_capacity(FETCH, whole))))
        } else if zstd {
            Self::Zstd(Box::new(ZstdFrames::new(BufReader::with_capacity(
                FETCH, whole,
            ))))
        } else {
            Self::Plain(whole)
        })
    }

    /// What the bytes are compressed with.
    pub(super) const fn compression(&self) -> Option<&'static str> {
        match self {
            Self::Plain(_) => None,
            Self::Gzip(_) => Some("gzip"),
            Self::Zstd(_) => Some("zstd"),
        }
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(whole) => whole.read(buf),
            Self::Gzip(members) => read_members(members, buf),
            Self::Zstd(frames) => frames.read(buf),
        }
    }
}

/// Reads gzip members one after the other. What follows the last and is not a
/// member is ignored, as gzip(1) does: tapes and some programs pad with zeros.
fn read_members<B: BufRead>(
    members: &mut Option<GzDecoder<B>>,
    buf: &mut [u8],
) -> io::Result<usize> {
    loop {
        let Some(member) = members else { return Ok(0) };
        let n = member.read(buf)?;
        if n > 0 || buf.is_empty() {
            return Ok(n);
        }
        let Some(mut rest) = members.take().map(GzDecoder::into_inner) else {
            return Ok(0);
        };
        if rest.fill_buf()?.first() == Some(&0x1f) {
            *members = Some(GzDecoder::new(rest));
        }
    }
}
