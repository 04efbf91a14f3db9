//! A client that does not end holds nobody up.

use serde_json::Value;

use super::common::need::Need::Capture;
use super::common::{Lab, assert_failed, findings, peers};
use crate::require;

#[test]
fn a_program_that_hangs_is_ended() {
    require!(Capture);
    for observe in ["exact", "sampled", "off"] {
        let lab = Lab::new();
        let mut command = lab.threadtap(&[]);
        command.args([
            "run",
            "--port",
            "0",
            "--out",
            "out",
            "--time-limit",
            "300ms",
        ]);
        let ran = lab.finish(command.args(["--observe", observe, "--", "sleep", "600"]));
        let record = ran.exits(1).record();
        let said = findings(&record, "time_limit");
        assert_eq!(said.len(), 1, "{observe}");
        assert_eq!(said[0]["severity"], "error");
        assert_eq!(said[0]["evidence"]["limit_ns"], 300_000_000);
        assert_eq!(record["capture"]["stop_reason"], "drained");
        assert_eq!(record["programs"]["client"]["asked_to_end"], true);
        for code in [
            "no_connection",
            "interrupted",
            "client_signal",
            "server_died",
        ] {
            assert!(findings(&record, code).is_empty(), "{observe}: {code}");
        }
    }
}

/// What it did not come to is nobody's fault.
#[test]
fn a_built_in_client_that_waits_for_a_silent_server_is_ended() {
    require!(Capture);
    let server = peers::silent().to_string();
    let lab = Lab::new();
    let ran = lab.run(&[
        "-s",
        "pool",
        "--workers",
        "3",
        "-n",
        "8",
        "--connect",
        &server,
        "--timeout",
        "600s",
        "--time-limit",
        "1s",
        "--linger",
        "100ms",
    ]);
    let record = ran.exits(1).record();
    assert_eq!(findings(&record, "time_limit").len(), 1);
    assert_failed(&record, &[("abandoned", 3), ("not_attempted", 5)]);
    for finding in findings(&record, "requests_failed") {
        assert_eq!(finding["severity"], "warning");
    }
    assert!(findings(&record, "linger_timeout").is_empty());
}

#[test]
fn a_client_that_ends_in_time_is_as_ever() {
    let lab = Lab::new();
    let ran = lab.run(&[
        "-n",
        "5",
        "--port",
        "0",
        "--no-capture",
        "--time-limit",
        "60s",
    ]);
    assert!(findings(&ran.exits(0).record(), "time_limit").is_empty());
}

/// Its time counts for nothing, and the others are compared all the same.
#[test]
fn a_comparison_with_a_program_that_hangs() {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args(["compare", "-s", "pool", "--program", "hangs=sleep {port}"]);
    command.args(["-n", "5", "--repeat", "1", "--warmup", "0", "--no-capture"]);
    command.args(["--time-limit", "2s", "--out", "out"]);
    let ran = lab.finish(&mut command).exits(1);
    let text = std::fs::read_to_string(lab.out().join("compare.json")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    let [pool, hangs] = &record["rows"].as_array().unwrap()[..] else {
        panic!("two rows");
    };
    assert_eq!(pool["time_limit_reached"], 0);
    assert!(pool["duration_ns"]["median"].is_u64());
    assert_eq!(hangs["time_limit_reached"], 1);
    assert!(hangs["duration_ns"].is_null());
    assert_eq!(findings(&record, "time_limit").len(), 1);
    assert!(ran.stdout.contains("--time-limit"), "{}", ran.stdout);
}
