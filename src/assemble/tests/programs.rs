//! Programs of somebody else's: traced, sampled, and those that try again.

use super::story::*;
use crate::model::observation::*;
use crate::model::*;

/// A client that makes two connections, a thread each, and a server with a
/// thread for each.
fn pair() -> Story {
    pair_and(|_| {})
}

/// The same, and what else happens before the client ends.
fn pair_and(more: impl FnOnce(&mut Story)) -> Story {
    let mut story = Story::traced_pair();
    for (n, port) in [(1, 50_000), (2, 50_001)] {
        story.did(Side::Client, 10, 10 + n, 10, thread());
        story.connects(10 + n, port, 11, 0);
        story.did(Side::Server, 20, 20 + n, 12, thread());
        story.accepts([20, 20 + n], port, 45_000, 12);
        story.flow(port, 11, Some(15));
        story.did(Side::Client, 10, 10 + n, 20, Change::Ended(Exit::Code(0)));
        story.did(Side::Server, 20, 20 + n, 21, Change::Ended(Exit::Code(0)));
    }
    more(&mut story);
    story.did(Side::Client, 10, 10, 30, Change::ExitBegun);
    story.did(Side::Client, 10, 10, 30, Change::Ended(Exit::Code(0)));
    story.ends(Side::Client, 30, Exit::Code(0));
    story.seen.add(Fact::Ended {
        side: Side::Server,
        ended: SideEnded {
            at: at(210),
            exit: Some(Exit::Signal(15)),
            asked_to_end: true,
            asked_at: Some(at(205)),
            went_on: false,
            left_behind: 0,
        },
    });
    let took = |stops| ObserverCost {
        cpu_ns: ms(2),
        stops,
    };
    story.cost(Side::Client, 5, Some(took(8)));
    story.cost(Side::Server, 6, Some(took(9)));
    story.captured();
    story.over(End::Complete);
    story
}

#[test]
fn a_traced_pair_is_told_whole() {
    let told = pair().told();
    let run = &told.run;
    assert_eq!(run.plan.server, ServerKind::Command);
    assert_eq!(run.plan.client_command, Some(vec!["./client".to_owned()]));
    assert_eq!(run.plan.server_command, Some(vec!["./server".to_owned()]));
    assert_eq!(run.plan.strategy, Some(Strategy::Thread));
    assert_eq!(run.plan.server_model, Some(ServerModel::Thread));
    assert_eq!(run.requests.submitted, None, "nobody knows");
    assert_eq!(run.requests.attempted, Some(2));
    assert_eq!(run.requests.answered, Some(2));
    assert_eq!(run.requests.valid, Some(2));
    let connected = told.workers.at(0).connected_ns;
    assert_eq!(
        (connected, &told.workers.at(0).detail),
        (Some(at(11)), &None)
    );
    assert_eq!(run.correlation.client_owned, Some(2));
    assert_eq!(run.correlation.server_owned, Some(2));
    assert_eq!(run.observer.tracer_cpu_ns, Some(ms(4)));
    assert_eq!(run.observer.tracer_stops, Some(17));
    let server = run.programs.server.as_ref().unwrap();
    assert_eq!((server.exit_code, server.signal), (None, Some(15)));
    assert!(server.asked_to_end);
    assert_eq!(server.helpers, Some(vec![]));
    assert_eq!(run.census.server.threads.after, Some(1));
    let owner = told.flows[0].server_owner.unwrap();
    assert_eq!(owner.serve_tid, Some(Tid(21)));
    assert_eq!(owner.provenance, Provenance::Traced);
}

#[test]
fn what_a_server_took_on_another_port_is_not_the_run_s() {
    let mut story = pair();
    let before = story.told().workers.len();
    story.accepts([20, 20], 50_001, 8080, 13);
    assert_eq!(story.told().workers.len(), before);
    story.accepts([20, 20], 50_002, 45_000, 13);
    assert_eq!(story.told().workers.len(), before + 1);
}

#[test]
fn one_observer_whose_cost_is_not_known_leaves_no_sum() {
    let mut story = pair();
    story.seen.server.observer_cost = None;
    assert_eq!(story.told().run.observer.tracer_stops, None);
}

/// One thread makes a connection after the other, with this said of each by
/// the wire.
fn one_thread(change: fn(&mut FlowRecord)) -> Option<u64> {
    let mut story = Story::traced_pair();
    for (port, from) in [(50_000, 10), (50_001, 30)] {
        story.connects(10, port, from, 0);
        // Its last frame comes when the next connection is long open.
        let flow = story.flow(port, from, Some(from + 5));
        flow.last_ns = at(from + 60);
        change(flow);
    }
    story.ends(Side::Client, 100, Exit::Code(0));
    story.captured();
    story.over(End::Complete);
    let evidence = story.told().run.plan.inferred.client.unwrap();
    evidence.at_once
}

#[test]
fn the_work_on_a_connection_ends_with_its_last_answer() {
    assert_eq!(one_thread(|_| {}), Some(1));
}

#[test]
fn or_when_the_side_closed_it_before_that() {
    // The answer comes late, and nobody waits for it.
    let closed_early = |flow: &mut FlowRecord| {
        flow.client_closed_ns = Some(flow.first_ns.plus(ms(3)));
        flow.exchanges[0].response_ns = Some(flow.first_ns.plus(ms(50)));
    };
    assert_eq!(one_thread(closed_early), Some(1));
}

#[test]
fn or_else_with_its_last_frame() {
    // No answer, no close: it was at both at once.
    let open = |flow: &mut FlowRecord| flow.exchanges.clear();
    assert_eq!(one_thread(open), Some(2));
    // Where exchanges were left out the last one told is not the last.
    let more = |flow: &mut FlowRecord| flow.exchanges_omitted = 1;
    assert_eq!(one_thread(more), Some(2));
}

#[test]
fn an_attempt_at_another_address_is_no_failed_request() {
    let mut story = Story::traced_pair();
    story.seen.header.asked.client = AskedClient::Program { requests: Some(1) };
    let first: std::net::SocketAddr = "[::1]:45000".parse().unwrap();
    let refused = Change::Connected {
        socket: Some(SocketId(1)),
        target: first.into(),
        from: at(10),
        local: None,
        errno: Some(libc::ECONNREFUSED),
    };
    story.did(Side::Client, 10, 10, 10, refused);
    story.connects(10, 50_000, 12, 0);
    story.flow(50_000, 12, Some(15));
    story.ends(Side::Client, 100, Exit::Code(0));
    story.captured();
    story.over(End::Complete);
    let requests = story.told().run.requests;
    assert_eq!(requests.attempted, Some(2), "two were made");
    assert_eq!(requests.failed, [].into(), "and one was meant");
}

#[test]
fn a_refused_program_has_failed() {
    let mut story = Story::traced_pair();
    story.connects(10, 50_000, 10, libc::ECONNREFUSED);
    story.flow(50_000, 10, None);
    story.ends(Side::Client, 100, Exit::Code(1));
    story.captured();
    story.over(End::Complete);
    let told = story.told();
    assert_eq!(told.run.requests.failed["refused"], 1);
    assert_eq!(told.workers.at(0).outcome, Some(Outcome::Refused));
    assert_eq!(told.workers.at(0).connected_ns, None);
    let detail = told.workers.at(0).detail.unwrap();
    assert!(detail.contains("os error 111"), "{detail}");
    assert_eq!(told.run.programs.client.unwrap().exit_code, Some(1));
}

#[test]
fn a_sampled_program_has_counts_and_no_owners() {
    let client = AskedClient::Program { requests: Some(3) };
    let mut story = Story::of(client, AskedServer::Program);
    story.begins(Side::Server, ObserverName::Nobody, 20, -5);
    story.begins(Side::Client, ObserverName::Proc, 10, 0);
    for (when, threads) in [(1, 1), (2, 4), (9, 2), (10, 2)] {
        let sample = Sample {
            at: at(when),
            threads: Some(threads),
            processes: Some(1),
        };
        let of = Counted::Client;
        story.seen.add(Fact::Sample { of, sample });
    }
    story.flow(50_000, 10, Some(14));
    story.captured();
    story.ends(Side::Client, 100, Exit::Code(0));
    story.over(End::Complete);
    let told = story.told();
    let run = &told.run;
    let threads = run.census.client.threads;
    assert_eq!((threads.before, threads.peak), (Some(1), Some(4)));
    assert_eq!((threads.after, threads.created), (Some(2), None));
    assert_eq!(run.census.server, SideCensus::absent());
    assert_eq!(run.correlation.flows, Some(1));
    assert_eq!(run.correlation.client_owned, None);
    assert_eq!(run.requests.attempted, None);
    assert_eq!(run.requests.submitted, Some(3));
    assert_eq!(run.observer.tracer_cpu_ns, None);
    assert_eq!(run.programs.client.as_ref().unwrap().helpers, None);
    assert_eq!(run.plan.strategy, None);
    assert!(told.workers.is_empty());
}

/// Somebody else talks to the same port, or did so before the run began.
#[test]
fn flows_of_others_are_in_no_figure_of_the_requests() {
    let mut story = pair();
    story.flow(60_000, 13, Some(19));
    story.flow(60_001, 5, Some(14)).handshake = None;
    let run = story.told().run;
    assert_eq!(run.correlation.flows, Some(4));
    assert_eq!(run.requests.on_wire, Some(2));
    assert_eq!(run.requests.valid, Some(2));
    assert_eq!(run.latency.exchange.unwrap().count, 2);
    assert!(run.findings.iter().all(|f| f.code != "count_mismatch"));
}

/// Several requests on one connection are several requests.
#[test]
fn a_connection_may_carry_many_requests() {
    let mut story = pair();
    let again = story.flows[0].exchanges[0].clone();
    story.flows[0].exchanges.push(again);
    let AskedClient::Program { requests } = &mut story.seen.header.asked.client else {
        panic!("a program");
    };
    *requests = Some(5);
    let run = story.told().run;
    assert_eq!(run.requests.valid, Some(3));
    let never = std::collections::BTreeMap::from([("not_attempted".to_owned(), 2)]);
    assert_eq!(run.requests.failed, never, "each request is in one class");
    assert!(run.findings.iter().all(|f| f.code != "count_mismatch"));
}

/// Nobody looked at what it received and sent: that it answered is on the wire.
#[test]
fn who_was_alone_with_a_connection_has_answered_it() {
    let alone = |answers: bool| {
        let mut story = pair();
        let server = &mut story.seen.server.events;
        server.retain(|e| !matches!(e.what, Change::Received { .. }));
        let at = server[0].at;
        let (pid, tid, what) = (Pid(20), Tid(20), Change::Alone);
        let first = server
            .iter()
            .position(|e| !matches!(e.what, Change::Started { .. }));
        server.insert(first.unwrap(), Event { at, pid, tid, what });
        for flow in &mut story.flows {
            flow.server_payload_bytes = if answers { 14 } else { 0 };
            flow.exchanges[0].request_seq = std::num::NonZero::new(1);
            if !answers {
                flow.exchanges[0].response_ns = None;
            }
        }
        story.told()
    };
    for flow in alone(true).flows {
        let owner = flow.server_owner.unwrap();
        assert_eq!(
            (owner.serve_tid, owner.send_tid),
            (Some(Tid(20)), Some(Tid(20)))
        );
        assert_eq!(flow.exchanges[0].serve_tid, Some(Tid(20)));
    }
    for flow in alone(false).flows {
        let owner = flow.server_owner.unwrap();
        assert_eq!((owner.accept_tid, owner.serve_tid), (Some(Tid(20)), None));
        assert_eq!(flow.exchanges[0].serve_tid, None);
    }
}

/// A port probe: it connects, sends nothing and closes.
#[test]
fn a_connection_without_a_request_has_not_failed() {
    let mut story = pair_and(|story| {
        story.did(Side::Client, 10, 13, 12, thread());
        story.connects(10, 50_002, 12, 0);
        let probe = story.flow(50_002, 12, None);
        probe.handshake.as_mut().unwrap().syn_ack_ns = Some(at(12));
        probe.handshake.as_mut().unwrap().ack_ns = Some(at(12));
        probe.close = Close::Fin;
        probe.history = "ShAFaf".to_owned();
        probe.client_closed_ns = Some(at(13));
    });
    let told = story.told();
    assert_eq!(told.run.requests.attempted, Some(3));
    assert_eq!(told.run.requests.failed, [].into());
    // Closed by the end of its process, which the thread that made it ended itself.
    let probe = story.flows.last_mut().unwrap();
    probe.client_closed_ns = Some(at(30));
    assert_eq!(story.told().run.requests.failed, [].into());
    // A thread that another one ended had no time to ask.
    let made = story.seen.client.events.iter_mut();
    let by_probe = made.filter(|event| {
        matches!(event.what, Change::Connected { local, .. } if local == Some(port(50_002)))
    });
    by_probe.for_each(|event| event.tid = Tid(13));
    let failed = story.told().run.requests.failed;
    assert_eq!(failed, [("abandoned".to_owned(), 1)].into());
}

/// A port that is used again at once: each request has its own flow's outcome.
#[test]
fn a_neighbour_s_outcome_is_nobody_s() {
    let us = |us: i64| Timestamp::from_nanos(at(13).as_nanos() + us * 1000);
    let twice = |story: &mut Story| {
        for (socket, start) in [(1, 0), (2, 400)] {
            let connected = Change::Connected {
                socket: Some(SocketId(socket)),
                target: port(45_000),
                from: us(start),
                local: Some(port(51_000)),
                errno: Some(0),
            };
            let event = Event {
                at: us(start + 50),
                pid: Pid(10),
                tid: Tid(10),
                what: connected,
            };
            let side = Side::Client;
            story.seen.add(Fact::Event { side, event });
            let flow = story.flow(51_000, 13, Some(14));
            flow.first_ns = us(start + 10);
            flow.handshake.as_mut().unwrap().syn_ns = us(start + 10);
            if socket == 1 {
                flow.exchanges[0].response_ns = None;
                flow.exchanges[0].valid = None;
                flow.history = "ShADr".to_owned();
            }
        }
    };
    let outcomes: Vec<_> = pair_and(twice)
        .told()
        .workers
        .iter()
        .skip(2)
        .take(2)
        .map(|w| w.outcome)
        .collect();
    assert_eq!(outcomes, [Some(Outcome::Reset), Some(Outcome::Valid)]);
}

/// A ring makes no calls: what nobody was seen to do is null, unless a whole capture
/// proves that all was seen.
#[test]
fn what_a_ring_may_have_done_is_not_known() {
    let ring = |story: &mut Story| story.did(Side::Client, 10, 10, 5, Change::SetUpRing);
    let idle = pair_and(ring).told().run;
    assert_eq!(idle.requests.attempted, Some(2), "the wire proves it");
    assert_eq!(idle.plan.strategy, Some(Strategy::Thread));
    assert_eq!(idle.requests.on_wire, Some(2));
    let used = pair_and(|story| {
        ring(story);
        story.flow(50_002, 13, Some(16));
    });
    let run = used.told().run;
    assert_eq!(run.requests.attempted, None);
    assert_eq!(
        run.requests.on_wire,
        Some(3),
        "all are its own, as far as can be known"
    );
    assert_eq!(run.correlation.client_owned, Some(2));
    assert_eq!(run.plan.strategy, None);
    assert!(run.programs.client.unwrap().helpers.is_none());
    let because = run.plan.inferred.client.unwrap().because;
    assert!(because.contains("io_uring"), "{because}");
    // Frames may be missing.
    let mut lossy = pair_and(ring);
    if let Some(wire) = &mut lossy.seen.wire {
        wire.dropped_by_kernel = Some(1);
    }
    assert_eq!(lossy.told().run.requests.attempted, None);
    // A server's.
    let mut server = pair_and(|story| story.did(Side::Server, 20, 20, 5, Change::SetUpRing));
    server
        .seen
        .server
        .events
        .retain(|e| !matches!(e.what, Change::Accepted { .. }));
    let run = server.told().run;
    assert_eq!(run.correlation.server_owned, None);
    assert_eq!(run.plan.server_model, None);
    assert_eq!(run.requests.attempted, Some(2));
}

/// A client in the background ends with its last process, or with the last that it did
/// before it was asked to end.
#[test]
fn a_client_lasts_until_its_last_process_has_ended() {
    let child = |story: &mut Story| {
        let born = Change::Started {
            process: true,
            parent: Some(Pid(10)),
        };
        story.did(Side::Client, 12, 12, 25, born);
    };
    let duration = |story: &Story| story.told().run.observer.client_duration_ns;
    let mut story = pair_and(child);
    let ended = Change::Ended(Exit::Code(0));
    story.did(Side::Client, 12, 12, 150, ended);
    assert_eq!(duration(&story), Some(ms(150)));
    // It was idle, and made to end.
    let client = story.seen.client.ended.as_mut().unwrap();
    client.asked_at = Some(at(140));
    client.left_behind = 1;
    assert_eq!(
        duration(&story),
        Some(ms(100)),
        "when its first process had ended"
    );
    let mut story = pair_and(child);
    let client = story.seen.client.ended.as_mut().unwrap();
    client.asked_at = Some(at(140));
    client.left_behind = 1;
    let late = story.flow(50_003, 120, Some(130)).client;
    let connected = Change::Connected {
        socket: Some(SocketId(7)),
        target: port(45_000),
        from: at(120),
        local: Some(late),
        errno: Some(0),
    };
    story.did(Side::Client, 12, 12, 120, connected);
    assert_eq!(duration(&story), Some(ms(130)), "its last frame");
}

/// With a client that was asked for so many requests.
fn asked_for(requests: u64, mut story: Story) -> Story {
    story.seen.header.asked.client = AskedClient::Program {
        requests: Some(requests),
    };
    story
}

fn never(story: &Story) -> Option<u64> {
    let failed = story.told().run.requests.failed;
    failed.get("not_attempted").copied()
}

#[test]
fn requests_that_are_not_listed_were_made_too() {
    let mut story = asked_for(6, pair());
    assert_eq!(never(&story), Some(4), "one on each of two connections");
    story.flows[0].exchanges_omitted = 3;
    assert_eq!(never(&story), Some(1));
}

#[test]
fn a_refused_request_was_attempted() {
    let refused = |story: &mut Story| {
        story.connects(10, 50_002, 12, libc::ECONNREFUSED);
        story.flow(50_002, 12, None);
    };
    assert_eq!(never(&asked_for(5, pair_and(refused))), Some(2));
}

#[test]
fn without_a_capture_every_connection_is_a_request() {
    let elsewhere = |story: &mut Story| {
        let first: std::net::SocketAddr = "[::1]:45000".parse().unwrap();
        let refused = Change::Connected {
            socket: Some(SocketId(1)),
            target: first.into(),
            from: at(5),
            local: None,
            errno: Some(libc::ECONNREFUSED),
        };
        story.did(Side::Client, 10, 10, 13, refused);
    };
    let mut story = asked_for(5, pair_and(elsewhere));
    story.flows.clear();
    story.seen.wire = None;
    story.seen.header.asked.capture = None;
    assert_eq!(story.told().run.requests.attempted, Some(3));
    assert_eq!(never(&story), Some(3), "a fallback is no request");
}

#[test]
fn of_another_protocol_s_answers_nobody_knows_whether_they_are_right() {
    let mut story = pair();
    for flow in &mut story.flows {
        flow.exchanges[0].valid = None;
    }
    let requests = story.told().run.requests;
    assert_eq!((requests.answered, requests.valid), (Some(2), None));
    // Nor does anybody know what was asked: a last word wants no answer.
    for flow in &mut story.flows {
        flow.exchanges[0].response_ns = None;
    }
    let requests = story.told().run.requests;
    assert_eq!((requests.answered, requests.valid), (Some(0), None));
}

/// Somebody's calls are not all traced: `io_uring`, another convention.
#[test]
fn where_no_connection_was_seen_all_flows_of_its_time_are_the_run_s() {
    let mut story = Story::traced_pair();
    story.flow(50_000, 11, Some(15));
    story.ends(Side::Client, 100, Exit::Code(0));
    story.captured();
    story.over(End::Complete);
    assert_eq!(story.told().run.requests.on_wire, Some(1));
}

#[test]
fn a_connection_that_was_refused_in_the_background_is_nobody_s_work() {
    let made = |second: Option<i64>| {
        let mut story = Story::traced_pair();
        for (port, from) in [(50_000, 10), (50_001, 30)] {
            story.connects(10, port, from, libc::EINPROGRESS);
            story.flow(
                port,
                from,
                second.filter(|_| port != 50_000).or(Some(from + 5)),
            );
        }
        if second.is_none() {
            let flow = story.flows.last_mut().unwrap();
            flow.close = Close::Rst;
            flow.handshake.as_mut().unwrap().syn_ack_ns = None;
        }
        story.ends(Side::Client, 100, Exit::Code(0));
        story.captured();
        story.over(End::Complete);
        story.told().run.plan.inferred.client.unwrap().connections
    };
    assert_eq!(made(Some(35)), 2);
    assert_eq!(made(None), 1);
}

/// What a program does once it was asked to end is no news of it.
#[test]
fn a_census_is_of_the_moment_before_the_end_was_asked_for() {
    let after = |asked_to_end, went_on| {
        let mut story = pair();
        story.did(Side::Server, 20, 25, 30, thread());
        story.did(Side::Server, 20, 25, 207, Change::Ended(Exit::Code(0)));
        let ended = story.seen.server.ended.as_mut().unwrap();
        ended.asked_to_end = asked_to_end;
        ended.went_on = went_on;
        story.told().run.census.server.threads.after
    };
    assert_eq!(after(true, false), Some(2), "it was asked at 205");
    assert_eq!(after(false, true), Some(2));
    assert_eq!(after(false, false), Some(1));
}
