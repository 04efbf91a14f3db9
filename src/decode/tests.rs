use proptest::collection::vec;
use proptest::prelude::*;

use super::{Skip, SkipCounts, decode, least_of_tcp};
use crate::model::{Frame, LinkType, Segment, SeqNum, TcpFlags, Timestamp};

pub(super) const PAYLOAD: &[u8] = b"TIME\r\n";

pub(super) fn frame(link: LinkType, bytes: &[u8]) -> Frame<'_> {
    Frame {
        time: Timestamp::from_nanos(7),
        link,
        wire_len: u32::try_from(bytes.len()).unwrap(),
        bytes,
    }
}

fn decoded(link: LinkType, bytes: &[u8]) -> Result<Segment<'_>, Skip> {
    decode(&frame(link, bytes))
}

/// An IPv4 datagram with a TCP segment.
fn ipv4(options: &[u8]) -> Vec<u8> {
    let header_len = 20 + options.len();
    let words = u8::try_from(header_len / 4).unwrap();
    let total = u8::try_from(header_len + 20 + PAYLOAD.len()).unwrap();
    let mut bytes = vec![0x40 | words, 0, 0, total, 0, 0, 0, 0, 64, 6, 0, 0];
    bytes.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    bytes.extend(options);
    bytes.extend(50_000u16.to_be_bytes());
    bytes.extend(45_000u16.to_be_bytes());
    bytes.extend(1000u32.to_be_bytes());
    bytes.extend(2000u32.to_be_bytes());
    bytes.extend([0x50, 0x18, 2, 0, 0, 0, 0, 0]);
    bytes.extend(PAYLOAD);
    bytes
}

/// Fixed IPv6 header, then `extensions`, then the TCP segment.
fn ipv6(first: u8, extensions: &[u8]) -> Vec<u8> {
    let tcp = ipv4(&[])[20..].to_vec();
    let len = u16::try_from(extensions.len() + tcp.len()).unwrap();
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend(len.to_be_bytes());
    bytes.extend([first, 64]);
    bytes.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    bytes.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    bytes.extend(extensions);
    bytes.extend(tcp);
    bytes
}

/// Ethernet with these tags and types after the addresses.
fn ethernet(types: &[u16], datagram: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2; 12];
    for (i, t) in types.iter().enumerate() {
        bytes.extend(t.to_be_bytes());
        if i + 1 < types.len() {
            bytes.extend([0, 5]);
        }
    }
    bytes.extend(datagram);
    bytes
}

fn behind(header: &[u8], datagram: &[u8]) -> Vec<u8> {
    [header, datagram].concat()
}

fn is_ours(link: LinkType, bytes: &[u8]) {
    let s = decoded(link, bytes).unwrap_or_else(|e| panic!("{link:?}: {e}"));
    assert_eq!((s.source.port, s.destination.port), (50_000, 45_000));
    assert_eq!((s.seq, s.ack), (SeqNum(1000), SeqNum(2000)));
    assert_eq!(s.flags, TcpFlags::ACK.with(TcpFlags::PSH));
    assert_eq!(s.window, 512);
    assert_eq!(s.payload, PAYLOAD);
    assert_eq!(s.payload_len, 6);
    assert_eq!(s.wire_len as usize, bytes.len());
    assert_eq!(s.time, Timestamp::from_nanos(7));
}

#[test]
fn every_link_type() {
    let v4 = ipv4(&[]);
    let v6 = ipv6(6, &[]);
    for types in [
        &[0x0800u16][..],
        &[0x8100, 0x0800],
        &[0x88a8, 0x8100, 0x0800],
        &[0x9100, 0x8100, 0x8100, 0x0800],
    ] {
        is_ours(LinkType::ETHERNET, &ethernet(types, &v4));
    }
    is_ours(LinkType::ETHERNET, &ethernet(&[0x8100, 0x86dd], &v6));
    for link in [LinkType::RAW, LinkType(12), LinkType(14)] {
        is_ours(link, &v4);
        is_ours(link, &v6);
    }
    is_ours(LinkType::IPV4, &v4);
    is_ours(LinkType::IPV6, &v6);
    let loopback = [0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0];
    is_ours(LinkType::LINUX_SLL, &behind(&loopback, &v4));
    let tagged = [
        &[
            0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0x81, 0, 0, 5, 8, 0,
        ][..],
        &v4,
    ]
    .concat();
    is_ours(LinkType::LINUX_SLL, &tagged);
    let sll2 = [
        0x86, 0xdd, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    is_ours(LinkType::LINUX_SLL2, &behind(&sll2, &v6));
    is_ours(LinkType::NULL, &behind(&[2, 0, 0, 0], &v4));
    is_ours(LinkType::NULL, &behind(&[0, 0, 0, 2], &v4));
    for family in [10, 24, 28, 30] {
        is_ours(LinkType::NULL, &behind(&[family, 0, 0, 0], &v6));
        is_ours(LinkType::LOOP, &behind(&[0, 0, 0, family], &v6));
    }
    is_ours(LinkType::PPP, &behind(&[0xff, 3, 0, 0x21], &v4));
    is_ours(LinkType::PPP, &behind(&[0x21], &v4));
    is_ours(LinkType::PPP_HDLC, &behind(&[0, 0x57], &v6));
    let session = behind(&[0x11, 0, 0, 1, 0, 60, 0, 0x21], &v4);
    is_ours(LinkType::PPP_ETHER, &session);
    is_ours(LinkType::ETHERNET, &ethernet(&[0x8864], &session));
}

#[test]
fn options_and_extension_headers() {
    is_ours(LinkType::IPV4, &ipv4(&[1, 1, 1, 0]));
    let hop = [0u8, 0, 1, 4, 0, 0, 0, 0];
    for (first, chain) in [(0u8, &[6u8][..]), (60, &[6]), (43, &[6]), (0, &[60, 43, 6])] {
        let mut extensions = Vec::new();
        for &next in chain {
            extensions.extend([&[next][..], &hop[1..]].concat());
        }
        is_ours(LinkType::IPV6, &ipv6(first, &extensions));
    }
    // An atomic fragment is no fragment (RFC 6946).
    is_ours(LinkType::IPV6, &ipv6(44, &[6, 0, 0, 0, 0, 0, 0, 9]));
    // AH: 12 fixed bytes and a 12-byte check value.
    let ah = [&[6, 4, 0, 0][..], &[0; 20]].concat();
    is_ours(LinkType::IPV6, &ipv6(51, &ah));
}

#[test]
fn fragments() {
    let mut v4 = ipv4(&[]);
    v4[6] = 0x20; // more fragments
    let s = decoded(LinkType::IPV4, &v4).unwrap();
    assert_eq!(
        (s.source.port, s.payload_len, s.payload),
        (50_000, 0, &[][..])
    );
    v4[7] = 1; // offset 8
    assert_eq!(decoded(LinkType::IPV4, &v4), Err(Skip::LaterFragment));
    let first = ipv6(44, &[6, 0, 0, 1, 0, 0, 0, 9]);
    assert_eq!(decoded(LinkType::IPV6, &first).unwrap().payload_len, 0);
    let later = ipv6(44, &[6, 0, 0, 8, 0, 0, 0, 9]);
    assert_eq!(decoded(LinkType::IPV6, &later), Err(Skip::LaterFragment));
    let later_udp = ipv6(44, &[17, 0, 0, 8, 0, 0, 0, 9]);
    assert_eq!(decoded(LinkType::IPV6, &later_udp), Err(Skip::NotTcp));
}

#[test]
fn padding_is_no_payload_and_offload_lengths_are_the_frames() {
    let mut padded = ethernet(&[0x0800], &ipv4(&[]));
    padded.extend([0; 6]);
    let s = decoded(LinkType::ETHERNET, &padded).unwrap();
    assert_eq!((s.payload_len, s.payload), (6, PAYLOAD));

    let mut offloaded = ipv4(&[]);
    offloaded[2..4].fill(0);
    is_ours(LinkType::IPV4, &offloaded);
    let mut offloaded = ipv6(6, &[]);
    offloaded[4..6].fill(0);
    is_ours(LinkType::IPV6, &offloaded);
}

#[test]
fn a_cut_frame_keeps_its_true_length() {
    let whole = ethernet(&[0x0800], &ipv4(&[]));
    let at = |n: usize| {
        decode(&Frame {
            bytes: &whole[..n],
            ..frame(LinkType::ETHERNET, &whole)
        })
    };
    let s = at(whole.len() - 2).unwrap();
    assert_eq!((s.payload_len, s.payload), (6, &PAYLOAD[..4]));
    // The window is the last thing that is needed.
    let s = at(14 + 20 + 16).unwrap();
    assert_eq!((s.payload_len, s.window, s.payload), (6, 512, &[][..]));
    for n in 0..14 + 20 + 16 {
        assert_eq!(at(n), Err(Skip::Truncated), "{n}");
    }
}

/// One byte less, and no segment can be told.
#[test]
fn the_fewest_bytes_are_those_that_it_takes() {
    let (v4, v6) = (ipv4(&[]), ipv6(6, &[]));
    let sll2 = |protocol: u16, rest: &[u8]| {
        let mut header = [0; 20];
        header[..2].copy_from_slice(&protocol.to_be_bytes());
        header[8..10].copy_from_slice(&1_u16.to_be_bytes());
        behind(&header, rest)
    };
    let sll = |protocol: u16, rest: &[u8]| {
        let mut header = [0; 16];
        header[2..4].copy_from_slice(&1_u16.to_be_bytes());
        header[14..].copy_from_slice(&protocol.to_be_bytes());
        behind(&header, rest)
    };
    for (link, is_v6, whole) in [
        (LinkType::ETHERNET, false, ethernet(&[0x0800], &v4)),
        (LinkType::ETHERNET, true, ethernet(&[0x86dd], &v6)),
        (LinkType::LINUX_SLL, false, sll(0x0800, &v4)),
        (LinkType::LINUX_SLL2, true, sll2(0x86dd, &v6)),
        (LinkType::NULL, false, behind(&[2, 0, 0, 0], &v4)),
        (LinkType::RAW, true, v6.clone()),
    ] {
        let least = least_of_tcp(link, is_v6) as usize;
        let cut = |n: usize| {
            decode(&Frame {
                bytes: &whole[..n],
                ..frame(link, &whole)
            })
        };
        assert!(cut(least).is_ok(), "{link:?} {is_v6}");
        assert_eq!(cut(least - 1), Err(Skip::Truncated), "{link:?} {is_v6}");
    }
}

#[test]
fn what_is_skipped_and_why() {
    let v4 = ipv4(&[]);
    let with = |at: usize, value: u8| {
        let mut b = v4.clone();
        b[at] = value;
        b
    };
    for (link, bytes, why) in [
        (LinkType(195), v4.clone(), Skip::UnsupportedLink),
        (LinkType::ETHERNET, ethernet(&[0x0806], &v4), Skip::NotIp),
        (LinkType::ETHERNET, ethernet(&[0x0030], &v4), Skip::NotIp), // 802.3 length
        (LinkType::ETHERNET, ethernet(&[0x8847], &v4), Skip::Tunnel),
        (LinkType::NULL, behind(&[7, 0, 0, 0], &v4), Skip::NotIp),
        (LinkType::IPV4, with(9, 17), Skip::NotTcp),
        (LinkType::IPV4, with(9, 47), Skip::Tunnel),
        (LinkType::IPV4, with(0, 0x44), Skip::Malformed), // header of 16 bytes
        (LinkType::IPV4, with(3, 19), Skip::Malformed),   // total length
        (LinkType::IPV4, with(3, 30), Skip::Malformed),   // no room for TCP
        (LinkType::RAW, with(0, 0x75), Skip::NotIp),
        (LinkType::IPV6, ipv6(17, &[]), Skip::NotTcp),
        (LinkType::IPV6, ipv6(4, &[]), Skip::Tunnel),
    ] {
        assert_eq!(decoded(link, &bytes), Err(why), "{link:?} {bytes:x?}");
    }
}

#[test]
fn an_odd_data_offset_still_counts() {
    let mut v4 = ipv4(&[]);
    v4[20 + 12] = 0x20;
    let s = decoded(LinkType::IPV4, &v4).unwrap();
    assert_eq!((s.source.port, s.payload), (50_000, &[][..]));
    v4[20 + 12] = 0xf0; // longer than the datagram
    assert_eq!(decoded(LinkType::IPV4, &v4).unwrap().payload_len, 0);
}

#[test]
fn counts_by_reason() {
    let mut counts = SkipCounts::default();
    counts.add(Skip::NotIp);
    counts.add(Skip::NotIp);
    counts.add(Skip::Tunnel);
    assert_eq!(counts.total(), 3);
    assert_eq!(
        counts
            .iter()
            .map(|(s, n)| (s.name(), n))
            .collect::<Vec<_>>(),
        [("not_ip", 2), ("tunnel", 1)]
    );
    for (i, s) in Skip::ALL.into_iter().enumerate() {
        assert_eq!(s as usize, i);
    }
}

const LINKS: [u16; 12] = [0, 1, 9, 12, 50, 51, 101, 108, 113, 228, 229, 276];

proptest! {
    #[test]
    fn any_bytes_give_a_segment_or_a_reason(
        link in prop::sample::select(LINKS.to_vec()),
        bytes in vec(any::<u8>(), 0..120),
        wire_len in any::<u32>(),
    ) {
        let f = Frame { wire_len, ..frame(LinkType(link), &bytes) };
        if let Ok(s) = decode(&f) {
            prop_assert!(s.payload.len() as u64 <= u64::from(s.payload_len));
        }
    }

    #[test]
    fn a_damaged_frame_gives_a_segment_or_a_reason(
        tags in 0usize..4,
        v6 in any::<bool>(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        keep in any::<prop::sample::Index>(),
    ) {
        let mut types = vec![0x8100; tags];
        types.push(if v6 { 0x86dd } else { 0x0800 });
        let hop = [6, 0, 1, 4, 0, 0, 0, 0];
        let datagram = if v6 { ipv6(0, &hop) } else { ipv4(&[1, 1, 1, 0]) };
        let mut bytes = ethernet(&types, &datagram);
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let n = keep.index(bytes.len() + 1);
        let f = Frame { bytes: &bytes[..n], ..frame(LinkType::ETHERNET, &bytes) };
        if let Ok(s) = decode(&f) {
            prop_assert!(s.payload.len() as u64 <= u64::from(s.payload_len));
            prop_assert!(s.payload_len as usize <= bytes.len());
        }
    }
}

#[test]
fn every_link_type_that_is_read_has_a_name() {
    for number in 0..=u16::MAX {
        let link = LinkType(number);
        let read = !matches!(decoded(link, &[0; 64]), Err(Skip::UnsupportedLink));
        // Two numbers that capture files should not have, and that mean RAW.
        let raw = matches!(number, 12 | 14);
        assert_eq!(read && !raw, LinkType::NAMED.contains(&link), "{number}");
    }
}
