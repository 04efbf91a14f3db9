//! Requests and answers, put together from segments.

use super::FlowConfig;
use super::testkit::{Spoken, client, flow, flows_with, opened, server};
use crate::model::{Exchange, TcpFlags, Timestamp};

fn ms(n: i64) -> Timestamp {
    Timestamp::from_nanos(n * 1_000_000)
}

fn exchanges(then: impl IntoIterator<Item = Spoken>) -> Vec<Exchange> {
    flow(&opened(then)).exchanges.into()
}

/// Valid, and the problem.
fn verdicts(then: impl IntoIterator<Item = Spoken>) -> Vec<(Option<bool>, Option<String>)> {
    exchanges(then)
        .into_iter()
        .map(|e| (e.valid, e.problem.map(String::from)))
        .collect()
}

const GOOD: (Option<bool>, Option<String>) = (Some(true), None);

#[test]
fn split_disordered_and_repeated() {
    let (c, s) = (client(), server());
    let e = exchanges([
        c.says(103, 301, b"ME\r\n").at_ms(10),
        c.says(101, 301, b"TI").at_ms(11),
        s.says(309, 107, b"0:30\r\n").at_ms(20),
        s.says(301, 107, b"JAM 10:2").at_ms(21),
        s.says(301, 107, b"JAM 10:20:30\r\n").at_ms(300),
    ]);
    assert_eq!(e.len(), 1);
    assert_eq!(e[0].request_ns, ms(11));
    assert_eq!(e[0].response_ns, Some(ms(20)));
    assert_eq!(e[0].valid, Some(true));
}

/// Where each request begins, as Wireshark counts it.
fn beginnings(then: impl IntoIterator<Item = Spoken>) -> Vec<Option<u32>> {
    let of = |e: Exchange| e.request_seq.map(std::num::NonZero::get);
    exchanges(then).into_iter().map(of).collect()
}

#[test]
fn where_requests_begin_is_counted_from_the_syn() {
    let (c, s) = (client(), server());
    // Two in one segment, the third disordered and repeated.
    let e = beginnings([
        c.says(101, 301, b"TIME\r\nTIME\r\n"),
        c.says(115, 301, b"ME\r\n"),
        c.says(113, 301, b"TI"),
        c.says(113, 301, b"TIME\r\n"),
        s.says(301, 119, b"JAM 10:20:30\r\n"),
    ]);
    assert_eq!(e, [Some(1), Some(7), Some(13)]);
    // Of another protocol; the second request begins in a segment of which a part is old.
    let e = beginnings([
        c.says(101, 301, b"GET /"),
        s.says(301, 106, b"one"),
        c.says(104, 304, b" /GET"),
        s.says(304, 109, b"two"),
    ]);
    assert_eq!(e, [Some(1), Some(6)]);
}

/// In how many segments each answer came, and whether with another one.
fn arrivals(then: impl IntoIterator<Item = Spoken>) -> Vec<(Option<u32>, Option<bool>)> {
    let of = |e: Exchange| {
        let segments = e.response_segments.map(|n| u32::from(n.get()));
        (segments, e.response_coalesced)
    };
    exchanges(then).into_iter().map(of).collect()
}

#[test]
fn how_an_answer_came_is_counted_in_segments() {
    let (c, s) = (client(), server());
    let asks = || c.says(101, 301, b"TIME\r\n");
    let whole = s.says(301, 107, b"JAM 10:20:30\r\n");
    assert_eq!(arrivals([asks(), whole]), [(Some(1), Some(false))]);
    let in_three = [
        asks(),
        s.says(301, 107, b"JAM "),
        s.says(305, 107, b"10:20:30\r"),
        s.says(314, 107, b"\n"),
    ];
    assert_eq!(arrivals(in_three), [(Some(3), Some(false))]);
    // What was sent again brought nothing, and order does not matter.
    let again = [
        asks(),
        s.says(309, 107, b"0:30\r\n"),
        s.says(301, 107, b"JAM 10:2"),
        s.says(301, 107, b"JAM 10:20:30\r\n"),
    ];
    assert_eq!(arrivals(again), [(Some(2), Some(false))]);
    // The answer that was heard before the request.
    let early = [
        s.says(301, 101, b"JAM 10:20:30"),
        s.says(313, 101, b"\r\n"),
        asks(),
    ];
    assert_eq!(arrivals(early), [(Some(2), Some(false))]);
    assert_eq!(arrivals([asks()]), [(None, None)]);
}

#[test]
fn answers_in_one_segment_are_told() {
    let (c, s) = (client(), server());
    let asks = |n: usize| c.says(101, 301, &b"TIME\r\n".repeat(n));
    let two = [
        asks(2),
        s.says(301, 113, b"JAM 10:20:30\r\nJAM 10:20:30\r\n"),
    ];
    assert_eq!(
        arrivals(two),
        [(Some(1), Some(true)), (Some(1), Some(true))]
    );
    // The second begins in the segment of the first, and the third stands alone.
    let between = [
        asks(3),
        s.says(301, 119, b"JAM 10:20:30\r\nJAM 10"),
        s.says(321, 119, b":20:30\r\n"),
        s.says(329, 119, b"JAM 10:20:30\r\n"),
    ];
    let expected = [
        (Some(1), Some(true)),
        (Some(2), Some(true)),
        (Some(1), Some(false)),
    ];
    assert_eq!(arrivals(between), expected);
    // Bytes that answer nothing are no other answer.
    let more = [asks(1), s.says(301, 107, b"JAM 10:20:30\r\nbye\r\n")];
    assert_eq!(arrivals(more), [(Some(1), Some(false))]);
}

#[test]
fn of_what_was_not_captured_whole_no_segments_are_counted() {
    let (c, s) = (client(), server());
    let asks = c.says(101, 301, b"TIME\r\n");
    let lost = [
        asks.clone(),
        s.says(309, 107, b"0:30\r\n"),
        c.ack(107, 315).at_ms(5),
    ];
    assert_eq!(arrivals(lost)[0], (None, None));
    // Of other protocols an answer ends where the client speaks again.
    let other = [
        c.says(101, 301, b"GET /\r\n"),
        s.says(301, 108, b"one"),
        s.says(304, 108, b"two"),
        s.says(304, 108, b"two"),
    ];
    assert_eq!(arrivals(other), [(Some(2), None)]);
}

#[test]
fn the_first_copy_counts() {
    let (c, s) = (client(), server());
    let e = exchanges([
        c.says(101, 301, b"TIME\r\n"),
        s.says(305, 107, b"10:20:30\r\n"),
        s.says(301, 107, b"JAM 99:99:99\r\n"),
    ]);
    assert_eq!(e[0].valid, Some(false));
    let e = exchanges([
        c.says(101, 301, b"TIME\r\n"),
        s.says(301, 107, b"JAM 10:20:30\r\n"),
        s.says(301, 107, b"JAM 99:99:99\r\n"),
    ]);
    assert_eq!(e[0].valid, Some(true));
}

#[test]
fn several_on_one_connection_and_pipelined() {
    let (c, s) = (client(), server());
    let e = exchanges([
        c.says(101, 301, b"TIME\r\nTIME\r\nTI").at_ms(1),
        s.says(301, 115, b"JAM 10:20:30\r\nJAM 10:20:31\r\n")
            .at_ms(2),
        c.says(115, 329, b"ME\r\n").at_ms(3),
        s.says(329, 119, b"JAM 10:20:32\r\n").at_ms(4),
        c.says(119, 343, b"QUIT\r\n").at_ms(5),
    ]);
    assert!(e.iter().all(|e| e.valid == Some(true)), "{e:#?}");
    let times: Vec<_> = e.iter().map(|e| (e.request_ns, e.response_ns)).collect();
    assert_eq!(
        times,
        [
            (ms(1), Some(ms(2))),
            (ms(1), Some(ms(2))),
            (ms(1), Some(ms(4)))
        ]
    );
}

#[test]
fn no_answer() {
    let c = client();
    let e = exchanges([c.says(101, 301, b"TIME\r\n")]);
    assert_eq!((e[0].response_ns, e[0].valid), (None, Some(false)));
    assert_eq!(e[0].problem.as_deref(), Some("no answer"));
}

#[test]
fn a_request_whose_line_does_not_end() {
    let (c, s) = (client(), server());
    let of = |then: &[Spoken]| {
        let all = verdicts(then.iter().cloned());
        let problems = all.into_iter().map(|v| v.1.unwrap_or_default());
        problems.collect::<Vec<_>>()
    };
    let unended = "no answer; the request has no line end";
    assert_eq!(of(&[c.says(101, 301, b"TIME")]), [unended]);
    assert_eq!(of(&[c.says(101, 301, b"TIME\r")]), [unended]);
    let both = || c.says(101, 301, b"TIME\r\nTIME");
    assert_eq!(of(&[both()]), ["no answer", unended]);
    assert_eq!(
        of(&[both(), s.says(301, 111, b"JAM 10:20:30\r\n")]),
        ["", unended]
    );
    // A server may answer all the same.
    let answered = [
        c.says(101, 301, b"TIME"),
        s.says(301, 105, b"JAM 10:20:30\r\n"),
    ];
    assert_eq!(of(&answered), [""]);
    // What was not captured may have been the end.
    let cut = c.says(101, 301, b"TIME\r\n").cut_to(4);
    assert_ne!(of(&[cut]), [unended]);
}

#[test]
fn a_request_that_ends_with_lf_alone() {
    let (c, s) = (client(), server());
    let of = |then: &[Spoken]| verdicts(then.iter().cloned());
    let alone = Some("no answer; the request ends with LF alone".to_owned());
    for then in [
        vec![c.says(101, 301, b"TIME\n")],
        vec![c.says(101, 301, b"TIME"), c.says(105, 301, b"\n")],
    ] {
        assert_eq!(of(&then)[0].1, alone);
        // A server may answer all the same.
        let answer = s.says(301, 106, b"JAM 10:20:30\r\n");
        assert_eq!(of(&[then, vec![answer]].concat())[0].1, None);
    }
    let split = [c.says(101, 301, b"TIME\r"), c.says(106, 301, b"\n")];
    assert_eq!(of(&split)[0].1.as_deref(), Some("no answer"));
}

/// The kernel of a client that has closed answers data with a RST without ACK.
#[test]
fn an_answer_that_came_when_nobody_was_there() {
    let (c, s) = (client(), server());
    let ask = || c.says(101, 301, b"TIME\r\n").at_ms(10);
    let fin = || c.fin(107, 301).at_ms(11);
    let answer = || s.says(301, 108, b"JAM 10:20:30\r\n").at_ms(12);
    let late = |then: Vec<Spoken>| {
        let all = exchanges(then);
        assert!(all.iter().all(|e| e.valid == Some(true)), "{all:?}");
        all.iter().map(Exchange::came_too_late).collect::<Vec<_>>()
    };
    assert_eq!(
        late(vec![ask(), fin(), answer(), c.rst(108).at_ms(12)]),
        [true]
    );
    // It had closed its half only, and reads.
    assert_eq!(
        late(vec![ask(), fin(), answer(), c.ack(108, 315).at_ms(12)]),
        [false]
    );
    // Its end was there: it was closed with data that nobody had read, or by a
    // program that wanted a reset (SO_LINGER).
    let aborted = || c.rst(108).with(TcpFlags::ACK).at_ms(12);
    assert_eq!(late(vec![ask(), fin(), answer(), aborted()]), [false]);
    assert_eq!(
        late(vec![ask(), answer(), c.rst(107).at_ms(12)]),
        [false],
        "no FIN before"
    );
    // The reset answers the FIN of the server, a minute later.
    let over = vec![
        ask(),
        fin(),
        answer(),
        c.ack(108, 315).at_ms(12),
        s.fin(315, 108).at_ms(70_000),
        c.rst(108).at_ms(70_000),
    ];
    assert_eq!(late(over), [false]);
    // The first of two was read.
    let two = vec![
        c.says(101, 301, b"TIME\r\nTIME\r\n").at_ms(10),
        c.fin(113, 301).at_ms(11),
        s.says(301, 114, b"JAM 10:20:30\r\n").at_ms(12),
        c.ack(114, 315).at_ms(13),
        s.says(315, 114, b"JAM 10:20:31\r\n").at_ms(14),
        c.rst(114).at_ms(14),
    ];
    assert_eq!(late(two), [false, true]);
}

#[test]
fn wrong_answers() {
    let (c, s) = (client(), server());
    let of = |answer: &[u8]| {
        let v = verdicts([
            c.says(101, 301, b"TIME\r\n"),
            s.says(301, 107, answer),
            s.fin(301 + u32::try_from(answer.len()).unwrap(), 107),
        ]);
        assert_eq!(v.len(), 1, "{v:?}");
        v.into_iter().next().unwrap()
    };
    assert_eq!(of(b"JAM 10:20:30\r\n"), GOOD);
    for answer in [
        &b"JAM 10:20:30"[..],
        b"JAM 10:20:30\n",
        b"10:20:30\r\n",
        b"\x00\xff\r\n",
    ] {
        let (valid, problem) = of(answer);
        assert_eq!(valid, Some(false), "{answer:?}");
        assert!(problem.unwrap().is_ascii());
    }
    let (valid, problem) = of(b"JAM 10:20:30\r\nBYE\r\n");
    assert_eq!(valid, Some(false));
    assert_eq!(
        problem.as_deref(),
        Some(r#"extra bytes after the answer: "BYE\r\n""#)
    );
}

#[test]
fn an_answer_without_its_line_end_does_not_spoil_the_next() {
    let (c, s) = (client(), server());
    let v = verdicts([
        c.says(101, 301, b"TIME\r\n"),
        s.says(301, 107, b"JAM 10:20:30"),
        c.says(107, 313, b"TIME\r\n"),
        s.says(313, 113, b"JAM 10:20:31\r\n"),
    ]);
    assert_eq!(v[0].0, Some(false));
    assert_eq!(v[1], GOOD);
}

#[test]
fn other_lines_between_time_requests() {
    let (c, s) = (client(), server());
    let v = verdicts([
        c.says(101, 301, b"TIME\r\n"),
        s.says(301, 107, b"JAM 10:20:30\r\n"),
        c.says(107, 315, b"DATE\r\nTIME\r\n"),
        s.says(315, 119, b"JAM 10:20:31\r\n"),
    ]);
    assert_eq!(v.len(), 3);
    assert_eq!(
        v[1].1.as_deref(),
        Some("no answer; the request does not begin with TIME")
    );
    assert_eq!(v[2], GOOD);
}

#[test]
fn payload_that_was_not_captured_proves_nothing() {
    let (c, s) = (client(), server());
    let v = verdicts([
        c.says(101, 301, b"TIME\r\n"),
        s.says(301, 107, b"JAM 10:20:30\r\n").cut_to(9),
    ]);
    assert_eq!(v[0].0, None);
    assert!(
        v[0].1
            .as_deref()
            .unwrap()
            .starts_with("answer not captured")
    );
    // Nothing of it at all: only turns can be told.
    let e = exchanges([
        c.says(101, 301, b"TIME\r\n").cut_to(0).at_ms(7),
        s.says(301, 107, b"JAM 10:20:30\r\n").cut_to(0).at_ms(9),
    ]);
    assert_eq!((e[0].request_ns, e[0].response_ns), (ms(7), Some(ms(9))));
    assert_eq!((e[0].valid, &e[0].problem), (None, &None));
}

#[test]
fn a_lost_request_does_not_spoil_the_others() {
    let (c, s) = (client(), server());
    let v = verdicts([
        c.says(101, 301, b"TIME\r\n"),
        s.says(301, 107, b"JAM 10:20:30\r\n"),
        // The request 107..113 is not in the capture.
        s.says(315, 113, b"JAM 10:20:31\r\n"),
        c.says(113, 329, b"TIME\r\n"),
        s.says(329, 119, b"JAM 10:20:32\r\n"),
    ]);
    assert_eq!(v, [GOOD, GOOD]);
}

#[test]
fn a_lost_answer_segment() {
    let (c, s) = (client(), server());
    let v = verdicts([
        c.says(101, 301, b"TIME\r\n"),
        s.says(305, 107, b"10:20:30\r\n"),
    ]);
    assert_eq!(v.len(), 1);
    assert_eq!(v[0].0, None);
}

#[test]
fn turns_of_other_protocols() {
    let (c, s) = (client(), server());
    let e = exchanges([
        s.says(301, 101, b"220 hello\r\n").at_ms(3),
        c.says(101, 312, b"HE").at_ms(4),
        c.says(103, 312, b"LO\r\n").at_ms(5),
        s.says(312, 107, b"250-a\r\n").at_ms(6),
        s.says(319, 107, b"250 b\r\n").at_ms(7),
        s.says(319, 107, b"250 b\r\n").at_ms(400), // again: not new
        c.says(107, 326, b"TIME\r\n").at_ms(500),
    ]);
    let times: Vec<_> = e.iter().map(|e| (e.request_ns, e.response_ns)).collect();
    assert_eq!(times, [(ms(4), Some(ms(7))), (ms(500), None)]);
    assert!(e.iter().all(|e| e.valid.is_none() && e.problem.is_none()));
}

/// Which of the two frames is the first is chance: what is said of them is not.
#[test]
fn an_answer_before_its_request_is_its_answer() {
    let (c, s) = (client(), server());
    let right = || s.says(301, 101, b"JAM 10:20:30\r\n");
    let early = exchanges([right().at_ms(3), c.says(101, 315, b"TIME\r\n").at_ms(4)]);
    let late = exchanges([c.says(101, 301, b"TIME\r\n").at_ms(3), right().at_ms(4)]);
    for e in [&early, &late] {
        assert_eq!((e.len(), e[0].valid), (1, Some(true)), "{e:?}");
        assert!(e[0].response_ns.is_some() && e[0].answer.is_some());
    }
    // What was there before it was asked for took no time.
    assert_eq!((early[0].request_ns, early[0].duration()), (ms(4), None));
    assert!(late[0].duration().is_some());
    // In parts, and with the next request.
    let v = verdicts([
        s.says(301, 101, b"JAM 10:"),
        c.says(101, 308, b"TIME"),
        s.says(308, 105, b"20:30\r\n"),
        c.says(105, 315, b"\r\nTIME\r\n"),
        s.says(315, 113, b"JAM 10:20:31\r\n"),
    ]);
    assert_eq!(v, [GOOD, GOOD]);
    // A wrong one is wrong either way.
    for wrong in [&b"JAM 10:20:30\n"[..], b"JAM 10:20:30\r\nBYE\r\n"] {
        let end = 301 + u32::try_from(wrong.len()).unwrap();
        let early = verdicts([s.says(301, 101, wrong), c.says(101, end, b"TIME\r\n")]);
        let late = verdicts([c.says(101, 301, b"TIME\r\n"), s.says(301, 107, wrong)]);
        assert_eq!((early[0].0, late[0].0), (Some(false), Some(false)));
    }
}

#[test]
fn what_only_greets_is_no_answer() {
    let (c, s) = (client(), server());
    let greeted = [
        s.says(301, 101, b"hello\r\n"),
        c.says(101, 308, b"TIME\r\n"),
        s.says(308, 107, b"JAM 10:20:31\r\n"),
    ];
    assert_eq!(verdicts(greeted), [GOOD]);
    // The capture began after a request: this is the answer to that one.
    let midstream = [
        c.ack(101, 301),
        s.says(301, 101, b"JAM 10:20:30\r\n"),
        c.says(101, 315, b"TIME\r\n"),
        s.says(315, 107, b"JAM 10:20:31\r\n"),
    ];
    let record = &flows_with(FlowConfig::default(), &midstream).0[0];
    assert_eq!(record.exchanges.len(), 1);
    assert_eq!(record.exchanges[0].valid, Some(true));
    // Nobody asked, or asked for something else.
    assert!(exchanges([s.says(301, 101, b"JAM 10:20:30\r\n")]).is_empty());
    let other = exchanges([
        s.says(301, 101, b"JAM 10:20:30\r\n"),
        c.says(101, 315, b"TI"),
    ]);
    assert_eq!((other[0].valid, other[0].answer), (None, None));
}

#[test]
fn a_port_narrows_the_recognition() {
    let (c, s) = (client(), server());
    let spoken = opened([
        c.says(101, 301, b"TIME\r\n"),
        s.says(301, 107, b"JAM 10:20:30\r\n"),
    ]);
    for (port, valid) in [(45_000, Some(true)), (80, None)] {
        let config = FlowConfig {
            time_port: Some(port),
            ..FlowConfig::default()
        };
        let (all, _) = flows_with(config, &spoken);
        assert_eq!(all[0].exchanges[0].valid, valid);
    }
}
