use std::collections::HashSet;

use super::*;
use crate::activity::{Change, Event};
use crate::model::{Endpoint, Pid, Tid};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_nanos(ms * 1_000_000)
}

/// The end on this port.
fn port(port: u16) -> Endpoint {
    Endpoint::new([127, 0, 0, 1].into(), port)
}

/// A program that makes a connection from port 50,000 at 10 ms, with this answer of
/// connect(2), and begins to exit at a time, if it does.
fn program(errno: Option<i32>, exit: Option<(i64, Exit)>) -> Activity {
    let mut side = Activity::default();
    let mut tell = |ms, what| {
        side.apply(&Event {
            at: at(ms),
            pid: Pid(7),
            tid: Tid(7),
            what,
        });
    };
    let started = Change::Started {
        process: true,
        parent: None,
    };
    tell(1, started);
    let connected = Change::Connected {
        socket: None,
        target: port(80),
        from: at(10),
        local: Some(port(50_000)),
        errno,
    };
    tell(11, connected);
    if let Some((ms, exit)) = exit {
        tell(ms, Change::ExitBegun);
        tell(ms, Change::Ended(exit));
    }
    side
}

/// A request at 12 ms, and what came of it: when it was answered, and whether rightly.
fn exchange(response: Option<i64>, valid: Option<bool>) -> Exchange {
    Exchange {
        request_ns: at(12),
        request_seq: None,
        response_ns: response.map(at),
        answer: None,
        valid,
        problem: None,
        response_segments: None,
        response_coalesced: None,
        serve_pid: None,
        serve_tid: None,
    }
}

/// A connection that was made, with this history in Zeek's letters.
fn flow(client: u16, history: &str, exchanges: &[Exchange]) -> FlowRecord {
    let flow = serde_json::from_value(serde_json::json!({
        "flow": 0, "client": port(client), "server": port(80),
        "first_ns": at(10), "last_ns": at(40), "client_frames": 5, "server_frames": 4,
        "client_wire_bytes": 0, "server_wire_bytes": 0, "client_payload_bytes": 0,
        "server_payload_bytes": 0, "client_stream_bytes": 0, "server_stream_bytes": 0,
        "client_retransmissions": 0, "server_retransmissions": 0, "state": "SF",
        "history": history, "close": "fin", "exchanges": exchanges,
        "handshake": {
            "syn_ns": at(10), "syn_ack_ns": at(10), "ack_ns": at(11), "syn_count": 1
        },
        "client_owner": null, "server_owner": null
    }));
    flow.unwrap()
}

/// A flow of somebody else's that shows that TIME is spoken.
fn time() -> FlowRecord {
    flow(60_000, "ShADadfF", &[exchange(Some(13), Some(true))])
}

/// The requests that failed, of these flows or, without any, by connect(2) alone.
fn failures(wire: &Wire<'_>, own: Option<&[&FlowRecord]>) -> Vec<(Outcome, u64)> {
    let failed = wire.classes(own, &HashSet::new()).failed;
    let named = |(name, n): (String, u64)| (Outcome::from_name(&name).unwrap(), n);
    failed.into_iter().map(named).collect()
}

/// How a connection went: as a whole, and its failed requests.
fn told(flow: FlowRecord, side: &Activity) -> (Option<Outcome>, Vec<(Outcome, u64)>) {
    let flows = [time(), flow];
    let wire = Wire::new(&flows, Some(side));
    assert!(wire.speaks_time());
    assert_eq!(wire.flow_of(0).map(|f| f.client), Some(port(50_000)));
    assert_eq!(wire.flow_of(1), None, "one was made");
    (wire.outcome(0), failures(&wire, Some(&[&flows[1]])))
}

#[test]
fn an_error_of_connect_says_how_it_went() {
    let outcomes = [
        (libc::ECONNREFUSED, Outcome::Refused),
        (libc::ECONNRESET, Outcome::Reset),
        (libc::EPIPE, Outcome::Reset),
        (libc::ETIMEDOUT, Outcome::Timeout),
        (libc::EADDRNOTAVAIL, Outcome::NoPort),
        (libc::ENETUNREACH, Outcome::Unreachable),
        (libc::EHOSTUNREACH, Outcome::Unreachable),
        (libc::EACCES, Outcome::Other),
    ];
    let all = outcomes.map(|(errno, outcome)| (Some(errno), outcome));
    let ended_in_it = (None, Outcome::Abandoned);
    for (errno, outcome) in all.into_iter().chain([ended_in_it]) {
        let side = program(errno, None);
        let wire = Wire::new(&[], Some(&side));
        assert_eq!(wire.outcome(0), Some(outcome), "{errno:?}");
        assert_eq!(failures(&wire, None), [(outcome, 1)]);
        let again = wire.classes(None, &[0].into());
        assert_eq!(again.total(), 0, "but that");
    }
}

#[test]
fn where_nothing_is_known_nothing_is_said() {
    let side = program(Some(0), None);
    let wire = Wire::new(&[], Some(&side));
    assert!(!wire.speaks_time());
    assert_eq!((wire.outcome(0), failures(&wire, None)), (None, vec![]));
    assert_eq!(Wire::new(&[time()], None).outcome(0), None);
    // Another protocol: nobody knows what is right.
    let flows = [flow(50_000, "ShADadfF", &[exchange(Some(13), None)])];
    let wire = Wire::new(&flows, Some(&side));
    assert!(!wire.speaks_time());
    assert_eq!(wire.outcome(0), None);
}

#[test]
fn a_syn_without_an_answer() {
    let side = program(Some(libc::EINPROGRESS), None);
    let unanswered = |close| {
        let mut flow = flow(50_000, "S", &[]);
        flow.handshake.as_mut().unwrap().syn_ack_ns = None;
        flow.close = close;
        told(flow, &side).0
    };
    assert_eq!(unanswered(Close::Rst), Some(Outcome::Refused));
    assert_eq!(unanswered(Close::Open), Some(Outcome::Abandoned));
}

#[test]
fn answers_are_judged() {
    let side = program(Some(0), None);
    let of = |exchanges: &[Exchange]| told(flow(50_000, "ShADadfF", exchanges), &side);
    let right = || exchange(Some(13), Some(true));
    let wrong = || exchange(Some(13), Some(false));
    let none = || exchange(None, None);
    assert_eq!(of(&[right(), right()]), (Some(Outcome::Valid), vec![]));
    assert_eq!(
        of(&[right(), wrong(), wrong()]),
        (Some(Outcome::BadAnswer), vec![(Outcome::BadAnswer, 2)])
    );
    let both = vec![(Outcome::BadAnswer, 1), (Outcome::Closed, 2)];
    assert_eq!(
        of(&[wrong(), none(), none()]),
        (Some(Outcome::BadAnswer), both)
    );
    // A request that got no answer got no bad one.
    assert_eq!(
        of(&[right(), exchange(None, Some(false))]),
        (Some(Outcome::Closed), vec![(Outcome::Closed, 1)])
    );
    // One of another protocol among them is not judged.
    assert_eq!(of(&[right(), exchange(Some(13), None)]).0, None);
}

#[test]
fn a_request_and_a_connection_without_one_fail_once() {
    let side = program(Some(0), None);
    let flows = [flow(50_000, "ShADadr", &[exchange(None, None)]), time()];
    let wire = Wire::new(&flows, Some(&side));
    assert_eq!(wire.outcome(0), Some(Outcome::Reset));
    assert_eq!(failures(&wire, Some(&[&flows[0]])), [(Outcome::Reset, 1)]);
    let flows = [flow(50_000, "Shr", &[]), time()];
    let wire = Wire::new(&flows, Some(&side));
    assert_eq!(failures(&wire, Some(&[&flows[0]])), [(Outcome::Reset, 1)]);
}

/// Without an answer, by whoever closed first; the client does at 20 ms.
#[test]
fn whoever_closed_first_is_why_there_is_no_answer() {
    let of = |history, exit| {
        let mut flow = flow(50_000, history, &[exchange(None, None)]);
        flow.client_closed_ns = Some(at(20));
        told(flow, &program(Some(0), exit)).0.unwrap()
    };
    assert_eq!(of("ShADafF", None), Outcome::Closed);
    assert_eq!(of("ShADar", None), Outcome::Reset);
    assert_eq!(of("ShADai", None), Outcome::Reset);
    // A client that closes and lives on has waited long enough.
    assert_eq!(of("ShADaFf", None), Outcome::Timeout);
    assert_eq!(of("ShADaFf", Some((21, Exit::Code(0)))), Outcome::Timeout);
    for exit in [19, 20] {
        let exit = Some((exit, Exit::Code(0)));
        assert_eq!(of("ShADaFf", exit), Outcome::Abandoned);
    }
    // Of a process that was killed the end is seen up to 100 ms after its sockets
    // are closed.
    let killed = |ms| Some((ms, Exit::Signal(9)));
    assert_eq!(of("ShADaFf", killed(119)), Outcome::Abandoned);
    assert_eq!(of("ShADaFf", killed(121)), Outcome::Timeout);
}

#[test]
fn one_that_never_closed_left_its_request_behind() {
    let open = flow(50_000, "ShADa", &[exchange(None, None)]);
    let side = program(Some(0), None);
    assert_eq!(told(open, &side).0, Some(Outcome::Abandoned));
}

/// Another thread ended the process: this one may have meant to ask.
#[test]
fn a_connection_that_another_thread_gave_up_is_no_probe() {
    let mut side = Activity::default();
    let mut tell = |ms, tid, what| {
        side.apply(&Event {
            at: at(ms),
            pid: Pid(7),
            tid: Tid(tid),
            what,
        });
    };
    for (tid, process) in [(7, true), (8, false)] {
        let parent = None;
        tell(1, tid, Change::Started { process, parent });
    }
    let connected = Change::Connected {
        socket: None,
        target: port(80),
        from: at(10),
        local: Some(port(50_000)),
        errno: Some(0),
    };
    tell(11, 8, connected);
    tell(20, 7, Change::ExitBegun);
    tell(21, 8, Change::Ended(Exit::Code(0)));
    tell(21, 7, Change::Ended(Exit::Code(0)));
    let mut flow = flow(50_000, "ShAFaf", &[]);
    flow.client_closed_ns = Some(at(20));
    assert_eq!(told(flow, &side).0, Some(Outcome::Abandoned));
}

/// Nobody was there any more to read it.
#[test]
fn an_answer_that_came_too_late_is_none() {
    let late = || Exchange {
        problem: Some(Exchange::TOO_LATE.into()),
        ..exchange(Some(30), Some(true))
    };
    let of = |exchanges: &[Exchange], exit| {
        let mut flow = flow(50_000, "ShADaFdR", exchanges);
        flow.client_closed_ns = Some(at(20));
        told(flow, &program(Some(0), exit))
    };
    let one = vec![(Outcome::Timeout, 1)];
    assert_eq!(of(&[late()], None), (Some(Outcome::Timeout), one.clone()));
    let read = exchange(Some(13), Some(true));
    assert_eq!(of(&[read, late()], None), (Some(Outcome::Timeout), one));
    let exit = Some((20, Exit::Code(0)));
    let one = vec![(Outcome::Abandoned, 1)];
    assert_eq!(of(&[late()], exit), (Some(Outcome::Abandoned), one));
}

/// What is said to a server that speaks TIME only is a request of TIME, or has failed.
#[test]
fn what_is_no_request_of_time_has_failed_where_the_server_speaks_nothing_else() {
    let flows = [flow(50_000, "ShADafF", &[exchange(None, None)])];
    let side = program(Some(0), None);
    let wire = || Wire::new(&flows, Some(&side));
    assert_eq!(wire().outcome(0), None);
    assert_eq!(failures(&wire(), Some(&[&flows[0]])), []);
    let wire = wire().on(Terms {
        time: true,
        ..Terms::default()
    });
    assert_eq!(wire.outcome(0), Some(Outcome::Closed));
    assert_eq!(failures(&wire, Some(&[&flows[0]])), [(Outcome::Closed, 1)]);
}

/// What a capture does not show that has lost frames, may have been there.
#[test]
fn no_request_has_failed_for_what_was_lost() {
    let lossy = |flow: &FlowRecord, side: &Activity| {
        let flows = [time(), flow.clone()];
        let terms = Terms {
            lossy: true,
            ..Terms::default()
        };
        let wire = Wire::new(&flows, Some(side)).on(terms);
        let classes = wire.classes(Some(&[&flows[1]]), &HashSet::new());
        (wire.outcome(0), classes.failed.len(), classes.unknown)
    };
    let made = program(Some(0), None);
    let knocked = |history: &str, close: Close| {
        let mut flow = flow(50_000, history, &[]);
        let handshake = flow.handshake.as_mut().unwrap();
        (handshake.syn_ack_ns, handshake.ack_ns) = (None, None);
        flow.close = close;
        flow
    };
    let mut open = flow(50_000, "ShADa", &[]);
    open.close = Close::Open;
    // All that was said on it may be among the frames that were lost.
    let silent = flow(50_000, "ShAFaf", &[]);
    assert_eq!(lossy(&silent, &made), (None, 0, 1));
    let failing = [
        open,
        knocked("Sr", Close::Rst),
        knocked("S", Close::Open),
        flow(50_000, "ShADafF", &[exchange(None, None)]),
        flow(50_000, "ShADaFf", &[exchange(None, None)]),
        flow(50_000, "ShADar", &[exchange(None, None)]),
    ];
    for flow in &failing {
        assert_ne!(told(flow.clone(), &made).0, None, "{}", flow.history);
        assert_eq!(lossy(flow, &made), (None, 0, 1), "{}", flow.history);
    }
    // What connect(2) returned, and an answer that is there, were not lost.
    let refused = program(Some(libc::ECONNREFUSED), None);
    let told = lossy(&failing[1], &refused);
    assert_eq!(told, (Some(Outcome::Refused), 1, 0));
    let wrong = flow(50_000, "ShADadFf", &[exchange(Some(13), Some(false))]);
    let told = lossy(&wrong, &made);
    assert_eq!(told, (Some(Outcome::BadAnswer), 1, 0));
}

/// Connected, and closed by the client at 20 ms without a byte.
#[test]
fn a_connection_without_a_request_has_not_failed() {
    let of = |history, exit, payload| {
        let mut flow = flow(50_000, history, &[]);
        flow.client_payload_bytes = payload;
        flow.client_closed_ns = Some(at(20));
        told(flow, &program(Some(0), exit)).0
    };
    let exits_at = |ms| Some((ms, Exit::Code(0)));
    assert_eq!(of("ShAFaf", None, 0), None);
    assert_eq!(of("ShAR", None, 0), None);
    assert_eq!(of("ShAFaf", exits_at(21), 0), None);
    // The thread that made it ended its process itself, and said that all went well.
    assert_eq!(of("ShAFaf", exits_at(20), 0), None);
    // It had no time to ask, it was turned away, or what it asked was no request.
    for exit in [Exit::Code(1), Exit::Signal(15)] {
        assert_eq!(
            of("ShAFaf", Some((20, exit)), 0),
            Some(Outcome::Abandoned),
            "{exit:?}"
        );
    }
    assert_eq!(of("ShAfF", None, 0), Some(Outcome::Closed));
    assert_eq!(of("ShADFaf", None, 5), Some(Outcome::Timeout));
}

/// A program's connection with what it was seen to say and hear: a request at 12 ms, and
/// then what the receiving call returned at 14 ms. `exit`: when its thread closes it,
/// and how its process ends, which exits from 20 ms on.
fn said(errno: i32, asked: bool, result: Option<i64>, exit: Option<(i64, Exit)>) -> Activity {
    let mut side = Activity::default();
    let socket = crate::model::SocketId(1);
    let mut tell = |ms, tid, what| {
        let (at, pid, tid) = (at(ms), Pid(7), Tid(tid));
        side.apply(&Event { at, pid, tid, what });
    };
    for (tid, process) in [(7, true), (8, false)] {
        let parent = None;
        tell(1, tid, Change::Started { process, parent });
    }
    let connected = Change::Connected {
        socket: Some(socket),
        target: port(80),
        from: at(10),
        local: Some(port(50_000)),
        errno: Some(errno),
    };
    tell(11, 8, connected);
    if asked {
        let from = Some(at(12));
        tell(13, 8, Change::Sent { socket, from });
    }
    if let Some(result) = result {
        let result = Some(result);
        tell(
            14,
            8,
            Change::Received {
                socket,
                result,
                byte: None,
            },
        );
    }
    if let Some((ms, exit)) = exit {
        if ms < 20 {
            tell(ms, 8, Change::Closed { socket });
        }
        tell(20, 7, Change::ExitBegun);
        tell(21, 8, Change::Ended(Exit::Code(0)));
        tell(21, 7, Change::Ended(exit));
    }
    side
}

#[test]
fn without_a_capture_the_calls_say_how_it_went() {
    let end = |ms| Some((ms, Exit::Code(0)));
    let of = |side: Activity| Wire::new(&[], Some(&side)).outcome(0);
    let told = |asked, result, exit| of(said(0, asked, result, exit));
    assert_eq!(
        told(true, Some(12), end(15)),
        None,
        "nobody judges the answer"
    );
    assert_eq!(told(true, Some(0), end(15)), Some(Outcome::Closed));
    assert_eq!(told(false, Some(0), end(15)), Some(Outcome::Closed));
    let reset = -i64::from(libc::ECONNRESET);
    assert_eq!(told(true, Some(reset), end(15)), Some(Outcome::Reset));
    let timeout = -i64::from(libc::ETIMEDOUT);
    assert_eq!(told(true, Some(timeout), end(15)), Some(Outcome::Timeout));
    // It was closed, and its process went on; or that ended it.
    assert_eq!(told(true, None, end(15)), Some(Outcome::Timeout));
    assert_eq!(told(true, None, end(20)), Some(Outcome::Abandoned));
    assert_eq!(told(true, None, None), None, "it may go on");
    // One that only connected, or was greeted, has failed at nothing.
    assert_eq!(told(false, None, end(15)), None);
    assert_eq!(told(false, Some(30), end(15)), None);
}

#[test]
fn a_connection_in_the_background_went_as_the_program_was_told() {
    for (errno, outcome) in [
        (libc::ECONNREFUSED, Some(Outcome::Refused)),
        (libc::ETIMEDOUT, Some(Outcome::Timeout)),
        // One that was not made yet would have been refused.
        (libc::ECONNRESET, Some(Outcome::Reset)),
        (0, None),
    ] {
        let mut side = said(libc::EINPROGRESS, false, None, None);
        let socket = crate::model::SocketId(1);
        side.apply(&Event {
            at: at(12),
            pid: Pid(7),
            tid: Tid(8),
            what: Change::Settled { socket, errno },
        });
        assert_eq!(Wire::new(&[], Some(&side)).outcome(0), outcome, "{errno}");
        let made = &side.sockets.made[0];
        let connected = [0, libc::ECONNRESET].contains(&errno);
        assert_eq!(made.was_connected(), Some(connected));
        let known = (errno == 0).then_some((at(10), at(12)));
        assert_eq!(made.handshake(), known);
    }
    let side = said(libc::EINPROGRESS, true, Some(3), None);
    assert_eq!(
        side.sockets.made[0].was_connected(),
        Some(true),
        "it was answered"
    );
    assert_eq!(side.sockets.made[0].handshake(), None);
}
