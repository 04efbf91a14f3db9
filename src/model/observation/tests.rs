//! Facts come back from JSON as they were, and gather to one observation.

use super::*;
use crate::model::{Endpoint, Exit, Outcome, Pid, Provenance, Tid, Timestamp, WorkerId};

fn at(ns: i64) -> Timestamp {
    Timestamp::from_nanos(ns)
}

#[allow(clippy::too_many_lines, reason = "a list")]
fn facts() -> Vec<Fact> {
    let endpoint = Endpoint::from(std::net::SocketAddr::from(([127, 0, 0, 1], 45000)));
    let event = |what| Event {
        at: at(5),
        pid: Pid(7),
        tid: Tid(8),
        what,
    };
    let changes = [
        Change::Started {
            process: true,
            parent: Some(Pid(1)),
        },
        Change::Found { process: false },
        Change::Executed {
            former: Tid(8),
            name: "a\u{fffd}".into(),
            unprivileged: false,
            foreign: true,
            sockets: Some(3),
        },
        Change::Named { name: "w".into() },
        Change::ExitBegun,
        Change::Ended(Exit::Signal(9)),
        Change::ThreadExiting,
        Change::Listening { local: endpoint },
        Change::Connected {
            socket: Some(SocketId(3)),
            target: endpoint,
            from: at(4),
            local: None,
            errno: Some(111),
        },
        Change::Accepted {
            socket: SocketId(4),
            peer: endpoint,
            local: Some(endpoint),
        },
        Change::Received {
            socket: SocketId(4),
            result: Some(12),
            byte: None,
        },
        Change::Sent {
            socket: SocketId(4),
            from: Some(at(2)),
        },
        Change::Closed {
            socket: SocketId(4),
        },
        Change::Settled {
            socket: SocketId(4),
            errno: 111,
        },
        Change::CalledPtrace,
        Change::LookRefused {
            call: "pidfd_getfd".into(),
            errno: 1,
            of_all: true,
            found: false,
        },
    ];
    let mut facts: Vec<Fact> = changes
        .into_iter()
        .map(|what| Fact::Event {
            side: Side::Client,
            event: event(what),
        })
        .collect();
    facts.extend([
        Fact::Target("127.0.0.1:45000".into()),
        Fact::Started {
            side: Side::Server,
            started: Box::new(SideStarted {
                observer: ObserverName::Ptrace,
                provenance: Some(Provenance::Traced),
                command: Some(vec!["a".into()]),
                root: Pid(7),
                at: at(1),
            }),
        },
        Fact::Task {
            side: Side::Server,
            task: TaskNote {
                process: false,
                ids: Some((Pid(7), Tid(8))),
                started: at(1),
                ended: None,
            },
        },
        Fact::Request(RequestNote {
            number: 0,
            taken_by: Some((WorkerId(0), Pid(7), Tid(8))),
            started: Some(at(1)),
            connect: None,
            connected: None,
            ended: Some(at(2)),
            client: Some(endpoint),
            outcome: Outcome::BadAnswer,
            errno: 0,
            got: Some("HTTP\\r\\n…".into()),
        }),
        Fact::Connection(ConnectionNote {
            client: endpoint,
            accepted: at(1),
            accepted_by: (Pid(7), Tid(7)),
            served: None,
            served_by: None,
            closed: None,
        }),
        Fact::Sample {
            of: Counted::System,
            sample: Sample {
                at: at(3),
                threads: Some(100),
                processes: None,
            },
        },
        Fact::Kernel(KernelLook {
            backlog: Some(5),
            ..KernelLook::default()
        }),
        Fact::Leftovers(Leftovers::default()),
        Fact::Trouble(Trouble::CaptureNotSaved {
            error: "full".into(),
            frames: 3,
        }),
        Fact::End {
            end: End::Interrupted,
            moments: Moments {
                client_started: at(1),
                client_ended: at(2),
                at_rest: at(3),
                over: at(4),
            },
        },
    ]);
    facts
}

#[test]
fn a_fact_comes_back_from_json_as_it_was() {
    for fact in facts() {
        let line = serde_json::to_string(&fact).unwrap();
        assert!(!line.contains('\n'));
        let back: Fact = serde_json::from_str(&line).unwrap();
        assert_eq!(back, fact, "{line}");
    }
}
