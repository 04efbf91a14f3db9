//! `--expect`: what holds, what does not, and what nobody can hold.

use serde_json::Value;

use super::common::Lab;
use super::common::need::Need::Capture;
use crate::require;

const POOL: [&str; 8] = ["-s", "pool", "--workers", "3", "-n", "20", "--port", "0"];

#[test]
fn what_holds_says_nothing() {
    require!(Capture);
    let lab = Lab::new();
    let mut arguments = POOL.to_vec();
    for expectation in [
        "client.threads.peak <= 4",
        "client.threads.created == 3",
        "requests.failed.timeout == 0",
        "failed == 0",
        "requests.failed_total == 0",
        "latency.exchange.p99_ns < 60s",
        "plan.strategy == pool",
        "findings.*.severity != error",
        "sides.client.cpu_ns > 0",
    ] {
        arguments.extend(["--expect", expectation]);
    }
    let ran = lab.run(&arguments).exits(0);
    assert!(!ran.stderr.contains("expect"), "{}", ran.stderr);
}

#[test]
fn each_that_does_not_hold_is_told_with_what_was_there() {
    let lab = Lab::new();
    let mut arguments = POOL.to_vec();
    for expectation in [
        "client.threads.peak <= 3",
        "client.threads.created == 3",
        "capture.frames >= 10",
        "capture.frames != 10",
        "plan.strategy != pool",
    ] {
        arguments.extend(["--expect", expectation]);
    }
    arguments.push("--no-capture");
    let ran = lab.run(&arguments).exits(1);
    let told: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|l| l.contains("expectation"))
        .collect();
    assert_eq!(
        told,
        [
            "threadtap: expectation failed: client.threads.peak <= 3: it is 4",
            "threadtap: expectation failed: capture.frames >= 10: it was not measured",
            "threadtap: expectation failed: capture.frames != 10: it was not measured",
            "threadtap: expectation failed: plan.strategy != pool: it is \"pool\"",
        ]
    );
    // The run itself went well, and is saved and told like any other.
    assert_eq!(ran.record()["requests"]["valid"], 20);
    assert!(ran.stdout.contains("Census"));
}

#[test]
fn a_mistake_costs_no_run() {
    for (expectation, said) in [
        ("client.thread.peak <= 9", "client.threads.peak"),
        ("client.threads <= 9", "choose one of its fields"),
        ("plan.strategy == threed", "must be one of thread, pool"),
        ("client.threads.peak", "a path, a comparison"),
        ("client.threads.peak <= many", "is a number"),
        ("latency.exchange.p99 < 5ms", "latency.exchange.p99_ns"),
        (
            "environment.limits.RLIMIT_NPROCS > 5",
            "limits.RLIMIT_NPROC",
        ),
        ("peak <= 9", "are client.threads.peak, server.threads.peak"),
    ] {
        let lab = Lab::new();
        let ran = lab.run(&["-n", "1", "--expect", expectation]).exits(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
        assert!(!lab.out().exists());
    }
}

#[test]
fn a_name_that_only_the_record_knows_does_not_lose_the_run() {
    let lab = Lab::new();
    let line = "--no-capture --port 0 --format json --out out --expect";
    let mut arguments: Vec<&str> = line.split(' ').collect();
    // Its exit status is a finding with evidence.
    arguments.extend(["findings.0.evidence.no_such > 5", "--", "false"]);
    let mut command = lab.threadtap(&[]);
    let ran = lab.finish(command.arg("run").args(&arguments)).exits(2);
    assert!(
        ran.stderr
            .contains("there is no field findings.0.evidence.no_such")
    );
    let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(printed, ran.record());
}

#[test]
fn of_a_capture() {
    require!(Capture);
    let lab = Lab::new();
    lab.run(&["-n", "10", "--port", "0"]).exits(0);
    for format in ["table", "json", "jsonl", "csv"] {
        let analyze = |expectation: &str| {
            let mut command = lab.threadtap(&[]);
            command.args(["analyze", "out/capture.pcap", "--format", format]);
            lab.finish(command.args(["--expect", expectation]))
        };
        assert_eq!(analyze("states.SF == 10").exits(0).stderr, "");
        let ran = analyze("flows < 10").exits(1);
        assert_eq!(
            ran.stderr,
            "threadtap: expectation failed: flows < 10: it is 10\n"
        );
        assert!(!ran.stdout.is_empty());
        let ran = analyze("states.SS == 10").exits(2);
        assert!(ran.stderr.contains("states.S1"), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}
