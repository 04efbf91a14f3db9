//! Frames built by hand, and what is told of them.

use super::*;
use crate::model::{ConnState, LinkType, Timestamp};

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
