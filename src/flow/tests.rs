//! Whole flows.

use super::testkit::{client, client_at, flow, flows, flows_with, opened, server};
use super::{FlowConfig, FlowTable};
use crate::model::{Close, ConnState, FlowId, Nanos, TcpFlags, Timestamp};

fn ms(n: i64) -> Timestamp {
    Timestamp::from_nanos(n * 1_000_000)
}

#[test]
fn a_time_flow_from_end_to_end() {
    let (c, s) = (client(), server());
    let f = flow(&opened([
        c.says(101, 301, b"TIME\r\n").at_ms(3),
        s.ack(301, 107).at_ms(4),
        s.says(301, 107, b"JAM 10:20:30\r\n").at_ms(5),
        c.ack(107, 315).at_ms(6),
        c.fin(107, 315).at_ms(7),
        s.fin(315, 108).at_ms(8),
        c.ack(108, 316).at_ms(9),
    ]));
    assert_eq!((f.client.port, f.server.port), (50_000, 45_000));
    assert_eq!((f.client_frames, f.server_frames), (6, 4));
    assert_eq!((f.client_payload_bytes, f.server_payload_bytes), (6, 14));
    assert_eq!(
        (f.client_stream_bytes, f.server_stream_bytes),
        (Some(6), Some(14))
    );
    assert_eq!((f.state, f.close), (ConnState::SF, Close::Fin));
    assert_eq!(f.client_closed_ns, Some(ms(7)));
    assert_eq!(f.server_closed_ns, Some(ms(8)));
    assert_eq!(f.history, "ShADadFf");
    let opening = f.handshake.unwrap();
    assert_eq!(
        (opening.syn_ns, opening.syn_ack_ns, opening.ack_ns),
        (ms(0), Some(ms(1)), Some(ms(2)))
    );
    assert_eq!(opening.syn_count, 1);
    assert_eq!(f.initial_rtt_ns, Some(Nanos::new(2_000_000)));
    let [e] = &f.exchanges[..] else {
        panic!("{:?}", f.exchanges)
    };
    assert_eq!((e.request_ns, e.response_ns), (ms(3), Some(ms(5))));
    assert_eq!(e.answer.unwrap().to_string(), "10:20:30");
    assert_eq!((e.valid, e.problem.as_deref()), (Some(true), None));
}

#[test]
fn a_syn_sent_again_stays_and_another_one_begins_anew() {
    let (c, s) = (client(), server());
    let all = flows(&[
        c.syn(100).at_ms(0),
        c.syn(100).at_ms(1000),
        s.syn_ack(300, 101).at_ms(1001),
        c.syn(900).at_ms(2000),
        s.syn_ack(700, 901).at_ms(2001),
    ]);
    assert_eq!(all.len(), 2);
    let h = all[0].handshake.unwrap();
    assert_eq!((h.syn_count, h.ack_ns), (2, None));
    assert_eq!(all[0].client_retransmissions, 1);
    assert_eq!((all[1].flow, all[1].first_ns), (FlowId(1), ms(2000)));
}

#[test]
fn the_client_is_the_receiver_of_a_syn_ack() {
    let (c, s) = (client(), server());
    let f = flow(&[s.syn_ack(300, 101), c.ack(101, 301)]);
    assert_eq!(f.client.port, 50_000);
    assert_eq!(f.handshake, None);
    assert!(f.history.starts_with("^hA"), "{}", f.history);
}

#[test]
fn midstream_the_first_to_be_seen_is_the_client() {
    let (c, s) = (client(), server());
    let f = flow(&[s.says(301, 107, b"x"), c.ack(107, 302)]);
    assert_eq!(f.client.port, 45_000);
    assert_eq!((f.state, f.close), (ConnState::OTH, Close::Open));
    assert_eq!(f.history, "Da");
}

#[test]
fn connection_states() {
    let (c, s) = (client(), server());
    let state = |spoken: &[_]| {
        let f = flow(spoken);
        (f.state, f.close)
    };
    let refused = s.rst(0).with(TcpFlags::ACK);
    assert_eq!(state(&[c.syn(1)]), (ConnState::S0, Close::Open));
    assert_eq!(state(&[c.syn(1), refused]), (ConnState::REJ, Close::Rst));
    assert_eq!(state(&opened([])), (ConnState::S1, Close::Open));
    assert_eq!(
        state(&opened([c.fin(101, 301)])),
        (ConnState::S2, Close::Open)
    );
    assert_eq!(
        state(&opened([s.fin(301, 101)])),
        (ConnState::S3, Close::Open)
    );
    assert_eq!(state(&opened([c.rst(101)])), (ConnState::RSTO, Close::Rst));
    assert_eq!(state(&opened([s.rst(301)])), (ConnState::RSTR, Close::Rst));
    assert_eq!(
        state(&[c.syn(1), c.rst(2)]),
        (ConnState::RSTOS0, Close::Rst)
    );
    assert_eq!(
        state(&[s.syn_ack(1, 9), s.rst(2)]),
        (ConnState::RSTRH, Close::Rst)
    );
    assert_eq!(
        state(&[c.syn(1), c.fin(2, 0)]),
        (ConnState::SH, Close::Open)
    );
    assert_eq!(
        state(&[s.syn_ack(1, 9), s.fin(2, 9)]),
        (ConnState::SHR, Close::Open)
    );
    assert_eq!(state(&[c.ack(1, 1)]), (ConnState::OTH, Close::Open));
}

/// Some servers acknowledge a SYN before they answer it. That opens nothing.
#[test]
fn a_bare_ack_before_the_syn_ack_is_no_traffic() {
    let (c, s) = (client(), server());
    let state = |spoken: &[_]| flow(spoken).state;
    assert_eq!(state(&[c.syn(100), s.ack(300, 101)]), ConnState::S0);
    let answered = [c.syn(100), s.ack(300, 101), s.syn_ack(300, 101)];
    assert_eq!(state(&answered), ConnState::S1);
    // With payload, or after something else than a SYN, it is.
    assert_eq!(state(&[c.syn(100), s.says(300, 101, b"x")]), ConnState::OTH);
    let closed = [c.fin(100, 300), s.ack(300, 101)];
    assert_eq!(state(&closed), ConnState::SH);
    // Behind a SYN-ACK of which the SYN was missed, the client's opens it.
    assert_eq!(
        state(&[s.syn_ack(300, 101), c.ack(101, 301)]),
        ConnState::S1
    );
}

/// Two resets, and no byte between: refused. A reset that is far away from
/// the SYN-ACK says nothing of bytes that were sent.
#[test]
fn a_reset_far_away_tells_of_no_bytes() {
    let (c, s) = (client(), server());
    let state = |at: u32| {
        let spoken = [c.syn(100), s.syn_ack(300, 101), s.rst(at), c.rst(101)];
        flow(&spoken).state
    };
    assert_eq!(state(301), ConnState::REJ);
    assert_eq!(state(301 + 1000), ConnState::RSTR);
    assert_eq!(state(301 + (1 << 21)), ConnState::REJ);
}

#[test]
fn a_reset_after_both_fins_changes_nothing() {
    let (c, s) = (client(), server());
    let f = flow(&opened([c.fin(101, 301), s.fin(301, 102), c.rst(102)]));
    assert_eq!((f.state, f.close), (ConnState::SF, Close::Fin));
    assert_eq!(f.history, "ShAFfR");
}

#[test]
fn data_with_a_fin_after_it_and_in_a_reset() {
    let (c, s) = (client(), server());
    let f = flow(&opened([
        c.says(101, 301, b"abc").with(TcpFlags::FIN),
        c.says(105, 301, b"late"),
        s.rst(301),
        s.says(301, 0, b"no such port").with(TcpFlags::RST),
    ]));
    assert_eq!(
        (f.client_payload_bytes, f.client_stream_bytes),
        (7, Some(7))
    );
    // What a RST carries is not part of the stream.
    assert_eq!(
        (f.server_payload_bytes, f.server_stream_bytes),
        (12, Some(0))
    );
    assert_eq!(f.close, Close::Rst);
}

#[test]
fn simultaneous_open() {
    let (c, s) = (client(), server());
    let f = flow(&[
        c.syn(100).at_ms(0),
        s.syn(300).at_ms(1),
        c.syn_ack(100, 301).at_ms(2),
        s.syn_ack(300, 101).at_ms(3),
    ]);
    assert_eq!(f.client.port, 50_000);
    let h = f.handshake.unwrap();
    assert_eq!((h.syn_ack_ns, h.ack_ns), (Some(ms(3)), Some(ms(2))));
    assert_eq!(f.state, ConnState::S1);
}

#[test]
fn fast_open_carries_the_request_in_the_syn() {
    let (c, s) = (client(), server());
    let f = flow(&[
        c.send(TcpFlags::SYN, 100, 0, b"TIME\r\n").at_ms(0),
        s.syn_ack(300, 107).at_ms(1),
        s.says(301, 107, b"JAM 01:02:03\r\n").at_ms(2),
        c.ack(107, 315).at_ms(3),
    ]);
    assert_eq!((f.client_stream_bytes, f.exchanges.len()), (Some(6), 1));
    assert_eq!(f.exchanges[0].valid, Some(true));
    assert_eq!(f.handshake.unwrap().ack_ns, Some(ms(3)));
}

#[test]
fn keep_alives_and_zero_windows() {
    let (c, s) = (client(), server());
    let f = flow(&opened([
        c.says(101, 301, b"ab").at_ms(10),
        s.ack(301, 103).at_ms(20),
        c.ack(102, 301).at_ms(5000),
        s.ack(301, 103).at_ms(5001),
        c.says(102, 301, b"b").at_ms(9000),
        s.ack(301, 103).at_ms(9001),
        s.ack(301, 103).window(0).at_ms(9500),
    ]));
    assert_eq!((f.client_retransmissions, f.client_out_of_order), (0, 0));
    assert_eq!((f.server_duplicate_acks, f.server_zero_windows), (0, 1));
    assert_eq!(
        (f.client_payload_bytes, f.client_stream_bytes),
        (3, Some(2))
    );
}

#[test]
fn retransmission_fast_retransmission_and_disorder() {
    let (c, s) = (client(), server());
    let f = flow(&opened([
        c.says(101, 301, b"aaaa").at_ms(10),
        c.says(109, 301, b"cccc").at_ms(11),
        c.says(105, 301, b"bbbb").at_ms(12), // out of order: within the RTT of 2 ms
        s.ack(301, 113).at_ms(13),
        c.says(101, 301, b"aaaa").at_ms(500), // spurious
        c.says(113, 301, b"dddd").at_ms(600),
        c.says(113, 301, b"dddd").at_ms(900), // a timer ran out
        s.ack(301, 113).at_ms(901),
        s.ack(301, 113).at_ms(902),
        c.says(113, 301, b"dddd").at_ms(903), // fast
    ]));
    assert_eq!((f.client_retransmissions, f.client_out_of_order), (3, 1));
    assert_eq!(f.server_duplicate_acks, 2);
    assert_eq!(f.client_stream_bytes, Some(16));
}

#[test]
fn payload_sent_again_is_in_the_history() {
    let (c, s) = (client(), server());
    let history =
        |then: &[super::testkit::Spoken]| flow(&opened(then.iter().cloned())).history.clone();
    let last = c.says(101, 301, b"aaaa");
    assert_eq!(history(&[last.clone(), last.clone()]), "ShADT");
    let first = [last.clone(), c.says(105, 301, b"bb"), last];
    assert_eq!(history(&first), "ShADT");
    let new = [c.says(101, 301, b"aaaa"), c.says(103, 301, b"aabb")];
    assert_eq!(history(&new), "ShAD");
    assert_eq!(history(&[s.ack(301, 101), s.ack(301, 101)]), "ShAa");
}

/// A segment that the snapshot length cut is a hole, whatever is left of it,
/// until the whole of it was captured.
#[test]
fn a_cut_segment_is_a_hole_in_the_history() {
    let (c, s) = (client(), server());
    let history = |middle: &[super::testkit::Spoken]| {
        let mut spoken = opened([c.says(101, 301, b"ab")]);
        spoken.extend_from_slice(middle);
        spoken.extend([c.says(105, 301, b"ef"), s.ack(301, 107)]);
        flow(&spoken).history.clone()
    };
    let whole = c.says(103, 301, b"cd");
    let cut = whole.clone().cut_to(1);
    assert_eq!(history(std::slice::from_ref(&whole)), "ShADa");
    assert_eq!(history(std::slice::from_ref(&cut)), "ShADaG");
    assert_eq!(history(&[cut, whole]), "ShADTa");
}

/// Where the kinds of tshark's analysis end: 3 ms without a round-trip time,
/// 20 ms behind the second duplicate ACK, and nothing in a time run backwards.
#[test]
fn the_bounds_of_disorder_and_of_fast_retransmission() {
    let (c, s) = (client(), server());
    let late = |ms: i64| {
        let f = flow(&[
            c.says(101, 301, b"aaaa").at_ms(10),
            c.says(109, 301, b"cccc").at_ms(20),
            c.says(105, 301, b"bbbb").at_ms(20 + ms),
        ]);
        (f.client_retransmissions, f.client_out_of_order)
    };
    assert_eq!(late(0), (0, 1));
    assert_eq!(late(2), (0, 1));
    assert_eq!(late(3), (1, 0));
    assert_eq!(late(-1), (1, 0));
    let asked_for = |duplicates: usize, seq: u32, ms: i64| {
        let mut spoken = opened([
            c.says(101, 301, b"aaaa").at_ms(10),
            c.says(109, 301, b"cccc").at_ms(11),
            c.says(113, 301, b"dddd").at_ms(12),
            s.ack(301, 105).at_ms(13),
        ]);
        spoken.extend((0..duplicates).map(|_| s.ack(301, 105).at_ms(13)));
        spoken.push(c.says(seq, 301, b"bb").at_ms(13 + ms));
        let f = flow(&spoken);
        assert_eq!(f.server_duplicate_acks, duplicates as u64);
        (f.client_retransmissions, f.client_out_of_order)
    };
    // The round-trip time of 2 ms is over either way: out of order is what
    // comes within it.
    assert_eq!(asked_for(2, 105, 0), (1, 0));
    assert_eq!(asked_for(1, 105, 0), (0, 1));
    assert_eq!(asked_for(2, 107, 0), (0, 1));
    assert_eq!(asked_for(2, 105, 19), (1, 0));
}

/// A probe of a closed window, and what comes of it, is nothing sent again.
#[test]
fn a_zero_window_probe_moves_nothing() {
    let (c, s) = (client(), server());
    let f = flow(&opened([
        c.says(101, 301, b"ab").at_ms(10),
        s.ack(301, 103).window(0).at_ms(11),
        c.says(103, 301, b"c").at_ms(200),
        s.ack(301, 103).window(0).at_ms(201),
        c.says(103, 301, b"c").at_ms(400),
        s.ack(301, 103).window(0).at_ms(401),
        s.ack(301, 103).at_ms(500),
        c.says(103, 301, b"cd").at_ms(501),
    ]));
    assert_eq!((f.client_retransmissions, f.client_out_of_order), (0, 0));
    assert_eq!((f.server_zero_windows, f.server_duplicate_acks), (3, 0));
    assert_eq!(f.history.matches('w').count(), 1, "{}", f.history);
    // A RST's window says nothing.
    let reset = flow(&opened([s.rst(301).window(0)]));
    assert_eq!(reset.server_zero_windows, 0);
    assert_eq!(reset.history, "ShAr");
}

#[test]
fn only_a_bare_acknowledgement_said_before_is_a_duplicate() {
    let (c, s) = (client(), server());
    let duplicates = |again: super::testkit::Spoken| {
        let spoken = opened([c.says(101, 301, b"abcd"), s.ack(301, 103), again]);
        flow(&spoken).server_duplicate_acks
    };
    assert_eq!(duplicates(s.ack(301, 103)), 1);
    assert_eq!(duplicates(s.ack(301, 103).window(999)), 0);
    assert_eq!(duplicates(s.ack(301, 105)), 0);
    assert_eq!(duplicates(s.ack(302, 103)), 0);
    assert_eq!(duplicates(s.says(301, 103, b"x")), 0);
    assert_eq!(duplicates(s.fin(301, 103)), 0);
}

/// A FIN counts as acknowledged with its own number, and only then.
#[test]
fn a_flow_is_closed_when_both_fins_are_acknowledged() {
    let (c, s) = (client(), server());
    let closed = |acks: [u32; 2]| {
        let spoken = opened([
            c.fin(101, 301),
            s.fin(301, 101),
            s.ack(302, acks[0]),
            c.ack(102, acks[1]),
        ]);
        flows_with(FlowConfig::default(), &spoken).1.closed
    };
    assert_eq!(closed([102, 302]), 1);
    assert_eq!(closed([103, 303]), 1);
    assert_eq!(closed([101, 302]), 0);
    assert_eq!(closed([102, 301]), 0);
}

/// Only a SYN with a number of its own begins another connection.
#[test]
fn what_begins_a_connection_on_the_same_endpoints() {
    let (c, s) = (client(), server());
    let all = |last: super::testkit::Spoken| flows(&opened([last])).len();
    assert_eq!(all(c.syn(900)), 2);
    assert_eq!(all(s.syn(900)), 2);
    assert_eq!(all(c.syn(100)), 1);
    assert_eq!(all(s.syn(300)), 1);
    assert_eq!(all(s.syn_ack(900, 101)), 1);
    assert_eq!(all(c.says(900, 301, b"x")), 1);
    // Midstream the number before the first one is what it began with.
    let midstream = |seq: u32| flows(&[c.says(101, 301, b"x"), c.syn(seq)]).len();
    assert_eq!((midstream(100), midstream(101)), (1, 2));
    let other = |seq: u32| flows(&[c.says(101, 301, b"x"), s.syn(seq)]).len();
    assert_eq!((other(300), other(301)), (1, 2));
}

#[test]
fn an_acknowledged_hole_is_in_the_history() {
    let (c, s) = (client(), server());
    let f = flow(&opened([c.says(105, 301, b"bbbb"), s.ack(301, 109)]));
    assert_eq!(f.history, "ShADaG");
}

#[test]
fn both_ends_the_same_endpoint() {
    let c = client();
    let first = c.syn(1).looped();
    let second = c.says(2, 1, b"x").looped();
    let f = flow(&[first, second]);
    assert_eq!((f.client_frames, f.server_frames), (2, 0));
    assert_eq!(f.client, f.server);
}

#[test]
fn the_oldest_idle_flow_makes_room() {
    let config = FlowConfig {
        max_flows: 2,
        ..FlowConfig::default()
    };
    let spoken: Vec<_> = [1, 2, 1, 3, 2]
        .into_iter()
        .enumerate()
        .map(|(i, port)| client_at(port).says(1 + u32::try_from(i).unwrap(), 1, b"x"))
        .collect();
    let (all, counts) = flows_with(config, &spoken);
    assert_eq!((counts.evicted, counts.seen), (2, 4));
    let frames: u64 = all.iter().map(|f| f.client_frames + f.server_frames).sum();
    assert_eq!(frames, 5);
    assert_eq!(all[0].client_frames, 2); // port 1 was idle less long than port 2
}

/// Both have sent a FIN, one has gone without acknowledging the other's.
#[test]
fn a_reset_after_both_fins_closes() {
    let (c, s) = (client(), server());
    let spoken = opened([s.fin(301, 101), c.fin(101, 301), s.rst(302)]);
    let (all, counts) = flows_with(FlowConfig::default(), &spoken);
    assert_eq!((counts.seen, counts.closed, counts.open()), (1, 1, 0));
    assert_eq!(all[0].close, Close::Fin);
}

#[test]
fn closed_flows_leave_the_table() {
    let config = FlowConfig {
        max_closed_flows: 3,
        ..FlowConfig::default()
    };
    let mut table = super::FlowTable::new(config);
    let mut out = 0;
    for port in 1..100 {
        let c = client_at(port);
        for s in [c.syn(1), c.other().rst(0)] {
            table.push(&s.segment(), &mut |_| out += 1);
        }
    }
    assert_eq!(out, 96);
    assert_eq!(table.counts().closed, 99);
    assert_eq!(table.counts().with_syn, 99);
    assert_eq!(table.counts().with_syn_closed, 99);
    assert_eq!(table.counts().open(), 0);
}

#[test]
fn what_comes_after_the_close_belongs_to_the_flow() {
    let (c, s) = (client(), server());
    let f = flow(&opened([
        s.rst(301).at_ms(5),
        c.says(101, 301, b"late").at_ms(6),
    ]));
    assert_eq!((f.client_frames, f.last_ns), (3, ms(6)));
}

/// Zeek tells a control bit once, and again where it comes with another number.
#[test]
fn what_is_sent_again_has_one_letter() {
    let (c, s) = (client(), server());
    let history = |then: &[_]| flow(&opened(then.iter().cloned())).history.clone();
    assert_eq!(flow(&[c.syn(100), c.syn(100)]).history, "S");
    assert_eq!(history(&[c.fin(101, 301), c.fin(101, 301)]), "ShAF");
    assert_eq!(history(&[c.fin(101, 301), c.fin(105, 301)]), "ShAFF");
    assert_eq!(history(&[c.rst(101), c.rst(101)]), "ShAR");
    // No bit that has a letter, and no payload.
    assert_eq!(history(&[s.send(TcpFlags::PSH, 301, 0, b"")]), "ShA");
}

/// A RST after a SYN alone is a state of its own; after more it is not known what it
/// was.
#[test]
fn a_client_that_resets_without_an_answer() {
    let c = client();
    let state = |spoken: &[_]| flow(spoken).state;
    assert_eq!(state(&[c.syn(100), c.rst(101)]), ConnState::RSTOS0);
    assert_eq!(
        state(&[c.syn(100), c.ack(101, 301), c.rst(101)]),
        ConnState::OTH
    );
}

/// Every flow of a run counts: none is handed on in pieces because there are many.
#[test]
fn in_a_run_time_is_spoken_on_its_port_alone() {
    let config = FlowConfig::of_a_run(45_000);
    assert_eq!(config.time_port, Some(45_000));
    assert_eq!(config.max_flows, usize::MAX);
    assert_eq!(
        config.max_closed_flows,
        FlowConfig::default().max_closed_flows
    );
}

#[test]
fn open_flows_are_those_that_are_not_closed() {
    let counts = |spoken: &[_]| flows_with(FlowConfig::default(), spoken).1;
    let two = [client_at(1).syn(100), client_at(2).syn(100)];
    assert_eq!(counts(&two).open(), 2);
    let reset = [two[0].clone(), two[1].clone(), client_at(1).rst(101)];
    assert_eq!((counts(&reset).closed, counts(&reset).open()), (1, 1));
}

/// For who waits for them: a reader that follows a capture as it is written.
#[test]
fn closed_flows_can_be_had_before_the_end() {
    let handed_on = |until: Option<i64>| {
        let mut table = FlowTable::new(FlowConfig::default());
        for (port, when) in [(1, 0), (2, 10), (3, 20)] {
            let c = client_at(port);
            table.push(&c.syn(100).at_ms(when).segment(), &mut |_| ());
            if port != 3 {
                table.push(&c.rst(101).at_ms(when + 1).segment(), &mut |_| ());
            }
        }
        let mut ports = Vec::new();
        table.hand_on_closed(until.map(ms), &mut |flow| ports.push(flow.client.port));
        ports
    };
    assert_eq!(handed_on(None), [1, 2], "the third is open");
    assert!(handed_on(Some(0)).is_empty());
    assert_eq!(handed_on(Some(1)), [1], "with its last frame");
    assert_eq!(handed_on(Some(10)), [1]);
    assert_eq!(handed_on(Some(11)), [1, 2]);
}

/// Networks that are numbered may use the same addresses.
#[test]
fn the_same_endpoints_in_two_virtual_networks_are_two_flows() {
    let mut all = Vec::new();
    for s in opened([client().says(101, 301, b"TIME\r\n")]) {
        all.extend([s.clone().within(1), s.clone().within(2), s]);
    }
    let flows = flows(&all);
    let vnis: Vec<_> = flows.iter().map(|f| f.vni).collect();
    assert_eq!(vnis, [Some(1), Some(2), None]);
    for f in &flows {
        assert_eq!((f.client_frames, f.client_retransmissions), (3, 0));
    }
}
