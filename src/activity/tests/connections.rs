//! What is known of each connection: attempts, accepts, who received and who sent.

use super::*;

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

/// A supervisor connects a socket itself, and then answers its owner's call.
#[test]
fn a_socket_that_another_connects_for_its_owner_is_connected_once() {
    let at = |port| Some(Endpoint::new(std::net::Ipv4Addr::LOCALHOST.into(), port));
    let made = |first, second| {
        let mut story = Story::of_a_program();
        story.thread(100, 101);
        for (tid, local) in [(101, first), (100, second)] {
            let connected = Change::Connected {
                socket: Some(SocketId(5)),
                target: at(45_000).unwrap(),
                from: story.side.tasks.processes()[0].started,
                local,
                errno: Some(0),
            };
            story.tell(100, tid, connected);
        }
        let made = story.side.sockets.made;
        made.iter().map(|c| c.by.1.0).collect::<Vec<_>>()
    };
    assert_eq!(made(at(50_000), at(50_000)), [101]);
    assert_eq!(made(at(50_000), at(50_001)), [101, 100]);
    // Where it is not known where it is, it may be another one.
    assert_eq!(made(None, None), [101, 100]);
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
                byte: None,
            },
        );
    }
    for tid in [102, 101] {
        story.tell(100, tid, Change::Sent { socket, from: None });
    }
    let [accepted] = &story.side.sockets.accepted[..] else {
        panic!("{:?}", story.side.sockets.accepted)
    };
    let who = |by: Option<User>| by.map(|b| (b.0, b.2));
    assert_eq!(accepted.task, TaskIndex(0));
    assert_eq!(who(accepted.received), Some((TaskIndex(1), Tid(101))));
    assert_eq!(who(accepted.sent), Some((TaskIndex(2), Tid(102))));
}

/// Of each what was done by then, its accepter did; the rest is told.
#[test]
fn what_a_process_alone_did_is_known_when_others_come() {
    let mut story = Story::of_a_program();
    story.tell(100, 100, Change::Alone);
    for socket in 1..=4 {
        story.accepts(100, 100, socket);
    }
    for (socket, received, sent) in [(1, true, true), (2, true, false), (3, false, false)] {
        let socket = SocketId(socket);
        story.tell(
            100,
            100,
            Change::Shared {
                socket,
                received,
                sent,
            },
        );
    }
    story.tell(100, 100, Change::Accompanied);
    story.thread(100, 101);
    for socket in [2, 3].map(SocketId) {
        let (result, byte) = (None, None);
        let received = Change::Received {
            socket,
            result,
            byte,
        };
        story.tell(100, 101, received);
        story.tell(100, 101, Change::Sent { socket, from: None });
    }
    story.accepts(100, 100, 5);
    let who = |by: Option<User>| by.map(|b| b.0.0);
    let all: Vec<_> = story.side.sockets.accepted.iter().collect();
    let used: Vec<_> = all.iter().map(|a| (who(a.received), who(a.sent))).collect();
    let expected = [(Some(0), Some(0)), (Some(0), Some(1)), (Some(1), Some(1))];
    assert_eq!(used[..3], expected);
    assert_eq!(used[3..], [(None, None); 2]);
    // The fourth was over before; the fifth came later.
    let alone: Vec<_> = all.iter().map(|a| a.alone).collect();
    assert_eq!(alone, [false, false, false, true, false]);
    assert_eq!(all[0].hands.serving(0), Some((Pid(100), Tid(100))));
    assert_eq!(
        all[0].hands.serving(6),
        None,
        "whose the next are is not told"
    );
    // Another process of the same number is another one.
    story.tell(100, 100, Change::Alone);
    story.tell(100, 100, started(None));
    story.accepts(100, 100, 6);
    assert!(!story.side.sockets.accepted[5].alone);
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
