//! Frames built by hand, and what is told of them.

use super::*;
use crate::decode::Skip;
use crate::model::{
    Close, ConnState, Endpoint, Exchange, FlowLine, Handshake, LinkType, Nanos, SeqNum, TcpFlags,
    Timestamp,
};

const SYN: u8 = 0x02;
const RST_ACK: u8 = 0x14;
const SYN_ACK: u8 = 0x12;

/// An IPv4 datagram with a TCP segment from one port to another.
fn datagram(from: u16, to: u16, flags: u8, seq: u32, ack: u32) -> Vec<u8> {
    let mut bytes = vec![0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0];
    bytes.extend([127, 0, 0, 1, 127, 0, 0, 1]);
    bytes.extend([from, to].map(u16::to_be_bytes).concat());
    bytes.extend([seq, ack].map(u32::to_be_bytes).concat());
    bytes.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    bytes
}

fn frame(ms: i64, bytes: &[u8]) -> Frame<'_> {
    Frame {
        time: Timestamp::from_nanos(ms * 1_000_000),
        link: LinkType::RAW,
        wire_len: u32::try_from(bytes.len()).unwrap(),
        bytes,
    }
}

/// Flow 0 is refused after 5 ms, flow 1 is answered after 1 ms and stays open, and
/// one frame is no TCP.
fn refused_and_open() -> [(i64, Vec<u8>); 5] {
    [
        (0, datagram(4_001, 9, SYN, 10, 0)),
        (1, datagram(4_000, 9, SYN, 20, 0)),
        (2, datagram(9, 4_000, SYN_ACK, 30, 21)),
        (3, vec![0; 20]),
        (5, datagram(9, 4_001, RST_ACK, 0, 11)),
    ]
}

fn analyzed<'a>(
    filter: Option<&'a mut FrameFilter<'a>>,
    ladder: Option<Ladder>,
) -> (Vec<FlowRecord>, Timeline) {
    let mut analyzer = Analyzer::new(FlowConfig::default(), filter, ladder);
    let mut flows = Vec::new();
    let mut keep = |flow| flows.push(flow);
    for (ms, bytes) in &refused_and_open() {
        analyzer.frame(&frame(*ms, bytes), &mut keep);
    }
    let timeline = analyzer.finish(&mut keep);
    (flows, timeline)
}

fn numbers(flows: &[FlowRecord]) -> Vec<u64> {
    flows.iter().map(|f| f.flow.0).collect()
}

#[test]
fn every_frame_and_every_flow_is_counted() {
    let (mut flows, timeline) = analyzed(None, None);
    sort(&mut flows, SortKey::Flow, false);
    assert_eq!(numbers(&flows), [0, 1]);
    assert_eq!(flows[0].state, ConnState::REJ);
    assert_eq!((timeline.frames, timeline.tcp_segments), (5, 4));
    assert_eq!((timeline.bytes, timeline.evicted), (180, 0));
}

#[test]
fn a_filter_chooses_flows_and_changes_none_of_them() {
    let mut first = true;
    let mut third = move |f: &Frame<'_>| std::mem::take(&mut first) && f.bytes.len() == 40;
    let (flows, timeline) = analyzed(Some(&mut third), None);
    assert_eq!(
        numbers(&flows),
        [0],
        "one frame is enough, and its flow is whole"
    );
    assert_eq!(flows[0].state, ConnState::REJ);
    assert_eq!(timeline.frames, 5, "all were read");
    let mut none = |_: &Frame<'_>| false;
    assert_eq!(analyzed(Some(&mut none), None).0, []);
}

#[test]
fn a_ladder_has_the_segments_of_its_flow_with_their_frames_numbers() {
    let (mut flows, timeline) = analyzed(None, Some(Ladder::of(FlowId(1))));
    sort(&mut flows, SortKey::Flow, false);
    let ladder = timeline.ladder.unwrap();
    let rungs: Vec<Rung> = ladder.rungs(flows[1].client).collect();
    let told: Vec<u64> = rungs.iter().map(|r| r.frame).collect();
    assert_eq!((told, ladder.more()), (vec![2, 3], 0));
}

#[test]
fn flows_are_sorted_both_ways_and_equal_ones_by_number() {
    let mut flows = analyzed(None, None).0;
    let mut by = |key, reverse| {
        sort(&mut flows, key, reverse);
        numbers(&flows)
    };
    assert_eq!(by(SortKey::Client, false), [1, 0], "port 4000 before 4001");
    assert_eq!(by(SortKey::Client, true), [0, 1]);
    assert_eq!(by(SortKey::Duration, false), [0, 1], "5 ms before 1 ms");
    assert_eq!(by(SortKey::Duration, true), [1, 0]);
    assert_eq!(by(SortKey::Server, false), [0, 1], "the same server");
    assert_eq!(by(SortKey::Frames, false), [0, 1], "two each");
}

/// Three flows that differ in all that they can be sorted by, in the order of their
/// numbers.
fn three_different() -> Vec<FlowRecord> {
    let mut flows = analyzed(None, None).0;
    sort(&mut flows, SortKey::Flow, false);
    let [refused, open] = <[FlowRecord; 2]>::try_from(flows).unwrap();
    let ms = |n: i64| Timestamp::from_nanos(n * 1_000_000);
    let exchange = |request, response| Exchange {
        response_ns: Some(ms(response)),
        ..Exchange::begun(ms(request), None)
    };
    let handshake = |begins, ends| Handshake {
        syn_ns: ms(begins),
        syn_ack_ns: Some(ms(begins)),
        ack_ns: Some(ms(ends)),
        syn_count: 1,
    };
    let one = FlowRecord::from(FlowLine {
        client_frames: 9,
        server_frames: 1,
        client_wire_bytes: 100,
        server_wire_bytes: 900,
        client_retransmissions: 0,
        server_retransmissions: 3,
        handshake: Some(handshake(0, 4)),
        // The slowest counts, not the first or the sum.
        exchanges: vec![exchange(0, 2), exchange(2, 6), exchange(6, 8)],
        ..open.into()
    });
    let two = FlowRecord::from(FlowLine {
        flow: FlowId(2),
        client_frames: 4,
        server_frames: 7,
        client_wire_bytes: 800,
        server_wire_bytes: 100,
        client_retransmissions: 2,
        server_retransmissions: 2,
        handshake: Some(handshake(0, 6)),
        exchanges: vec![exchange(0, 3), exchange(3, 6)],
        ..one.clone().into()
    });
    vec![refused, one, two]
}

/// What is told when, of flows that end in this order, and at the end.
fn told_in_order(ends: &[u64]) -> Vec<Vec<u64>> {
    let open = three_different().remove(0);
    let mut in_order = InOrder::default();
    let mut told = Vec::new();
    for &n in ends {
        let mut now = Vec::new();
        let flow = FlowRecord {
            flow: FlowId(n),
            ..open.clone()
        };
        in_order.take(flow, &mut |flow| now.push(flow.flow.0));
        told.push(now);
    }
    let mut rest = Vec::new();
    in_order.finish(&mut |flow| rest.push(flow.flow.0));
    told.push(rest);
    told
}

#[test]
fn a_flow_is_told_when_all_before_it_have_been() {
    let none = Vec::new;
    let all = |n: u64| (0..n).map(|n| vec![n]).chain([none()]).collect::<Vec<_>>();
    assert_eq!(told_in_order(&[]), all(0));
    assert_eq!(told_in_order(&[0, 1, 2]), all(3));
    assert_eq!(
        told_in_order(&[2, 1, 4, 0, 3, 5]),
        [
            none(),
            none(),
            none(),
            vec![0, 1, 2],
            vec![3, 4],
            vec![5],
            none()
        ]
    );
    assert_eq!(told_in_order(&[1, 0]), [none(), vec![0, 1], none()]);
    // One never comes: what waits for it is told at the end.
    assert_eq!(
        told_in_order(&[0, 3, 2]),
        [vec![0], none(), none(), vec![2, 3]]
    );
}

#[test]
fn what_is_of_both_sides_is_sorted_by_their_sum_the_most_first() {
    let mut flows = three_different();
    let mut by = |key| {
        sort(&mut flows, key, false);
        numbers(&flows)
    };
    assert_eq!(by(SortKey::Frames), [2, 1, 0], "11, 10 and 2");
    assert_eq!(by(SortKey::Bytes), [1, 2, 0], "1000, 900 and 80");
    assert_eq!(by(SortKey::Retransmissions), [2, 1, 0], "4, 3 and none");
    assert_eq!(by(SortKey::State), [1, 2, 0], "S1 before REJ");
}

#[test]
fn flows_without_a_handshake_or_an_exchange_come_last() {
    let mut flows = three_different();
    let mut by = |key| {
        sort(&mut flows, key, false);
        numbers(&flows)
    };
    assert_eq!(by(SortKey::Handshake), [2, 1, 0], "6 ms, 4 ms and none");
    assert_eq!(by(SortKey::Exchange), [1, 2, 0], "4 ms, 3 ms and none");
}

#[test]
fn a_tally_sums_up_the_figures_of_flows() {
    let [refused, one, two] = <[FlowRecord; 3]>::try_from(three_different()).unwrap();
    let one = FlowRecord::from(FlowLine {
        client_out_of_order: 2,
        server_out_of_order: 3,
        client_duplicate_acks: 4,
        server_duplicate_acks: 5,
        client_zero_windows: 6,
        server_zero_windows: 7,
        client_payload_bytes: 20,
        server_payload_bytes: 30,
        initial_rtt_ns: Some(Nanos::new(70)),
        first_ns: Timestamp::from_nanos(40),
        last_ns: Timestamp::from_nanos(50),
        close: Close::Fin,
        ..one.into()
    });
    let mut two = FlowRecord {
        first_ns: Timestamp::from_nanos(30),
        last_ns: Timestamp::from_nanos(45),
        ..two
    };
    two.handshake.as_mut().unwrap().syn_count = 3;
    two.exchanges[0].valid = Some(true);
    two.exchanges[1].valid = Some(false);
    two.exchanges[1].response_ns = None;
    let mut tally = Tally::default();
    for flow in [&one, &two] {
        tally.flow(flow);
    }
    tally.flow(&FlowRecord {
        first_ns: Timestamp::from_nanos(31),
        last_ns: Timestamp::from_nanos(49),
        ..refused
    });
    let s = tally.summary(Vec::new(), false, Some("tcp".to_owned()));

    assert_eq!((s.flows, s.handshakes, s.syn_retransmissions), (3, 2, 2));
    assert_eq!((s.retransmissions, s.out_of_order), (3 + 4, 5));
    assert_eq!((s.duplicate_acks, s.zero_windows), (9, 13));
    assert_eq!(s.payload_bytes, 50);
    let of_the_chosen_flows = (s.frames, s.bytes, s.tcp_segments);
    assert_eq!(
        of_the_chosen_flows,
        (10 + 11 + 2, 1000 + 900 + 80, 10 + 11 + 2)
    );
    let e = &s.exchanges;
    assert_eq!((e.requests, e.answered), (Some(5), Some(4)));
    assert_eq!((e.time_valid, e.time_invalid), (Some(1), Some(1)));
    let count = |map: &std::collections::BTreeMap<String, u64>, key: &str| map.get(key).copied();
    let states = ["S1", "REJ", "SF"].map(|state| count(&s.states, state));
    assert_eq!(states, [Some(2), Some(1), None]);
    let closes = ["fin", "open", "rst"].map(|close| count(&s.closes, close));
    assert_eq!(closes, [Some(1), Some(1), Some(1)]);
    let span = s.first_ns.zip(s.last_ns);
    assert_eq!(
        span,
        Some((Timestamp::from_nanos(30), Timestamp::from_nanos(50)))
    );
    assert_eq!(s.initial_rtt.unwrap().max_ns, Nanos::new(70));
    assert_eq!(
        s.latency.handshake.unwrap().max_ns,
        Nanos::new(6_000_000),
        "those of the two that have one"
    );
    assert_eq!(s.latency.exchange.unwrap().max_ns, Nanos::new(4_000_000));
}

#[test]
fn a_tally_sums_up_timelines_where_no_flow_was_chosen() {
    let timeline = |frames, evicted, not_tcp| {
        let mut skips = SkipCounts::default();
        (0..not_tcp).for_each(|_| skips.add(Skip::NotTcp));
        Timeline {
            frames,
            bytes: 100 * frames,
            tcp_segments: frames - not_tcp,
            evicted,
            skips,
            tunnels: Tunnels::Outermost,
            unsupported_links: [(LinkType(195), frames)].into(),
            ladder: None,
        }
    };
    let mut tally = Tally::default();
    tally.timeline(&timeline(7, 2, 3));
    tally.timeline(&timeline(5, 4, 1));
    let s = tally.summary(Vec::new(), false, None);
    assert_eq!((s.frames, s.bytes, s.tcp_segments), (12, 1200, 8));
    assert_eq!(s.evicted, 6);
    let skipped: Vec<(&str, u64)> = s.skipped.iter().map(|(k, n)| (k.as_str(), *n)).collect();
    assert_eq!(skipped, [(Skip::NotTcp.name(), 4)]);
    assert_eq!(s.unsupported_links, [("195".to_owned(), 12)].into());
    assert!(!s.tunnels);
    assert_eq!((s.first_ns, s.flows), (None, 0));
}

#[test]
fn closed_flows_are_handed_on_before_the_end_if_they_are_wanted() {
    fn handed_on<'a>(
        filter: Option<&'a mut FrameFilter<'a>>,
        until: Option<i64>,
    ) -> (Vec<u64>, Vec<u64>) {
        let mut analyzer = Analyzer::new(FlowConfig::default(), filter, None);
        let mut early = Vec::new();
        for (ms, bytes) in &refused_and_open() {
            analyzer.frame(&frame(*ms, bytes), &mut |_| panic!("none is old enough"));
        }
        let until = until.map(|ms| Timestamp::from_nanos(ms * 1_000_000));
        analyzer.hand_on_closed(until, &mut |flow| early.push(flow));
        let mut late = Vec::new();
        analyzer.finish(&mut |flow| late.push(flow));
        (numbers(&early), numbers(&late))
    }
    assert_eq!(handed_on(None, None), (vec![0], vec![1]), "0 was refused");
    assert_eq!(
        handed_on(None, Some(5)),
        (vec![0], vec![1]),
        "its last frame"
    );
    assert!(handed_on(None, Some(4)).0.is_empty(), "is later than that");
    let mut all = |_: &Frame<'_>| true;
    assert_eq!(handed_on(Some(&mut all), None), (vec![0], vec![1]));
    let mut none = |_: &Frame<'_>| false;
    assert_eq!(handed_on(Some(&mut none), None), (vec![], vec![]));
}

#[test]
fn what_one_half_counts_stands_in_the_timeline() {
    let mut analyzer = Analyzer::new(FlowConfig::default(), None, None);
    let (front, ..) = analyzer.halves().expect("no filter, no ladder");
    for (ms, bytes) in &refused_and_open() {
        front.take(&frame(*ms, bytes), &mut |_, _| ());
    }
    let timeline = analyzer.finish(&mut |_| ());
    assert_eq!((timeline.frames, timeline.bytes), (5, 180));
}

/// A segment from port 4000 to 9, or back.
fn segment(from_client: bool, payload: &[u8], payload_len: u32) -> Segment<'_> {
    let end = |port| Endpoint::new([127, 0, 0, 1].into(), port);
    let (source, destination) = if from_client {
        (end(4000), end(9))
    } else {
        (end(9), end(4000))
    };
    Segment {
        time: Timestamp::default(),
        source,
        destination,
        seq: SeqNum(1),
        ack: SeqNum(1),
        flags: TcpFlags::ACK,
        window: 1000,
        payload_len,
        payload,
        wire_len: 40 + payload_len,
        vni: None,
    }
}

#[test]
fn a_rung_says_who_sent_it_and_whether_its_payload_is_whole() {
    let mut ladder = Ladder::of(FlowId(3));
    assert_eq!(ladder.flow(), FlowId(3));
    let long = [b'x'; 100];
    ladder.segment(FlowId(3), 1, &segment(true, b"TIME\n", 5));
    ladder.segment(FlowId(3), 2, &segment(false, &long, 100));
    // The capture has fewer bytes of it than were sent.
    ladder.segment(FlowId(3), 3, &segment(false, b"cut", 9));
    ladder.segment(FlowId(4), 4, &segment(true, b"another flow's", 14));
    let told: Vec<(bool, usize, bool)> = ladder
        .rungs(segment(true, b"", 0).source)
        .map(|r| (r.from_client, r.payload.len(), r.whole))
        .collect();
    assert_eq!(
        told,
        [(true, 5, true), (false, 64, false), (false, 3, false)]
    );
}

#[test]
fn what_is_beyond_the_longest_ladder_is_counted() {
    let mut ladder = Ladder::of(FlowId(0));
    for frame in 1..=100_003 {
        ladder.segment(FlowId(0), frame, &segment(true, b"", 0));
    }
    assert_eq!(ladder.rungs(segment(true, b"", 0).source).count(), 100_000);
    assert_eq!(ladder.more(), 3);
}

/// Frames at these times, and then the end or an error.
struct Times(Vec<i64>, usize, bool);

impl FrameSource for Times {
    fn advance(&mut self) -> Result<bool, SourceError> {
        self.1 += 1;
        match (self.1 <= self.0.len(), self.2) {
            (true, _) => Ok(true),
            (false, false) => Ok(false),
            (false, true) => Err("cut".to_owned()),
        }
    }

    fn frame(&self) -> Frame<'_> {
        frame(self.0[self.1 - 1], &[])
    }
}

#[test]
fn sources_are_merged_by_time_and_a_cut_one_stops_no_other() {
    let sources = [
        Times(vec![1, 5, 4, 9], 0, false),
        Times(vec![1, 2], 0, true),
        Times(vec![], 0, false),
    ];
    let (mut order, mut cut) = (Vec::new(), Vec::new());
    Merged::new(sources).run(
        |place, f| order.push((place, f.time.as_nanos() / 1_000_000)),
        |place, why| cut.push((place, why)),
    );
    assert_eq!(order, [(0, 1), (1, 1), (1, 2), (0, 5), (0, 4), (0, 9)]);
    assert_eq!(cut, [(1, "cut".to_owned())]);
}

/// Frames of every tunnel and link type that is known, with some bytes changed and the
/// end cut off: a segment that fits its frame, or a reason.
#[test]
fn damaged_headers_give_a_segment_that_fits_or_none() {
    use crate::capfile::CaptureReader;

    let tunnels = &include_bytes!("../../captures/golden/tunnels.pcap")[..];
    let links = &include_bytes!("../../captures/golden/links.pcapng")[..];
    // A generator of its own: the same bytes each time (Marsaglia's xorshift).
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 33).unwrap()
    };
    let mut told = 0;
    for capture in [tunnels, links] {
        let mut reader = CaptureReader::open(capture).unwrap();
        while let Some(frame) = reader.next().unwrap() {
            for _ in 0..60 {
                let mut bytes = frame.bytes.to_vec();
                for _ in 0..next() % 4 {
                    let (at, to) = (next() % bytes.len(), next());
                    bytes[at] = u8::try_from(to & 0xff).unwrap();
                }
                bytes.truncate(bytes.len() - next() % 3 * (next() % bytes.len()) / 2);
                let damaged = Frame {
                    bytes: &bytes,
                    ..frame
                };
                let _ = decode_each(&damaged, Tunnels::Followed, &mut |s| {
                    told += 1;
                    assert!(s.payload.len() <= s.payload_len as usize);
                    assert!(s.payload_len <= frame.wire_len && s.wire_len <= frame.wire_len);
                });
            }
        }
    }
    assert!(told > 5_000, "{told}");
}
