//! A flow that has said nothing is the flow that it would be.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::budget::Budget;
use super::live::{Begun, Flow};
use super::pair::Half;
use super::part::Part;
use super::quiet::Held;
use crate::model::{Endpoint, FlowId, Segment, SeqNum, Shapes, TcpFlags, Timestamp};

const PAYLOAD: &[u8] = b"TIME\r\n";

fn end(port: u16) -> Endpoint {
    Endpoint::new([10, 0, 0, 1].into(), port)
}

/// Any segment, mostly one of a handshake or a scan.
fn segment() -> impl Strategy<Value = Segment<'static>> {
    let flags = prop_oneof![6 => select(vec![0x02u8, 0x12, 0x10, 0x04, 0x14, 0x11, 0x01]), 1 => any::<u8>()];
    let number = || prop_oneof![6 => 100u32..104, 1 => any::<u32>()];
    let payload = prop_oneof![9 => Just(0usize), 1 => 0..=PAYLOAD.len()];
    (
        any::<bool>(),
        -3i64..1000,
        number(),
        number(),
        flags,
        select(vec![0u16, 502]),
        payload,
        0usize..8,
    )
        .prop_map(|(first, time, seq, ack, flags, window, payload, cut)| {
            let (source, destination) = if first { (1, 2) } else { (2, 1) };
            Segment {
                time: Timestamp::from_nanos(time),
                source: end(source),
                destination: end(destination),
                seq: SeqNum(seq),
                ack: SeqNum(ack),
                flags: TcpFlags(flags),
                window,
                payload_len: u32::try_from(payload).unwrap(),
                payload: &PAYLOAD[..payload.saturating_sub(cut / 7)],
                wire_len: 54 + u32::try_from(payload).unwrap(),
                vni: None,
            }
        })
}

proptest! {
    #[test]
    fn few_silent_segments_are_the_flow_that_took_them(
        mut all in vec(segment(), 1..8),
        end_at in any::<bool>(),
    ) {
        // The first sender is the first end.
        let swap = all[0].source != end(1);
        for s in &mut all {
            if swap {
                std::mem::swap(&mut s.source, &mut s.destination);
            }
        }
        let port = end_at.then_some(2);
        let (mut a, mut b) = (Budget::default(), Budget::default());
        let (mut held, mut flow): (Option<Held>, Option<Flow>) = (None, None);
        let begun = Begun { id: FlowId(7), ends: [end(1), end(2)], vni: None };
        for s in &all {
            let from = if s.source == end(1) { Half::First } else { Half::Other };
            let s = &Part::of(s);
            match &mut held {
                None => held = Some(Held::new(begun, s, port, &mut a)),
                Some(held) => held.take(s, from, port, &mut a),
            }
            let flow = flow.get_or_insert_with(|| Flow::new(begun, port));
            flow.take(s, from, &mut b);
        }
        let told = held.unwrap().record(None, port, &mut Shapes::default(), &mut a);
        prop_assert_eq!(told, flow.unwrap().record(None, &mut Shapes::default(), &mut b));
    }
}

/// Whatever its flags say, it is kept in little memory until it says something.
#[test]
fn segments_without_payload_take_little_memory_whatever_their_flags() {
    for flags in 0..=u8::MAX {
        let begun = Begun {
            id: FlowId(7),
            ends: [end(1), end(2)],
            vni: None,
        };
        let silent = Part {
            flags: TcpFlags(flags),
            ..Part::NONE
        };
        let mut budget = Budget::default();
        let mut held = Held::new(begun, &silent, None, &mut budget);
        for from in [Half::First, Half::Other] {
            assert!(matches!(held, Held::Quiet(_)), "{flags:#04x}");
            held.take(&silent, from, None, &mut budget);
        }
        assert!(matches!(held, Held::Quiet(_)), "{flags:#04x}");
        let says = Part {
            payload_len: 6,
            payload: PAYLOAD,
            ..silent
        };
        held.take(&says, Half::First, None, &mut budget);
        assert!(matches!(held, Held::Flow(_)), "{flags:#04x}");
    }
}
