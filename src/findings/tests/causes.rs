//! The rules that explain: why something was slow, full, reset or counted wrongly.

use std::net::{IpAddr, Ipv6Addr};

use serde_json::json;

use super::scene::Scene;
use super::{coded, evidence, of, one, with};
use crate::model::observation::{ConnectionNote, Trouble};
use crate::model::{
    Close, Endpoint, Evidence, Nanos, Outcome, Pid, Provenance, ServerKind, Severity, Side,
    Strategy, Tid,
};
use crate::testkit::Fixture;

fn ms(n: i64) -> Nanos {
    Nanos::new(n * 1_000_000)
}

fn built(connections: u64) -> Evidence {
    Evidence {
        connections,
        workers: connections,
        worker_processes: 1,
        accepting_threads: None,
        receiving_threads: None,
        sending_threads: None,
        most_by_one_worker: 1,
        at_once: Some(2),
        created_threads: Some(connections),
        created_processes: Some(0),
        because: String::new(),
    }
}

/// A program that creates a thread for each connection.
fn threads(f: &mut Fixture) {
    f.run.plan.client_command = Some(vec!["client".to_owned()]);
    f.run.plan.strategy = Some(Strategy::Thread);
    f.run.plan.inferred.client = Some(built(20));
}

#[test]
fn thread_per_request_of_a_program() {
    let finding = one(&with(threads), "thread_per_request");
    assert_eq!(finding.severity, Severity::Info);
    assert_eq!(
        evidence(&finding),
        json!({"connections": 20, "threads": 20})
    );
    assert!(
        finding
            .message
            .starts_with("The client created a thread for each of its 20 connections."),
        "{}",
        finding.message
    );
    for strategy in [Some(Strategy::Pool), Some(Strategy::Process), None] {
        let other = with(|f| {
            threads(f);
            f.run.plan.strategy = strategy;
        });
        assert_eq!(coded(&other, "thread_per_request"), []);
    }
    // The built-in client does what it was asked to.
    assert_eq!(coded(&Fixture::normal(20), "thread_per_request"), []);
}

#[test]
fn observer_cost_is_told_from_half_the_time_on() {
    let cost = |cpu: i64, client: i64| {
        with(|f| {
            f.run.observer.tracer_cpu_ns = Some(ms(cpu));
            f.run.observer.tracer_stops = Some(12_000);
            f.run.observer.client_duration_ns = Some(ms(client));
        })
    };
    let finding = one(&cost(180, 240), "observer_cost");
    assert_eq!(finding.severity, Severity::Info);
    assert!(
        finding.message.contains("stopped threads 12,000 times"),
        "{}",
        finding.message
    );
    assert_eq!(coded(&cost(100, 200), "observer_cost").len(), 1);
    assert_eq!(coded(&cost(99, 200), "observer_cost"), []);
    assert_eq!(
        coded(&cost(60, 99), "observer_cost"),
        [],
        "it is over at once"
    );
    let unknown = with(|f| f.run.observer.tracer_stops = Some(9));
    assert_eq!(coded(&unknown, "observer_cost"), []);
}

#[test]
fn sampled_is_told_unless_something_else_says_so() {
    let sampled = |server: ServerKind| {
        let mut scene = Scene::of_programs();
        let run = &mut scene.fixture.run;
        run.census.client.provenance = Some(Provenance::Sampled);
        run.census.server.provenance = Some(Provenance::Sampled);
        run.census.client.threads.peak = Some(19);
        run.census.server.threads.peak = Some(19);
        run.plan.server = server;
        scene
    };
    let both = sampled(ServerKind::Command).one("sampled");
    assert_eq!(both.severity, Severity::Info);
    assert_eq!(evidence(&both), json!({"sides": ["client", "server"]}));
    let existing = sampled(ServerKind::Existing).one("sampled");
    assert_eq!(evidence(&existing), json!({"sides": ["client"]}));
    let mut refused = sampled(ServerKind::Existing);
    refused.trouble(Trouble::NotTraced {
        side: Side::Client,
        error: "no".to_owned(),
        remedy: String::new(),
    });
    refused.silent("sampled");
    let mut seen_all = sampled(ServerKind::Command);
    seen_all.fixture.run.census.client.threads.peak = Some(20);
    assert_eq!(
        evidence(&seen_all.one("sampled")),
        json!({"sides": ["server"]})
    );
    seen_all.fixture.run.connections.established = None;
    seen_all.silent("sampled");
    Scene::of_programs().silent("sampled");
}

/// Each SYN stands in the capture twice.
fn twice(f: &mut Fixture) {
    for flow in &mut f.flows {
        flow.handshake.as_mut().unwrap().syn_count = 2;
    }
}

#[test]
fn frames_twice_is_no_retransmission() {
    let finding = one(&with(twice), "frames_twice");
    assert_eq!(finding.severity, Severity::Warning);
    assert_eq!(evidence(&finding), json!({"flows": 20, "interface": "lo"}));
    assert_eq!(coded(&with(twice), "syn_retransmitted"), []);
    let one_is_not = with(|f| {
        twice(f);
        f.flows[3].handshake.as_mut().unwrap().syn_count = 1;
    });
    assert_eq!(coded(&one_is_not, "frames_twice"), []);
    assert_eq!(coded(&one_is_not, "syn_retransmitted"), []);
    let one_is_late = with(|f| {
        twice(f);
        f.retried(3);
    });
    assert_eq!(coded(&one_is_late, "frames_twice"), []);
    let again = one(&one_is_late, "syn_retransmitted");
    assert_eq!(evidence(&again)["flows"], 1);
    // Of a connection that was refused at once, too.
    let refused = with(|f| {
        let flow = &mut f.flows[0];
        let handshake = flow.handshake.as_mut().unwrap();
        (handshake.syn_count, handshake.ack_ns) = (2, None);
        flow.last_ns = handshake.syn_ns.plus(Nanos::new(30_000));
    });
    assert_eq!(coded(&refused, "syn_retransmitted"), []);
    let mut alone = Fixture::normal(1);
    twice(&mut alone);
    assert_eq!(coded(&alone, "frames_twice"), []);
}

/// Flow `at` was established for the client, and nobody accepted it.
fn stuck(f: &mut Fixture, at: usize) {
    f.unanswered(at);
    f.flows[at].server_owner = None;
    f.flows[at].server_payload_bytes = 0;
    f.run.correlation.server_owned = f.run.correlation.server_owned.map(|n| n - 1);
}

#[test]
fn never_accepted_is_told_once() {
    let two = with(|f| {
        stuck(f, 4);
        stuck(f, 5);
        f.flows[5].client_payload_bytes = 0;
    });
    let finding = one(&two, "never_accepted");
    assert_eq!(finding.severity, Severity::Warning);
    assert_eq!(evidence(&finding)["connections"], 2);
    assert_eq!(evidence(&finding)["asked"], 1);
    assert!(
        finding.message.contains("raise --backlog"),
        "{}",
        finding.message
    );
    assert_eq!(coded(&two, "unowned_flows"), []);
    // One of another kind is still told.
    let other = with(|f| {
        stuck(f, 4);
        f.flows[6].server_owner = None;
        f.run.correlation.server_owned = Some(18);
    });
    assert_eq!(one(&other, "unowned_flows").evidence["unowned"], 1);
    assert_eq!(one(&other, "never_accepted").evidence["connections"], 1);
}

#[test]
fn never_accepted_is_silent_where_others_may_have_accepted() {
    let but = |change: fn(&mut Fixture)| {
        with(|f| {
            stuck(f, 4);
            change(f);
        })
    };
    for other in [
        but(|f| f.flows[4].server_payload_bytes = 14),
        but(|f| f.run.plan.server = ServerKind::Existing),
        but(|f| f.run.correlation.server_owned = None),
        but(|f| f.capture().dropped_by_kernel = Some(1)),
        // The last ACK of the handshake did not come: not even the client had it.
        but(|f| f.flows[4].handshake.as_mut().unwrap().ack_ns = None),
    ] {
        assert_eq!(coded(&other, "never_accepted"), []);
    }
}

/// Of a connection from before, its SYN was not seen, and nothing can be said of it.
#[test]
fn flows_from_before_the_capture_are_told_apart() {
    let before = |how_many: usize| {
        with(|f| {
            for flow in f.flows.iter_mut().take(how_many) {
                (flow.handshake, flow.client_owner, flow.server_owner) = (None, None, None);
            }
            f.flows[9].client_owner = None;
            f.flows[9].server_owner = None;
            let owned = Some(19 - how_many as u64);
            f.run.correlation.client_owned = owned;
            f.run.correlation.server_owned = owned;
        })
    };
    let mixed = coded(&before(3), "unowned_flows");
    assert_eq!(mixed.len(), 2);
    for finding in mixed {
        let said = "; of 3 of them the SYN is not in the capture: they were there before it began.";
        assert!(finding.message.ends_with(said), "{}", finding.message);
    }
    let mut all = before(3);
    all.flows[9].handshake = None;
    for finding in coded(&all, "unowned_flows") {
        let said =
            "flows: of these the SYN is not in the capture: they were there before it began.";
        assert!(finding.message.ends_with(said), "{}", finding.message);
        assert!(!finding.message.contains("accepted them"));
    }
}

/// The client closes these flows first.
fn client_first(f: &mut Fixture, how_many: usize) {
    for flow in f.flows.iter_mut().take(how_many) {
        flow.client_closed_ns = Some(flow.last_ns);
        flow.server_closed_ns = Some(flow.last_ns.plus(ms(1)));
    }
}

fn range(f: &mut Fixture, ports: u64) {
    let limits = &mut f.run.environment.limits;
    limits.insert("ip_local_port_range".to_owned(), Some(ports));
}

#[test]
fn ports_exhausted_tells_who_holds_them() {
    let exhausted = |change: fn(&mut Fixture)| {
        with(|f| {
            f.fail(3, Outcome::NoPort, None);
            range(f, 28_232);
            client_first(f, 12);
            f.flows[15].server_closed_ns = Some(f.flows[15].first_ns);
            f.flows[15].client_closed_ns = Some(f.flows[15].last_ns);
            change(f);
        })
    };
    let finding = one(&exhausted(|_| ()), "ports_exhausted");
    let expected = json!({
        "connections": 1,
        "ports": 28_232,
        "client_closed_first": 12,
        "server_closed_first": 1,
    });
    assert_eq!(evidence(&finding), expected);
    assert!(
        finding.message.contains("the client closed 12 first"),
        "{}",
        finding.message
    );
    // A reset leaves nothing in TIME-WAIT.
    let reset = exhausted(|f| f.flows.iter_mut().for_each(|flow| flow.close = Close::Rst));
    let finding = one(&reset, "ports_exhausted");
    assert!(
        !finding.message.contains("TIME-WAIT"),
        "{}",
        finding.message
    );
    // An IPv6 address that no interface has fails with the same error.
    let nowhere = exhausted(|f| {
        f.run.plan.target = "[::1]:45000".to_owned();
        f.flows.clear();
    });
    assert_eq!(coded(&nowhere, "ports_exhausted"), []);
    let there = exhausted(|f| {
        f.run.plan.target = "[::1]:45000".to_owned();
        for flow in &mut f.flows {
            flow.server.ip = IpAddr::V6(Ipv6Addr::LOCALHOST);
        }
    });
    assert_eq!(coded(&there, "ports_exhausted").len(), 1);
    assert_eq!(coded(&Fixture::normal(20), "ports_exhausted"), []);
}

#[test]
fn closes_first_is_told_where_ports_run_short() {
    let run = |ports: u64, how_many: usize, change: fn(&mut Fixture)| {
        with(|f| {
            f.run.plan.client_command = Some(vec!["client".to_owned()]);
            range(f, ports);
            client_first(f, how_many);
            change(f);
        })
    };
    let finding = one(&run(20, 10, |_| ()), "closes_first");
    assert_eq!(finding.severity, Severity::Info);
    let expected = json!({"client_closed_first": 10, "server_closed_first": 0, "ports": 20});
    assert_eq!(evidence(&finding), expected);
    assert_eq!(coded(&run(20, 9, |_| ()), "closes_first"), []);
    let built_in = run(20, 10, |f| f.run.plan.client_command = None);
    assert_eq!(coded(&built_in, "closes_first"), []);
    let told_already = run(20, 10, |f| f.fail(3, Outcome::NoPort, None));
    assert_eq!(coded(&told_already, "closes_first"), []);
    // What ended more than a minute before has left TIME-WAIT.
    let long_ago = run(20, 10, |f| {
        let late = f.flows[19].last_ns.plus(ms(61_000));
        f.flows[19].last_ns = late;
    });
    assert_eq!(coded(&long_ago, "closes_first"), []);
}

#[test]
fn reset_unread_of_each_side() {
    let history = |history: &str| {
        with(|f| {
            f.flows[2].history = history.to_owned();
            f.flows[2].close = Close::Rst;
        })
    };
    let finding = one(&history("ShADadR"), "reset_unread");
    assert_eq!(finding.severity, Severity::Info);
    let expected = json!({"side": "client", "flows": 1, "after_close": 0, "after_fin": 0});
    assert_eq!(evidence(&finding), expected);
    assert!(finding.message.contains("SO_LINGER"), "{}", finding.message);
    // A socket in FIN-WAIT-2 that the kernel gave up, its TIME-WAIT being full: nothing was
    // unread.
    let fin = one(&history("ShADadFafR"), "reset_unread");
    assert_eq!(fin.evidence["after_fin"], 1);
    let why = "had already sent FIN: the kernel does so where more comes";
    assert!(fin.message.contains(why), "{}", fin.message);
    let late = one(&history("ShADFadR"), "reset_unread");
    assert_eq!(late.evidence["after_close"], 1);
    assert!(
        late.message.contains("had closed it by then"),
        "{}",
        late.message
    );
    let server = one(&history("ShADr"), "reset_unread");
    assert_eq!(server.evidence["side"], "server");
    for nothing_came in ["ShADR", "ShAr", "ShADadFf", "ShAFR", "Sr"] {
        assert_eq!(coded(&history(nothing_came), "reset_unread"), []);
    }
    // Each kind with its own number.
    let mixed = with(|f| {
        for (at, history) in ["ShADadR", "ShADFadR", "ShADadFafR", "ShADadFR"]
            .iter()
            .enumerate()
        {
            f.flows[at].history = (*history).to_owned();
        }
    });
    let mixed = one(&mixed, "reset_unread");
    let expected = json!({"side": "client", "flows": 4, "after_close": 1, "after_fin": 2});
    assert_eq!(evidence(&mixed), expected);
    assert_eq!(
        mixed.message.matches("reset 1 connection ").count(),
        2,
        "{}",
        mixed.message
    );
    assert!(
        mixed.message.contains("reset 2 connections "),
        "{}",
        mixed.message
    );
    let lossy = with(|f| {
        f.flows[2].history = "ShADadR".to_owned();
        f.capture().dropped_by_kernel = Some(1);
    });
    assert_eq!(coded(&lossy, "reset_unread"), []);
}

/// The answer of flow `at` took so long.
fn slow(f: &mut Fixture, at: usize, took: i64) {
    let exchange = &mut f.flows[at].exchanges[0];
    exchange.response_ns = Some(exchange.request_ns.plus(ms(took)));
}

#[test]
fn slow_answers_tell_where_the_time_went() {
    let mut scene = Scene::normal();
    for (at, took) in [(1, 1000), (2, 3000), (3, 2000), (4, 999)] {
        slow(&mut scene.fixture, at, took);
    }
    let note = |at: usize, accepted: i64, received: i64| {
        let flow = &scene.fixture.flows[at];
        let asked = flow.exchanges[0].request_ns;
        let who = (Pid(1), Tid(1));
        ConnectionNote {
            client: flow.client,
            accepted: asked.plus(ms(accepted)),
            accepted_by: who,
            served: Some(asked.plus(ms(received))),
            served_by: Some(who),
            closed: None,
        }
    };
    // The second waited for accept(2), the third was in the hands of a thread; of the
    // first it is not known.
    let notes = [note(2, 2000, 2001), note(3, 1, 2)];
    scene.observation.server.connections.extend(notes);
    let finding = scene.one("slow_answers");
    assert_eq!(finding.severity, Severity::Info);
    assert_eq!(
        finding.message,
        "3 of 20 answers took a second or more, the slowest 3.00 s; 1 waited most of that time to \
         be accepted; of 1 a thread of the server had received the request for most of it."
    );
    // Two connections of one port may be either.
    let again = note_of(&scene, 2);
    scene.observation.server.connections.push(again);
    let finding = scene.one("slow_answers");
    assert_eq!(finding.evidence["waited_to_be_accepted"], 0);
}

fn note_of(scene: &Scene, at: usize) -> ConnectionNote {
    let client = scene.fixture.flows[at].client;
    let notes = &scene.observation.server.connections;
    notes.iter().find(|note| note.client == client).unwrap()
}

#[test]
fn slow_answers_of_other_protocols_and_others_are_nobodys_affair() {
    let run = |change: fn(&mut Fixture)| {
        with(|f| {
            slow(f, 1, 5000);
            change(f);
        })
    };
    assert_eq!(coded(&run(|_| ()), "slow_answers").len(), 1);
    for other in [
        run(|f| f.flows[1].exchanges[0].valid = None),
        run(|f| f.flows[1].client_owner = None),
        run(|f| f.flows[1].exchanges[0].response_ns = None),
        run(|f| f.capture().dropped_by_interface = Some(1)),
    ] {
        assert_eq!(coded(&other, "slow_answers"), []);
    }
}

#[test]
fn a_wrong_answer_is_told_with_what_is_wrong_with_it() {
    let wrong = |problem: &str| {
        let fixture = with(|f| {
            f.bad_answer(4, "HELLO");
            f.flows[4].exchanges[0].problem = Some(problem.into());
        });
        one(&fixture, "requests_failed").message
    };
    let said = wrong("answer is not JAM hh:mm:ss\\r\\n: \"HELLO\\r\\n\"");
    assert!(
        said.contains(
            "; the answer \"HELLO\\r\\n\" is wrong: it has 7 bytes instead of 14, it does not begin with “JAM ”; \
             correct the server"
        ),
        "{said}"
    );
    // Of answers that are not the same, one stands for an example.
    let several = with(|f| {
        f.bad_answer(3, "HELLO");
        f.bad_answer(4, "BYE");
        for (flow, answer) in [(3, "HELLO"), (4, "BYE")] {
            let problem = format!("answer is not JAM hh:mm:ss\\r\\n: \"{answer}\\r\\n\"");
            f.flows[flow].exchanges[0].problem = Some(problem.into());
        }
    });
    let said = one(&several, "requests_failed").message;
    assert!(
        said.contains("; for example the answer \"HELLO\\r\\n\" is wrong"),
        "{said}"
    );
    // What the capture does not show whole is not judged.
    let cut = with(|f| {
        f.bad_answer(4, "HELLO");
        f.flows[4]
            .incomplete
            .push(crate::model::Incomplete::AnswersLost);
    });
    let said = one(&cut, "requests_failed").message;
    assert!(!said.contains("bytes instead"), "{said}");
}

/// What is only information does not change a run in which all went well.
#[test]
fn plain_descriptions_are_information() {
    let found = of(&with(|f| {
        threads(f);
        f.run.observer.tracer_cpu_ns = Some(ms(500));
        f.run.observer.tracer_stops = Some(1);
    }));
    assert!(
        found.iter().all(|f| f.severity == Severity::Info),
        "{found:?}"
    );
    assert_eq!(found.len(), 2, "{found:?}");
}

/// Runs in which, taken together, the rules of this file speak.
pub(super) fn scenes() -> Vec<Scene> {
    let scene = |change: &dyn Fn(&mut Fixture)| {
        let mut scene = Scene::of_programs();
        change(&mut scene.fixture);
        scene
    };
    let mut sampled = Scene::of_programs();
    sampled.fixture.run.census.client.provenance = Some(Provenance::Sampled);
    sampled.fixture.run.census.client.threads.peak = Some(3);
    vec![
        sampled,
        scene(&threads),
        scene(&twice),
        scene(&|f| {
            stuck(f, 4);
            f.flows[2].history = "ShADadR".to_owned();
            slow(f, 1, 5000);
            f.flows[1].client = Endpoint::new(Ipv6Addr::LOCALHOST.into(), 1);
        }),
        scene(&|f| {
            f.run.observer.tracer_cpu_ns = Some(ms(500));
            f.run.observer.tracer_stops = Some(1);
            range(f, 20);
            client_first(f, 20);
        }),
        scene(&|f| f.fail(3, Outcome::NoPort, None)),
    ]
}
