//! Any segments in any order: no panic, and every segment is in exactly one
//! flow's count.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use threadtap::flow::{FlowConfig, FlowTable};
use threadtap::model::{Endpoint, Segment, SeqNum, TcpFlags, Timestamp};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    max_flows: u8,
    max_closed: u8,
    time_port: Option<bool>,
    segments: Vec<Piece<'a>>,
}

#[derive(Arbitrary, Debug)]
struct Piece<'a> {
    ends: u8,
    step: i16,
    seq: Number,
    ack: Number,
    flags: u8,
    window: u16,
    beyond: u8,
    kind: u8,
    payload: &'a [u8],
}

/// Numbers near each other, at the wrap, or anywhere.
#[derive(Arbitrary, Debug)]
enum Number {
    Near(u8),
    Wrap(i8),
    Any(u32),
}

impl Number {
    fn get(&self) -> SeqNum {
        SeqNum(match self {
            Self::Near(n) => 1000 + u32::from(*n),
            Self::Wrap(n) => u32::from_ne_bytes(i32::from(*n).to_ne_bytes()),
            Self::Any(n) => *n,
        })
    }
}

fn end(bits: u8) -> Endpoint {
    let port = if bits & 1 == 0 { 45000 } else { 40000 + u16::from(bits >> 2 & 3) };
    let ip: IpAddr = if bits & 2 == 0 {
        Ipv4Addr::LOCALHOST.into()
    } else {
        Ipv6Addr::LOCALHOST.into()
    };
    Endpoint::new(ip, port)
}

fuzz_target!(|input: Input<'_>| {
    let mut table = FlowTable::new(FlowConfig {
        max_flows: usize::from(input.max_flows),
        max_closed_flows: usize::from(input.max_closed),
        time_port: input.time_port.map(|lab| if lab { 45000 } else { 1 }),
    });
    let mut frames = 0u64;
    let mut flows = 0u64;
    let mut emit = |f: threadtap::model::FlowRecord| {
        frames += f.client_frames + f.server_frames;
        flows += 1;
        assert!(f.client_stream_bytes <= Some(f.client_payload_bytes));
        assert!(f.server_stream_bytes <= Some(f.server_payload_bytes));
        assert!(f.history.is_ascii());
        for exchange in &f.exchanges {
            let problem = exchange.problem.as_deref().unwrap_or_default();
            assert!(!problem.chars().any(char::is_control));
        }
        serde_json::to_string(&f).unwrap();
    };
    let mut now = 0i64;
    let talk: [&[u8]; 4] = [b"", b"TIME\r\n", b"JAM 12:34:56\r\n", b"TIME\r\nTIME\r\nQUIT\r\n"];
    let total = input.segments.len() as u64;
    for piece in &input.segments {
        now += i64::from(piece.step);
        let payload = match piece.kind % 5 {
            0 => piece.payload,
            n => talk[usize::from(n) - 1],
        };
        let segment = Segment {
            time: Timestamp::from_nanos(now),
            source: end(piece.ends & 15),
            destination: end(piece.ends >> 4),
            seq: piece.seq.get(),
            ack: piece.ack.get(),
            flags: TcpFlags(piece.flags),
            window: piece.window,
            payload_len: u32::try_from(payload.len()).unwrap_or(0) + u32::from(piece.beyond >> 6),
            payload,
            wire_len: 54,
            vni: None,
        };
        table.push(&segment, &mut emit);
    }
    let seen = table.counts().seen;
    table.finish(&mut emit);
    assert_eq!(frames, total);
    assert_eq!(flows, seen);
});
