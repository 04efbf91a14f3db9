//! Every server model with every strategy.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::common::need::Need::Capture;
use super::common::{Lab, Ran};
use crate::require;

const STRATEGIES: [&str; 4] = ["thread", "pool", "process", "async"];

/// Runs all strategies against a model and looks at each flow's server owner.
fn with_every_strategy(model: &str, owned: impl Fn(&Value), census: impl Fn(&Value)) {
    for strategy in STRATEGIES {
        let lab = Lab::new();
        let ran = lab
            .run(&[
                "-s",
                strategy,
                "-n",
                "100",
                "--model",
                model,
                "--server-workers",
                "8",
                "--port",
                "0",
            ])
            .exits(0);
        let record = ran.record();
        assert_eq!(record["requests"]["valid"], 100, "{strategy}");
        assert_eq!(record["plan"]["server_model"], model);
        let all = json!({"flows": 100, "client_owned": 100, "server_owned": 100});
        assert_eq!(record["correlation"], all, "{strategy}");
        let server = &record["census"]["server"];
        assert_eq!(server["provenance"], "instrumented");
        census(server);
        ran.flows().iter().for_each(|f| owned(&f["server_owner"]));
        server_workers_are_the_owners(&ran);
    }
}

fn server_workers_are_the_owners(ran: &Ran) {
    let pair = |v: &Value, tid: &str| (v["pid"].as_u64().unwrap(), v[tid].as_u64().unwrap());
    let told: HashSet<_> = ran.side("server").iter().map(|w| pair(w, "tid")).collect();
    let owners: HashSet<_> = ran
        .flows()
        .iter()
        .map(|f| pair(&f["server_owner"], "serve_tid"))
        .collect();
    assert_eq!(told, owners);
}

fn counts(before: u64, peak: u64, after: u64, created: u64) -> Value {
    json!({"before": before, "peak": peak, "after": after, "created": created})
}

#[test]
fn thread_serves_in_a_thread_of_its_own() {
    require!(Capture);
    with_every_strategy(
        "thread",
        |owner| {
            assert_eq!(
                owner["accept_tid"], owner["pid"],
                "the first thread accepts"
            );
            assert_ne!(owner["accept_tid"], owner["serve_tid"]);
        },
        |server| {
            assert_eq!(server["threads"]["created"], 100);
            assert_eq!(server["threads"]["before"], 1);
            assert_eq!(server["threads"]["after"], 1);
            assert_eq!(server["processes"], counts(1, 1, 1, 0));
        },
    );
}

#[test]
fn pool_serves_in_one_of_its_threads() {
    require!(Capture);
    with_every_strategy(
        "pool",
        |owner| {
            assert_eq!(owner["accept_tid"], owner["pid"]);
            assert_ne!(owner["accept_tid"], owner["serve_tid"]);
        },
        |server| {
            assert_eq!(server["threads"], counts(9, 9, 9, 8));
            assert_eq!(server["processes"], counts(1, 1, 1, 0));
        },
    );
}

#[test]
fn process_serves_in_a_process_of_its_own() {
    require!(Capture);
    with_every_strategy(
        "process",
        |owner| {
            assert_ne!(owner["accept_tid"], owner["pid"]);
            assert_eq!(owner["serve_tid"], owner["pid"], "a child has one thread");
        },
        |server| {
            for of in ["threads", "processes"] {
                assert_eq!(server[of]["created"], 100);
                assert_eq!(server[of]["before"], 1);
                assert_eq!(server[of]["after"], 1);
            }
        },
    );
}

#[test]
fn async_serves_in_its_one_thread() {
    require!(Capture);
    with_every_strategy("async", one_thread, one_thread_in_all);
}

#[test]
fn iterative_serves_in_its_one_thread() {
    require!(Capture);
    with_every_strategy("iterative", one_thread, one_thread_in_all);
}

fn one_thread(owner: &Value) {
    assert_eq!(owner["accept_tid"], owner["serve_tid"]);
    assert_eq!(owner["accept_tid"], owner["pid"]);
}

fn one_thread_in_all(server: &Value) {
    assert_eq!(server["threads"], counts(1, 1, 1, 0));
    assert_eq!(server["processes"], counts(1, 1, 1, 0));
}
