//! Sentences that would say more than was seen, or blame who is not to blame.

use std::net::Ipv4Addr;

use serde_json::json;

use super::scene::Scene;
use super::watched::of_a_watch;
use super::{coded, evidence, one, with};
use crate::model::observation::{Change, End, KernelLook};
use crate::model::{Endpoint, Evidence, Exit, Outcome, ServerKind, Side, StopReason, Strategy};

/// The client of `--no-join` with eight requests that it never came to.
fn never_joined(change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = Scene::normal();
    let run = &mut scene.fixture.run;
    run.plan.joined = Some(false);
    (run.requests.attempted, run.requests.valid) = (Some(12), Some(12));
    let failed = Outcome::NotAttempted.name().to_owned();
    run.requests.failed.insert(failed, 8);
    change(&mut scene);
    scene
}

#[test]
fn who_was_ended_did_not_leave_its_workers() {
    let left = never_joined(|_| ()).one("not_joined").message;
    assert!(
        left.contains("8 of 20 requests were never attempted."),
        "{left}"
    );
    let cut = never_joined(|s| {
        s.ended(Side::Client, Some(Exit::Signal(15)), true);
        s.end(End::Interrupted);
    });
    cut.silent("not_joined");
    let failed = cut.one("requests_failed").message;
    assert!(failed.ends_with("; the run ended early."), "{failed}");
}

#[test]
fn a_built_in_client_that_was_killed_has_not_forgotten_to_wait() {
    for joined in [true, false] {
        let killed = never_joined(|s| {
            s.fixture.run.plan.joined = Some(joined);
            s.ended(Side::Client, Some(Exit::Signal(9)), false);
        });
        killed.silent("not_joined");
        assert_eq!(killed.coded("client_died").len(), 1);
        let failed = killed.one("requests_failed").message;
        assert!(
            failed.ends_with("of the client was seen: it was ended by signal 9, SIGKILL."),
            "{failed}"
        );
    }
}

#[test]
fn connections_that_came_to_nothing_are_no_exchanges() {
    let fixture = with(|f| {
        f.run.plan.client_command = Some(vec!["client".to_owned()]);
        (f.run.requests.valid, f.run.requests.unknown) = (None, None);
        f.run.requests.failed.insert("refused".to_owned(), 4);
        f.run.exchanges.requests = Some(3);
        f.run.connections.established = Some(3);
    });
    let finding = one(&fixture, "request_count");
    assert!(
        finding.message.starts_with(
            "Only 3 exchanges were seen on 3 connections, 4 connections came to nothing, and -n says 20 requests."
        ),
        "{}",
        finding.message
    );
    let expected = json!({"submitted": 20, "made": 3, "connections": 3});
    assert_eq!(evidence(&finding), expected);
    // With them it is as many as were to be made.
    let mut all = fixture;
    all.run.requests.failed.insert("refused".to_owned(), 17);
    assert_eq!(coded(&all, "request_count"), []);
}

#[test]
fn threads_of_several_processes_are_told_as_threads() {
    let pool = |workers: u64, worker_processes: u64| {
        let mut scene = Scene::of_programs();
        let plan = &mut scene.fixture.run.plan;
        plan.strategy = Some(Strategy::Pool);
        plan.inferred.client = Some(Evidence {
            connections: 40,
            workers,
            worker_processes,
            accepting_threads: None,
            receiving_threads: None,
            sending_threads: None,
            most_by_one_worker: 6,
            at_once: Some(workers),
            created_threads: Some(workers),
            created_processes: Some(worker_processes),
            because: String::new(),
        });
        scene.one("pool_width").message
    };
    assert!(pool(8, 8).starts_with("8 processes of the client made the 40 connections."));
    assert!(pool(8, 4).starts_with("8 threads of the client made the 40 connections."));
    assert!(pool(8, 1).starts_with("8 threads of the client made the 40 connections."));
}

#[test]
fn a_capture_that_failed_or_lost_all_does_not_say_where_connections_went() {
    let beside = |reason: StopReason, lost: u64| {
        let fixture = with(|f| {
            f.flows.clear();
            f.capture().frames = 0;
            f.capture().stop_reason = reason;
            f.capture().dropped_by_kernel = Some(lost);
        });
        coded(&fixture, "nothing_captured").len()
    };
    assert_eq!(beside(StopReason::Timeout, 0), 1);
    assert_eq!(beside(StopReason::Fault, 0), 0, "it was not there");
    assert_eq!(beside(StopReason::Timeout, 200), 0, "they were lost");
}

/// A connection that the server accepted and on which no call of it was seen.
fn accepted_only(server_bytes: u64, change: impl FnOnce(&mut Scene)) -> String {
    let mut scene = Scene::of_programs();
    scene.accepted(1);
    let flow = &mut scene.fixture.flows[0];
    flow.client = Endpoint::new(Ipv4Addr::LOCALHOST.into(), 40_000);
    (flow.client_payload_bytes, flow.server_payload_bytes) = (6, server_bytes);
    change(&mut scene);
    scene.one("serving_thread_unseen").message
}

#[test]
fn what_was_lost_may_have_been_an_answer() {
    let lossy = |s: &mut Scene| s.fixture.capture().dropped_by_kernel = Some(1);
    assert!(accepted_only(0, |_| ()).contains("on 1 only the client sent"));
    let message = accepted_only(0, lossy);
    assert!(
        message.contains("of 1 it was not seen what it carried"),
        "{message}"
    );
    assert!(accepted_only(14, lossy).contains("on 1 the server sent"));
    let uncaptured = accepted_only(0, |s| {
        s.fixture.run.capture = None;
        s.fixture.flows.clear();
    });
    assert!(
        uncaptured.contains("of 1 it was not seen what it carried"),
        "{uncaptured}"
    );
}

#[test]
fn addresses_of_others_are_not_the_built_in_client_s() {
    let spread = |owned: bool| {
        with(|f| {
            f.flows[7].client.ip = Ipv4Addr::new(127, 0, 0, 9).into();
            if !owned {
                f.flows[7].client_owner = None;
            }
        })
    };
    assert_eq!(coded(&spread(true), "source_addresses").len(), 1);
    assert_eq!(coded(&spread(false), "source_addresses"), []);
}

#[test]
fn what_a_watched_client_did_unseen_is_nobody_elses() {
    let watched = |ring: bool| {
        let mut scene = of_a_watch(true, 0);
        scene.fixture.flows[3].client_owner = None;
        if ring {
            scene.event(Side::Client, Change::SetUpRing);
        }
        scene
    };
    assert_eq!(watched(false).coded("clients_on_the_wire").len(), 1);
    watched(true).silent("clients_on_the_wire");
}

#[test]
fn connections_made_unseen_are_not_counted_as_none() {
    let mut scene = Scene::of_programs();
    let first = Change::Started {
        process: true,
        parent: Some(crate::model::Pid(100)),
    };
    scene.process(300, first);
    scene.process(300, Change::Ended(Exit::Signal(11)));
    let seen = scene.one("processes_killed").message;
    assert!(seen.contains("it had made 0 connections before"), "{seen}");
    scene.event(Side::Client, Change::SetUpRing);
    let finding = scene.one("processes_killed");
    assert!(
        finding.message.ends_with("which threadtap had not sent."),
        "{}",
        finding.message
    );
    assert!(finding.evidence["connections"].is_null());
}

#[test]
fn a_queue_that_never_overflowed_needs_no_larger_backlog() {
    let waited = |overflows: u64| {
        let mut scene = Scene::normal();
        let look = |n: u64| KernelLook {
            backlog: Some(100),
            listen_overflows: Some(n),
            listen_drops: Some(n),
            ..KernelLook::default()
        };
        scene.observation.kernel = vec![look(0), look(overflows)];
        scene.fixture.run.plan.server = ServerKind::Command;
        scene.fixture.run.correlation.server_owned = Some(19);
        scene.fixture.unanswered(4);
        let flow = &mut scene.fixture.flows[4];
        flow.server_owner = None;
        flow.server_payload_bytes = 0;
        scene.one("requests_failed").message
    };
    let only = waited(0);
    assert!(
        only.contains(
            "which waited in its accept queue; let it accept each one as soon as it is there"
        ),
        "{only}"
    );
    assert!(waited(3).contains("or found it full; raise the backlog of its listen call"));
}

#[test]
fn who_had_sent_fin_may_still_have_read() {
    let late = with(|f| f.flows[2].history = "ShADaFdR".to_owned());
    let message = one(&late, "reset_unread").message;
    assert_eq!(
        message,
        "The client reset 1 connection on which data of the server came after the client had sent \
         FIN: if the client had closed it by then, nobody read that data; if it had only ended its \
         sending (shutdown(2)), it may have left a part unread."
    );
}

#[test]
fn what_tracing_cost_before_the_client_ran_is_not_its_own() {
    let cost = |server: ServerKind| {
        let fixture = with(|f| {
            f.run.plan.server = server;
            let observer = &mut f.run.observer;
            observer.tracer_cpu_ns = Some(crate::model::Nanos::new(149_000_000));
            observer.tracer_stops = Some(3726);
            observer.client_duration_ns = Some(crate::model::Nanos::new(257_000_000));
        });
        one(&fixture, "observer_cost").message
    };
    let before = "3,726 times, a part of which may be from before, when the server started:";
    assert!(cost(ServerKind::Command).contains(before));
    assert!(!cost(ServerKind::Embedded).contains("before"));
}

#[test]
fn one_is_told_as_one() {
    let mismatch = with(|f| {
        f.flows.truncate(1);
        f.fail(0, Outcome::Refused, None);
        for worker in &mut f.workers {
            worker.outcome = Some(Outcome::Refused);
            worker.connected_ns = None;
        }
    });
    let message = one(&mismatch, "count_mismatch").message;
    assert!(
        message.contains("1 connection with valid answers on the wire"),
        "{message}"
    );
    let never = with(|f| {
        f.retried(3);
        f.flows[3].handshake.as_mut().unwrap().ack_ns = None;
    });
    let message = one(&never, "syn_retransmitted").message;
    assert!(
        message.contains("its handshake was not completed"),
        "{message}"
    );
    let silent = with(|f| f.unanswered(3));
    let message = one(&silent, "unanswered_flows").message;
    assert!(message.contains("(flow 3)"), "{message}");
    let two = with(|f| (f.unanswered(3), f.unanswered(4)).0);
    let message = one(&two, "unanswered_flows").message;
    assert!(message.contains("(flows 3, 4)"), "{message}");
}

#[test]
fn an_attempt_that_was_refused_made_no_connection() {
    let mut scene = Scene::of_programs();
    scene.fixture.run.requests.attempted = Some(0);
    scene.thread(
        100,
        Change::ConnectedElsewhere {
            target: Endpoint::new(Ipv4Addr::LOCALHOST.into(), 81),
            errno: libc::ECONNREFUSED,
        },
    );
    let message = scene.one("no_connection").message;
    assert!(
        message.contains("it tried to make 1 connection to another port than the server's"),
        "{message}"
    );
}

#[test]
fn the_main_thread_of_a_child_is_not_the_client_s() {
    let mut scene = Scene::of_programs();
    scene.fixture.run.requests.submitted = None;
    scene.process(
        300,
        Change::Started {
            process: true,
            parent: Some(crate::model::Pid(100)),
        },
    );
    let of_child = |scene: &mut Scene, tid: u32, what: Change| {
        let event = crate::model::observation::Event {
            at: scene.now(),
            pid: crate::model::Pid(300),
            tid: crate::model::Tid(tid),
            what,
        };
        let side = Side::Client;
        let fact = crate::model::observation::Fact::Event { side, event };
        scene.observation.add(fact);
    };
    for tid in [301, 302] {
        let thread = Change::Started {
            process: false,
            parent: None,
        };
        of_child(&mut scene, tid, thread);
        let connected = Change::Connected {
            socket: Some(crate::model::observation::SocketId(u64::from(tid))),
            target: Endpoint::new(Ipv4Addr::LOCALHOST.into(), 45_000),
            from: scene.now(),
            local: None,
            errno: Some(0),
        };
        of_child(&mut scene, tid, connected);
    }
    scene.process(300, Change::ExitBegun);
    scene.process(300, Change::Ended(Exit::Code(0)));
    let message = scene.one("not_joined").message;
    assert!(
        message.starts_with(
            "The main thread of one of the client's processes ended while 2 threads that it had \
             created were still there"
        ),
        "{message}"
    );
}
