//! What nearly every frame is: Ethernet, IPv4 without options, TCP, all of its headers
//! captured, no fragment.
//!
//! Such a frame is decoded at a glance, in a quarter of the time; of every other one,
//! odd in whatever way, nothing is said here, and [`by_its_headers`](super::by_its_headers) goes
//! through its headers one by one. A test holds the two against each other.

use std::net::Ipv4Addr;

use crate::model::{Endpoint, Frame, LinkType, Segment, SeqNum, TcpFlags};

/// Ethernet, IPv4 and TCP, all without options.
const HEADERS: usize = ETHERNET + IPV4 + TCP;
const ETHERNET: usize = 14;
const IPV4: usize = 20;
const TCP: usize = 20;

/// Of the flags and the offset of a datagram: more fragments, and an offset.
const FRAGMENT: u16 = 0x3fff;

/// The segment of such a frame.
#[inline]
pub(super) fn segment<'a>(frame: &Frame<'a>) -> Option<Segment<'a>> {
    let header: &[u8; HEADERS] = frame.bytes.first_chunk()?;
    let u16_at = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let u32_at = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    // Ethernet's type, IP's version and header length, its protocol, and whether it is
    // a fragment; all but the bit that says that it is not to be one.
    let plain = u16_at(12) == 0x0800
        && header[ETHERNET] == 0x45
        && header[ETHERNET + 9] == 6
        && u16_at(ETHERNET + 6) & FRAGMENT == 0;
    let datagram = usize::from(u16_at(ETHERNET + 2));
    let tcp_len = usize::from(header[ETHERNET + IPV4 + 12] >> 4) * 4;
    let payload_at = ETHERNET + IPV4 + tcp_len;
    // What is behind the datagram is padding.
    let captured = frame.bytes.len().min(ETHERNET + datagram);
    let whole = frame.bytes.len().max(frame.wire_len as usize) >= ETHERNET + datagram;
    if !plain
        || frame.link != LinkType::ETHERNET
        || tcp_len < TCP
        || captured < payload_at
        || !whole
    {
        return None;
    }
    // A length of 16 bits.
    let payload_len = u32::try_from(ETHERNET + datagram - payload_at).ok()?;
    let ip = |at: usize| Ipv4Addr::from_bits(u32_at(at)).into();
    Some(Segment {
        time: frame.time,
        source: Endpoint::new(ip(ETHERNET + 12), u16_at(ETHERNET + IPV4)),
        destination: Endpoint::new(ip(ETHERNET + 16), u16_at(ETHERNET + IPV4 + 2)),
        seq: SeqNum(u32_at(ETHERNET + IPV4 + 4)),
        ack: SeqNum(u32_at(ETHERNET + IPV4 + 8)),
        flags: TcpFlags(header[ETHERNET + IPV4 + 13]),
        window: u16_at(ETHERNET + IPV4 + 14),
        payload_len,
        payload: frame.bytes.get(payload_at..captured)?,
        wire_len: frame.wire_len,
        vni: None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decode::{Skip, Tunnels, by_its_headers};
    use crate::model::Timestamp;

    /// A plain frame with this much payload, of which so much was captured, and padding.
    fn plain(payload: &[u8], options: usize, padding: usize) -> Vec<u8> {
        let total = u16::try_from(IPV4 + TCP + options * 4 + payload.len()).unwrap();
        let mut bytes = vec![2; 12];
        bytes.extend([0x08, 0x00, 0x45, 0x00]);
        bytes.extend(total.to_be_bytes());
        bytes.extend([0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        bytes.extend([0x80, 1, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8]);
        bytes.extend([
            0x50 + u8::try_from(options << 4).unwrap(),
            0x18,
            1,
            2,
            0,
            0,
            0,
            0,
        ]);
        bytes.extend(vec![1; options * 4]);
        bytes.extend(payload);
        bytes.extend(vec![0; padding]);
        bytes
    }

    fn of(link: LinkType, bytes: &[u8], wire_len: u32) -> Frame<'_> {
        Frame {
            time: Timestamp::from_nanos(7),
            link,
            wire_len,
            bytes,
        }
    }

    fn slowly<'a>(frame: &Frame<'a>) -> Result<Segment<'a>, Skip> {
        let mut told = Err(Skip::NotIp);
        by_its_headers(frame, Tunnels::Outermost, &mut |segment| told = Ok(segment))?;
        told
    }

    #[test]
    fn plain_frames_are_told_at_a_glance() {
        for (payload, options, padding) in
            [(0, 0, 0), (0, 0, 6), (6, 0, 0), (1400, 3, 0), (9, 10, 4)]
        {
            let bytes = plain(&vec![9; payload], options, padding);
            let frame = of(
                LinkType::ETHERNET,
                &bytes,
                u32::try_from(bytes.len()).unwrap(),
            );
            let told = segment(&frame).expect("it is plain");
            assert_eq!(Ok(told), slowly(&frame));
            assert_eq!(told.payload, vec![9; payload]);
        }
        let bytes = plain(b"TIME\r\n", 0, 0);
        let raw = of(LinkType::RAW, &bytes, 60);
        assert_eq!(segment(&raw), None, "not of another link");
    }

    proptest! {
        /// Whatever is told of a frame is what its headers say, one by one.
        #[test]
        fn it_is_what_the_headers_say(
            (payload, options, padding) in (0_usize..40, 0_usize..11, 0_usize..12),
            changed in prop::collection::vec((0_usize..60, any::<u8>()), 0..4),
            (cut, wire) in (0_usize..120, prop_oneof![3 => Just(None), 1 => any::<u32>().prop_map(Some), 1 => (0_u32..120).prop_map(Some)]),
            whole in any::<bool>(),
        ) {
            let mut bytes = plain(&vec![b'x'; payload], options, padding);
            let wire_len = wire.unwrap_or(u32::try_from(bytes.len()).unwrap());
            for (at, value) in changed {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            if !whole {
                bytes.truncate(cut);
            }
            let frame = of(LinkType::ETHERNET, &bytes, wire_len);
            if let Some(told) = segment(&frame) {
                prop_assert_eq!(Ok(told), slowly(&frame));
            }
        }
    }

    /// Every byte of the headers with every value, of frames with payload and without,
    /// whole and cut.
    #[test]
    fn whatever_a_byte_of_the_headers_says_it_is_what_is_told() {
        for (payload, captured) in [(0, 54), (6, 60), (6, 57), (6, 54), (6, 50)] {
            let whole = plain(&vec![b'x'; payload], 0, 0);
            let wire_len = u32::try_from(whole.len()).unwrap();
            for at in 0..captured {
                for value in 0..=u8::MAX {
                    let mut bytes = whole[..captured].to_vec();
                    bytes[at] = value;
                    let frame = of(LinkType::ETHERNET, &bytes, wire_len);
                    if let Some(told) = segment(&frame) {
                        assert_eq!(Ok(told), slowly(&frame), "byte {at}: {value}");
                    }
                }
            }
        }
    }
}
