use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::census::count;
use crate::model::{
    Counts, Evidence, Exit, Pid, Provenance, ServerModel, Side, SideCensus, SocketId, Strategy,
    Tid, Timestamp,
};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_nanos(ms * 1_000_000)
}

/// A side as a tracer would tell it, one line an event.
#[derive(Default)]
struct Story {
    side: Activity,
    now: i64,
}

impl Story {
    /// A program that was executed as process 100 at 1 ms.
    fn of_a_program() -> Self {
        let mut story = Self::default();
        story.tell(100, 100, started(None));
        story.executed(100, 100, "client");
        story
    }

    fn tell(&mut self, pid: u32, tid: u32, what: Change) {
        self.now += 1;
        self.side.apply(&Event {
            at: at(self.now),
            pid: Pid(pid),
            tid: Tid(tid),
            what,
        });
    }

    fn thread(&mut self, pid: u32, tid: u32) {
        let what = Change::Started {
            process: false,
            parent: None,
        };
        self.tell(pid, tid, what);
    }

    fn fork(&mut self, parent: u32, pid: u32) {
        self.tell(pid, pid, started(Some(Pid(parent))));
    }

    fn executed(&mut self, pid: u32, former: u32, name: &str) {
        let what = Change::Executed {
            former: Tid(former),
            name: name.into(),
            unprivileged: false,
            foreign: false,
            sockets: None,
        };
        self.tell(pid, pid, what);
    }

    /// A program was executed, with so many sockets kept open.
    fn executed_with(&mut self, pid: u32, name: &str, sockets: u64) {
        let what = Change::Executed {
            former: Tid(pid),
            name: name.into(),
            unprivileged: false,
            foreign: false,
            sockets: Some(sockets),
        };
        self.tell(pid, pid, what);
    }

    fn ends(&mut self, pid: u32, tid: u32) {
        self.tell(pid, tid, Change::Ended(Exit::Code(0)));
    }

    fn exits(&mut self, pid: u32) {
        self.tell(pid, pid, Change::ExitBegun);
    }

    fn connects(&mut self, pid: u32, tid: u32, socket: u64) {
        let target = "127.0.0.1:45000".parse::<std::net::SocketAddr>().unwrap();
        let socket = SocketId(socket);
        self.now += 1;
        let connected = Change::Connected {
            socket: Some(socket),
            target: target.into(),
            from: at(self.now),
            local: None,
            errno: Some(0),
        };
        self.tell(pid, tid, connected);
    }

    /// Its first thread calls connect(2) on a socket.
    fn asks(&mut self, socket: u64, errno: i32) {
        let target = "127.0.0.1:45000".parse::<std::net::SocketAddr>().unwrap();
        let connected = Change::Connected {
            socket: Some(SocketId(socket)),
            target: target.into(),
            from: at(self.now),
            local: None,
            errno: Some(errno),
        };
        self.tell(100, 100, connected);
    }

    fn census(&self) -> SideCensus {
        count(
            &self.side.tasks.spans(None, at(self.now + 1)).unwrap(),
            Provenance::Traced,
        )
    }

    fn accepts(&mut self, pid: u32, tid: u32, socket: u64) {
        let peer: std::net::SocketAddr = "127.0.0.1:50000".parse().unwrap();
        let (socket, peer) = (SocketId(socket), peer.into());
        self.tell(
            pid,
            tid,
            Change::Accepted {
                socket,
                peer,
                local: None,
            },
        );
    }

    /// The connections that it made, each over `ms` after it was begun.
    fn made(&self, ms: i64) -> Vec<Made> {
        let made = self.side.sockets.made.iter();
        made.map(|c| work(c.task, c.from, ms)).collect()
    }

    /// Those that it accepted, and nobody was seen to serve.
    fn taken(&self, ms: i64) -> Vec<Made> {
        let taken = self.side.sockets.accepted.iter();
        taken.map(|a| work(a.task, a.at, ms)).collect()
    }

    /// The strategy, with every connection over `ms` after it was begun.
    fn strategy(&self, ms: i64) -> (Option<Strategy>, Option<u64>) {
        let (strategy, width, _) = client_shape(&self.side, &self.made(ms));
        (strategy, width)
    }

    /// The names of helpers, and how many processes and threads they had.
    fn helpers(&self, of: Side, work: &[Made]) -> BTreeMap<String, (u64, u64)> {
        let helpers = helpers(&self.side, of, work).into_iter();
        helpers
            .map(|h| (h.name, (h.processes, h.threads)))
            .collect()
    }
}

/// A connection that is over `ms` after it was begun, used by nobody that was seen.
/// A story of one socket's connect(2) calls, by their answers; `None`: its connection
/// was dissolved in between.
fn attempts(answers: &[Option<i32>]) -> Vec<Option<i32>> {
    let mut story = Story::of_a_program();
    for answer in answers {
        if let Some(errno) = answer {
            story.asks(5, *errno);
        } else {
            let socket = SocketId(5);
            story.tell(100, 100, Change::Disconnected { socket });
        }
    }
    story.side.sockets.made.iter().map(|c| c.errno).collect()
}

/// A second connect(2) on a socket asks for its connection, or makes another one.
#[test]
fn a_socket_that_connects_more_than_once() {
    use libc::{
        EALREADY, ECONNABORTED, ECONNREFUSED, EFAULT, EINPROGRESS, EINTR, EISCONN, ETIMEDOUT,
    };
    let made = |answers: &[i32]| {
        let answers: Vec<_> = answers.iter().copied().map(Some).collect();
        attempts(&answers)
    };
    // One, and how it goes on.
    assert_eq!(made(&[0, EISCONN, EISCONN]), [Some(0)]);
    assert_eq!(
        made(&[EINPROGRESS, EALREADY, 0, EISCONN]),
        [Some(EINPROGRESS)]
    );
    assert_eq!(made(&[EINTR, EALREADY, 0]), [Some(0)]);
    assert_eq!(made(&[EINTR, EINTR, ECONNREFUSED]), [Some(ECONNREFUSED)]);
    assert_eq!(made(&[0, EFAULT]), [Some(0)]);
    // After a failure it is free.
    let two = [Some(ECONNREFUSED), Some(0)];
    assert_eq!(made(&[ECONNREFUSED, 0]), two);
    assert_eq!(made(&[ETIMEDOUT, ETIMEDOUT]).len(), 2);
    assert_eq!(made(&[EINPROGRESS, ECONNREFUSED, EINPROGRESS]).len(), 2);
    assert_eq!(made(&[EINPROGRESS, ECONNABORTED, EINPROGRESS, 0]).len(), 2);
    // Connected twice: its first connection is gone, whoever dissolved it.
    assert_eq!(made(&[0, 0]).len(), 2);
    assert_eq!(attempts(&[Some(0), None, Some(0), None, Some(0)]).len(), 3);
    assert_eq!(attempts(&[Some(EINPROGRESS), None, Some(0)]).len(), 2);
    assert_eq!(attempts(&[Some(EINTR), None, Some(0)]).len(), 2);
    // One that was connected before it was seen has made no attempt.
    assert!(made(&[EISCONN]).is_empty());
}

/// The SYN of such a connection comes when it sends first.
#[test]
fn a_connection_whose_syn_waits_for_data_has_no_end() {
    let mut story = Story::of_a_program();
    story.connects(100, 100, 5);
    assert!(story.side.sockets.made[0].until.is_some());
    let socket = SocketId(5);
    story.tell(100, 100, Change::Deferred { socket });
    assert_eq!(story.side.sockets.made[0].until, None);
}

fn work(task: TaskIndex, from: Timestamp, ms: i64) -> Made {
    Made {
        task,
        from,
        at_it: from,
        until: Some(Timestamp::from_nanos(from.as_nanos() + ms * 1_000_000)),
        held: Some(Timestamp::from_nanos(from.as_nanos() + ms * 1_000_000)),
        seen: false,
        shared: false,
    }
}

fn started(parent: Option<Pid>) -> Change {
    Change::Started {
        process: true,
        parent,
    }
}

fn counts(before: u64, peak: u64, after: u64, created: u64) -> Counts {
    Counts {
        before: Some(before),
        peak: Some(peak),
        after: Some(after),
        created: Some(created),
    }
}

#[test]
fn a_pool_that_is_left_running_is_there_when_its_process_begins_to_exit() {
    let mut story = Story::of_a_program();
    for tid in 101..106 {
        story.thread(100, tid);
    }
    story.ends(100, 105);
    story.exits(100);
    for tid in (101..105).rev() {
        story.ends(100, tid);
    }
    story.ends(100, 100);
    let census = story.census();
    assert_eq!(census.threads, counts(1, 6, 5, 5));
    assert_eq!(census.processes, counts(1, 1, 1, 0));
}

#[test]
fn what_a_signal_ends_was_there_when_it_came() {
    let mut story = Story::of_a_program();
    story.thread(100, 101);
    story.thread(100, 102);
    for tid in [102, 101, 100] {
        story.tell(100, tid, Change::Ended(Exit::Signal(9)));
    }
    assert_eq!(story.census().threads, counts(1, 3, 3, 2));
    let process = &story.side.tasks.processes()[0];
    assert_eq!(process.exit, Some(Exit::Signal(9)));
}

#[test]
fn a_process_that_outlives_its_first_thread_counts_as_one() {
    let mut story = Story::of_a_program();
    story.thread(100, 101);
    story.tell(100, 100, Change::ThreadExiting);
    story.thread(100, 102);
    story.exits(100);
    story.ends(100, 102);
    story.ends(100, 101);
    story.ends(100, 100);
    let census = story.census();
    assert_eq!(census.threads, counts(1, 2, 2, 2));
    assert_eq!(census.processes, counts(1, 1, 1, 0));
}

#[test]
fn a_joined_thread_on_its_way_out_was_not_left_running() {
    let mut story = Story::of_a_program();
    story.thread(100, 101);
    story.thread(100, 102);
    story.tell(100, 101, Change::ThreadExiting);
    story.exits(100);
    for tid in [101, 102, 100] {
        story.ends(100, tid);
    }
    assert_eq!(story.census().threads, counts(1, 3, 2, 2));
}

#[test]
fn a_thread_that_executes_a_program_takes_its_process_s_id() {
    let mut story = Story::of_a_program();
    story.thread(100, 101);
    story.thread(100, 102);
    story.ends(100, 101);
    story.executed(100, 102, "other");
    story.connects(100, 100, 1);
    story.exits(100);
    story.ends(100, 100);
    assert_eq!(story.census().threads, counts(1, 3, 1, 2));
    let maker = story.side.sockets.made[0].task;
    assert_eq!(maker, TaskIndex(2));
    assert_eq!(story.side.tasks.name_of(Pid(100)), "");
    assert_eq!(story.side.tasks.processes()[0].name, "other");
}

#[test]
fn whoever_was_found_was_not_created() {
    let mut story = Story::default();
    story.tell(100, 100, Change::Found { process: true });
    story.tell(100, 101, Change::Found { process: false });
    story.thread(100, 102);
    story.ends(100, 102);
    let census = story.census();
    assert_eq!(census.threads, counts(2, 3, 2, 1));
    assert_eq!(census.processes, counts(1, 1, 1, 0));
}

#[test]
fn helpers_are_those_without_a_connection_in_their_tree() {
    let mut story = Story::of_a_program();
    story.fork(100, 200);
    story.executed(200, 200, "shim");
    story.ends(200, 200);
    // A process that works, and its parent that does not.
    story.fork(100, 300);
    story.fork(300, 301);
    story.connects(301, 301, 1);
    // One that was given an ended one's number.
    story.fork(100, 200);
    story.thread(200, 201);
    story.connects(200, 201, 2);
    let told = story.helpers(Side::Client, &story.made(1));
    assert_eq!(told, BTreeMap::from([("shim".to_owned(), (1, 1))]));
}

/// Whoever reads by a call that is not looked at served all the same.
#[test]
fn who_may_have_served_is_no_helper() {
    let mut story = Story::of_a_program();
    story.fork(100, 200);
    story.executed(200, 200, "shim");
    story.ends(200, 200);
    // A worker to which connections are passed, with a thread of its own.
    story.fork(100, 300);
    story.thread(300, 301);
    for child in 401..404 {
        story.accepts(100, 100, u64::from(child));
        story.fork(100, child);
        story.ends(child, child);
    }
    let served = story.taken(2);
    let told = story.helpers(Side::Server, &served);
    assert_eq!(told, BTreeMap::from([("shim".to_owned(), (1, 1))]));
    let (model, evidence) = server_shape(&story.side, &served);
    assert_eq!(model, None);
    assert_eq!(
        (evidence.created_threads, evidence.created_processes),
        (None, None)
    );
    assert_eq!(
        evidence.because,
        "the serving thread was not observed for 3 of 3 connections; 4 processes may have served them"
    );
    // Where all were seen, nobody else did.
    let seen: Vec<Made> = served.iter().map(|m| Made { seen: true, ..*m }).collect();
    assert_eq!(story.helpers(Side::Server, &seen).len(), 2);
    let evidence = server_shape(&story.side, &seen).1;
    assert_eq!(evidence.created_processes, Some(0));
}

/// A child has what its parent had open; one that came later, or whose parent
/// had nothing, has not.
#[test]
fn a_client_s_child_that_may_have_talked_is_no_helper() {
    let mut story = Story::of_a_program();
    story.connects(100, 100, 1);
    story.fork(100, 200);
    story.fork(200, 201);
    story.executed(201, 201, "cat");
    story.fork(100, 300);
    story.executed(300, 300, "true");
    let told = |ms| story.helpers(Side::Client, &story.made(ms));
    let all = [
        ("", (0, 0)),
        ("cat", (1, 1)),
        ("client", (1, 1)),
        ("true", (1, 1)),
    ];
    let named = |all: &[(&str, (u64, u64))]| {
        let owned = all.iter().map(|&(name, n)| (name.to_owned(), n));
        owned.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(told(0), named(&all[1..]));
    assert_eq!(told(3), named(&all[3..]));
    assert_eq!(told(100), BTreeMap::new());
    // Then it is not known whether one thread did it all.
    for pid in [201, 200, 300] {
        story.ends(pid, pid);
    }
    story.connects(100, 100, 2);
    assert_eq!(story.strategy(0).0, Some(Strategy::Iterative));
    assert_eq!(story.strategy(3).0, None);
}

/// What came can be read long after the connection is over on the wire, by whoever
/// still holds the socket; what was executed without sockets holds none.
#[test]
fn whoever_may_hold_a_connection_is_no_helper() {
    let mut story = Story::of_a_program();
    story.connects(100, 100, 1);
    for (pid, name, sockets) in [(200, "cat", 1), (300, "true", 0)] {
        story.fork(100, pid);
        story.executed_with(pid, name, sockets);
    }
    let made = |held: Option<i64>| -> Vec<Made> {
        let made = story.made(0).into_iter();
        made.map(|one| Made {
            held: held.map(at),
            ..one
        })
        .collect()
    };
    let names = |told: Vec<crate::model::Helper>| -> Vec<String> {
        told.into_iter().map(|h| h.name).collect()
    };
    let both = |held| {
        let made = made(held);
        let helpers = helpers(&story.side, Side::Client, &made);
        (
            names(helpers),
            names(unclear(&story.side, Side::Client, &made)),
        )
    };
    let (cat, truth) = (vec!["cat".to_owned()], vec!["true".to_owned()]);
    assert_eq!(both(None), (truth.clone(), cat.clone()));
    assert_eq!(both(Some(100)), (truth, cat));
    assert_eq!(both(Some(4)).1, Vec::<String>::new());
}

/// A connection may be handed to a process that was there before (`SCM_RIGHTS`).
#[test]
fn a_process_beside_the_one_that_connects_may_use_its_connections() {
    let mut story = Story::of_a_program();
    story.fork(100, 200);
    for socket in 0..4 {
        story.connects(100, 100, socket);
    }
    let made = story.made(20);
    assert_eq!(story.helpers(Side::Client, &made), BTreeMap::new());
    let (strategy, _, evidence) = client_shape(&story.side, &made);
    assert_eq!(strategy, None);
    assert_eq!(evidence.created_processes, None);
}

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
                at_it: received.3,
                until: Some(at(100)),
                held: None,
                seen: true,
                shared: received.0 != sent.0,
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
            },
        );
        served.push(Made {
            task: TaskIndex(if serving == 101 { 1 } else { 2 }),
            from: at(0),
            at_it: at(story.now),
            until: Some(at(story.now + 1)),
            held: None,
            shared: false,
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
            },
        );
        served.push(Made {
            task: TaskIndex(serving as usize - 100),
            from: at(story.now - 1),
            at_it: at(story.now),
            until: Some(at(story.now + 2)),
            held: None,
            shared: false,
            seen: true,
        });
    }
    server_shape(&story.side, &served).0
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

#[test]
fn the_living_are_those_that_have_not_ended() {
    let mut story = Story::of_a_program();
    story.fork(100, 200);
    story.thread(100, 101);
    let living = |story: &Story| {
        let mut living = story.side.tasks.living();
        living.sort_unstable();
        living
    };
    assert_eq!(living(&story), [Pid(100), Pid(200)]);
    story.ends(100, 101);
    story.ends(100, 100);
    assert_eq!(living(&story), [Pid(200)]);
    story.ends(200, 200);
    assert_eq!(living(&story), []);
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

#[test]
fn what_ends_at_the_moment_of_the_census_was_still_there() {
    let mut story = Story::of_a_program();
    story.thread(100, 101);
    story.ends(100, 101);
    let ended = story.now;
    let after = |asked: i64| {
        let spans = story.side.tasks.spans(Some(at(asked)), at(0));
        count(&spans.unwrap(), Provenance::Traced).threads.after
    };
    assert_eq!(after(ended), Some(2));
    assert_eq!(after(ended + 1), Some(1));
    // One that was left while it ran.
    let left = story.side.tasks.spans(None, at(ended - 1)).unwrap();
    assert_eq!(count(&left, Provenance::Traced).threads.after, Some(2));
}

#[test]
fn who_received_and_who_sent_first_is_kept() {
    let mut story = Story::of_a_program();
    story.thread(100, 101);
    story.thread(100, 102);
    story.accepts(100, 100, 1);
    let socket = SocketId(1);
    for tid in [101, 102] {
        story.tell(
            100,
            tid,
            Change::Received {
                socket,
                result: None,
            },
        );
    }
    for tid in [102, 101] {
        story.tell(100, tid, Change::Sent { socket, from: None });
    }
    let [accepted] = &story.side.sockets.accepted[..] else {
        panic!("{:?}", story.side.sockets.accepted)
    };
    let who = |by: Option<(TaskIndex, Pid, Tid, Timestamp)>| by.map(|b| (b.0, b.2));
    assert_eq!(accepted.task, TaskIndex(0));
    assert_eq!(who(accepted.received), Some((TaskIndex(1), Tid(101))));
    assert_eq!(who(accepted.sent), Some((TaskIndex(2), Tid(102))));
}

/// A server may listen on several ports; one that is not known is kept.
#[test]
fn only_what_was_accepted_on_its_port_is_kept() {
    let mut story = Story::of_a_program();
    let peer: std::net::SocketAddr = "127.0.0.1:50000".parse().unwrap();
    for (socket, port) in [(1, Some(45_000)), (2, Some(45_001)), (3, None)] {
        let local = port.map(|port| std::net::SocketAddr::from(([127, 0, 0, 1], port)).into());
        story.tell(
            100,
            100,
            Change::Accepted {
                socket: SocketId(socket),
                peer: peer.into(),
                local,
            },
        );
    }
    story.side.sockets.keep_port(45_000);
    let kept = story.side.sockets.accepted.iter().map(|a| a.socket.0);
    assert_eq!(kept.collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn asking_how_far_a_connection_has_come_is_no_second_one() {
    let mut story = Story::of_a_program();
    for errno in [libc::EINPROGRESS, libc::EALREADY, 0, libc::EISCONN] {
        story.asks(5, errno);
    }
    assert_eq!(story.side.sockets.made.len(), 1);
    assert_eq!(story.side.sockets.expected(), 1);
}

#[test]
fn an_interrupted_connection_is_told_by_the_answer_that_follows() {
    let target = "127.0.0.1:45000".parse::<std::net::SocketAddr>().unwrap();
    let local = "127.0.0.1:50000".parse::<std::net::SocketAddr>().unwrap();
    let socket = SocketId(1);
    for (then, told) in [
        (&[][..], libc::EINTR),
        (&[0], 0),
        (&[libc::EALREADY, libc::EISCONN], libc::EINTR),
        (&[libc::EINTR, libc::ETIMEDOUT], libc::ETIMEDOUT),
    ] {
        let mut story = Story::of_a_program();
        for &errno in [libc::EINTR].iter().chain(then) {
            let connected = Change::Connected {
                socket: Some(socket),
                target: target.into(),
                from: at(story.now),
                local: Some(local.into()),
                errno: Some(errno),
            };
            story.tell(100, 100, connected);
        }
        let [made] = &story.side.sockets.made[..] else {
            panic!("{:?}", story.side.sockets.made)
        };
        assert_eq!((made.errno, made.local), (Some(told), Some(local.into())));
        let on_the_wire = told != libc::ETIMEDOUT;
        assert_eq!(story.side.sockets.expected(), u64::from(on_the_wire));
    }
}

proptest! {
    /// Threads that come and go in any order, ids used again: created is exact,
    /// and the last count is what is left.
    #[test]
    fn every_task_is_counted_once(steps in proptest::collection::vec(0u32..12, 1..200)) {
        let mut story = Story::of_a_program();
        let mut alive = std::collections::BTreeSet::new();
        let (mut created, mut peak) = (0u64, 1u64);
        for step in steps {
            let tid = 101 + step;
            if alive.remove(&tid) {
                story.ends(100, tid);
            } else {
                alive.insert(tid);
                story.thread(100, tid);
                created += 1;
                peak = peak.max(1 + alive.len() as u64);
            }
        }
        story.exits(100);
        let threads = story.census().threads;
        prop_assert_eq!(threads, counts(1, peak, 1 + alive.len() as u64, created));
    }
}

#[test]
fn what_is_of_no_socket_and_no_task_is_kept_too() {
    let mut story = Story::of_a_program();
    let local: std::net::SocketAddr = "127.0.0.1:45000".parse().unwrap();
    let local = local.into();
    story.tell(100, 100, Change::Listening { local });
    story.tell(100, 100, Change::CalledPtrace);
    assert_eq!(story.side.listening, [local]);
    assert_eq!(story.side.tracers, ["client".to_owned()].into());
    assert_eq!(story.side.events, 4, "with its start and its execve(2)");
}
