//! What the benches share: a generated capture, and what a program costs.

pub mod cost;

use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

use threadtap::capfile::PcapWriter;
use threadtap::model::{Frame, LinkType, Timestamp};

/// Flows that are open at a time.
const INTERLEAVED: u32 = 64;

/// Frames of a TIME flow, from the first SYN to the last ACK.
pub const FRAMES_A_FLOW: u32 = 10;

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const PSH_ACK: u8 = 0x18;
const FIN_ACK: u8 = 0x11;

/// One frame of the script: from the client or not, flags, sequence and
/// acknowledgement number relative to the two initial ones, payload.
type Step = (bool, u8, u32, u32, &'static [u8]);

const SCRIPT: [Step; FRAMES_A_FLOW as usize] = [
    (true, SYN, 0, 0, b""),
    (false, SYN | ACK, 0, 1, b""),
    (true, ACK, 1, 1, b""),
    (true, PSH_ACK, 1, 1, b"TIME\r\n"),
    (false, ACK, 1, 7, b""),
    (false, PSH_ACK, 1, 7, b"JAM 12:34:56\r\n"),
    (true, ACK, 7, 15, b""),
    (true, FIN_ACK, 7, 15, b""),
    (false, FIN_ACK, 15, 8, b""),
    (true, ACK, 8, 16, b""),
];

/// Writes a capture of so many TIME flows, [`INTERLEAVED`] at a time, ten
/// frames each, 20 µs from frame to frame.
pub fn time_flows(path: &Path, flows: u32) -> io::Result<()> {
    let mut out = PcapWriter::new(File::create(path)?, LinkType::ETHERNET, 0)?;
    let mut now = 1_700_000_000_000_000_000_i64;
    let mut bytes = Vec::with_capacity(128);
    for group in (0..flows).step_by(INTERLEAVED as usize) {
        for step in &SCRIPT {
            for flow in group..flows.min(group + INTERLEAVED) {
                frame(&mut bytes, flow, step);
                out.write(&Frame {
                    time: Timestamp::from_nanos(now),
                    link: LinkType::ETHERNET,
                    wire_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
                    bytes: &bytes,
                })?;
                now += 20_000;
            }
        }
    }
    out.flush()
}

fn frame(bytes: &mut Vec<u8>, flow: u32, &(from_client, flags, seq, ack, payload): &Step) {
    // 28,000 ports an address, as a real client has.
    let client = Ipv4Addr::from_bits(0x7f00_0001 + flow / 28_000);
    let port = u16::try_from(32_768 + flow % 28_000).unwrap_or(u16::MAX);
    let server = Ipv4Addr::LOCALHOST;
    let (isn, other) = (flow.wrapping_mul(2_654_435_761), flow.wrapping_mul(40_503));
    let (from, to) = if from_client {
        ((client, port, isn), (server, 45_000, other))
    } else {
        ((server, 45_000, other), (client, port, isn))
    };
    let total = u16::try_from(40 + payload.len()).unwrap_or(u16::MAX);
    bytes.clear();
    bytes.extend_from_slice(&[0; 12]);
    bytes.extend_from_slice(&[0x08, 0x00, 0x45, 0x00]);
    bytes.extend_from_slice(&total.to_be_bytes());
    bytes.extend_from_slice(&[0, 0, 0x40, 0, 64, 6, 0, 0]);
    bytes.extend_from_slice(&from.0.octets());
    bytes.extend_from_slice(&to.0.octets());
    bytes.extend_from_slice(&from.1.to_be_bytes());
    bytes.extend_from_slice(&to.1.to_be_bytes());
    bytes.extend_from_slice(&from.2.wrapping_add(seq).to_be_bytes());
    let ack = if flags & ACK == 0 {
        0
    } else {
        to.2.wrapping_add(ack)
    };
    bytes.extend_from_slice(&ack.to_be_bytes());
    bytes.extend_from_slice(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    bytes.extend_from_slice(payload);
}
