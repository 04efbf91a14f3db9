//! What is in something else: tunnels, and links that hold others.

use super::tests::{PAYLOAD, frame};
use super::{Skip, Tunnels, decode, decode_each};
use crate::model::{LinkType, Segment};

/// All segments, with tunnels followed.
fn all(link: LinkType, bytes: &[u8]) -> Result<Vec<Segment<'_>>, Skip> {
    let mut segments = Vec::new();
    let mut take = |segment| segments.push(segment);
    decode_each(&frame(link, bytes), Tunnels::Followed, &mut take)?;
    Ok(segments)
}

/// What is told of the only segment: whose it is, its payload and its network.
#[track_caller]
fn told(link: LinkType, bytes: &[u8]) -> (String, Vec<u8>, Option<u32>) {
    let segments = all(link, bytes).unwrap();
    let [s] = segments[..] else {
        panic!("{segments:?}");
    };
    (s.source.to_string(), s.payload.to_vec(), s.vni)
}

/// An IPv4 datagram from 10.0.0.`from`, with a right checksum.
fn ipv4(from: u8, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![0x45, 0, total[0], total[1], 0, 0, 0, 0, 64, protocol, 0, 0];
    bytes.extend([10, 0, 0, from, 10, 0, 0, 200]);
    let words = bytes
        .chunks(2)
        .map(|w| u32::from(w[0]) << 8 | u32::from(w[1]));
    let sum: u32 = words.sum();
    let sum = u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
    bytes[10..12].copy_from_slice(&(!sum).to_be_bytes());
    bytes.extend(payload);
    bytes
}

fn tcp(from: u8) -> Vec<u8> {
    let mut segment = vec![0xc3, 0x50, 0xaf, 0xc8, 0, 0, 0, 1, 0, 0, 0, 2];
    segment.extend([0x50, 0x18, 2, 0, 0, 0, 0, 0]);
    segment.extend(PAYLOAD);
    ipv4(from, 6, &segment)
}

fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2; 12];
    bytes.extend(ethertype.to_be_bytes());
    bytes.extend(payload);
    bytes
}

fn udp(to: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xc5, 0x49];
    bytes.extend(to.to_be_bytes());
    bytes.extend(u16::try_from(8 + payload.len()).unwrap().to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(payload);
    bytes
}

fn with(header: &[u8], payload: &[u8]) -> Vec<u8> {
    [header, payload].concat()
}

const INNER: &str = "10.0.0.9:50000";

#[test]
fn only_the_outermost_datagram_counts_unless_tunnels_are_followed() {
    let outer = ipv4(1, 4, &tcp(9));
    assert_eq!(decode(&frame(LinkType::RAW, &outer)), Err(Skip::Tunnel));
    let mut none = 0;
    let told_nothing = decode_each(
        &frame(LinkType::RAW, &outer),
        Tunnels::Outermost,
        &mut |_| none += 1,
    );
    assert_eq!((told_nothing, none), (Err(Skip::Tunnel), 0));
    let inner = (INNER.to_owned(), PAYLOAD.to_vec(), None);
    assert_eq!(told(LinkType::RAW, &outer), inner);
    // TCP is not looked into.
    assert_eq!(told(LinkType::RAW, &tcp(9)), inner);
}

#[test]
fn networks_in_udp_are_followed_with_their_number() {
    let ethernet = ethernet(0x0800, &tcp(9));
    let vxlan = |flags| with(&[flags, 0, 0, 0, 0, 0, 42, 0], &ethernet);
    let in_udp = |port, payload: &[u8]| ipv4(1, 17, &udp(port, payload));
    let inner = |vni| (INNER.to_owned(), PAYLOAD.to_vec(), Some(vni));
    for port in [4789, 8472] {
        assert_eq!(told(LinkType::RAW, &in_udp(port, &vxlan(8))), inner(42));
        let other = in_udp(port, &vxlan(0));
        assert_eq!(all(LinkType::RAW, &other), Err(Skip::NotTcp));
    }
    let geneve = |version: u8| {
        with(
            &[version << 6 | 1, 0, 8, 0, 1, 0, 0, 0, 9, 9, 9, 9],
            &tcp(9),
        )
    };
    let followed = in_udp(6081, &geneve(0));
    assert_eq!(told(LinkType::RAW, &followed), inner(1 << 16));
    let outermost = decode(&frame(LinkType::RAW, &followed));
    assert_eq!(outermost, Err(Skip::Tunnel), "counted as what it is");
    let other = in_udp(6081, &geneve(1));
    assert_eq!(all(LinkType::RAW, &other), Err(Skip::NotTcp));
    let other = in_udp(53, &vxlan(8));
    assert_eq!(all(LinkType::RAW, &other), Err(Skip::NotTcp));
}

#[test]
fn what_is_under_labels_is_guessed_and_checked() {
    const BOTTOM: [u8; 4] = [0, 6, 0x41, 64];
    let labels = |payload: &[u8]| ethernet(0x8847, &with(&BOTTOM, payload));
    let inner = (INNER.to_owned(), PAYLOAD.to_vec(), None);
    let frame_in = ethernet(0x0800, &tcp(9));
    let mut like_v4 = frame_in.clone();
    like_v4[0] = 0x45; // an address that begins like IPv4
    let mut like_v6 = frame_in.clone();
    like_v6[0] = 0x60;
    let mut like_control_word = frame_in.clone();
    like_control_word[0] = 0;
    for payload in [
        tcp(9),
        frame_in.clone(),
        with(&[0, 0, 0, 1], &frame_in),
        like_v4,
        like_v6,
        like_control_word,
    ] {
        assert_eq!(
            told(LinkType::ETHERNET, &labels(&payload)),
            inner,
            "{payload:?}"
        );
    }
    let channel = labels(&with(&[0x10, 0, 0, 7], &frame_in));
    assert_eq!(all(LinkType::ETHERNET, &channel), Err(Skip::NotIp));
    let endless = ethernet(0x8847, &[0; 4096]);
    assert_eq!(all(LinkType::ETHERNET, &endless), Err(Skip::Truncated));
}

#[test]
fn gre_says_what_it_holds() {
    let gre = |header: &[u8], payload: &[u8]| ipv4(1, 47, &with(header, payload));
    let inner = (INNER.to_owned(), PAYLOAD.to_vec(), None);
    let ip = tcp(9);
    let frame_in = ethernet(0x0800, &ip);
    let all_fields = [0xb0, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9];
    let routed = [0x40, 0, 8, 0, 0, 0, 0, 0, 0, 2, 0, 2, 7, 7, 0, 0, 0, 0];
    for datagram in [
        gre(&[0, 0, 8, 0], &ip),
        gre(&all_fields, &ip),
        gre(&routed, &ip),
        gre(&[0, 0, 0x65, 0x58], &frame_in),
        gre(&[0, 0, 0x88, 0xbe], &frame_in),
        gre(
            &[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 0, 0, 0, 0, 0],
            &frame_in,
        ),
        gre(&[0, 0, 0x88, 0x3e], &ip),
        gre(&[0, 0, 0x88, 0x3e, 1, 2, 3, 4], &ip),
    ] {
        assert_eq!(told(LinkType::RAW, &datagram), inner, "{datagram:?}");
    }
    let keepalive = gre(&[0, 0, 0, 0], &[]);
    assert_eq!(all(LinkType::RAW, &keepalive), Err(Skip::NotIp));
    let later_version = gre(&[0, 7, 8, 0], &ip);
    assert_eq!(all(LinkType::RAW, &later_version), Err(Skip::Tunnel));
}

#[test]
fn nesting_without_end_ends() {
    let mut bytes = tcp(9);
    for _ in 0..15 {
        bytes = ipv4(1, 4, &bytes);
    }
    assert_eq!(told(LinkType::RAW, &bytes).0, INNER);
    let deeper = ipv4(1, 4, &bytes);
    assert_eq!(all(LinkType::RAW, &deeper), Err(Skip::Tunnel));
}

#[test]
fn later_fragments_and_cut_frames_give_nothing_wrong() {
    let mut outer = ipv4(1, 4, &tcp(9));
    outer[7] = 1; // at offset 8
    assert_eq!(all(LinkType::RAW, &outer), Err(Skip::LaterFragment));
    assert_eq!(decode(&frame(LinkType::RAW, &outer)), Err(Skip::Tunnel));
    let whole = ipv4(
        1,
        47,
        &with(&[0, 0, 0x65, 0x58], &ethernet(0x0800, &tcp(9))),
    );
    for kept in 0..whole.len() {
        let mut cut = frame(LinkType::RAW, &whole[..kept]);
        cut.wire_len = u32::try_from(whole.len()).unwrap();
        let mut lengths = Vec::new();
        let told = decode_each(&cut, Tunnels::Followed, &mut |s| {
            lengths.push((s.payload_len, s.payload.len()));
        });
        let header = whole.len() - PAYLOAD.len();
        // The header up to the window is enough.
        match kept.checked_sub(header - 4) {
            None => assert_eq!(told, Err(Skip::Truncated), "{kept}"),
            Some(_) => assert_eq!(lengths, [(6, kept.saturating_sub(header))], "{kept}"),
        }
    }
}

const LLC: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];

/// An IEEE 802.11 data frame with these bits, and what follows its addresses.
fn wlan(kind: u8, flags: u8, more: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, flags, 0, 0];
    bytes.extend([2; 18]);
    bytes.extend([0x10, 0]);
    bytes.extend(more);
    bytes
}

#[test]
fn wireless_data_is_read_and_encrypted_data_is_counted() {
    let body = with(&LLC, &tcp(9));
    let inner = (INNER.to_owned(), PAYLOAD.to_vec(), None);
    let link = LinkType::IEEE802_11;
    for bytes in [
        wlan(0x08, 1, &body),
        wlan(0x08, 3, &with(&[2; 6], &body)),
        wlan(0x88, 1, &with(&[0, 0], &body)),
        wlan(0x88, 0x81, &with(&[0; 6], &body)),
    ] {
        assert_eq!(told(link, &bytes), inner);
        assert!(decode(&frame(link, &bytes)).is_ok());
    }
    let mut later = wlan(0x08, 1, &body);
    later[22] |= 1;
    for (bytes, why) in [
        (wlan(0x08, 0x41, &body), Skip::Encrypted),
        (wlan(0x48, 1, &body), Skip::NotIp),
        (wlan(0x80, 0, &body), Skip::NotIp),
        (wlan(0x09, 1, &body), Skip::Malformed),
        (later, Skip::LaterFragment),
    ] {
        assert_eq!(all(link, &bytes), Err(why));
    }
}

#[test]
fn every_part_of_a_wireless_aggregate_counts_and_their_lengths_add_up() {
    let part = |datagram: &[u8], last: bool| {
        let body = with(&LLC, datagram);
        let mut bytes = vec![2; 12];
        bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        bytes.extend(body);
        if !last {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    };
    let arp = vec![0; 28];
    let mut parts = vec![0x80, 0];
    for (datagram, last) in [(tcp(8), false), (ipv4(1, 1, &arp), false), (tcp(9), true)] {
        parts.extend(part(&datagram, last));
    }
    let bytes = wlan(0x88, 1, &parts);
    let segments = all(LinkType::IEEE802_11, &bytes).unwrap();
    let sources: Vec<_> = segments.iter().map(|s| s.source.to_string()).collect();
    assert_eq!(sources, ["10.0.0.8:50000", INNER]);
    let told: usize = segments.iter().map(|s| s.wire_len as usize).sum();
    assert_eq!(told + LLC.len() + 20 + arp.len(), bytes.len());
    let first = decode(&frame(LinkType::IEEE802_11, &bytes)).unwrap();
    assert_eq!(first.source.to_string(), "10.0.0.8:50000");
}
