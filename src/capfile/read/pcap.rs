//! Classic pcap files: pcap-savefile(5), draft-ietf-opsawg-pcap, and the
//! variants that libpcap and Wireshark know.

use std::io::Read;

use super::input::Input;
use super::order::Order;
use super::pcap_variant::{self, RECORD_HEADER, Variant};
use super::{CaptureFormat, Found, OpenError, Problem, link};
use crate::capfile::MAX_SNAPLEN;
use crate::model::{LinkType, Timestamp};

/// Bytes of the file header.
const FILE_HEADER: usize = 24;

/// How the two lengths of a record are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    /// Captured, original: version 2.4.
    InOrder,
    /// Original, captured: before 2.3, and DG/UX's 543.0.
    Swapped,
    /// Version 2.3 has them in order, but some programs wrote 2.3 and the old
    /// order: where "captured" is more than "original" they are swapped.
    PerhapsSwapped,
}

/// A pcap file behind its header.
#[derive(Debug)]
pub(super) struct Pcap {
    order: Order,
    nanos_per_unit: i64,
    lengths: Lengths,
    link: LinkType,
    snaplen: u32,
    /// Bytes of a record header.
    header: usize,
    /// Variants among which the first records decide.
    undecided: Option<&'static [Variant]>,
    /// Bytes before each frame that belong to none (AIX and FDDI).
    padding: u32,
    /// What is left of a frame that was delivered cut.
    pending: u64,
    /// Nothing of the above is out of the ordinary.
    plain: bool,
}

/// What a magic number says: byte order, nanoseconds a unit, further bytes in
/// the file header, the variants that share it.
const fn magic(first: [u8; 4]) -> Option<(Order, i64, usize, Option<&'static [Variant]>)> {
    let (little, big) = (u32::from_le_bytes(first), u32::from_be_bytes(first));
    let (order, number) = if big >> 16 == 0xa1b2 || big == 0x1c00_01ac || big == 0x1c00_01ab {
        (Order::Big, big)
    } else {
        (Order::Little, little)
    };
    Some(match number {
        0xa1b2_c3d4 => (order, 1000, 0, Some(pcap_variant::STANDARD)),
        0xa1b2_3c4d => (order, 1, 0, None),
        // Kuznetzov's patches to libpcap.
        0xa1b2_cd34 => (order, 1000, 0, Some(pcap_variant::MODIFIED)),
        // Ixia's hardware and software captures: the total size follows.
        0x1c00_01ac => (order, 1, 4, None),
        0x1c00_01ab => (order, 1000, 4, None),
        _ => return None,
    })
}

impl Pcap {
    /// Whether a file that begins so is a pcap file.
    pub(super) const fn begins(first: [u8; 4]) -> bool {
        magic(first).is_some()
    }

    /// Reads the file header, whose first bytes are in the input.
    pub(super) fn open<R: Read>(input: &mut Input<R>, first: [u8; 4]) -> Result<Self, OpenError> {
        let Some((order, nanos_per_unit, more, mut undecided)) = magic(first) else {
            unreachable!("asked only where `begins` said yes");
        };
        let size = FILE_HEADER + more;
        if !input.need(size)? {
            return Err(OpenError::CutHeader {
                format: CaptureFormat::Pcap,
                expected: size as u64,
                there: input.available().len() as u64,
            });
        }
        let header = input.available();
        let (major, minor) = (order.u16(header, 4), order.u16(header, 6));
        let snaplen = order.u32(header, 16);
        let network = order.u32(header, 20);
        input.consume(size);

        let lengths = match (major, minor) {
            (0 | 1, _) => {
                return Err(OpenError::UnknownVersion {
                    format: CaptureFormat::Pcap,
                    major,
                    minor,
                });
            }
            (2, 0..=2) | (543, _) => Lengths::Swapped,
            (2, 3) => Lengths::PerhapsSwapped,
            _ => Lengths::InOrder,
        };
        let standard = undecided == Some(pcap_variant::STANDARD);
        if standard && lengths != Lengths::InOrder {
            undecided = None;
        }
        let mut this = Self {
            order,
            nanos_per_unit,
            lengths,
            link: link::from_pcap_field(network),
            snaplen,
            header: RECORD_HEADER,
            undecided,
            padding: 0,
            pending: 0,
            plain: undecided.is_none() && lengths == Lengths::InOrder,
        };
        if standard && (major, minor) == (2, 2) {
            this.perhaps_aix(network);
        }
        Ok(this)
    }

    /// AIX writes version 2.2 with interface types of RFC 1573 as link types,
    /// and times in nanoseconds. Where such a number is also an old link type,
    /// Wireshark decides for AIX, and so is it here.
    fn perhaps_aix(&mut self, network: u32) {
        self.link = LinkType(match network {
            6 => 1,
            9 => 6,
            15 => 10,
            24 => 0,
            _ => return,
        });
        self.nanos_per_unit = 1;
        if network == 15 {
            self.padding = 3;
        }
    }

    /// The next frame, consumed; `None` at the end.
    #[inline]
    pub(super) fn next<R: Read>(&mut self, input: &mut Input<R>) -> Result<Option<Found>, Problem> {
        // Nearly every record of nearly every file is whole in the buffer, and
        // plain.
        let available = input.available();
        if self.plain
            && let Some(header) = available.first_chunk()
        {
            let record: [u32; 4] = self.order.words::<RECORD_HEADER, 4>(header);
            let size = RECORD_HEADER + record[2] as usize;
            if record[2] <= MAX_SNAPLEN && available.len() >= size {
                input.consume(size);
                return Ok(Some(self.found(record, record[2])));
            }
        }
        self.next_of_any(input)
    }

    /// The frame with these numbers in its header: seconds, fraction, captured
    /// and original length.
    #[inline]
    fn found(&self, record: [u32; 4], delivered: u32) -> Found {
        let [seconds, fraction, _, original] = record;
        Found {
            // Both are 32-bit numbers: this cannot overflow.
            time: Timestamp::from_nanos(
                i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.nanos_per_unit,
            ),
            link: self.link,
            wire_len: original.saturating_sub(self.padding),
            len: delivered.saturating_sub(self.padding) as usize,
            back: 0,
        }
    }

    /// The next frame where it has to be fetched, or is odd in any way.
    #[inline(never)]
    fn next_of_any<R: Read>(&mut self, input: &mut Input<R>) -> Result<Option<Found>, Problem> {
        if self.pending > 0 {
            input.skip(std::mem::take(&mut self.pending), "record")?;
            input.finish();
            self.plain = self.is_plain();
        }
        if self.undecided.is_some() {
            self.decide(input)?;
            self.plain = self.is_plain();
        }
        if !input.need(self.header)? && input.available().is_empty() {
            return Ok(None);
        }
        input.require(self.header, "record header")?;
        let Some(header) = input.available().first_chunk() else {
            return Ok(None);
        };
        let mut record: [u32; 4] = self.order.words::<RECORD_HEADER, 4>(header);
        let swap = match self.lengths {
            Lengths::InOrder => false,
            Lengths::Swapped => true,
            Lengths::PerhapsSwapped => record[2] > record[3],
        };
        if swap {
            record.swap(2, 3);
        }
        let captured = record[2];
        link::check_length(self.link, captured)?;

        let delivered = captured.min(MAX_SNAPLEN);
        let size = self.header + delivered as usize;
        input.require(size, "record")?;
        if captured > delivered {
            self.pending = u64::from(captured - delivered);
            self.plain = false;
            input.begin();
        }
        input.consume(size);
        Ok(Some(self.found(record, delivered)))
    }

    fn is_plain(&self) -> bool {
        self.header == RECORD_HEADER
            && self.lengths == Lengths::InOrder
            && self.undecided.is_none()
            && self.pending == 0
    }

    /// Settles the record header's size by the first records.
    #[cold]
    fn decide<R: Read>(&mut self, input: &mut Input<R>) -> Result<(), Problem> {
        let Some(candidates) = self.undecided.take() else {
            return Ok(());
        };
        let file = pcap_variant::Header {
            order: self.order,
            link: self.link,
            snaplen: self.snaplen,
        };
        if !input.need(RECORD_HEADER)? {
            return Ok(());
        }
        while pcap_variant::needs_more(candidates, file, input.available()) && !input.is_full() {
            let more = input.available().len() + 1;
            if !input.need(more)? {
                break;
            }
        }
        self.header = pcap_variant::best(candidates, file, input.available());
        Ok(())
    }
}
