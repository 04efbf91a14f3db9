//! The gate, the bound, and the main thread that does not wait.

use serde_json::{Value, json};

use super::common::need::Need::{Capture, Tool};
use super::common::{Lab, findings, tshark};
use crate::require;

const N: u64 = 200;

fn gated(strategy: &str) -> Value {
    let lab = Lab::new();
    let ran = lab.run(&["-s", strategy, "-n", "200", "--gate", "--port", "0"]);
    let record = ran.exits(0).record();
    assert_eq!(record["requests"]["valid"], N);
    assert_eq!(record["plan"]["gate"], true);
    record["census"]["client"].clone()
}

fn counts(before: u64, peak: u64, after: u64, created: u64) -> Value {
    json!({"before": before, "peak": peak, "after": after, "created": created})
}

#[test]
fn gated_threads_are_all_alive_at_once() {
    require!(Capture);
    let client = gated("thread");
    assert_eq!(client["threads"], counts(1, N + 1, 1, N));
    assert_eq!(client["processes"], counts(1, 1, 1, 0));
}

#[test]
fn gated_processes_are_all_alive_at_once() {
    require!(Capture);
    let client = gated("process");
    assert_eq!(client["threads"], counts(1, N + 1, 1, N));
    assert_eq!(client["processes"], counts(1, N + 1, 1, N));
}

#[test]
fn a_gated_event_loop_stays_one_thread() {
    require!(Capture);
    let client = gated("async");
    assert_eq!(client["threads"], counts(1, 1, 1, 0));
}

#[test]
fn a_pool_of_eight_peaks_at_nine() {
    require!(Capture);
    let lab = Lab::new();
    let ran = lab.run(&["-s", "pool", "--workers", "8", "-n", "200", "--port", "0"]);
    let record = ran.exits(0).record();
    assert_eq!(record["plan"]["workers"], 8);
    assert_eq!(record["census"]["client"]["threads"], counts(1, 9, 1, 8));
}

/// The most intervals `[from, to]` that hold at one moment.
fn overlap(intervals: impl Iterator<Item = (u64, u64)>) -> i64 {
    let mut changes: Vec<(u64, i64)> = intervals
        .flat_map(|(from, to)| [(from, 1), (to, -1)])
        .collect();
    // At one moment, ends come before begins.
    changes.sort_unstable();
    changes
        .iter()
        .scan(0, |now, (_, by)| {
            *now += by;
            Some(*now)
        })
        .max()
        .unwrap_or(0)
}

/// A request begins after its permit was taken and ends before it is given
/// back, so of the workers' own intervals never more than K overlap.
fn bounded(strategy: &str, gate: bool) {
    const K: i64 = 7;
    let lab = Lab::new();
    let mut arguments = vec![
        "-s",
        strategy,
        "-n",
        "200",
        "--max-in-flight",
        "7",
        "--port",
        "0",
    ];
    if gate {
        arguments.push("--gate");
    }
    let ran = lab.run(&arguments).exits(0);
    assert_eq!(ran.record()["plan"]["max_in_flight"], K);
    let at = |v: &Value, name: &str| v[name].as_u64().unwrap();
    let workers = ran.side("client");
    let most = overlap(
        workers
            .iter()
            .map(|w| (at(w, "started_ns"), at(w, "ended_ns"))),
    );
    assert!(
        (1..=K).contains(&most),
        "{most} in flight, {strategy}, gate {gate}"
    );
    if gate && strategy != "async" {
        let peak = ran.record()["census"]["client"]["threads"]["peak"].as_u64();
        assert_eq!(
            peak,
            Some(N + 1),
            "the gate holds all, the bound only their requests"
        );
    }
}

#[test]
fn the_bound_holds_for_threads() {
    require!(Capture);
    bounded("thread", false);
    bounded("thread", true);
}

#[test]
fn the_bound_holds_for_processes() {
    require!(Capture);
    bounded("process", false);
    bounded("process", true);
}

#[test]
fn the_bound_holds_for_an_event_loop() {
    require!(Capture);
    bounded("async", false);
    bounded("async", true);
}

#[test]
fn the_bound_holds_for_a_pool_that_is_larger() {
    require!(Capture);
    let lab = Lab::new();
    let arguments = [
        "-s",
        "pool",
        "-w",
        "16",
        "--max-in-flight",
        "3",
        "-n",
        "100",
        "--port",
        "0",
    ];
    let ran = lab.run(&arguments).exits(0);
    let at = |v: &Value, name: &str| v[name].as_u64().unwrap();
    let workers = ran.side("client");
    let most = overlap(
        workers
            .iter()
            .map(|w| (at(w, "started_ns"), at(w, "ended_ns"))),
    );
    assert!((1..=3).contains(&most), "{most} in flight");
}

#[test]
fn a_pool_that_is_not_joined_loses_its_queue() {
    require!(Capture, Tool("tshark"));
    for attempt in 0..5 {
        let lab = Lab::new();
        let arguments = [
            "-s",
            "pool",
            "-w",
            "8",
            "--no-join",
            "-n",
            "1000",
            "--port",
            "0",
        ];
        let ran = lab.run(&arguments).exits(1);
        let record = ran.record();
        let requests = &record["requests"];
        let attempted = requests["attempted"].as_u64().unwrap();
        assert_eq!(requests["submitted"], 1000);
        assert!(attempted < 1000, "attempt {attempt}");
        let syns = tshark::distinct(&ran.pcap(), tshark::FIRST_SYNS, tshark::STREAM);
        assert_eq!(syns as u64, attempted, "attempt {attempt}");
        assert_eq!(requests["on_wire"], attempted);

        assert_eq!(record["plan"]["joined"], false);
        assert_eq!(record["census"]["client"]["threads"]["after"], 9);
        let found = findings(&record, "not_joined");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["evidence"]["attempted"], attempted);
        assert_eq!(found[0]["severity"], "error");
        let failed: u64 = requests["failed"]
            .as_object()
            .unwrap()
            .values()
            .map(|n| n.as_u64().unwrap())
            .sum();
        let workers = ran.side("client");
        let valid = workers.iter().filter(|w| w["outcome"] == "valid").count() as u64;
        assert_eq!(valid + failed, 1000, "every request is accounted for");
    }
}

#[test]
fn a_pool_that_is_joined_loses_nothing() {
    require!(Capture);
    let lab = Lab::new();
    let ran = lab.run(&["-s", "pool", "-w", "8", "-n", "1000", "--port", "0"]);
    let record = ran.exits(0).record();
    assert_eq!(record["requests"]["attempted"], 1000);
    assert_eq!(record["plan"]["joined"], true);
    assert_eq!(record["census"]["client"]["threads"]["after"], 1);
}
