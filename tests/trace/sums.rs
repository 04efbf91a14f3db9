//! Connections, requests and exchanges of programs: three things, and each request in
//! one class, whoever observes.

use serde_json::Value;

use super::common::findings;
use super::common::need::Need::{Capture, Tool};
use super::stage::Stage;
use crate::require;

/// A run of twelve requests that was to be one of `n`.
fn asked(n: &str, observe: &str) -> (Option<i32>, Value) {
    let stage = Stage::new(&["thread_server", "{port}"]);
    let seen = stage
        .with(&["-n", n, "--observe", observe])
        .run(&["thread_client", "{port}", "12"]);
    (seen.ran.status, seen.record())
}

/// `valid`, all that failed, `unknown`.
#[track_caller]
fn classes(record: &Value) -> (u64, u64, u64) {
    let requests = &record["requests"];
    let number = |name: &str| {
        requests[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{requests}"))
    };
    let failed = requests["failed"].as_object().unwrap().values();
    let failed: u64 = failed.map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(requests["failed_total"], failed);
    (number("valid"), failed, number("unknown"))
}

/// Whoever observes, what is missing has failed, and the status says so.
#[test]
fn a_client_that_makes_fewer_requests_than_n_fails() {
    require!(Capture, Tool("cc"));
    for (observe, reason) in [
        ("exact", "not_attempted"),
        ("sampled", "not_seen"),
        ("off", "not_seen"),
    ] {
        let (status, record) = asked("40", observe);
        assert_eq!(status, Some(1), "{observe}");
        assert_eq!(classes(&record), (12, 28, 0), "{observe}");
        assert_eq!(record["requests"]["failed"][reason], 28, "{observe}");
        let (status, record) = asked("12", observe);
        assert_eq!(status, Some(0), "{observe}");
        assert_eq!(classes(&record), (12, 0, 0), "{observe}");
        assert_eq!(record["connections"]["established"], 12);
        assert_eq!(
            record["connections"]["attempted_provenance"].is_null(),
            observe != "exact"
        );
        assert_eq!(record["exchanges"]["valid"], 12);
    }
}

/// One that makes more has made more than that, and is told.
#[test]
fn a_client_that_makes_more_requests_than_n_is_told() {
    require!(Capture, Tool("cc"));
    let (status, record) = asked("5", "exact");
    assert_eq!((status, classes(&record)), (Some(0), (12, 0, 0)));
    assert_eq!(findings(&record, "request_count").len(), 1);
}

/// A client that makes no connection at all, with and without `-n`.
#[test]
fn a_client_that_makes_no_connection_fails() {
    require!(Capture, Tool("cc"));
    for observe in ["exact", "sampled", "off"] {
        for n in [&[][..], &["-n", "3"]] {
            let stage = Stage::new(&["thread_server", "{port}"]).with(&["--observe", observe]);
            let seen = stage.with(n).run(&["true"]).exits(1);
            let record = seen.record();
            assert_eq!(findings(&record, "no_connection").len(), 1, "{observe}");
            let missing = if n.is_empty() { 0 } else { 3 };
            assert_eq!(classes(&record), (0, missing, 0), "{observe}");
        }
    }
}

/// A snapshot length that cuts the answers: what it hides is null, and nobody is
/// accused of counts that disagree.
#[test]
fn what_the_snapshot_length_cuts_is_not_known() {
    require!(Capture, Tool("cc"));
    let stage = Stage::new(&["thread_server", "{port}"]).with(&["--snaplen", "70"]);
    let record = stage
        .run(&["thread_client", "{port}", "6"])
        .exits(0)
        .record();
    let requests = &record["requests"];
    assert!(requests["valid"].is_null(), "{requests}");
    assert_eq!(
        (&requests["unknown"], &requests["attempted"]),
        (&6.into(), &6.into())
    );
    assert_eq!(record["correlation"]["client_owned"], 6);
    assert!(findings(&record, "count_mismatch").is_empty());
    let told = findings(&record, "requests_unknown");
    assert_eq!(told.len(), 1);
    let message = told[0]["message"].as_str().unwrap();
    assert!(message.contains("--snaplen"), "{message}");
}
