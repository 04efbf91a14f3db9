//! How a client is built, by what it did.

use super::*;

/// `xargs -P 2`: each does its part and is gone.
#[test]
fn workers_that_never_lived_together_are_no_pool() {
    let jobs = |at_a_time: u32, programs: bool| {
        let mut story = Story::of_a_program();
        for round in 0..3 {
            let pids = (0..at_a_time).map(|i| 200 + round * 10 + i);
            for pid in pids.clone() {
                story.fork(100, pid);
                if programs {
                    story.executed(pid, pid, "job");
                }
            }
            for pid in pids.clone().chain(pids.clone()) {
                story.connects(pid, pid, story.now.unsigned_abs());
            }
            pids.for_each(|pid| story.ends(pid, pid));
        }
        client_shape(&story.side, &story.made(4))
    };
    let (strategy, width, evidence) = jobs(2, false);
    assert_eq!((strategy, width), (None, None));
    assert!(
        evidence.because.contains("never all there"),
        "{}",
        evidence.because
    );
    // Programs of their own share no queue, although they live together.
    let mut story = Story::of_a_program();
    for pid in [200, 300] {
        story.fork(100, pid);
        story.executed(pid, pid, "job");
    }
    for socket in 0..4 {
        let pid = 200 + socket % 2 * 100;
        story.connects(pid, pid, socket.into());
    }
    let (strategy, _, evidence) = client_shape(&story.side, &story.made(4));
    assert_eq!(strategy, None);
    assert!(
        evidence.because.contains("program of its own"),
        "{}",
        evidence.because
    );
}

/// The first process has executed the client: what it forked and works with is a pool.
#[test]
fn the_first_process_and_one_that_it_forked_are_no_programs_of_their_own() {
    let mut story = Story::of_a_program();
    story.fork(100, 200);
    for socket in 0..4 {
        let pid = 100 + socket % 2 * 100;
        story.connects(pid, pid, socket.into());
    }
    let (_, _, evidence) = client_shape(&story.side, &story.made(4));
    assert!(
        !evidence.because.contains("program of its own"),
        "{}",
        evidence.because
    );
}

/// Who sends on a client's connections is not traced.
#[test]
fn connections_that_other_threads_may_talk_on_tell_of_no_event_loop() {
    let story = |program: &str, before: bool| {
        let mut story = Story::of_a_program();
        story.executed(100, 100, program);
        if before {
            story.thread(100, 101);
        }
        for i in 0..4 {
            story.connects(100, 100, i);
        }
        if !before {
            story.thread(100, 101);
        }
        story
    };
    for before in [false, true] {
        let (strategy, _, evidence) = client_shape(
            &story("client", before).side,
            &story("client", before).made(20),
        );
        assert_eq!(strategy, None, "{}", evidence.because);
        assert_eq!(evidence.created_threads, Some(1));
    }
    // All were over when it began, or it ended before the first.
    assert_eq!(
        story("client", false).strategy(1).0,
        Some(Strategy::Iterative)
    );
    let mut ended = Story::of_a_program();
    ended.thread(100, 101);
    ended.ends(100, 101);
    for i in 0..4 {
        ended.connects(100, 100, i);
    }
    assert_eq!(ended.strategy(20).0, Some(Strategy::Async));
    // What a runtime's threads are for is known of some; a pool has a name too.
    assert_eq!(story("node", true).strategy(20).0, Some(Strategy::Async));
    for (program, thread, before, strategy) in [
        ("java", "Reference Handl", true, Some(Strategy::Async)),
        ("java", "C2 CompilerThre", false, Some(Strategy::Async)),
        ("java", "pool-1-thread-1", false, None),
        ("java", "java", true, None),
        ("client", "tokio-rt-worker", true, None),
    ] {
        let mut named = story(program, before);
        for (tid, name) in [(100, program), (101, thread)] {
            let name = name.to_owned();
            named.tell(100, tid, Change::Named { name: name.into() });
        }
        assert_eq!(named.strategy(20).0, strategy, "{program}: {thread}");
    }
}

/// A wrapper that forks, and a program that makes one connection.
#[test]
fn one_connection_tells_of_no_strategy() {
    let mut wrapped = Story::of_a_program();
    wrapped.fork(100, 200);
    wrapped.connects(200, 200, 1);
    assert_eq!(wrapped.strategy(1), (None, None));
    let mut threaded = Story::of_a_program();
    threaded.thread(100, 101);
    threaded.connects(100, 101, 1);
    assert_eq!(threaded.strategy(1), (None, None));
}

#[test]
fn strategies_are_told_apart() {
    let mut threads = Story::of_a_program();
    let mut processes = Story::of_a_program();
    let mut pool = Story::of_a_program();
    let mut one = Story::of_a_program();
    for i in 0..10u32 {
        threads.thread(100, 101 + i);
        threads.connects(100, 101 + i, u64::from(i));
        threads.ends(100, 101 + i);
        processes.fork(100, 101 + i);
        processes.connects(101 + i, 101 + i, u64::from(i));
        one.connects(100, 100, u64::from(i));
        if i < 3 {
            pool.thread(100, 101 + i);
        }
        pool.connects(100, 101 + i % 3, u64::from(i));
    }
    assert_eq!(threads.strategy(1), (Some(Strategy::Thread), None));
    assert_eq!(processes.strategy(1), (Some(Strategy::Process), None));
    assert_eq!(pool.strategy(3), (Some(Strategy::Pool), Some(3)));
    // Turns, or a runtime that moves one task between threads.
    assert_eq!(pool.strategy(1), (None, None));
    // Event loops, or tasks that a runtime moves between threads.
    assert_eq!(pool.strategy(50), (None, None));
    assert_eq!(one.strategy(1), (Some(Strategy::Iterative), None));
    assert_eq!(one.strategy(5), (Some(Strategy::Async), None));
    assert_eq!(Story::of_a_program().strategy(1), (None, None));
}

#[test]
fn a_pool_whose_workers_made_one_connection_each_is_no_thread_a_connection() {
    let mut story = Story::of_a_program();
    for tid in 101..106 {
        story.thread(100, tid);
    }
    story.connects(100, 101, 1);
    let one = story.side.clone();
    story.connects(100, 102, 2);
    story.exits(100);
    assert_eq!(story.strategy(1), (Some(Strategy::Pool), None));
    // They end before the program does, as Python's do: that may be either.
    let mut ended = Story {
        side: story.side.clone(),
        now: story.now,
    };
    ended.side = one.clone();
    ended.connects(100, 102, 2);
    ended.ends(100, 101);
    ended.exits(100);
    assert_eq!(ended.strategy(1), (None, None));
    // A single one may be a pool's, or the only one that ever connects.
    let mut story = Story {
        side: one,
        now: story.now,
    };
    story.connects(100, 101, 3);
    story.exits(100);
    assert_eq!(story.strategy(1), (None, None));
}

/// The threads that a runtime keeps for itself are not waiting workers.
#[test]
fn threads_with_names_of_their_own_are_no_workers() {
    let named = |story: &mut Story, tid, name: &str| {
        let name = name.to_owned();
        story.tell(100, tid, Change::Named { name: name.into() });
    };
    let story = |workers: u32, each: u64| {
        let mut story = Story::of_a_program();
        story.executed(100, 100, "java");
        for (tid, name) in [(101, "GC Thread#0"), (102, "C2 CompilerThre")] {
            story.thread(100, tid);
            named(&mut story, tid, name);
        }
        for worker in 0..workers {
            story.thread(100, 111 + worker);
            let name = format!("pool-1-thread-{worker}");
            named(&mut story, 111 + worker, &name);
        }
        for turn in 0..each {
            for worker in 0..workers {
                let socket = turn * 10 + u64::from(worker);
                story.connects(100, 111 + worker, socket);
            }
        }
        story.exits(100);
        story
    };
    assert_eq!(story(1, 5).strategy(1).0, Some(Strategy::Iterative));
    assert_eq!(story(4, 1).strategy(1).0, Some(Strategy::Thread));
    assert_eq!(story(3, 4).strategy(3), (Some(Strategy::Pool), Some(3)));
    let mut waiting = story(3, 4);
    waiting.thread(100, 120);
    assert_eq!(waiting.strategy(3), (Some(Strategy::Pool), None));
    // All three at once: a fourth would have had work as well.
    assert_eq!(waiting.strategy(5), (Some(Strategy::Pool), Some(3)));
}

/// Processes of the same program that had nothing to do may be its workers.
#[test]
fn a_pool_of_processes_has_a_width_where_none_was_idle() {
    let width = |idle: Option<&str>| {
        let mut story = Story::of_a_program();
        for pid in [200, 201, 202] {
            story.fork(100, pid);
        }
        if let Some(name) = idle {
            story.fork(100, 400);
            story.executed(400, 400, name);
        }
        for socket in 0..6 {
            let pid = 200 + socket % 3;
            story.connects(pid, pid, u64::from(socket));
        }
        // Two at once, never all three.
        let (strategy, width) = story.strategy(3);
        assert_eq!(strategy, Some(Strategy::Pool));
        width
    };
    assert_eq!(width(None), Some(3));
    assert_eq!(width(Some("shim")), Some(3));
    assert_eq!(width(Some("client")), None);
}

/// Each forks the next, and all go on: nobody hands out work to them.
#[test]
fn processes_that_fork_each_other_are_no_pool() {
    let strategy = |grandchild: bool| {
        let mut story = Story::of_a_program();
        story.fork(100, 200);
        story.fork(100, 201);
        story.fork(if grandchild { 200 } else { 100 }, 202);
        for socket in 0..6 {
            let pid = 200 + socket % 3;
            story.connects(pid, pid, u64::from(socket));
        }
        let (strategy, _, evidence) = client_shape(&story.side, &story.made(3));
        (strategy, evidence.because)
    };
    assert_eq!(strategy(false).0, Some(Strategy::Pool));
    let because = "6 connections by 3 workers: the processes were created by several others";
    assert_eq!(strategy(true), (None, because.to_owned()));
}
