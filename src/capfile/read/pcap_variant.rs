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

#[cfg(test)]
mod tests {
    use super::*;

    const LITTLE: Order = Order::Little;

    /// A record header whose extra bytes are these numbers.
    fn modified(interface: u32, protocol: u16, kind: u8) -> Vec<u8> {
        let mut header = vec![0; RECORD_HEADER];
        header.extend(interface.to_le_bytes());
        header.extend(protocol.to_le_bytes());
        header.extend([kind, 0]);
        header
    }

    #[test]
    fn each_thing_that_linux_would_not_write_is_odd() {
        let oddities = |header: &[u8]| Variant::Modified.oddities(LITTLE, header);
        for usual in [
            modified(1, 0x0800, 0),
            modified(10_000, 0x0600, 4),
            modified(0, 0x17, 4),
            modified(0, 0x60, 1),
        ] {
            assert_eq!(oddities(&usual), 0, "{usual:?}");
        }
        assert_eq!(oddities(&modified(10_001, 0x0800, 4)), 1);
        assert_eq!(oddities(&modified(7, 0x0500, 4)), 1);
        assert_eq!(oddities(&modified(7, 0x0800, 5)), 1);
        assert_eq!(oddities(&modified(10_001, 0x18, 255)), 3);
    }

    #[test]
    fn nokia_writes_few_words() {
        let oddities = |word: u32| {
            let mut header = vec![0; RECORD_HEADER];
            header.extend(word.to_le_bytes());
            Variant::Nokia.oddities(LITTLE, &header)
        };
        for seen in [0x9fbf_b601, 0xbfbf_d902, 0x9fbf_d601] {
            assert_eq!(oddities(seen), 0, "{seen:x}");
        }
        // Each with another digit.
        for other in [
            0x8fbf_b601,
            0x9ebf_b601,
            0x9fbf_a601,
            0x9fbf_b701,
            0x9fbf_b611,
            0x9fbf_b603,
            0,
        ] {
            assert_eq!(oddities(other), 1, "{other:x}");
        }
    }

    /// How a record without extra bytes fits: fraction of a second, captured and
    /// original length, and so many bytes of it.
    fn fit(fraction: u32, captured: u32, original: u32, bytes: usize) -> (u32, bool) {
        let file = Header {
            order: LITTLE,
            link: LinkType::ETHERNET,
            snaplen: 100,
        };
        let numbers = [5, fraction, captured, original];
        let mut record: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        record.extend(vec![0; bytes]);
        let fit = try_on(Variant::Usual, file, &record);
        (fit.oddities, fit.short)
    }

    #[test]
    fn a_record_that_makes_sense_has_no_oddity() {
        assert_eq!(fit(0, 60, 60, 60), (0, false));
        assert_eq!(fit(999_999, 100, 100, 100), (0, false));
        assert_eq!(fit(0, 60, LONGEST_ON_THE_WIRE, 60), (0, false));
        // A record of no bytes, and the bytes end there.
        assert_eq!(fit(0, 0, 60, 0), (0, false));
        assert_eq!(fit(0, 60, 60, 59), (0, true), "it ends inside a record");
    }

    #[test]
    fn each_number_that_makes_no_sense_is_odd() {
        assert_eq!(fit(1_000_000, 60, 60, 60), (1, false));
        assert_eq!(fit(0, 101, 101, 101), (1, false), "beyond the snaplen");
        assert_eq!(fit(0, 60, LONGEST_ON_THE_WIRE + 1, 60), (1, false));
        assert_eq!(fit(0, 60, 59, 60), (1, false), "more than there was");
        assert_eq!(fit(1_000_000, 101, 100, 101), (3, false));
    }

    #[test]
    fn bytes_that_end_inside_a_header_are_short() {
        let file = Header {
            order: LITTLE,
            link: LinkType::ETHERNET,
            snaplen: 100,
        };
        assert!(try_on(Variant::Usual, file, &[0; RECORD_HEADER - 1]).short);
        assert!(!try_on(Variant::Usual, file, &[]).short);
        assert!(try_on(Variant::Nokia, file, &[0; RECORD_HEADER]).short);
    }
}
