//! The reader: one face for both formats.

use std::io::Read;

use super::input::Input;
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use super::source::Source;
use super::{CaptureFormat, Damage, FirstBytes, OpenError, Problem, ReadError};
use crate::model::Frame;

/// Reads the frames of a pcap or pcapng file, compressed or not, one after the
/// other, from anything that can be read: a file, a pipe, a slice.
///
/// Large reads are made into a buffer of its own: a `BufReader` around the input
/// only costs. Frames borrow from that buffer.
///
/// ```
/// use threadtap::capfile::CaptureReader;
///
/// let file = [
///     0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0, // header
///     7, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 60, 0, 0, 0, 0xaa, 0xbb, // a frame
/// ];
/// let mut reader = CaptureReader::open(&file[..])?;
/// while let Some(frame) = reader.next()? {
///     assert_eq!(frame.time.as_nanos(), 7_000_009_000);
///     assert_eq!((frame.bytes, frame.wire_len), (&[0xaa, 0xbb][..], 60));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CaptureReader<R: Read> {
    input: Input<Source<R>>,
    format: Format,
    frames: u64,
    ended: bool,
}

enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl<R: Read> CaptureReader<R> {
    /// Reads the file's header and sees what it is.
    ///
    /// # Errors
    /// If it is not a capture, or cannot be read at all.
    pub fn open(input: R) -> Result<Self, OpenError> {
        let source = Source::new(input)?;
        let compression = source.compression();
        let mut input = Input::new(source);
        // pcapng needs 12 bytes to be told; every capture has more.
        input.need(12)?;
        let first = input.available();
        let format = match first.first_chunk::<4>() {
            None if first.is_empty() => return Err(OpenError::Empty),
            Some(&magic) if Pcap::begins(magic) => Format::Pcap(Pcap::open(&mut input, magic)?),
            Some(_) if Pcapng::begins(first) => {
                Format::Pcapng(Pcapng::open(&mut input).map_err(header)?)
            }
            _ => return Err(OpenError::NotACapture(FirstBytes::new(first, compression))),
        };
        Ok(Self {
            input,
            format,
            frames: 0,
            ended: false,
        })
    }

    /// The next frame; `None` at the end, and after an error.
    ///
    /// A frame of a simple packet block has no time: it gets the epoch, as
    /// libpcap gives it. Of a frame longer than [`MAX_SNAPLEN`](crate::capfile::MAX_SNAPLEN),
    /// which some link types may have, that many bytes are delivered.
    ///
    /// # Errors
    /// If the file is cut off or damaged here. All frames before were delivered.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend")]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, ReadError> {
        if self.ended {
            return Ok(None);
        }
        let found = match &mut self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.input),
            Format::Pcapng(pcapng) => pcapng.next(&mut self.input),
        };
        match found {
            Ok(Some(found)) => {
                self.frames += 1;
                Ok(Some(Frame {
                    time: found.time,
                    link: found.link,
                    wire_len: found.wire_len,
                    bytes: self.input.consumed(found.len, found.back),
                }))
            }
            Ok(None) => {
                self.ended = true;
                Ok(None)
            }
            Err(problem) => Err(self.stop(problem)),
        }
    }

    #[cold]
    fn stop(&mut self, problem: Problem) -> ReadError {
        self.ended = true;
        ReadError {
            offset: self.input.begun(),
            frame: self.frames + 1,
            problem,
        }
    }

    /// How many frames were delivered so far.
    #[must_use]
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// How many bytes of the (decompressed) file were read so far, up to the end
    /// of the last frame delivered.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// Bytes that were read already and belong to no frame delivered so far: where
    /// there are none, the next frame has to be waited for.
    #[must_use]
    pub fn at_hand(&self) -> usize {
        self.input.available().len()
    }

    /// Which of the two formats it is.
    #[must_use]
    pub const fn format(&self) -> CaptureFormat {
        match self.format {
            Format::Pcap(_) => CaptureFormat::Pcap,
            Format::Pcapng(_) => CaptureFormat::Pcapng,
        }
    }
}

/// A problem with the first section header.
fn header(problem: Problem) -> OpenError {
    match problem {
        Problem::CutOff {
            expected, there, ..
        } => OpenError::CutHeader {
            format: CaptureFormat::Pcapng,
            expected,
            there,
        },
        Problem::Damaged(Damage::SectionVersion { major, minor }) => OpenError::UnknownVersion {
            format: CaptureFormat::Pcapng,
            major,
            minor,
        },
        Problem::Damaged(damage) => OpenError::Damaged(damage),
        Problem::Io(e) => OpenError::Io(e),
    }
}
