//! What was not captured, or is beyond a bound, is not told as if it were known.

use super::FlowConfig;
use super::testkit::{Spoken, client, client_at, flow, flows_with, opened, server};
use crate::model::{FlowRecord, Incomplete, TcpFlags};

fn told(then: impl IntoIterator<Item = Spoken>) -> FlowRecord {
    flow(&opened(then))
}

/// Which requests were answered, and whether the answer is valid.
fn answers(f: &FlowRecord) -> Vec<(bool, Option<bool>)> {
    let told = f
        .exchanges
        .iter()
        .map(|e| (e.response_ns.is_some(), e.valid));
    told.collect()
}

const UNJUDGED: (bool, Option<bool>) = (true, None);

#[test]
fn a_whole_conversation_lacks_nothing() {
    let (c, s) = (client(), server());
    let f = told([
        c.says(101, 301, b"TIME\r\n"),
        s.says(301, 107, b"JAM 10:20:30\r\n"),
        c.fin(107, 315),
        s.fin(315, 108),
        c.ack(108, 316),
    ]);
    assert_eq!(f.incomplete, []);
    assert_eq!(f.requests(), Some(1));
    // The client ends first, and the answer acknowledges its FIN.
    let f = told([
        c.says(101, 301, b"TIME\r\n"),
        c.fin(107, 301),
        s.says(301, 108, b"JAM 10:20:30\r\n"),
        c.rst(108),
    ]);
    assert_eq!((&f.incomplete, f.exchanges[0].valid), (&vec![], Some(true)));
}

/// A snapshot length of 70 leaves four bytes of each payload.
#[test]
fn cut_answers_are_not_judged_and_their_requests_counted() {
    let (c, s) = (client(), server());
    let f = told([
        c.says(101, 301, b"TIME\r\n").cut_to(4),
        s.says(301, 107, b"JAM 10:20:30\r\n").cut_to(4),
        c.says(107, 315, b"TIME\r\n").cut_to(4),
        s.says(315, 113, b"JAM 10:20:31\r\n").cut_to(4),
        c.says(113, 329, b"QUIT\r\n").cut_to(4),
    ]);
    assert_eq!(answers(&f), [UNJUDGED, UNJUDGED]);
    assert_eq!(f.incomplete, [Incomplete::AnswerCut]);
    assert_eq!(f.requests(), Some(2));
}

#[test]
fn a_cut_answer_that_begins_wrongly_is_wrong() {
    let (c, s) = (client(), server());
    let f = told([
        c.says(101, 301, b"TIME\r\n").cut_to(4),
        s.says(301, 107, b"ERR too busy\r\n").cut_to(4),
    ]);
    assert_eq!(answers(&f), [(true, Some(false))]);
    assert_eq!(f.incomplete, []);
}

#[test]
fn the_rest_of_a_cut_answer_is_no_answer_to_the_next_request() {
    let (c, s) = (client(), server());
    let f = told([
        c.says(101, 301, b"TIME\r\nTIME\r\n"),
        s.says(301, 113, b"JAM 10:20").cut_to(4),
        s.says(310, 113, b":30\r\n"),
        s.says(315, 113, b"JAM 10:20:31\r\n"),
    ]);
    assert_eq!(answers(&f), [UNJUDGED, (true, Some(true))]);
    assert_eq!(f.incomplete, [Incomplete::AnswerCut]);
}

#[test]
fn more_may_be_behind_what_was_cut() {
    let (c, s) = (client(), server());
    let f = told([
        c.says(101, 301, b"TIME\r\nTIME\r\n").cut_to(4),
        s.says(301, 113, b"JAM 10:20:30\r\nJAM 10:20:31\r\n"),
    ]);
    assert_eq!(f.incomplete, [Incomplete::MoreRequestsCut]);
    assert_eq!(f.requests(), None);
    assert_eq!(answers(&f), [(true, Some(true))], "no extra bytes are told");

    let f = told([
        c.says(101, 301, b"TIME\r\nTIME\r\n"),
        s.says(301, 113, b"JAM 10:20:30\r\nJAM 10:20:31\r\n")
            .cut_to(4),
    ]);
    let both = [Incomplete::AnswerCut, Incomplete::MoreAnswersCut];
    assert_eq!(f.incomplete, both);
    assert_eq!(answers(&f), [UNJUDGED, (false, None)]);
    let problem = f.exchanges[1].problem.as_deref();
    assert_eq!(problem, Some("no answer was captured"));
}

#[test]
fn without_the_first_bytes_it_is_not_known_whether_time_is_spoken() {
    let (c, s) = (client(), server());
    for kept in 0..4 {
        let f = told([
            c.says(101, 301, b"TIME\r\n").cut_to(kept),
            s.says(301, 107, b"JAM 10:20:30\r\n").cut_to(kept),
        ]);
        assert_eq!(f.incomplete, [Incomplete::FirstBytesCut], "{kept}");
        assert_eq!((f.requests(), f.exchanges.len()), (None, 1));
    }
    let f = told([
        s.ack(301, 107),
        c.says(107, 301, b"TIME\r\n"),
        s.says(301, 113, b"JAM 10:20:30\r\n"),
    ]);
    assert_eq!(f.incomplete, [Incomplete::FirstBytesLost]);
    // What begins otherwise is not TIME, however it goes on.
    let f = told([c.says(101, 301, b"GET / HTTP/1.1\r\n").cut_to(2)]);
    assert_eq!(f.incomplete, []);
}

/// On a port on which nobody expects TIME there is nothing to doubt.
#[test]
fn of_another_port_it_is_known_that_time_is_not_spoken() {
    let config = FlowConfig {
        time_port: Some(1),
        ..FlowConfig::default()
    };
    let spoken = opened([client().says(101, 301, b"TIME\r\n").cut_to(0)]);
    let (flows, _) = flows_with(config, &spoken);
    assert_eq!(flows[0].incomplete, []);
}

#[test]
fn lost_requests_may_be_more_than_were_seen() {
    let (c, s) = (client(), server());
    let f = told([
        c.says(101, 301, b"TIME\r\n"),
        s.says(301, 107, b"JAM 10:20:30\r\n"),
        // 107 to 112 is not in the capture, 113 to 115 the rest of a line.
        c.says(113, 315, b"E\r\n"),
        s.says(315, 116, b"JAM 10:20:31\r\n"),
        c.says(116, 329, b"TIME\r\n"),
        s.says(329, 122, b"JAM 10:20:32\r\n"),
    ]);
    assert_eq!(f.incomplete, [Incomplete::RequestsLost]);
    assert_eq!(f.requests(), None);
    assert_eq!(f.exchanges.len(), 2, "a rest is no request");
}

#[test]
fn an_answer_that_was_acknowledged_but_not_captured_is_not_missing() {
    let (c, s) = (client(), server());
    let lost = |then: &[Spoken]| {
        let mut all = vec![c.says(101, 301, b"TIME\r\n")];
        all.extend_from_slice(then);
        told(all)
    };
    for f in [
        lost(&[c.ack(107, 315)]),
        lost(&[c.fin(107, 315), s.fin(315, 108)]),
        lost(&[s.says(301, 107, b"JAM "), c.ack(107, 315)]),
    ] {
        assert_eq!(f.incomplete, [Incomplete::AnswersLost]);
        assert_eq!(f.exchanges[0].valid, None);
    }
    // A FIN that was not captured is no answer.
    let f = lost(&[c.fin(107, 302)]);
    assert_eq!((f.incomplete.len(), f.exchanges[0].valid), (0, Some(false)));
    // Of other protocols it is only said that it is not in the capture.
    let f = told([c.says(101, 301, b"GET /\r\n"), c.ack(108, 900)]);
    assert_eq!(f.incomplete, [Incomplete::AnswersLost]);
}

#[test]
fn a_hole_may_hide_whole_answers() {
    let (c, s) = (client(), server());
    let f = told([
        c.says(101, 301, b"TIME\r\nTIME\r\n"),
        s.says(315, 113, b"JAM 10:20:31\r\n"),
        c.ack(113, 329),
    ]);
    assert_eq!(f.incomplete, [Incomplete::AnswersLost]);
    assert_eq!(answers(&f), [UNJUDGED, (false, None)]);
}

/// Nothing is missing where it came too late: another reason, the same doubt.
#[test]
fn what_came_too_late_is_not_said_to_be_missing() {
    let (c, s) = (client(), server());
    let late = |first: Spoken, rest: &dyn Fn(u32) -> Spoken| {
        let mut all: Vec<_> = (0..40).rev().map(rest).collect();
        all.push(first);
        all
    };
    let request = |i: u32| c.says(107 + 6 * i, 301, b"TIME\r\n");
    let f = told(late(c.says(101, 301, b"TIME\r\n"), &request));
    assert_eq!(f.incomplete, [Incomplete::DisorderBound]);
    let asked = c.says(101, 301, &b"TIME\r\n".repeat(41));
    let answer = |i: u32| s.says(315 + 14 * i, 347, b"JAM 10:20:30\r\n");
    let mut all = vec![asked];
    all.extend(late(s.says(301, 347, b"JAM 10:20:30\r\n"), &answer));
    let f = told(all);
    assert_eq!(f.incomplete, [Incomplete::DisorderBound]);
    assert!(f.exchanges.iter().all(|e| e.valid != Some(false)));
}

#[test]
fn bounds_that_were_reached_are_told() {
    let c = client();
    let asks = |n: usize| told([c.says(101, 301, &b"TIME\r\n".repeat(n))]);
    assert_eq!(asks(1 << 16).incomplete, []);
    let more = asks((1 << 16) + 3);
    assert_eq!(more.incomplete, [Incomplete::ExchangesBound]);
    assert_eq!(more.requests(), Some((1 << 16) + 3));

    let holes = (0..200).map(|i| c.says(101 + 2 * i, 301, b"x"));
    let f = told(holes);
    assert!(f.incomplete.contains(&Incomplete::HolesBound));
    assert_eq!(
        (f.client_stream_bytes, f.server_stream_bytes),
        (None, Some(0))
    );
}

#[test]
fn a_flow_that_had_to_make_room_says_so() {
    let config = FlowConfig {
        max_flows: 1,
        ..FlowConfig::default()
    };
    let all = [
        client_at(1).syn(1),
        client_at(2).syn(2),
        client_at(3).rst(3),
    ];
    let (flows, counts) = flows_with(config, &all);
    let evicted = |f: &&FlowRecord| f.incomplete == [Incomplete::Evicted];
    assert_eq!(counts.evicted, 2);
    assert_eq!(flows.iter().filter(evicted).count(), 2);
    // One that is closed has all that it will have.
    let all = [
        client_at(1).syn(1),
        client_at(1)
            .other()
            .send(TcpFlags::RST.with(TcpFlags::ACK), 0, 2, b""),
        client_at(2).syn(2),
    ];
    let (flows, counts) = flows_with(config, &all);
    assert_eq!((counts.evicted, flows[0].incomplete.len()), (0, 0));
}
