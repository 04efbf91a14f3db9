//! zstd (RFC 8878): several frames one after the other, skippable ones included.
//!
//! A decoder holds its window back, because later bytes may repeat it: up to
//! some megabytes, in which a small capture fits whole. Where the input ends
//! early or is damaged, what was decoded is handed on before the error is.

use std::io::{self, BufRead, ErrorKind, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// An empty raw block that is its frame's last one (RFC 8878, 3.1.1.2), and room
/// for a checksum: with it a decoder finishes, and lets go of its window.
const LAST_BLOCK: &[u8] = &[1, 0, 0, 0, 0, 0, 0];

/// Reads zstd frames one after the other.
pub(super) struct ZstdFrames<B> {
    input: Watched<B>,
    decoder: FrameDecoder,
    inside: bool,
    /// Why the input cannot be read on, while what was decoded is handed on.
    error: Option<io::Error>,
}

impl<B: BufRead> ZstdFrames<B> {
    pub(super) fn new(input: B) -> Self {
        Self {
            input: Watched {
                inner: input,
                ended: false,
                failed: None,
            },
            decoder: FrameDecoder::new(),
            inside: false,
            error: None,
        }
    }

    /// Begins the next frame; false at the end of the input.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if self.input.inner.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.input) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let mut skipped = (&mut self.input).take(length);
                    if io::copy(&mut skipped, &mut io::sink())? < length {
                        return Err(bad("a skippable frame is cut off"));
                    }
                }
                Err(e) => return Err(self.input.why(&e, "the header of a frame")),
            }
        }
    }

    /// Decodes the next block. Where that fails the decoder is made to finish,
    /// and the error waits.
    fn decode(&mut self) {
        let one = || BlockDecodingStrategy::UptoBlocks(1);
        if let Err(e) = self.decoder.decode_blocks(&mut self.input, one()) {
            let place = match e {
                FrameDecoderError::FailedToReadChecksum(_) => "a checksum",
                _ => "a block",
            };
            self.error = Some(self.input.why(&e, place));
            // It reads from memory, and every decoder knows an empty block.
            let _ = self.decoder.decode_blocks(LAST_BLOCK, one());
        }
    }

    /// Checks the finished frame's content checksum (RFC 8878, 3.1.1).
    fn check(&self) -> io::Result<()> {
        match (
            self.decoder.get_checksum_from_data(),
            self.decoder.get_calculated_checksum(),
        ) {
            (Some(said), Some(found)) if said != found => Err(bad("the content checksum is wrong")),
            _ => Ok(()),
        }
    }
}

impl<B: BufRead> Read for ZstdFrames<B> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.inside {
                if !self.begin()? {
                    return Ok(0);
                }
                self.inside = true;
            }
            while self.decoder.can_collect() == 0
                && !self.decoder.is_finished()
                && self.error.is_none()
            {
                self.decode();
            }
            let n = self.decoder.read(buf)?;
            if n > 0 {
                return Ok(n);
            }
            self.inside = false;
            match self.error.take() {
                Some(e) => return Err(e),
                None => self.check()?,
            }
        }
    }
}

/// An input that remembers how it ended: the decoder's errors do not tell a file
/// that is cut from one that is damaged.
struct Watched<B> {
    inner: B,
    ended: bool,
    failed: Option<io::Error>,
}

impl<B> Watched<B> {
    /// The error in words; `place` is what was being read.
    fn why(&mut self, e: &FrameDecoderError, place: &str) -> io::Error {
        if let Some(failed) = self.failed.take() {
            return failed;
        }
        if self.ended {
            return bad(format_args!("cut off in {place}"));
        }
        match e {
            FrameDecoderError::WindowSizeTooBig { requested, max } => bad(format_args!(
                "it needs a window of {requested} bytes, more than the limit of {max}"
            )),
            FrameDecoderError::DictNotProvided { .. } => {
                bad("it needs a dictionary, which is not supported")
            }
            _ => bad(format_args!("damaged in {place}")),
        }
    }
}

impl<B: BufRead> Read for Watched<B> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buf) {
            Ok(n) => {
                self.ended |= n == 0 && !buf.is_empty();
                Ok(n)
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => Err(e),
            Err(e) => {
                let told = io::Error::new(e.kind(), "the input failed");
                self.failed = Some(e);
                Err(told)
            }
        }
    }
}

fn bad(why: impl std::fmt::Display) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("zstd: {why}"))
}
