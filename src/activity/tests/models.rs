//! How a server is built: pools, event loops, one after the other.

use super::*;

/// The only one of several that was given work is no server of one thread.
#[test]
fn one_of_a_pool_that_got_everything() {
    let served = |threads: bool, idle: bool| {
        let mut story = Story::of_a_program();
        let worker = if threads {
            story.thread(100, 101);
            if idle {
                story.thread(100, 102);
            }
            (100, 101)
        } else {
            story.fork(100, 200);
            if idle {
                story.fork(100, 201);
            }
            (200, 200)
        };
        for socket in 0..3 {
            story.accepts(worker.0, worker.1, socket);
        }
        let taken = story.taken(0).into_iter();
        let served: Vec<Made> = taken.map(|one| Made { seen: true, ..one }).collect();
        server_shape(&story.side, &served)
    };
    for threads in [true, false] {
        let (model, evidence) = served(threads, true);
        assert_eq!(model, None);
        assert!(
            evidence.because.contains("others of its kind"),
            "{}",
            evidence.because
        );
        assert_eq!(served(threads, false).0, Some(ServerModel::Iterative));
    }
}

/// Accepted by one thread, received by a second, answered by a third.
#[test]
fn a_relay_is_no_event_loop() {
    let relay = |sender: u32| {
        let mut story = Story::of_a_program();
        for tid in 101..=102 {
            story.thread(100, tid);
        }
        for socket in 0..3 {
            story.accepts(100, 100, socket);
            let id = SocketId(socket);
            story.tell(
                100,
                101,
                Change::Received {
                    socket: id,
                    result: None,
                    byte: None,
                },
            );
            story.tell(
                100,
                sender,
                Change::Sent {
                    socket: id,
                    from: None,
                },
            );
        }
        let accepted = story.side.sockets.accepted.iter();
        let served = accepted.map(|a| {
            let (received, sent) = (a.received.unwrap(), a.sent.unwrap());
            Made {
                task: received.0,
                from: a.at,
                at_it: received.3.unwrap(),
                until: Some(at(100)),
                held: None,
                seen: true,
                shared: received.0 != sent.0,
                passed: false,
            }
        });
        let served: Vec<Made> = served.collect();
        server_shape(&story.side, &served)
    };
    let (model, evidence) = relay(102);
    assert_eq!(model, None);
    assert!(
        evidence.because.contains("another one sent"),
        "{}",
        evidence.because
    );
    let parts = [
        evidence.accepting_threads,
        evidence.receiving_threads,
        evidence.sending_threads,
    ];
    assert_eq!(parts, [Some(1); 3]);
    assert!(!relay(101).1.because.contains("another one sent"));
}

/// What waits in a queue for one thread is not in its hands.
#[test]
fn one_thread_that_is_handed_one_after_the_other_is_no_event_loop() {
    let handed = |until: [i64; 2]| {
        let mut story = Story::of_a_program();
        story.thread(100, 101);
        let served = |from, at_it, until| Made {
            task: TaskIndex(1),
            from: at(from),
            at_it: at(at_it),
            until: Some(at(until)),
            held: None,
            seen: true,
            shared: false,
            passed: false,
        };
        server_shape(
            &story.side,
            &[served(10, 20, until[0]), served(11, 30, until[1])],
        )
        .0
    };
    assert_eq!(handed([25, 35]), None);
    assert_eq!(handed([40, 41]), Some(ServerModel::Async));
}

#[test]
fn a_server_whose_work_wanders_between_its_threads_is_no_pool() {
    let mut story = Story::of_a_program();
    for tid in [101, 102] {
        story.thread(100, tid);
    }
    let peer: std::net::SocketAddr = "127.0.0.1:50000".parse().unwrap();
    let mut served = Vec::new();
    for i in 0..6u32 {
        let (accepting, serving) = (101 + i % 2, 102 - i % 2);
        let socket = SocketId(u64::from(i));
        let peer = peer.into();
        story.tell(
            100,
            accepting,
            Change::Accepted {
                socket,
                peer,
                local: None,
            },
        );
        story.tell(
            100,
            serving,
            Change::Received {
                socket,
                result: None,
                byte: None,
            },
        );
        served.push(Made {
            task: TaskIndex(if serving == 101 { 1 } else { 2 }),
            from: at(0),
            at_it: at(story.now),
            until: Some(at(story.now + 1)),
            held: None,
            shared: false,
            passed: false,
            seen: true,
        });
    }
    assert_eq!(server_shape(&story.side, &served).0, None);
}

#[test]
fn a_server_of_one_thread_is_iterative_unless_two_were_open_at_once() {
    let story = Story::of_a_program();
    let served = |from, until| Made {
        task: TaskIndex(0),
        from: at(from),
        at_it: at(from),
        until: Some(at(until)),
        held: None,
        shared: false,
        passed: false,
        seen: true,
    };
    let model = |work: &[Made]| server_shape(&story.side, work).0;
    let turns = [served(1, 2), served(2, 3), served(4, 9)];
    assert_eq!(model(&turns), Some(ServerModel::Iterative));
    assert_eq!(
        model(&[served(1, 3), served(2, 4)]),
        Some(ServerModel::Async)
    );
    assert_eq!(model(&[served(1, 3)]), None);
}

/// Two threads, and when they were at which connections: who, from its
/// accept(2), from its first byte, to its end.
fn by_two_threads(work: &[(usize, i64, i64, Option<i64>)]) -> (Option<ServerModel>, Evidence) {
    let mut story = Story::of_a_program();
    story.thread(100, 101);
    story.thread(100, 102);
    let work = work.iter().map(|&(task, from, at_it, until)| Made {
        task: TaskIndex(task),
        from: at(from),
        at_it: at(at_it),
        until: until.map(at),
        held: until.map(at),
        shared: false,
        passed: false,
        seen: true,
    });
    server_shape(&story.side, &work.collect::<Vec<_>>())
}

#[test]
fn when_work_was_over_tells_a_pool_from_event_loops() {
    let pool = Some(ServerModel::Pool);
    let turns = [(1, 10, 10, Some(20)), (2, 12, 12, Some(22))];
    let model = |then: &[_]| {
        let (model, evidence) = by_two_threads(&[&turns, then].concat());
        (model, evidence.at_once, evidence.because)
    };
    let told = "4 connections by 2 workers";
    let each = format!("{told}, up to 2 each");
    // A worker may take the next one in the moment in which it is done.
    assert_eq!(
        model(&[(1, 20, 20, Some(30)), (2, 22, 22, Some(32))]),
        (pool, Some(2), each.clone())
    );
    // One that waited in a queue is no second one that it was at.
    assert_eq!(
        model(&[(1, 11, 20, Some(30)), (2, 13, 22, Some(32))]),
        (pool, Some(4), each)
    );
    assert_eq!(
        model(&[(1, 11, 19, Some(30)), (2, 22, 22, Some(32))]),
        (
            None,
            Some(3),
            format!("{told}: some workers had several at the same time")
        )
    );
    // An end that is not known proves no overlap.
    assert_eq!(
        model(&[(1, 20, 20, Some(30)), (2, 22, 22, None)]),
        (pool, None, format!("{told}, up to 2 each"))
    );
    // One after the other: by turns.
    let (model, evidence) = by_two_threads(&[
        (1, 10, 10, Some(20)),
        (2, 20, 20, Some(30)),
        (1, 30, 30, Some(40)),
    ]);
    assert_eq!((model, evidence.at_once), (None, Some(1)));
    assert!(
        evidence.because.contains("never two at the same time"),
        "{}",
        evidence.because
    );
}

#[test]
fn when_work_was_over_tells_an_event_loop_from_one_after_the_other() {
    let mut story = Story::of_a_program();
    for i in 0..3 {
        story.connects(100, 100, i); // each begins 2 ms after the one before
    }
    let told = |made: &[Made]| {
        let (strategy, _, evidence) = client_shape(&story.side, made);
        (strategy, evidence.at_once, evidence.because)
    };
    assert_eq!(
        told(&story.made(2)),
        (
            Some(Strategy::Iterative),
            Some(1),
            "3 connections by one thread, never two at the same time".to_owned()
        )
    );
    assert_eq!(
        told(&story.made(3)),
        (
            Some(Strategy::Async),
            Some(2),
            "3 connections by one thread, up to 2 at the same time".to_owned()
        )
    );
    let mut open = story.made(3);
    open[2].until = None;
    assert_eq!(
        told(&open),
        (
            None,
            None,
            "3 connections by 1 worker: it is not known when each connection ended".to_owned()
        )
    );
    // What seems to end before it began, by a clock that was set back, was
    // there at its beginning, and is not left open.
    let mut back = story.made(1);
    back[0].until = Some(at(0));
    assert_eq!(told(&back).1, Some(1));
    let mut back = story.made(3);
    back[1].until = Some(at(0));
    assert_eq!(told(&back).1, Some(2));
}
