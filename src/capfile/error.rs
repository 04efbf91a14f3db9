//! What can be wrong with a capture file, and where.

use std::io;

use super::FirstBytes;

/// Why something is not read as a capture at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is not one byte.
    #[error("not a capture file: it is empty (a capture file without frames still has a header)")]
    Empty,
    /// The first bytes are not those of a pcap or pcapng file.
    #[error("not a pcap or pcapng file: it begins with {0}")]
    NotACapture(FirstBytes),
    /// It begins like a capture and ends inside the file's header.
    #[error(
        "a {format} file that is cut off in its header: {expected} bytes expected, {there} found"
    )]
    CutHeader {
        /// What it begins like.
        format: CaptureFormat,
        /// How many bytes the header has.
        expected: u64,
        /// How many there are.
        there: u64,
    },
    /// A version of the format that nobody is known to have written.
    #[error("a {format} file of version {major}.{minor}, which is not supported")]
    UnknownVersion {
        /// Which format.
        format: CaptureFormat,
        /// The major version.
        major: u16,
        /// The minor version.
        minor: u16,
    },
    /// A pcapng file whose first block makes no sense.
    #[error("a damaged pcapng file: {0}")]
    Damaged(Damage),
    /// The input could not be read or decompressed.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// The two kinds of capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureFormat {
    /// pcap-savefile(5) and its variants.
    Pcap,
    /// draft-ietf-opsawg-pcapng.
    Pcapng,
}

impl std::fmt::Display for CaptureFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
        })
    }
}

/// Why reading stopped before the end; every frame before was delivered.
#[derive(Debug, thiserror::Error)]
#[error("{}", Located(self))]
pub struct ReadError {
    /// Where the record that cannot be read begins: bytes from the start of the
    /// file, of the decompressed file where it is compressed. A file cut there is
    /// whole.
    pub offset: u64,
    /// The number of the frame that cannot be read, counted from 1 as
    /// Wireshark does: one more than frames were delivered.
    pub frame: u64,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a record.
#[derive(Debug)]
pub enum Problem {
    /// The file ends inside the record.
    CutOff {
        /// What was being read.
        reading: &'static str,
        /// How many bytes it should have.
        expected: u64,
        /// How many are there.
        there: u64,
    },
    /// The record contradicts itself or the format.
    Damaged(Damage),
    /// The input failed, or could not be decompressed.
    Io(io::Error),
}

/// How a record contradicts itself or the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// More captured bytes than any capture program writes.
    #[error("a captured length of {length} bytes, more than the limit of {limit}")]
    FrameTooLong {
        /// The length said, in bytes.
        length: u32,
        /// The greatest accepted, in bytes.
        limit: u32,
    },
    /// A block longer than any program writes, or shorter than its own parts.
    #[error("a block of type {kind:#010x} with an impossible length of {length} bytes")]
    BlockLength {
        /// The block type.
        kind: u32,
        /// The block's total length said, in bytes.
        length: u32,
    },
    /// A block's length is given at both ends, and they differ.
    #[error("a block with two different lengths: {first} bytes at its start, {last} at its end")]
    BlockEnds {
        /// The total length at the block's beginning.
        first: u32,
        /// The total length at its end.
        last: u32,
    },
    /// The captured bytes do not fit in their block.
    #[error("{length} captured bytes in a block that can hold only {room}")]
    FrameBeyondBlock {
        /// The captured length, in bytes.
        length: u32,
        /// The room there is, in bytes.
        room: u32,
    },
    /// A frame of an interface that was not described.
    #[error("a frame of interface {id}, but the number of described interfaces is {described}")]
    UnknownInterface {
        /// The interface's number, from 0.
        id: u32,
        /// How many this section describes so far.
        described: u32,
    },
    /// More interfaces than are kept.
    #[error("more than {0} interfaces in one section")]
    TooManyInterfaces(u32),
    /// An option that goes on past its block.
    #[error("option {code} of {length} bytes in a block with only {room} bytes left")]
    OptionBeyondBlock {
        /// The option's code.
        code: u16,
        /// Its length, in bytes.
        length: u16,
        /// What is left of the block, in bytes.
        room: u32,
    },
    /// Neither byte order of a section header.
    #[error("a section header with the unknown byte-order magic {0:#010x}")]
    ByteOrder(u32),
    /// A section of an unknown version.
    #[error("a section of pcapng version {major}.{minor}, which is not supported")]
    SectionVersion {
        /// The major version.
        major: u16,
        /// The minor version.
        minor: u16,
    },
}

/// A problem with its place, as a sentence.
struct Located<'a>(&'a ReadError);

impl std::fmt::Display for Located<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ReadError {
            offset,
            frame,
            problem,
        } = self.0;
        match problem {
            Problem::CutOff {
                reading,
                expected,
                there,
            } => write!(
                f,
                "cut off in frame {frame} at byte {offset}, in its {reading}: {expected} bytes expected, {there} found"
            ),
            Problem::Damaged(damage) => {
                write!(f, "damaged in frame {frame} at byte {offset}: {damage}")
            }
            Problem::Io(e) => write!(f, "unreadable in frame {frame} at byte {offset}: {e}"),
        }
    }
}

impl From<Damage> for Problem {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

impl From<io::Error> for Problem {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}
