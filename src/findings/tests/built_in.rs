//! The rules about what the built-in sides say of themselves, and about what
//! went wrong with the capture and the tracing.

use serde_json::json;

use super::evidence;
use super::scene::Scene;
use crate::model::observation::Trouble;
use crate::model::{Nanos, Severity, Side};

fn scene(change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = Scene::normal();
    change(&mut scene);
    scene
}

#[test]
fn client_refused_tasks_counts_them() {
    let refused = scene(|s| s.totals(Side::Client).refused_tasks = 1);
    let finding = refused.one("client_refused_tasks");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.message.starts_with(
        "The system refused the client 1 thread or process (EAGAIN), and the run went on"
    ));
    assert_eq!(evidence(&finding), json!({"refused": 1, "limits": null}));
    refused.silent("server_refused_tasks");
    Scene::of_programs().silent("client_refused_tasks");
}

#[test]
fn reserve_kept_names_the_side_and_what_is_left() {
    let kept = scene(|s| s.totals(Side::Client).kept_tasks = 17_000);
    let finding = kept.one("reserve_kept");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.message.starts_with(
        "The client did not start 17,000 threads or processes, to leave threads and processes to \
         other programs (--reserve)."
    ));
    assert_eq!(evidence(&finding), json!({"tasks": 17_000, "memory": 0}));
    kept.silent("client_refused_tasks");
    let both = scene(|s| {
        s.totals(Side::Server).kept_tasks = 1;
        s.totals(Side::Server).kept_memory = 2;
    });
    let finding = both.one("reserve_kept");
    assert!(finding.message.starts_with(
        "The server did not start 3 threads or processes, to leave threads and processes, and memory"
    ));
    scene(|s| s.totals(Side::Server).refused_tasks = 1).silent("reserve_kept");
}

/// What was left to others is blamed on no limit.
#[test]
fn requests_that_left_room_are_told_as_that() {
    let scene = scene(|s| {
        let failed = &mut s.fixture.run.requests.failed;
        failed.insert("reserve_kept".to_owned(), 7);
    });
    let message = scene.one("requests_failed").message;
    assert!(message.contains("--reserve"), "{message}");
    assert!(!message.contains("RLIMIT"), "{message}");
}

#[test]
fn server_refused_tasks_and_descriptors() {
    let refused = scene(|s| s.totals(Side::Server).refused_tasks = 2000);
    let finding = refused.one("server_refused_tasks");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.message.contains("2,000 threads or processes"));
    assert_eq!(evidence(&finding), json!({"refused": 2000, "limits": null}));
    refused.silent("client_refused_tasks");
    refused.silent("server_refused_descriptors");

    let refused = scene(|s| s.totals(Side::Server).refused_descriptors = 3);
    let finding = refused.one("server_refused_descriptors");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.message.contains("ulimit -n"));
    assert_eq!(
        evidence(&finding),
        json!({"refused": 3, "most_descriptors": null})
    );
    refused.silent("server_refused_tasks");
    // The client has a reason of each request for that.
    scene(|s| s.totals(Side::Client).refused_descriptors = 3).silent("server_refused_descriptors");
}

#[test]
fn ledger_full_names_the_side() {
    let full = scene(|s| s.totals(Side::Server).unrecorded = 7);
    let finding = full.one("ledger_full");
    assert_eq!(finding.severity, Severity::Error);
    assert!(finding.message.starts_with("The server created more"));
    assert_eq!(evidence(&finding), json!({"unrecorded": 7}));
    let both = scene(|s| {
        s.totals(Side::Client).unrecorded = 1;
        s.totals(Side::Server).unrecorded = 1;
    });
    assert_eq!(both.coded("ledger_full").len(), 2);
    Scene::normal().silent("ledger_full");
}

#[test]
fn ebpf_not_allowed_says_why() {
    let reason = "bpf(2) refuses a program (EPERM): it needs root".to_owned();
    let refused = scene(|s| s.trouble(Trouble::KernelRefused { reason }));
    let finding = refused.one("ebpf_not_allowed");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(
        finding
            .message
            .contains("(EPERM): it needs root. Your programs")
    );
    Scene::normal().silent("ebpf_not_allowed");
}

#[test]
fn a_clock_that_was_set_is_told_with_its_way() {
    let set = |by| {
        scene(|s| {
            s.trouble(Trouble::ClockSet {
                by_ns: Nanos::new(by),
            });
        })
    };
    let back = set(-3_600_000_000_000);
    let finding = back.one("clock_set");
    assert_eq!(finding.severity, Severity::Error);
    assert!(
        finding
            .message
            .starts_with("The system's clock was set back by 1 h 00 min")
            && finding.message.contains("is not given"),
        "{}",
        finding.message
    );
    assert_eq!(evidence(&finding), json!({"by_ns": -3_600_000_000_000_i64}));
    let forth = set(2_000_000_000);
    let finding = forth.one("clock_set");
    assert!(
        finding.message.contains("the system slept"),
        "{}",
        finding.message
    );
    assert!(
        !finding.message.contains("is not given"),
        "{}",
        finding.message
    );
    Scene::normal().silent("clock_set");
}

#[test]
fn records_lost_is_said_once_with_the_last_count() {
    let trouble = |side, lost| Trouble::RecordsLost { side, lost };
    let both = scene(|s| {
        s.trouble(trouble(Side::Client, Some(3)));
        s.trouble(trouble(Side::Server, Some(5)));
    });
    let finding = both.one("records_lost");
    assert_eq!(finding.severity, Severity::Error);
    assert!(
        finding
            .message
            .starts_with("5 records of the programs in the kernel")
    );
    assert_eq!(evidence(&finding), json!({"records": 5}));
    let unknown = scene(|s| s.trouble(trouble(Side::Server, None)));
    let finding = unknown.one("records_lost");
    assert!(finding.message.starts_with("An unknown number of records"));
    Scene::normal().silent("records_lost");
}

#[test]
fn observers_that_differ_are_told_of_each_side() {
    let trouble = |side, differ| Trouble::ObserversDiffer {
        side,
        agreed: 40,
        differ,
        examples: vec!["eBPF alone: process 7 began".to_owned(), "more".to_owned()],
    };
    let mut scene = scene(|s| s.trouble(trouble(Side::Client, 1)));
    let finding = scene.one("observers_differ");
    assert_eq!(finding.severity, Severity::Error);
    let text =
        "1 thing is told by one of them only (40 by both), for example: eBPF alone: process 7";
    assert!(finding.message.contains(text), "{}", finding.message);
    assert_eq!(evidence(&finding)["examples"][1], "more");
    scene.trouble(trouble(Side::Server, 2));
    assert_eq!(scene.coded("observers_differ").len(), 2);
    Scene::normal().silent("observers_differ");
}

#[test]
fn capture_failed_gives_the_error() {
    let failed = scene(|s| {
        let error = "the interface went down".to_owned();
        s.trouble(Trouble::CaptureFailed { error });
    });
    let finding = failed.one("capture_failed");
    assert_eq!(finding.severity, Severity::Error);
    assert!(finding.message.contains("(the interface went down)"));
    failed.silent("capture_not_saved");
    Scene::normal().silent("capture_failed");
}

#[test]
fn capture_not_saved_counts_what_is() {
    let full = scene(|s| {
        s.trouble(Trouble::CaptureNotSaved {
            error: "No space left on device".to_owned(),
            frames: 1234,
        });
    });
    let finding = full.one("capture_not_saved");
    assert_eq!(finding.severity, Severity::Error);
    assert!(finding.message.contains("(No space left on device)"));
    assert!(finding.message.contains("1,234 frames"));
    assert_eq!(evidence(&finding), json!({"frames_saved": 1234}));
    full.silent("capture_failed");
    Scene::normal().silent("capture_not_saved");
}

#[test]
fn trace_not_allowed_is_said_once() {
    let not_traced = |side, remedy: &str| Trouble::NotTraced {
        side,
        error: "Operation not permitted".to_owned(),
        remedy: remedy.to_owned(),
    };
    let forbidden = scene(|s| {
        s.trouble(not_traced(Side::Server, "; run as root"));
        s.trouble(not_traced(Side::Client, "; run as root"));
    });
    let finding = forbidden.one("trace_not_allowed");
    assert_eq!(finding.severity, Severity::Warning);
    let reason = "Operation not permitted; run as root";
    assert!(finding.message.contains(&format!("({reason})")));
    assert_eq!(evidence(&finding), json!({"reason": reason}));
    let unknown = scene(|s| s.trouble(not_traced(Side::Client, "")));
    assert!(
        unknown
            .one("trace_not_allowed")
            .message
            .contains("(Operation not permitted)")
    );
    Scene::normal().silent("trace_not_allowed");
}
