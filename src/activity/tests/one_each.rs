//! Whether a server gives each connection a thread of its own.

use super::*;

/// What each of these threads of a server accepted, and which thread served it.
fn handed_over(connections: &[(u32, u32)]) -> Option<ServerModel> {
    let mut story = Story::of_a_program();
    for tid in [101, 102] {
        story.thread(100, tid);
    }
    let mut served = Vec::new();
    for (i, &(accepting, serving)) in (0..).zip(connections) {
        story.accepts(100, accepting, i);
        let socket = SocketId(i);
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
            task: TaskIndex(serving as usize - 100),
            from: at(story.now - 1),
            at_it: at(story.now),
            until: Some(at(story.now + 2)),
            held: None,
            shared: false,
            passed: false,
            seen: true,
        });
    }
    server_shape(&story.side, &served).0
}

/// A server that takes three connections, the first at 20, of which each is served by a
/// thread of its own and over 10 ms later. `starts` and `ends` are of these threads; it
/// begins to exit at 100.
fn one_each(
    starts: [i64; 3],
    ends: [Option<i64>; 3],
    passed: bool,
) -> (Option<ServerModel>, String) {
    let mut story = Story::of_a_program();
    let mut moments = Vec::new();
    for (tid, (start, end)) in (101..).zip(starts.into_iter().zip(ends)) {
        let begins = Change::Started {
            process: false,
            parent: None,
        };
        moments.push((start, tid, begins));
        moments.extend(end.map(|end| (end, tid, Change::Ended(Exit::Code(0)))));
    }
    moments.push((100, 100, Change::ExitBegun));
    moments.sort_by_key(|m| m.0);
    for (moment, tid, what) in moments {
        story.side.apply(&Event {
            at: at(moment),
            pid: Pid(100),
            tid: Tid(tid),
            what,
        });
    }
    let served = (0..3).map(|n| {
        let from = at(20 + 10 * n);
        // By the threads in the order in which they came.
        let tid = Tid(101 + u32::try_from(n).unwrap());
        let all = story.side.tasks.all();
        Made {
            task: TaskIndex(all.iter().position(|task| task.tid == tid).unwrap()),
            from,
            at_it: at(22 + 10 * n),
            until: Some(at(30 + 10 * n)),
            held: None,
            shared: false,
            passed: passed && n == 1,
            seen: true,
        }
    });
    let served: Vec<Made> = served.collect();
    let (model, evidence) = server_shape(&story.side, &served);
    (model, evidence.because)
}

/// A pool with as many workers as there are connections gives one to each.
#[test]
fn one_connection_each_is_no_thread_each_yet() {
    let thread = Some(ServerModel::Thread);
    let created = [21, 31, 41];
    let model = |starts, ends| one_each(starts, ends, false);
    assert_eq!(model(created, [Some(31), Some(41), Some(51)]).0, thread);
    // One of them is enough: the others may be slow.
    assert_eq!(model(created, [None, Some(41), None]).0, thread);
    let (none, because) = model(created, [None; 3]);
    assert_eq!(none, None);
    assert!(
        because.contains("still there when its connection was over"),
        "{because}"
    );
    assert_eq!(
        model(created, [Some(101); 3]).0,
        None,
        "with all the others"
    );
    // All were there before: they wait for work.
    let (pool, because) = model([5, 6, 7], [Some(31), Some(41), Some(51)]);
    assert_eq!(pool, Some(ServerModel::Pool));
    assert_eq!(
        because,
        "3 connections by 3 workers, one each; all of them were there before"
    );
    // Only the second was.
    assert_eq!(model([21, 25, 41], [Some(31), Some(41), Some(51)]).0, None);
}

#[test]
fn a_connection_that_goes_round_is_nobody_s_own() {
    let (model, because) = one_each([21, 31, 41], [Some(31), Some(41), Some(51)], true);
    assert_eq!(model, None);
    assert!(because.contains("received by several threads"), "{because}");
}

#[test]
fn only_work_that_wanders_both_ways_is_a_runtime_s() {
    let pool = Some(ServerModel::Pool);
    // Each serves what it accepts itself, or one accepts for the others.
    assert_eq!(
        handed_over(&[(101, 101), (102, 102), (101, 101), (102, 102)]),
        pool
    );
    assert_eq!(
        handed_over(&[(100, 101), (100, 102), (100, 101), (100, 102)]),
        pool
    );
    // Two accept, and hand over to others.
    assert_eq!(
        handed_over(&[(100, 101), (100, 102), (101, 101), (100, 102)]),
        None
    );
}

/// Half as many as have worked may be something else; more may be a pool.
#[test]
fn a_thread_each_may_have_a_few_others_beside_it() {
    let strategy = |workers: u32, others: u32| {
        let mut story = Story::of_a_program();
        for tid in 201..=200 + others {
            story.thread(100, tid);
        }
        for tid in 101..=100 + workers {
            story.thread(100, tid);
            story.connects(100, tid, u64::from(tid));
            story.ends(100, tid);
        }
        story.strategy(1).0
    };
    assert_eq!(strategy(2, 1), Some(Strategy::Thread));
    assert_eq!(strategy(2, 2), None);
    assert_eq!(strategy(8, 4), Some(Strategy::Thread));
    assert_eq!(strategy(8, 5), None);
}

/// A process for each, or a thread for each: not some of both.
#[test]
fn threads_of_several_processes_fit_no_one_model() {
    let mut story = Story::of_a_program();
    let mut socket = 0;
    for pid in [200, 300] {
        story.fork(100, pid);
        story.thread(pid, pid + 1);
        for tid in [pid, pid + 1] {
            socket += 1;
            story.connects(pid, tid, socket);
        }
    }
    let (strategy, _, evidence) = client_shape(&story.side, &story.made(50));
    assert_eq!(strategy, None);
    assert_eq!(
        evidence.because,
        "4 connections by 4 workers: no single model fits"
    );
}
