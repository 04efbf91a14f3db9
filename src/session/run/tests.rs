//! The order of a run, in a world without processes, clocks or disks.

mod fake;
mod watch;

use std::time::Duration;

use self::fake::{Fake, NAMES, target};
use super::*;
use crate::model::observation::{End, Fact};
use crate::model::{Exit, StopReason};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn codes(finished: &Finished) -> Vec<&str> {
    let findings = finished.run.findings.iter();
    findings.map(|f| f.code.as_str()).collect()
}

#[test]
fn a_run_ends_when_its_client_and_its_flows_have() {
    let mut fake = Fake::new();
    let finished = fake.conduct().unwrap();
    assert_eq!(finished.end, End::Complete);
    assert_eq!(fake.stop_reason(), Some(StopReason::Drained));
    assert_eq!(fake.steps(), NAMES);
    // The server was asked, the client had ended by itself.
    assert_eq!(fake.client.signals.borrow().len(), 0);
    assert_eq!(fake.server.signals.borrow().len(), 1);
    assert_eq!(finished.not_saved.len(), 0);
    for file in [
        "observation.jsonl",
        "run.json",
        "flows.jsonl",
        "workers.jsonl",
    ] {
        assert!(fake.saved(file), "{file}");
    }
    assert!(!fake.discarded());
}

#[test]
fn flows_that_are_still_open_are_waited_for() {
    let mut fake = Fake::new();
    fake.flows_close = ms(600);
    fake.conduct().unwrap();
    assert_eq!(fake.stop_reason(), Some(StopReason::Drained));
    assert!(
        fake.tap_closed().unwrap() >= ms(600),
        "{:?}",
        fake.tap_closed()
    );
}

#[test]
fn flows_that_nobody_has_seen_yet_are_waited_for() {
    let mut fake = Fake::new();
    fake.flows_expected = 2;
    fake.second_flow = Some(ms(700));
    fake.conduct().unwrap();
    assert_eq!(fake.stop_reason(), Some(StopReason::Drained));
    assert!(
        fake.tap_closed().unwrap() >= ms(700),
        "{:?}",
        fake.tap_closed()
    );
}

#[test]
fn nobody_waits_longer_than_the_linger_time() {
    let mut fake = Fake::new();
    fake.flows_close = Duration::MAX;
    let finished = fake.conduct().unwrap();
    assert_eq!(fake.stop_reason(), Some(StopReason::Timeout));
    assert_eq!(finished.end, End::Complete);
    let closed = fake.tap_closed().unwrap();
    let linger = fake.client_ends + fake.plan.linger;
    assert!(closed >= linger && closed < linger + ms(100), "{closed:?}");
}

#[test]
fn a_clock_that_is_set_is_told_once() {
    for (by, code) in [
        (-3_600_000_000_000, Some("clock_set")),
        (7_000_000_000, Some("clock_set")),
        (-900_000, None),
        (0, None),
    ] {
        let mut fake = Fake::new();
        fake.clock_set = Some((ms(100), by));
        let finished = fake.conduct().unwrap();
        let told: Vec<_> = codes(&finished)
            .into_iter()
            .filter(|told| *told == "clock_set")
            .collect();
        assert_eq!(told, Vec::from_iter(code), "{by}");
        assert_eq!(finished.end, End::Complete);
    }
}

/// Also where everything seems to have closed at once: the last block comes late.
#[test]
fn the_last_block_is_waited_for() {
    let mut fake = Fake::new();
    fake.flows_close = ms(0);
    fake.conduct().unwrap();
    let closed = fake.tap_closed().unwrap();
    assert!(closed >= fake.client_ends + ms(40), "{closed:?}");
}

/// At whichever look the interruption is first seen.
#[test]
fn an_interruption_at_every_step_ends_the_run_orderly() {
    let whole = {
        let mut fake = Fake::new();
        fake.flows_close = ms(300);
        fake.conduct().unwrap();
        fake.looks_for_interruption()
    };
    assert!(whole > 100, "{whole}");
    for look in 0..whole {
        let mut fake = Fake::new();
        fake.flows_close = ms(300);
        fake.interrupt_at_look = Some(look);
        match fake.conduct() {
            Ok(finished) => {
                assert_eq!(finished.end, End::Interrupted, "{look}");
                assert_eq!(finished.run.findings[0].code, "interrupted", "{look}");
                assert!(fake.saved("run.json") && !fake.discarded(), "{look}");
                assert_eq!(fake.stop_reason(), Some(StopReason::Interrupted), "{look}");
                assert!(fake.tap_closed().is_some(), "{look}");
                assert_eq!(fake.client.finished.get(), 1, "{look}");
            }
            Err(e) => {
                assert!(matches!(e, SessionError::Interrupted), "{look}: {e}");
                assert!(fake.discarded(), "{look}");
            }
        }
        assert_eq!(fake.server.finished.get(), 1, "{look}");
        assert_eq!(fake.running(), 0, "{look}");
    }
}

#[test]
fn a_server_that_dies_at_every_step_ends_nothing_else() {
    for at in (0..290).step_by(7).map(ms) {
        let mut fake = Fake::new();
        fake.flows_close = ms(300);
        fake.server_ends = Some((at, Exit::Signal(11)));
        match fake.conduct() {
            Ok(finished) => {
                assert_eq!(finished.end, End::Complete, "{at:?}");
                if at < fake.server_listens {
                    assert_eq!(codes(&finished), ["server_not_listening"], "{at:?}");
                    let text = &finished.run.findings[0].message;
                    assert!(text.contains("ended before it listened"), "{text}");
                    assert!(text.contains("SIGSEGV"), "{text}");
                    assert_eq!(finished.run.observer.client_duration_ns, None);
                    assert!(!fake.steps().contains(&"start the client"), "{at:?}");
                } else {
                    assert!(codes(&finished).contains(&"server_died"), "{at:?}");
                }
                assert!(fake.saved("run.json"), "{at:?}");
                assert_eq!(fake.server.signals.borrow().len(), 0, "{at:?}");
            }
            Err(e) => panic!("{at:?}: {e}"),
        }
        assert_eq!(fake.server.finished.get(), 1, "{at:?}");
        assert_eq!(fake.running(), 0, "{at:?}");
    }
}

#[test]
fn a_client_that_dies_at_every_step_is_told() {
    for at in (0..300).step_by(7).map(ms) {
        let mut fake = Fake::new();
        fake.client_ends = at;
        fake.client_exit = Exit::Signal(9);
        let finished = fake.conduct().unwrap();
        assert_eq!(finished.end, End::Complete, "{at:?}");
        assert!(
            codes(&finished).contains(&"client_signal"),
            "{at:?}: {:?}",
            codes(&finished)
        );
        assert_eq!(fake.running(), 0, "{at:?}");
    }
}

/// It gets the time that it was given and no more; then the wire comes to rest as
/// after any end.
#[test]
fn a_client_whose_time_is_over_is_ended() {
    let mut fake = Fake::new();
    fake.plan.time_limit = Some(ms(400));
    fake.client_ends = Duration::MAX;
    fake.flows_close = ms(500);
    let finished = fake.conduct().unwrap();
    assert_eq!(finished.end, End::TimeLimit);
    assert_eq!(codes(&finished)[0], "time_limit");
    assert_eq!(fake.stop_reason(), Some(StopReason::Drained));
    let asked = fake.client.signals.borrow()[0].0;
    let over = fake.server_listens + ms(400);
    assert!(asked >= over && asked < over + ms(50), "{asked:?}");
    assert!(fake.tap_closed().unwrap() >= ms(500));
    assert_eq!(fake.running(), 0);

    // One that ends in time is as ever, and Ctrl-C comes first.
    let mut fake = Fake::new();
    fake.plan.time_limit = Some(ms(400));
    assert_eq!(fake.conduct().unwrap().end, End::Complete);
    let mut fake = Fake::new();
    fake.plan.time_limit = Some(ms(400));
    fake.client_ends = Duration::MAX;
    fake.interrupt_at_look = Some(50);
    assert_eq!(fake.conduct().unwrap().end, End::Interrupted);
}

#[test]
fn a_server_that_never_listens_is_given_up() {
    let mut fake = Fake::new();
    fake.server_listens = Duration::MAX;
    let finished = fake.conduct().unwrap();
    assert_eq!(codes(&finished), ["server_not_listening"]);
    let message = &finished.run.findings[0].message;
    assert!(
        message.contains("does not listen on port 45000 after 10 s"),
        "{message}"
    );
    assert!(message.contains("Its last output: last words"), "{message}");
    assert_eq!(fake.server.signals.borrow().len(), 1);
    assert!(fake.saved("run.json") && !fake.discarded());
    assert_eq!(fake.running(), 0);
}

/// Whichever side's program it is, what there was until then is told and saved.
#[test]
fn a_program_that_cannot_be_executed_is_a_result() {
    for (step, side, running) in [
        ("start the server", "server", false),
        ("start the client", "client", true),
    ] {
        let mut fake = Fake::new();
        if let ClientChoice::Command { requests, .. } = &mut fake.plan.client {
            *requests = Some(7);
        }
        fake.cannot_execute = Some(step);
        let finished = fake.conduct().unwrap();
        assert_eq!(finished.end, End::Complete);
        assert_eq!(codes(&finished), ["program_not_started"], "{step}");
        let finding = &finished.run.findings[0];
        assert_eq!(finding.evidence["side"], side);
        assert!(
            finding
                .message
                .contains(&format!("The {side} `{side}` could not be started")),
            "{}",
            finding.message
        );
        assert!(
            finding.message.contains("; chmod +x it"),
            "{}",
            finding.message
        );
        let run = &finished.run;
        assert_eq!(run.requests.submitted, Some(7));
        assert_eq!(
            (run.requests.attempted, run.requests.valid),
            (Some(0), Some(0))
        );
        assert_eq!(run.requests.failed["not_attempted"], 7);
        assert_eq!(run.requests.failed_total, Some(7));
        assert_eq!(run.census.client.threads.peak, None);
        assert_eq!(run.observer.client_duration_ns, None);
        assert_eq!(
            run.plan.client_command.as_deref(),
            Some(&["client".to_owned()][..])
        );
        assert_eq!(fake.server.finished.get(), u32::from(running), "{step}");
        assert!(fake.saved("run.json") && !fake.discarded(), "{step}");
        assert_eq!(fake.running(), 0);
    }
}

/// One that ignores SIGTERM gets its time and no more.
#[test]
fn a_server_that_does_not_want_to_end_is_killed() {
    let mut fake = Fake::new();
    fake.server_ignores = vec![rustix::process::Signal::TERM];
    fake.conduct().unwrap();
    let signals = fake.server.signals.borrow();
    let asked = signals.first().unwrap().0;
    let killed = signals
        .iter()
        .find(|s| s.1 == rustix::process::Signal::KILL);
    let killed = killed.unwrap().0;
    assert!(killed >= asked + SERVER_GRACE && killed < asked + SERVER_GRACE + ms(100));
}

#[test]
fn a_tap_or_a_client_that_cannot_be_had_leaves_nothing() {
    for step in ["open the tap", "start the client", "start the server"] {
        let mut fake = Fake::new();
        fake.refuse = Some(step);
        assert!(fake.conduct().is_err(), "{step}");
        assert!(fake.discarded(), "{step}");
        assert_eq!(fake.running(), 0, "{step}");
        let steps = fake.steps();
        assert_eq!(steps.last(), Some(&"sweep"), "{step}");
        if step == "start the client" {
            assert!(steps.contains(&"close the tap"), "{steps:?}");
        }
    }
}

/// Each file: not to be made, full at once, full later.
#[test]
fn a_full_disk_at_every_file_loses_that_file_only() {
    let files = [
        "observation.jsonl",
        "run.json",
        "flows.jsonl",
        "workers.jsonl",
    ];
    for file in files {
        for room in [None, Some(0), Some(100)] {
            let mut fake = Fake::new();
            fake.full = Some((file, room));
            let finished = fake.conduct().unwrap();
            let lost: Vec<&str> = finished.not_saved.iter().map(|n| n.file.as_str()).collect();
            // An empty file needs no room.
            let needs_none = matches!(file, "flows.jsonl" | "workers.jsonl") && room.is_some();
            if !needs_none {
                assert_eq!(lost, [file], "{room:?}");
            }
            assert_eq!(finished.end, End::Complete, "{file}");
            for other in files.iter().filter(|f| **f != file) {
                assert!(fake.saved(other), "{file} {room:?}: {other}");
            }
        }
    }
}

#[test]
fn a_capture_that_cannot_be_made_is_an_error_and_one_that_breaks_is_a_fault() {
    let mut fake = Fake::new();
    fake.full = Some((CAPTURE_FILE, None));
    assert!(fake.conduct().is_err());
    assert!(fake.discarded());

    let mut fake = Fake::new();
    fake.capture_breaks = Some(ms(120));
    let finished = fake.conduct().unwrap();
    assert_eq!(finished.end, End::Fault);
    assert_eq!(fake.stop_reason(), Some(StopReason::Fault));
    let (error, frames) = finished.capture_cut.as_ref().unwrap();
    assert_eq!((error.kind(), *frames), (io::ErrorKind::StorageFull, 7));
    assert_eq!(fake.cut_at(), Some(700));
    assert!(codes(&finished).contains(&"capture_not_saved"));
    assert_eq!(fake.running(), 0);

    // After the client's end, too, and when the rest is written.
    for at in [ms(155), ms(190)] {
        let mut fake = Fake::new();
        fake.capture_breaks = Some(at);
        let finished = fake.conduct().unwrap();
        assert_eq!(finished.end, End::Fault, "{at:?}");
        assert_eq!(fake.stop_reason(), Some(StopReason::Fault), "{at:?}");
    }
}

/// What the observers tell is in the record and in the file, in their order.
#[test]
fn every_fact_is_written_and_counted() {
    let mut fake = Fake::new();
    let finished = fake.conduct().unwrap();
    assert_eq!(finished.run.census.client.threads.created, Some(3));
    let facts = fake.facts();
    let at = |wanted: &dyn Fn(&Fact) -> bool| facts.iter().position(wanted).unwrap();
    assert!(matches!(facts[0], Fact::Header(_)));
    let listening = at(&|f| matches!(f, Fact::Target(t) if *t == target().to_string()));
    let client =
        at(&|f| matches!(f, Fact::Started { side, .. } if *side == crate::model::Side::Client));
    assert!(listening < client);
    assert!(matches!(facts.last(), Some(Fact::End { .. })));
}
