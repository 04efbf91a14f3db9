//! The rules about what traced programs did.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::json;

use super::evidence;
use super::scene::Scene;
use crate::model::observation::{Change, End, ObserverName, SocketId, Trouble};
use crate::model::{
    Close, Endpoint, Evidence, Exit, Nanos, Pid, Severity, Side, Strategy, Timestamp,
};

fn scene(change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = Scene::of_programs();
    change(&mut scene);
    scene
}

#[test]
fn uses_ptrace_names_the_program_and_its_side() {
    let tracer = scene(|s| {
        s.executed(Side::Client, "strace", false, false);
        s.event(Side::Client, Change::CalledPtrace);
        s.event(Side::Client, Change::CalledPtrace);
    });
    let finding = tracer.one("uses_ptrace");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(
        finding
            .message
            .starts_with("The client uses ptrace(2) itself (strace), ")
    );
    let expected = json!({"side": "client", "programs": ["strace"]});
    assert_eq!(evidence(&finding), expected);
    Scene::of_programs().silent("uses_ptrace");
}

#[test]
fn setuid_ignored_lists_the_programs() {
    let ignored = scene(|s| {
        s.executed(Side::Server, "sudo", true, false);
        s.executed(Side::Server, "ping", true, false);
    });
    let finding = ignored.one("setuid_ignored");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.message.contains("capabilities: ping, sudo)"));
    let expected = json!({"side": "server", "programs": ["ping", "sudo"]});
    assert_eq!(evidence(&finding), expected);
    ignored.silent("sockets_unseen");
    // Where nobody else is known, it is not for the tracing alone.
    let never = "--isolate never and --observe sampled";
    assert!(!finding.message.contains("isolate"), "{}", finding.message);
    let isolated = scene(|s| {
        s.fixture.run.plan.isolated = true;
        s.executed(Side::Client, "sudo", true, false);
    });
    let message = isolated.one("setuid_ignored").message;
    assert!(message.contains(never), "{message}");
}

#[test]
fn uses_io_uring_where_something_was_not_seen() {
    let ring = |change: fn(&mut Scene)| {
        scene(|s| {
            s.executed(Side::Client, "node", false, false);
            s.event(Side::Client, Change::SetUpRing);
            change(s);
        })
    };
    // All that the wire shows was seen to be made.
    ring(|_| ()).silent("uses_io_uring");
    let unseen = ring(|s| {
        s.fixture.flows[3].client_owner = None;
        s.fixture.run.correlation.client_owned = Some(19);
        s.fixture.run.requests.attempted = None;
    });
    let finding = unseen.one("uses_io_uring");
    assert_eq!(
        finding.message,
        "The client uses io_uring(7) (node), which makes no system calls that could be seen: it is \
         not known how many connections it tried to make, nor which thread made 1 flow of the \
         capture."
    );
    let expected = json!({"side": "client", "programs": ["node"], "flows": 1});
    assert_eq!(evidence(&finding), expected);
    unseen.silent("unowned_flows");
    let uncertain = ring(|s| s.fixture.run.requests.attempted = None);
    assert!(
        uncertain
            .one("uses_io_uring")
            .message
            .ends_with("tried to make.")
    );
}

#[test]
fn strict_seccomp_refused_names_the_program() {
    let refused = scene(|s| {
        s.executed(Side::Client, "judge", false, false);
        s.event(Side::Client, Change::StrictRefused);
    });
    let finding = refused.one("strict_seccomp_refused");
    assert!(finding.message.contains("(judge)"));
    Scene::of_programs().silent("strict_seccomp_refused");
}

#[test]
fn sockets_unseen_on_each_side() {
    let foreign = scene(|s| {
        s.executed(Side::Client, "old32", false, true);
        s.executed(Side::Server, "old32", false, true);
    });
    let found = foreign.coded("sockets_unseen");
    let sides: Vec<_> = found.iter().map(|f| &f.evidence["side"]).collect();
    assert_eq!(sides, ["client", "server"]);
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(found[0].message.contains("its sockets were not seen"));
    foreign.silent("setuid_ignored");
}

#[test]
fn serving_thread_unseen_where_nothing_was_received_or_sent() {
    let served = |received: bool, sent: bool| {
        scene(|s| {
            s.accepted(1);
            s.accepted(2);
            let socket = SocketId(2);
            s.event(
                Side::Server,
                Change::Received {
                    socket,
                    result: None,
                    byte: None,
                },
            );
            let socket = SocketId(1);
            if received {
                s.event(
                    Side::Server,
                    Change::Received {
                        socket,
                        result: None,
                        byte: None,
                    },
                );
            }
            if sent {
                s.event(Side::Server, Change::Sent { socket, from: None });
            }
        })
    };
    let finding = served(false, false).one("serving_thread_unseen");
    assert_eq!(finding.severity, Severity::Info);
    assert!(finding.message.starts_with("Of 1 connection it is known"));
    assert!(finding.message.contains("it was not seen what it carried"));
    assert!(finding.message.contains("--trace-rw"));
    let expected = json!({"connections": 1, "answered": 0, "asked": 0, "silent": 0});
    assert_eq!(evidence(&finding), expected);
    // What the wire carried tells what may have been received.
    for (client, server, said, advised) in [
        (6, 14, "the server sent, by a call that is not traced", true),
        (
            6,
            0,
            "only the client sent: the server read by a call",
            true,
        ),
        (
            0,
            0,
            "1 carried no data, so that there was nothing to receive",
            false,
        ),
    ] {
        for read_write in [false, true] {
            let mut unseen = served(false, false);
            let flow = &mut unseen.fixture.flows[0];
            flow.client = Endpoint::new(Ipv4Addr::LOCALHOST.into(), 40_000);
            (flow.client_payload_bytes, flow.server_payload_bytes) = (client, server);
            unseen.observation.header.asked.read_write = read_write;
            let message = unseen.one("serving_thread_unseen").message;
            assert!(message.contains(said), "{message}");
            let advises = message.contains("--trace-rw");
            assert_eq!(advises, advised && !read_write, "{message}");
            // Programs in the kernel see every call.
            let started = unseen.observation.server.started.as_mut();
            started.unwrap().observer = ObserverName::Ebpf;
            let message = unseen.one("serving_thread_unseen").message;
            let blames = message.contains("not traced") || message.contains("--trace-rw");
            assert!(!blames, "{message}");
        }
    }
    served(true, false).silent("serving_thread_unseen");
    served(false, true).silent("serving_thread_unseen");
    Scene::normal().silent("serving_thread_unseen");
}

#[test]
fn address_fallback_counts_attempts_made_again() {
    let fallback = scene(|s| {
        s.connected(Ipv6Addr::LOCALHOST, libc::ECONNREFUSED);
        s.connected(Ipv4Addr::LOCALHOST, 0);
    });
    let finding = fallback.one("address_fallback");
    assert_eq!(finding.severity, Severity::Info);
    assert!(
        finding
            .message
            .starts_with("1 connection attempt (the first one to [::1]:45000) failed")
    );
    let expected = json!({"attempts": 1, "first_target": "[::1]:45000"});
    assert_eq!(evidence(&finding), expected);
    // Nobody tried elsewhere.
    scene(|s| s.connected(Ipv6Addr::LOCALHOST, libc::ECONNREFUSED)).silent("address_fallback");
    scene(|s| s.connected(Ipv4Addr::LOCALHOST, 0)).silent("address_fallback");
    Scene::normal().silent("address_fallback");
}

#[test]
fn isolated_outside_is_of_what_leads_out() {
    let tried = |isolated: bool, ip: std::net::IpAddr, port: u16, errno: i32| {
        scene(|s| {
            s.fixture.run.plan.isolated = isolated;
            let target = Endpoint::new(ip, port);
            s.thread(100, Change::ConnectedElsewhere { target, errno });
            s.thread(100, Change::ConnectedElsewhere { target, errno });
        })
    };
    let outside = Ipv4Addr::new(192, 0, 2, 1).into();
    let unreachable = libc::ENETUNREACH;
    let finding = tried(true, outside, 80, unreachable).one("isolated_outside");
    assert_eq!(
        finding.message,
        "The client tried 2 times to connect outside (192.0.2.1:80), and the network is not \
         reachable: the run has a network of its own. If the program needs it, use --isolate never."
    );
    let expected = json!({
        "side": "client", "attempts": 2, "targets": ["192.0.2.1:80"], "refused": [],
        "printed": null,
    });
    assert_eq!(evidence(&finding), expected);
    assert_eq!(finding.severity, Severity::Warning);
    // With the network of all it is not its own that is missing; nor is one that answers,
    // or this machine.
    tried(false, outside, 80, unreachable).silent("isolated_outside");
    tried(true, outside, 80, libc::ECONNREFUSED).silent("isolated_outside");
    tried(true, Ipv6Addr::LOCALHOST.into(), 80, unreachable).silent("isolated_outside");
    Scene::normal().silent("isolated_outside");
}

/// A server's calls tell, and where they do not, what a program printed last.
#[test]
fn isolated_outside_is_of_both_sides_and_of_what_they_print() {
    let own = |change: &dyn Fn(&mut Scene)| {
        scene(|s| {
            s.fixture.run.plan.isolated = true;
            change(s);
        })
    };
    let database = Endpoint::new(Ipv4Addr::new(192, 0, 2, 1).into(), 5432);
    let errno = libc::ENETUNREACH;
    let elsewhere = |target, errno| Change::ConnectedElsewhere { target, errno };
    let server = own(&|s| s.event(Side::Server, elsewhere(database, errno)));
    let message = server.one("isolated_outside").message;
    assert!(message.contains("The server tried 1 time"), "{message}");

    let line = "socket.gaierror: [Errno -3] Temporary failure in name resolution";
    let printed = |line: &'static str| own(&move |s| s.printed(Side::Client, 1, None, Some(line)));
    let finding = printed(line).one("isolated_outside");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(
        finding
            .message
            .contains("The client printed “socket.gaierror")
    );
    assert!(finding.message.contains("no server of names"));
    assert!(finding.message.contains("--isolate never"));
    assert_eq!(finding.evidence["printed"], line);
    printed("Connection refused").silent("isolated_outside");
    scene(|s| s.printed(Side::Client, 1, None, Some(line))).silent("isolated_outside");
    // Its calls say more than its words.
    let both = own(&|s| {
        s.printed(Side::Server, 1, None, Some("Network is unreachable"));
        s.event(Side::Server, elsewhere(database, errno));
    });
    let both = both.one("isolated_outside");
    assert!(!both.message.contains("printed"), "{}", both.message);

    // One that ended of it before it listened: no client ran.
    let dead = own(&|s| {
        s.trouble(Trouble::NotListening {
            port: None,
            waited_ns: None,
            instead: None,
            held: None,
            said: Some("OSError: [Errno 101] Network is unreachable".to_owned()),
        });
    });
    let finding = dead.one("isolated_outside");
    assert_eq!(finding.evidence["side"], "server");
    assert!(finding.message.contains("--isolate never"));
}

/// Each network has a loopback interface of its own.
#[test]
fn isolated_outside_is_of_ports_at_which_nobody_listens_inside() {
    let tried = |isolated: bool, change: fn(&mut Scene)| {
        scene(|s| {
            s.fixture.run.plan.isolated = isolated;
            s.fixture.run.requests.attempted = Some(0);
            let (target, errno) = (outside_server(), libc::ECONNREFUSED);
            s.thread(100, Change::ConnectedElsewhere { target, errno });
            change(s);
        })
    };
    let own = tried(true, |_| ());
    let finding = own.one("isolated_outside");
    assert_eq!(finding.severity, Severity::Info);
    assert_eq!(
        finding.message,
        "The client tried 1 time to connect to 127.0.0.1:45999, where nobody listens in the run's \
         own network; what listens on this machine outside of it is not reached. If the program \
         needs it, use --isolate never."
    );
    assert_eq!(finding.evidence["refused"], json!(["127.0.0.1:45999"]));
    let said = own.one("no_connection").message;
    assert!(
        said.contains("refused: nobody listens there in the run's own network"),
        "{said}"
    );
    let shared = tried(false, |_| ());
    shared.silent("isolated_outside");
    let said = shared.one("no_connection").message;
    assert!(!said.contains("own network"), "{said}");
    // Somebody did listen there, before or later.
    let local = |s: &mut Scene| {
        let local = outside_server();
        s.event(Side::Server, Change::Listening { local });
    };
    tried(true, local).silent("isolated_outside");
    let later = |s: &mut Scene| {
        let (target, errno) = (outside_server(), 0);
        s.thread(100, Change::ConnectedElsewhere { target, errno });
    };
    tried(true, later).silent("isolated_outside");
}

/// What listens on this machine outside of the run.
fn outside_server() -> Endpoint {
    Endpoint::new(Ipv4Addr::LOCALHOST.into(), 45_999)
}

/// A pool of two threads, of twenty requests: one connection is open when the main
/// thread ends.
fn pool(change: impl FnOnce(&mut Scene)) -> Scene {
    scene(|s| {
        s.fixture.run.requests.submitted = None;
        s.fixture.run.requests.attempted = Some(2);
        s.works(101, 0);
        s.works(102, 1);
        change(s);
    })
}

/// Two workers, three threads that hand out the work, and a main thread that may not
/// have waited: all five have ended before it. `early`: whether those three did before
/// the workers' last connections were closed.
fn ended_pool(early: bool, change: impl FnOnce(&mut Scene)) -> Scene {
    scene(|s| {
        s.executed(Side::Client, "python3.11", false, false);
        s.fixture.run.requests.submitted = None;
        s.fixture.run.requests.attempted = Some(2);
        s.works(101, 0);
        s.works(102, 1);
        for tid in 103..106 {
            let process = false;
            s.thread(
                tid,
                Change::Started {
                    process,
                    parent: None,
                },
            );
        }
        let over = if early {
            (103..106, 101..103)
        } else {
            (101..103, 103..106)
        };
        for tid in over.0 {
            s.thread(tid, Change::Ended(Exit::Code(0)));
        }
        let closed = s.now().plus(Nanos::new(1));
        for flow in &mut s.fixture.flows[..2] {
            flow.client_closed_ns = Some(closed);
        }
        for tid in over.1 {
            s.thread(tid, Change::Ended(Exit::Code(0)));
        }
        s.fixture.run.plan.strategy = Some(Strategy::Pool);
        s.fixture.run.plan.inferred.client = Some(Evidence {
            workers: 2,
            worker_processes: 1,
            connections: 2,
            accepting_threads: None,
            receiving_threads: None,
            sending_threads: None,
            most_by_one_worker: 2,
            at_once: Some(2),
            created_threads: Some(5),
            created_processes: Some(0),
            because: String::new(),
        });
        change(s);
        s.leaves(0);
    })
}

/// What the server has reset is not closed by the end of the program, whose client sends
/// nothing any more. And threads that were refused are nobody's pool.
#[test]
fn a_connection_that_was_reset_is_not_open() {
    let reset = |by_server: bool| {
        let scene = pool(|s| {
            s.fixture.run.plan.strategy = None;
            for flow in &mut s.fixture.flows[..2] {
                flow.close = if by_server { Close::Rst } else { Close::Fin };
            }
            s.leaves(0);
        });
        scene.one("not_joined").evidence["connections_open"].clone()
    };
    assert_eq!((reset(false), reset(true)), (json!(2), json!(0)));
}

/// Which threads ended first tells whether the pool may have been given up.
#[test]
fn a_pool_that_was_given_up_is_one_to_look_at() {
    let seen = "3 threads that had made no connection had ended while others were still at work";
    let hint = "the main thread waits";
    let width = |early| ended_pool(early, |_| ()).one("pool_width").message;
    assert!(
        width(true).contains(seen) && width(true).contains(hint),
        "{}",
        width(true)
    );
    assert!(!width(false).contains(seen) && !width(false).contains(hint));
    // Who had a request is not all that the pool may have had: it is compared with no number.
    let cpus = "as many as this machine has CPUs";
    assert!(
        width(false).contains(cpus) && !width(true).contains(cpus),
        "{}",
        width(true)
    );
    let missing = |early, change: fn(&mut Scene)| {
        let short = ended_pool(early, |s| {
            s.fixture.run.requests.submitted = Some(20);
            let failed = &mut s.fixture.run.requests.failed;
            failed.insert("not_attempted".to_owned(), 18);
            change(s);
        });
        short.one("requests_failed").message
    };
    let told = missing(true, |_| ());
    assert!(
        told.contains(seen) && told.contains("close() and join()"),
        "{told}"
    );
    let joined = missing(false, |_| ());
    assert!(!joined.contains("wait"), "{joined}");
    // Something else explains it.
    let raised = missing(true, |s| {
        s.printed(Side::Client, 3, Some("ValueError"), None);
    });
    assert!(!raised.contains("wait"), "{raised}");
}

#[test]
fn not_joined_is_seen_by_the_threads_of_a_program() {
    let open = pool(|s| s.leaves(0));
    let finding = open.one("not_joined");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(
        finding.message.contains(
            "while 2 threads that it had created were still there, which had made 2 connections"
        ),
        "{}",
        finding.message
    );
    assert!(
        finding
            .message
            .contains("2 connections of theirs were still open")
    );
    let expected = json!({
        "submitted": null, "attempted": 2, "never_attempted": null,
        "threads_left": 2, "connections_open": 2,
    });
    assert_eq!(evidence(&finding), expected);

    // With a number it is known what is missing.
    let short = pool(|s| {
        s.fixture.run.requests.submitted = Some(20);
        s.fixture
            .run
            .requests
            .failed
            .insert("not_attempted".to_owned(), 18);
        s.leaves(0);
    });
    let finding = short.one("not_joined");
    assert_eq!(finding.severity, Severity::Error);
    assert!(
        finding
            .message
            .contains("18 of 20 requests were never attempted")
    );
    short.silent("requests_failed");
    // All is there and closed: what the threads still did is their own affair.
    let closed = |s: &mut Scene| {
        for flow in &mut s.fixture.flows {
            flow.client_closed_ns = Some(flow.first_ns);
        }
    };
    let all = pool(|s| {
        s.fixture.run.requests.submitted = Some(2);
        closed(s);
        s.leaves(0);
    });
    all.silent("not_joined");
    // Nobody knows whether more were meant.
    let quiet = pool(|s| {
        closed(s);
        s.leaves(0);
    });
    let quiet = quiet.one("not_joined");
    assert_eq!(quiet.severity, Severity::Info);
    assert!(quiet.message.contains("All connections were closed"));
    // Without a capture nobody knows when they were closed.
    let unseen = pool(|s| {
        s.fixture.flows.clear();
        s.leaves(0);
    });
    let unseen = unseen.one("not_joined");
    assert!(!unseen.message.contains("closed"), "{}", unseen.message);
    assert!(unseen.evidence["connections_open"].is_null());
}

#[test]
fn not_joined_is_silent_where_the_threads_say_nothing() {
    // They were joined; a thread beside them made no connection. What they left open
    // is told where the pool is.
    let joined = pool(|s| {
        s.thread(
            103,
            Change::Started {
                process: false,
                parent: None,
            },
        );
        for tid in [101, 102] {
            s.thread(tid, Change::Ended(Exit::Code(0)));
        }
        s.leaves(0);
    });
    joined.silent("not_joined");
    // It failed, which is why it ended.
    pool(|s| s.leaves(1)).silent("not_joined");
    // A signal ended all, or another thread did.
    pool(|s| s.event(Side::Client, Change::Ended(Exit::Signal(9)))).silent("not_joined");
    pool(|s| {
        s.thread(101, Change::ExitBegun);
        s.event(Side::Client, Change::Ended(Exit::Code(0)));
    })
    .silent("not_joined");
    // A runtime keeps its threads.
    pool(|s| {
        s.executed(Side::Client, "node", false, false);
        s.leaves(0);
    })
    .silent("not_joined");
    // No thread has made a connection, and nobody has.
    let none = |elsewhere: bool| {
        scene(|s| {
            s.fixture.run.requests.submitted = None;
            s.fixture.run.requests.attempted = Some(0);
            s.thread(
                101,
                Change::Started {
                    process: false,
                    parent: None,
                },
            );
            if elsewhere {
                let target = Endpoint::new(Ipv4Addr::LOCALHOST.into(), 45_001);
                let errno = libc::ECONNREFUSED;
                s.thread(101, Change::ConnectedElsewhere { target, errno });
            }
            s.leaves(0);
        })
    };
    assert_eq!(none(false).one("not_joined").severity, Severity::Warning);
    none(true).silent("not_joined");
}

/// Why fewer connections were made than should have been: what was seen, and no more.
#[test]
fn what_was_seen_of_a_client_that_made_fewer() {
    let fewer = |change: &dyn Fn(&mut Scene)| {
        let mut scene = scene(|s| {
            s.fixture.run.requests.attempted = Some(0);
            s.fixture
                .run
                .requests
                .failed
                .insert("not_attempted".to_owned(), 20);
        });
        change(&mut scene);
        let failed = scene.one("requests_failed").message;
        assert!(!failed.contains("wait"), "{failed}");
        let none = scene.one("no_connection").message;
        (none, failed)
    };
    let (none, failed) = fewer(&|s| s.leaves(0));
    assert!(none.ends_with("it ended with exit status 0."), "{none}");
    assert!(
        failed.contains("it made 0 connections; it ended with exit status 0"),
        "{failed}"
    );

    let (none, failed) = fewer(&|s| {
        s.ended(Side::Client, Some(Exit::Code(1)), false);
        s.printed(
            Side::Client,
            1,
            Some("ValueError: x"),
            Some("ValueError: x"),
        );
        s.leaves(1);
    });
    for text in [none, failed] {
        let said = "it ended with exit status 1; the last line of client.log is “ValueError: x”; \
                    client.log shows 1 exception";
        assert!(text.contains(said), "{text}");
    }

    let (none, _) = fewer(&|s| {
        for (port, errno) in [
            (45_001, libc::ECONNREFUSED),
            (45_001, libc::ECONNREFUSED),
            (80, 0),
        ] {
            let target = Endpoint::new(Ipv4Addr::LOCALHOST.into(), port);
            s.event(Side::Client, Change::ConnectedElsewhere { target, errno });
        }
        s.leaves(0);
    });
    let said = "it tried to make 3 connections to another port than the server's: 127.0.0.1:45001 (refused: \
                nobody listens there, 2 times), 127.0.0.1:80 (somebody listens there, once)";
    assert!(none.contains(said), "{none}");
}

/// A pool that made 100 connections, of which threads are left.
fn wider(workers: u64, worker_processes: u64, strategy: Option<Strategy>) -> Scene {
    pool(|s| {
        s.leaves(0);
        s.fixture.run.plan.strategy = strategy;
        s.fixture.run.plan.inferred.client = Some(Evidence {
            connections: 100,
            workers,
            worker_processes,
            accepting_threads: None,
            receiving_threads: None,
            sending_threads: None,
            most_by_one_worker: 50,
            at_once: Some(workers),
            created_threads: Some(4),
            created_processes: Some(0),
            because: String::new(),
        });
    })
}

#[test]
fn pool_width_says_what_the_width_bounds() {
    let wide = |workers, strategy| wider(workers, 1, strategy);
    let cpus = wide(2, Some(Strategy::Pool)).one("pool_width");
    assert_eq!(cpus.severity, Severity::Info);
    assert!(
        cpus.message
            .contains("They are as many as this machine has CPUs"),
        "{}",
        cpus.message
    );
    assert!(cpus.message.contains("not how many are made"));
    let more = wide(6, Some(Strategy::Pool)).one("pool_width");
    assert!(more.message.contains("plus 4"), "{}", more.message);
    let other = wide(5, Some(Strategy::Pool)).one("pool_width");
    assert!(!other.message.contains("CPUs"), "{}", other.message);
    // One that ended before it showed as a pool.
    let early = wide(2, None).one("pool_width");
    assert!(
        !early.message.contains("-n N"),
        "it is known: {}",
        early.message
    );
    wide(5, None).silent("pool_width");
    wide(2, Some(Strategy::Thread)).silent("pool_width");
    Scene::normal().silent("pool_width");
}

/// Workers are processes only where each has one of its own.
#[test]
fn pool_width_counts_threads_where_processes_have_several() {
    let said = |processes| {
        let scene = wider(8, processes, Some(Strategy::Pool));
        scene.one("pool_width").message
    };
    assert!(
        said(1).starts_with("8 threads of the client"),
        "{}",
        said(1)
    );
    assert!(
        said(2).starts_with("8 threads of the client"),
        "{}",
        said(2)
    );
    assert!(
        said(8).starts_with("8 processes of the client"),
        "{}",
        said(8)
    );
    // A pool that was given up has its threads in one process.
    wider(2, 2, None).silent("pool_width");
}

#[test]
fn exceptions_logged_quotes_the_first_and_counts_them() {
    let mut scene = scene(|s| s.printed(Side::Client, 1000, Some("ValueError: \u{1b}[2J"), None));
    let finding = scene.one("exceptions_logged");
    assert_eq!(finding.severity, Severity::Warning);
    assert_eq!(
        finding.message,
        "The output of the client shows 1,000 exceptions (client.log), although its exit status \
         is 0; the first: “ValueError: \\u{1b}[2J”."
    );
    assert_eq!(finding.evidence["exceptions"], 1000);
    scene.ended(Side::Client, Some(Exit::Code(1)), false);
    assert!(!scene.one("exceptions_logged").message.contains("although"));
    scene.printed(Side::Server, 1, Some("x"), Some("x"));
    assert_eq!(scene.coded("exceptions_logged").len(), 2);
    scene.printed(Side::Client, 0, None, Some("x"));
    scene.printed(Side::Server, 0, None, Some("x"));
    scene.silent("exceptions_logged");
    // One that was cut off.
    scene.printed(
        Side::Client,
        1,
        None,
        Some("Traceback (most recent call last):"),
    );
    let cut = scene.one("exceptions_logged");
    assert!(
        cut.message
            .ends_with("; the first was cut off before it said what it was.")
    );
    assert_eq!(cut.evidence["first"], serde_json::Value::Null);
}

/// Ctrl-C is no exception of the program's, however much of its report there is.
#[test]
fn exceptions_logged_are_not_those_of_an_interruption() {
    for (first, silent) in [
        (None, true),
        (Some("Keyb"), true),
        (Some("KeyboardInterrupt: x"), true),
        (Some("ValueError: x"), false),
    ] {
        let scene = scene(|s| {
            s.printed(Side::Client, 2, first, Some("x"));
            s.end(End::Interrupted);
        });
        assert_eq!(
            scene.coded("exceptions_logged").is_empty(),
            silent,
            "{first:?}"
        );
    }
}

#[test]
fn peak_below_requests_is_told_of_a_program_s_threads() {
    let threads = |apart: bool| {
        pool(|s| {
            s.fixture.run.plan.strategy = Some(Strategy::Thread);
            let counts = &mut s.fixture.run.census.client.threads;
            (counts.before, counts.created) = (Some(1), Some(3));
            counts.peak = Some(if apart { 3 } else { 4 });
            if apart {
                s.thread(102, Change::Ended(Exit::Code(0)));
                s.works(103, 2);
            }
            s.leaves(0);
        })
    };
    threads(false).silent("peak_below_requests");
    let finding = threads(true).one("peak_below_requests");
    let begins = "At most 3 of the client's 4 threads existed at once, its first one included,";
    assert!(finding.message.starts_with(begins), "{}", finding.message);
    assert!(!finding.message.contains("--gate"));
}

#[test]
fn processes_killed_are_those_that_threadtap_has_not_ended() {
    let story = |asked: bool, signal: i32| {
        scene(|s| {
            let first = Change::Started {
                process: true,
                parent: Some(Pid(100)),
            };
            s.process(300, first);
            s.process(300, Change::Ended(Exit::Signal(signal)));
            if asked {
                s.observation.client.ended.as_mut().unwrap().asked_at =
                    Some(Timestamp::from_nanos(1));
            }
        })
    };
    let finding = story(false, 15).one("processes_killed");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(
        finding.message.starts_with(
            "1 process of the client was ended by signal 15, SIGTERM, which threadtap had not sent; \
             it had made 0 connections before. The processes of a pool"
        ),
        "{}",
        finding.message
    );
    let expected = json!({"signal": 15, "processes": 1, "connections": 0});
    assert_eq!(evidence(&finding), expected);
    let fault = story(false, 11).one("processes_killed").message;
    assert!(!fault.contains("pool"), "{fault}");
    story(true, 15).silent("processes_killed");
    Scene::of_programs().silent("processes_killed");
}

fn look_refused(errno: i32, of_all: bool, found: bool) -> Change {
    Change::LookRefused {
        call: "pidfd_getfd".into(),
        errno,
        of_all,
        found,
    }
}

#[test]
fn sockets_refused_says_what_would_allow_it() {
    for (errno, of_all, says) in [
        (libc::EPERM, true, "--cap-add=SYS_PTRACE"),
        (libc::EPERM, false, "not dumpable"),
        (libc::EACCES, false, "not dumpable"),
        (libc::ENOSYS, true, "Linux 5.6"),
        (libc::EMFILE, false, "ulimit -n"),
    ] {
        let refused = scene(|s| {
            // What was found otherwise is the smaller half of it.
            s.event(Side::Client, look_refused(errno, of_all, true));
            s.event(Side::Client, look_refused(errno, of_all, false));
        });
        let finding = refused.one("sockets_refused");
        assert_eq!(finding.severity, Severity::Warning);
        let message = &finding.message;
        assert!(
            message.contains(says) && message.contains("pidfd_getfd(2)"),
            "{message}"
        );
        let expected =
            json!({"side": "client", "call": "pidfd_getfd", "errno": errno, "found": false});
        assert_eq!(evidence(&finding), expected);
    }
}

#[test]
fn sockets_refused_is_information_where_they_were_found() {
    let found = scene(|s| s.event(Side::Server, look_refused(libc::EPERM, true, true)));
    let finding = found.one("sockets_refused");
    assert_eq!(finding.severity, Severity::Info);
    assert!(finding.message.contains("inode"), "{}", finding.message);
    Scene::of_programs().silent("sockets_refused");
}

/// What was not to be seen may have been made, accepted or closed by anybody.
#[test]
fn nothing_is_guessed_of_a_side_with_blind_spots() {
    type Blind = fn(&mut Scene, Side);
    let blind: [(Blind, bool); 3] = [
        (
            |s, of| s.event(of, look_refused(libc::EPERM, true, false)),
            true,
        ),
        (|s, of| s.executed(of, "old32", false, true), false),
        (|s, of| s.event(of, Change::SetUpRing), false),
    ];
    let unowned = |s: &mut Scene| {
        s.fixture.flows[4].client_owner = None;
        s.fixture.run.correlation.client_owned = Some(19);
    };
    scene(unowned).one("unowned_flows");
    pool(|s| s.leaves(0)).one("not_joined");
    for (blind, hides) in blind {
        let unowned = scene(|s| {
            unowned(s);
            blind(s, Side::Client);
        });
        unowned.silent("unowned_flows");
        // The threads that were seen to work and to be left are facts; what they left
        // open is none where calls were hidden.
        let left = pool(|s| {
            s.leaves(0);
            blind(s, Side::Client);
        });
        assert_eq!(left.coded("not_joined").is_empty(), hides);
    }
}

/// That no thread was seen to serve is then no fault of the server.
#[test]
fn serving_thread_unseen_is_silent_where_looks_were_refused() {
    let mut refused = scene(|s| s.accepted(1));
    refused.one("serving_thread_unseen");
    refused.event(Side::Server, look_refused(libc::EPERM, true, false));
    refused.silent("serving_thread_unseen");
}
