//! Runs that are told by hand, and what is to be said of each.

mod beside;
mod clock;
mod cut;
mod hostile;
mod programs;
mod story;
mod sums;

use self::story::{Story, all_well, asked, at, ms, note, port};
use crate::model::observation::*;
use crate::model::*;

/// Two requests by a thread each; all goes well.
fn two_threads() -> Story {
    let mut story = Story::built_in(Strategy::Thread, 2);
    for (n, port) in [(0, 50_000), (1, 50_001)] {
        story.thread(Side::Client, 100 + n, 10, Some(40));
        story.seen.add(Fact::Request(note(n, port, 10, 40)));
        story.thread(Side::Server, 200 + n, 11, Some(41));
        story.took(port, 200 + n, 11);
        story.flow(port, 10, Some(14));
    }
    story.totals(Side::Client, all_well());
    story.totals(Side::Server, all_well());
    story.cost(Side::Client, 3, None);
    story.cost(Side::Server, 4, None);
    story.ends(Side::Client, 100, Exit::Code(0));
    story.is_ended(Side::Server, 300, Exit::Code(0));
    story.captured();
    story
}

#[test]
fn a_run_that_went_well_is_told_whole() {
    let mut story = two_threads();
    story.over(End::Complete);
    let told = story.told();
    let run = &told.run;
    assert_eq!(
        run.tool.version, "9.9.9",
        "who saw it, not who tells it again"
    );
    assert_eq!(run.started, "2026-01-02T03:04:05.678+07:00");
    assert_eq!(run.duration_ns, ms(200));
    assert_eq!(run.observer.client_duration_ns, Some(ms(100)));
    assert_eq!(run.observer.capture_cpu_ns, Some(ms(1)));
    assert_eq!(run.observer.tracer_stops, None);
    assert_eq!(run.plan.strategy, Some(Strategy::Thread));
    assert_eq!(run.plan.workers, None, "of a pool only");
    assert_eq!(run.plan.target, story::TARGET);
    assert_eq!(run.plan.server_model, Some(ServerModel::Thread));
    let requests = Requests {
        provenance: Some(Provenance::Captured),
        submitted: Some(2),
        attempted: Some(2),
        on_wire: Some(2),
        handshakes: Some(2),
        answered: Some(2),
        valid: Some(2),
        failed: [].into(),
        failed_total: Some(0),
        unknown: Some(0),
    };
    assert_eq!(run.requests, requests);
    let threads = Counts {
        before: Some(1),
        peak: Some(3),
        after: Some(1),
        created: Some(2),
    };
    assert_eq!(run.census.client.threads, threads);
    assert_eq!(run.census.server.threads, threads);
    assert_eq!(run.correlation.client_owned, Some(2));
    assert_eq!(run.correlation.server_owned, Some(2));
    let owner = told.flows[1].server_owner.unwrap();
    assert_eq!(
        (owner.accept_tid, owner.serve_tid),
        (Some(Tid(20)), Some(Tid(201)))
    );
    assert_eq!(owner.provenance, Provenance::Instrumented);
    assert_eq!(told.flows[1].client_owner.unwrap().tid, Tid(101));
    assert_eq!(told.workers.len(), 4);
    assert_eq!(run.sides.client.cpu_ns, Some(ms(3)));
    assert_eq!(run.programs, Programs::default());
    assert_eq!(run.findings, []);
}

#[test]
fn attempted_is_bounded_by_the_wire() {
    // Three workers were killed between connect(2) and telling their port. Two
    // SYNs are on the wire: two of the three were sent, and not three.
    let mut story = Story::built_in(Strategy::Process, 4);
    story.seen.add(Fact::Request(note(0, 50_000, 10, 40)));
    story.flow(50_000, 10, Some(14));
    for n in 1..4 {
        story.seen.add(Fact::Request(RequestNote {
            connected: None,
            ended: None,
            client: None,
            outcome: Outcome::Abandoned,
            ..note(n, 0, 20, 0)
        }));
    }
    story.flow(50_001, 20, None);
    story.flow(50_002, 21, None);
    story.totals(Side::Client, all_well());
    story.captured();
    story.over(End::Complete);
    let requests = story.told().run.requests;
    assert_eq!(requests.attempted, Some(3));
    assert_eq!(requests.on_wire, Some(3), "the SYNs are the run's own");
    // Without a capture the wire can tell nothing: what was begun counts.
    story.flows.clear();
    story.seen.wire = None;
    assert_eq!(story.told().run.requests.attempted, Some(4));
}

#[test]
fn a_pool_that_nobody_joined_leaves_requests_and_threads() {
    let mut story = Story::built_in(Strategy::Pool, 3);
    story.thread(Side::Client, 100, 10, None);
    story.thread(Side::Client, 101, 10, None);
    story.seen.add(Fact::Request(note(0, 50_000, 10, 40)));
    story.flow(50_000, 10, Some(14));
    story.seen.add(Fact::Request(RequestNote {
        ended: None,
        outcome: Outcome::Abandoned,
        ..note(1, 50_001, 50, 0)
    }));
    story.seen.add(Fact::Request(RequestNote {
        taken_by: None,
        started: None,
        connect: None,
        connected: None,
        ended: None,
        client: None,
        outcome: Outcome::NotAttempted,
        ..note(2, 0, 0, 0)
    }));
    let left = OwnTotals {
        after: Some(at(60)),
        ..all_well()
    };
    story.totals(Side::Client, left);
    story.captured();
    story.over(End::Complete);
    let told = story.told();
    assert_eq!(told.run.plan.workers, Some(2));
    assert_eq!(told.run.census.client.threads.after, Some(3), "they run on");
    assert_eq!(told.run.requests.attempted, Some(2));
    let failed = [("abandoned", 1), ("not_attempted", 1)].map(|(k, n)| (k.to_owned(), n));
    assert_eq!(told.run.requests.failed, failed.into());
    assert_eq!(told.workers.at(2).worker, None, "no worker took it");
}

#[test]
fn a_refused_client_has_the_system_s_words() {
    let mut story = Story::built_in(Strategy::Thread, 1);
    story.seen.add(Fact::Request(RequestNote {
        connected: None,
        outcome: Outcome::Refused,
        errno: 111,
        ..note(0, 50_000, 10, 11)
    }));
    story.flow(50_000, 10, None);
    story.totals(Side::Client, all_well());
    story.captured();
    story.over(End::Complete);
    let told = story.told();
    let requests = &told.run.requests;
    assert_eq!((requests.attempted, requests.valid), (Some(1), Some(0)));
    assert_eq!(requests.failed, [("refused".to_owned(), 1)].into());
    let detail = told.workers.at(0).detail.unwrap();
    assert!(detail.contains("os error 111"), "{detail}");
    assert!(told.flows[0].client_owner.is_some());
}

#[test]
fn what_came_instead_of_an_answer_is_told_before_the_error() {
    let mut story = Story::built_in(Strategy::Thread, 1);
    story.seen.add(Fact::Request(RequestNote {
        outcome: Outcome::BadAnswer,
        errno: 104,
        got: Some("HTTP\\r\\n…".into()),
        ..note(0, 50_000, 10, 11)
    }));
    let told = story.told();
    assert_eq!(told.workers.at(0).detail.as_deref(), Some("HTTP\\r\\n…"));
}

#[test]
fn a_side_that_could_not_note_all_has_no_census() {
    let mut story = two_threads();
    let totals = OwnTotals {
        unrecorded: 1,
        ..all_well()
    };
    story.totals(Side::Server, totals);
    story.over(End::Complete);
    let run = story.told().run;
    assert_eq!(run.census.server, SideCensus::absent());
    assert_eq!(run.census.client.threads.created, Some(2));
}

#[test]
fn what_nobody_followed_makes_costs_unknown() {
    let mut story = two_threads();
    story.over(End::Complete);
    let known = story.told().run.sides;
    assert_eq!(known.server.cpu_ns, Some(ms(4)));
    let left = Leftovers {
        reaped: 1,
        ..Leftovers::default()
    };
    for leftovers in [Some(left), None] {
        story.seen.leftovers = leftovers;
        assert_eq!(story.told().run.sides, SideCosts::default());
    }
}

#[test]
fn without_a_capture_the_workers_tell() {
    let mut story = two_threads();
    story.flows.clear();
    story.seen.wire = None;
    story.seen.header.asked.capture = None;
    story.over(End::Complete);
    let run = story.told().run;
    assert_eq!(run.capture, None);
    assert_eq!(run.correlation, Correlation::default());
    assert_eq!(run.requests.on_wire, None);
    let told = &run.requests;
    assert_eq!(
        (told.handshakes, told.answered, told.valid),
        (Some(2), Some(2), Some(2))
    );
    let by_themselves = Some(Provenance::Instrumented);
    assert_eq!(told.provenance, by_themselves);
    assert_eq!(run.latency.provenance, by_themselves);
    assert_eq!(run.latency.handshake.unwrap().count, 2);
    assert_eq!(run.latency.exchange.unwrap().count, 2);
}

#[test]
fn a_capture_that_saw_nothing_is_not_the_same_as_none() {
    let mut story = two_threads();
    story.flows.clear();
    story.captured();
    story.over(End::Complete);
    // Connections were made: it looked at the wrong place, and tells of none.
    let run = story.told().run;
    assert_eq!(run.correlation.flows, Some(0));
    assert_eq!(run.requests.on_wire, None);
    assert_eq!(run.requests.handshakes, None);
    assert!(run.findings.iter().any(|f| f.code == "nothing_captured"));
    story.seen.client.requests.change(|all| {
        for note in all {
            note.connected = None;
        }
    });
    let run = story.told().run;
    assert_eq!(run.requests.on_wire, Some(0));
}

#[test]
fn a_capture_that_failed_does_not_know_its_losses() {
    let mut story = two_threads();
    let wire = story.seen.wire.as_mut().unwrap();
    wire.dropped_by_kernel = None;
    wire.dropped_by_interface = None;
    wire.cpu_ns = None;
    story.over(End::Fault);
    let run = story.told().run;
    assert_eq!(run.capture.unwrap().dropped_by_kernel, None);
    assert_eq!(run.observer.capture_cpu_ns, None);
}

#[test]
fn a_server_that_was_left_alone_is_sampled() {
    let alone = AskedServer::Existing { attached: false };
    let mut story = Story::of(asked(Strategy::Iterative, 1), alone);
    for (when, threads) in [(0, 4), (5, 9), (7, 5)] {
        let sample = Sample {
            at: at(when),
            threads: Some(threads),
            processes: Some(1),
        };
        for of in [Counted::Server, Counted::System] {
            story.seen.add(Fact::Sample { of, sample });
        }
    }
    story.flow(50_000, 10, Some(14));
    story.captured();
    story.over(End::Complete);
    let run = story.told().run;
    assert_eq!(run.plan.server, ServerKind::Existing);
    assert_eq!(
        (run.plan.server_model, run.plan.server_command),
        (None, None)
    );
    assert_eq!(run.programs.server, None);
    assert_eq!(run.correlation.server_owned, None);
    let threads = run.census.server.threads;
    assert_eq!((threads.before, threads.peak), (Some(4), Some(9)));
    assert_eq!((threads.after, threads.created), (Some(5), None));
    assert_eq!(run.census.server.provenance, Some(Provenance::Sampled));
    assert_eq!(run.census.system.threads.peak, Some(9));
    assert_eq!(run.sides.server, SideCost::default());
}

#[test]
fn an_interrupted_run_tells_what_there_was() {
    let mut story = two_threads();
    story.seen.client.requests.change(|all| {
        all[1].outcome = Outcome::Abandoned;
        all[1].ended = None;
    });
    story.over(End::Interrupted);
    let told = story.told();
    assert_eq!(told.run.requests.failed["abandoned"], 1);
    assert_eq!(told.run.correlation.client_owned, Some(2));
    assert_eq!(told.workers.at(1).client, Some(port(50_001)));
}

#[test]
fn the_plan_has_what_was_asked_for() {
    let client = AskedClient::BuiltIn {
        strategy: Strategy::Pool,
        requests: 7,
        workers: Some(3),
        join: false,
        gate: true,
        max_in_flight: Some(4),
        rate: None,
        duration_ns: None,
        timeout_ns: ms(1234),
    };
    let alone = AskedServer::Existing { attached: false };
    let plan = Story::of(client, alone).told().run.plan;
    assert_eq!(plan.strategy, Some(Strategy::Pool));
    assert_eq!((plan.requests, plan.workers), (Some(7), Some(3)));
    assert_eq!((plan.joined, plan.gate), (Some(false), true));
    assert_eq!(plan.max_in_flight, Some(4));
    assert_eq!(plan.timeout_ns, Some(ms(1234)));

    let program = AskedClient::Program { requests: Some(9) };
    let plan = Story::of(program, alone).told().run.plan;
    assert_eq!(plan.requests, Some(9));
    assert_eq!((plan.joined, plan.timeout_ns), (None, None));
}

/// A worker was killed before it could tell its port, and at that time there is a flow
/// whose SYN is not in the capture.
#[test]
fn a_flow_without_a_syn_is_an_older_one_where_nothing_was_lost() {
    let mut story = Story::built_in(Strategy::Process, 2);
    story.seen.add(Fact::Request(note(0, 50_000, 10, 40)));
    story.flow(50_000, 10, Some(14));
    story.seen.add(Fact::Request(RequestNote {
        connected: None,
        ended: None,
        client: None,
        outcome: Outcome::Abandoned,
        ..note(1, 0, 20, 0)
    }));
    story.flow(50_001, 20, Some(24)).handshake = None;
    story.totals(Side::Client, all_well());
    story.captured();
    story.over(End::Complete);
    let mut answered = |by_kernel, by_interface| {
        let wire = story.seen.wire.as_mut().unwrap();
        wire.dropped_by_kernel = by_kernel;
        wire.dropped_by_interface = by_interface;
        story.told().run.requests.answered
    };
    assert_eq!(answered(Some(0), Some(0)), Some(1));
    // Else its SYN may be among what was lost.
    assert_eq!(answered(Some(3), Some(0)), Some(2));
    assert_eq!(answered(Some(0), Some(3)), Some(2));
    assert_eq!(answered(None, Some(0)), Some(2));
}
