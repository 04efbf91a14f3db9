//! Which record header a pcap file has, where its magic number does not tell.
//!
//! Patched libpcaps of 1999 (Red Hat 6.1, `SuSE` 6.3) and Nokia's wrote more
//! than the usual 16 bytes under a magic number that others use too. As
//! Wireshark does, the first three records are tried with each of them, and the
//! one that makes sense is taken; the first one if in doubt. Under the
//! standard magic number a first record that makes sense and is all there is so
//! far settles it: a pipe's first frame does not wait for the second.

use super::link;
use super::order::Order;
use crate::model::LinkType;

/// Bytes that every record header has: seconds, fraction, captured and
/// original length.
pub(super) const RECORD_HEADER: usize = 16;
/// How many records are tried.
const TRIED: usize = 3;
/// A frame on the wire that is longer is not believed.
const LONGEST_ON_THE_WIRE: u32 = 128 * 1024 * 1024;

/// A record header, by what follows the usual 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    /// Nothing.
    Usual,
    /// Interface (4 bytes), protocol (2), packet type (1), and a byte; this is
    /// the one that libpcap takes for the modified magic number.
    Modified,
    /// The same with five bytes at the end: built for debugging.
    ModifiedDebug,
    /// Four bytes of Nokia's.
    Nokia,
}

/// Those with the standard magic number.
pub(super) const STANDARD: &[Variant] = &[Variant::Usual, Variant::Modified, Variant::Nokia];
/// Those with the modified one.
pub(super) const MODIFIED: &[Variant] = &[Variant::Modified, Variant::ModifiedDebug];

/// What the file header said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) order: Order,
    pub(super) link: LinkType,
    pub(super) snaplen: u32,
}

impl Variant {
    /// Bytes of the record header.
    const fn size(self) -> usize {
        match self {
            Self::Usual => RECORD_HEADER,
            Self::Modified => RECORD_HEADER + 8,
            Self::ModifiedDebug => RECORD_HEADER + 12,
            Self::Nokia => RECORD_HEADER + 4,
        }
    }

    /// How many things are odd in what follows the usual 16 bytes.
    fn oddities(self, order: Order, header: &[u8]) -> u32 {
        match self {
            Self::Usual => 0,
            Self::Modified | Self::ModifiedDebug => {
                // An Ethernet type, or one of Linux's own numbers.
                let protocol = order.u16(header, 20);
                let known = matches!(protocol, 0..=0x17 | 0x60 | 0x200 | 0x400 | 0x600..);
                // Linux had PACKET_HOST (0) to PACKET_OUTGOING (4).
                u32::from(order.u32(header, 16) > 10_000)
                    + u32::from(!known)
                    + u32::from(header[22] > 4)
            }
            Self::Nokia => {
                // 0xXfbfYZ0W with X of 9 b, Y of b d, Z of 6 9, W of 1 2.
                let word = order.u32(header, 16);
                let seen = word & 0x0fff_00f0 == 0x0fbf_0000
                    && matches!(word >> 28, 0x9 | 0xb)
                    && matches!(word >> 12 & 0xf, 0xb | 0xd)
                    && matches!(word >> 8 & 0xf, 0x6 | 0x9)
                    && matches!(word & 0xf, 1 | 2);
                u32::from(!seen)
            }
        }
    }
}

/// How the first records look in one variant.
struct Fit {
    oddities: u32,
    /// The bytes ended inside a record.
    short: bool,
}

fn try_on(variant: Variant, file: Header, mut bytes: &[u8]) -> Fit {
    let Header {
        order,
        link,
        snaplen,
    } = file;
    let mut oddities = 0;
    for _ in 0..TRIED {
        if bytes.is_empty() {
            break;
        }
        if bytes.len() < variant.size() {
            return Fit {
                oddities,
                short: true,
            };
        }
        let (header, rest) = bytes.split_at(variant.size());
        let captured = order.u32(header, 8);
        let original = order.u32(header, 12);
        let too_long = link::check_length(link, captured).is_err();
        oddities += u32::from(order.u32(header, 4) >= 1_000_000)
            + u32::from(too_long)
            + u32::from(captured > snaplen)
            + u32::from(original > LONGEST_ON_THE_WIRE)
            + u32::from(captured > original)
            + variant.oddities(order, header);
        if too_long {
            break;
        }
        let Some(rest) = rest.get(captured as usize..) else {
            return Fit {
                oddities,
                short: true,
            };
        };
        bytes = rest;
    }
    Fit {
        oddities,
        short: false,
    }
}

/// Whether more bytes could change the choice.
pub(super) fn needs_more(candidates: &[Variant], file: Header, bytes: &[u8]) -> bool {
    let Some(&first) = candidates.first() else {
        return false;
    };
    let fit = try_on(first, file, bytes);
    if fit.oddities == 0 && !fit.short && first == Variant::Usual {
        return false;
    }
    candidates.iter().any(|&v| try_on(v, file, bytes).short)
}

/// The record header's size in the variant that fits best. One without any
/// oddity is believed, better if the bytes do not end inside a record; if all
/// have some, the file is rather damaged than of the rarer variant (Wireshark
/// counts oddities there, and so reads some damaged files as Nokia's).
pub(super) fn best(candidates: &[Variant], file: Header, bytes: &[u8]) -> usize {
    candidates
        .iter()
        .map(|&variant| {
            let fit = try_on(variant, file, bytes);
            ((fit.oddities > 0, fit.short), variant.size())
        })
        .reduce(|best, other| {
            let odd = best.0.0 && other.0.0;
            if !odd && other.0 < best.0 {
                other
            } else {
                best
            }
        })
        .map_or(RECORD_HEADER, |(_, size)| size)
}
