use super::*;
use crate::model::{Endpoint, FlowId, Nanos, Segment, SeqNum};
use crate::report::{Format, Style, write_ladder};
use crate::testkit::Fixture;

/// A question and an answer of which the capture has three bytes.
fn told(format: Format) -> String {
    let flow = Fixture::normal(1).flows.remove(0);
    let mut ladder = Ladder::of(FlowId(0));
    let (client, server) = (flow.client, flow.server);
    let mut add = |frame, from: Endpoint, flags, seq, payload: &[u8], payload_len| {
        let segment = Segment {
            time: flow
                .first_ns
                .plus(Nanos::new(1_000 * i64::try_from(frame).unwrap())),
            source: from,
            destination: if from == client { server } else { client },
            seq: SeqNum(seq),
            ack: SeqNum(501),
            flags,
            window: 1000,
            payload_len,
            payload,
            vni: None,
            wire_len: 54 + payload_len,
        };
        ladder.segment(FlowId(0), frame, &segment);
    };
    let data = TcpFlags::ACK.with(TcpFlags::PSH);
    add(1, client, TcpFlags::SYN, 100, b"", 0);
    add(2, server, TcpFlags::SYN.with(TcpFlags::ACK), 500, b"", 0);
    add(3, client, data, 101, b"=TIME\n", 6);
    add(7, server, data, 501, b"JAM", 13);
    let mut out = Vec::new();
    write_ladder(&flow, &ladder, format, Style::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_ladder_is_a_line_a_segment() {
    let page = told(Format::Markdown);
    assert!(
        page.starts_with("# Flow 0: 127.0.0.1:32768 → 127.0.0.1:45000"),
        "{page}"
    );
    let rungs: Vec<&str> = page.lines().filter(|line| line.contains('─')).collect();
    assert_eq!(rungs.len(), 4, "{page}");
    assert!(
        rungs[0].contains("| SYN |") && rungs[0].contains('▶'),
        "{page}"
    );
    assert!(rungs[1].contains("| SYN ACK |") && rungs[1].contains('◀'));
    assert!(rungs[2].contains("=TIME"), "{page}");
    assert!(rungs[3].contains("JAM…"), "not all was captured: {page}");
}

#[test]
fn programs_read_a_segment_a_line() {
    let lines = told(Format::Csv);
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(
        lines[0],
        "frame,time_ns,since_ns,from,flags,seq,ack,window,length,payload"
    );
    assert_eq!(lines[1], "1,0,,client,SYN,0,,1000,0,");
    // What a spreadsheet would run is text.
    assert_eq!(lines[3], "3,2000,1000,client,PSH ACK,1,1,1000,6,'=TIME\\n");
    assert_eq!(lines[4], "7,6000,4000,server,PSH ACK,1,401,1000,13,JAM…");
    assert_eq!(lines.len(), 5);
    let json = told(Format::Jsonl);
    let last: serde_json::Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["frame"], &last["payload"]),
        (&7.into(), &"JAM…".into())
    );
    assert_eq!(json.lines().count(), 4);
}

#[test]
fn every_control_bit_has_its_name() {
    assert_eq!(flag_names(TcpFlags(0)), "none");
    assert_eq!(flag_names(TcpFlags(0x02)), "SYN");
    assert_eq!(flag_names(TcpFlags(0xc2)), "SYN ECE CWR");
    assert_eq!(
        flag_names(TcpFlags(0xff)),
        "FIN SYN RST PSH ACK URG ECE CWR"
    );
}
