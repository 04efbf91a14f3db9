//! One side is built in, the other a program.

use serde_json::Value;

use super::common::need::Need::{Capture, Tool};
use super::common::{PROGRAM, findings};
use super::own::Task;
use super::seen::{Reads, census_agrees};
use super::stage::Stage;
use crate::require;

#[test]
fn the_embedded_server_and_a_client_command() {
    require!(Capture, Tool("cc"), Tool("python3"));
    for model in ["thread", "pool", "process", "async"] {
        let seen = Stage::new(&[])
            .with(&["--model", model])
            .run(&["thread_client", "{port}", "40"])
            .exits(0);
        seen.client_agrees();
        let record = seen.record();
        assert_eq!(record["plan"]["server"], "embedded");
        assert_eq!(record["plan"]["server_model"], model);
        assert_eq!(record["plan"]["strategy"], "thread");
        assert_eq!(record["census"]["server"]["provenance"], "instrumented");
        assert_eq!(record["correlation"]["server_owned"], 40);
        assert!(record["programs"]["server"].is_null());
        assert!(record["programs"]["client"].is_object());
        assert!(findings(&record, "unowned_flows").is_empty());
    }
    Stage::new(&[])
        .run(&["lab_client.py", "pool", "{port}", "100", "--join"])
        .exits(0)
        .client_agrees();
}

#[test]
fn built_in_strategies_and_a_server_command() {
    require!(Capture, Tool("cc"), Tool("python3"));
    for strategy in ["thread", "pool", "process", "async"] {
        for server in ["thread_server", "relay_server", "prefork_server"] {
            let words: &[&str] = match server {
                "prefork_server" => &["prefork_server", "{port}", "3"],
                "relay_server" => &["relay_server", "{port}"],
                _ => &["thread_server", "{port}"],
            };
            let seen = Stage::new(words)
                .with(&["--strategy", strategy, "-n", "40"])
                .run(&[])
                .exits(0);
            seen.server_agrees(Reads::Seen);
            let record = seen.record();
            assert_eq!(record["plan"]["server"], "command");
            assert_eq!(record["plan"]["strategy"], strategy);
            assert_eq!(record["requests"]["valid"], 40);
            assert_eq!(record["requests"]["submitted"], 40);
            assert_eq!(record["correlation"]["client_owned"], 40);
            assert_eq!(record["census"]["client"]["provenance"], "instrumented");
            assert!(record["programs"]["client"].is_null());
        }
    }
}

/// threadtap traces threadtap: what the inner one reports of its own threads,
/// the outer one sees.
#[test]
fn built_in_strategies_as_the_tracer_sees_them() {
    require!(Capture, Tool("cc"));
    for strategy in ["thread", "pool", "process", "async"] {
        let stage = Stage::new(&["thread_server", "{port}"]);
        let inner = stage.lab.path().join("inner");
        let target = format!("127.0.0.1:{}", stage.port);
        let seen = stage
            .run(&[
                PROGRAM,
                "run",
                "--strategy",
                strategy,
                "-n",
                "60",
                "--connect",
                &target,
                "--no-capture",
                "--out",
                inner.to_str().unwrap(),
            ])
            .exits(0);
        let text = std::fs::read_to_string(inner.join("workers.jsonl")).unwrap();
        // A port may be given twice in a run.
        let mut workers: Vec<(u64, Task)> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|worker| worker["side"] == "client")
            .map(|worker| {
                let number = |value: &Value| value.as_u64().unwrap();
                (
                    number(&worker["client"]["port"]),
                    (number(&worker["pid"]), number(&worker["tid"])),
                )
            })
            .collect();
        assert_eq!(workers.len(), 60);
        let mut owners: Vec<(u64, Task)> = seen
            .ran
            .flows()
            .iter()
            .map(|flow| {
                let owner = &flow["client_owner"];
                let number = |value: &Value| value.as_u64().unwrap();
                (
                    number(&flow["client"]["port"]),
                    (number(&owner["pid"]), number(&owner["tid"])),
                )
            })
            .collect();
        workers.sort_unstable();
        owners.sort_unstable();
        assert_eq!(owners, workers, "{strategy}");
        seen.server_agrees(Reads::Seen);
    }
}

/// A server that ran already, and a client that is traced.
#[test]
fn a_client_command_against_a_server_that_ran_already() {
    require!(Capture, Tool("cc"));
    let stage = Stage::new(&["thread_server", "{port}"]);
    let server = stage.start_server();
    let target = format!("127.0.0.1:{}", stage.port);
    let port = stage.port.to_string();
    let run = Stage::new(&[])
        .bare()
        .with(&["--connect", &target, "--format", "json"])
        .traced();
    let seen = run.run(&["thread_client", &port, "30"]).exits(0);
    seen.client_agrees();
    let record = seen.record();
    assert_eq!(record["plan"]["server"], "existing");
    assert_eq!(record["census"]["server"]["provenance"], "sampled");
    assert!(record["census"]["server"]["threads"]["created"].is_null());
    assert!(record["correlation"]["server_owned"].is_null());
    server.signal(rustix::process::Signal::TERM);
    let ended = stage.lab.end(server);
    assert_eq!(ended.status, Some(0));
}

/// Both commands, nothing captured: counts, owners of threads, no wire.
#[test]
fn two_commands_without_a_capture() {
    require!(Tool("cc"));
    let seen = Stage::new(&["thread_server", "{port}"])
        .with(&["--no-capture"])
        .run(&["thread_client", "{port}", "50"])
        .exits(0);
    let record = seen.record();
    census_agrees(&record["census"]["client"], &seen.client);
    census_agrees(&record["census"]["server"], &seen.server);
    assert!(record["capture"].is_null());
    assert_eq!(record["requests"]["attempted"], 50);
    assert!(record["requests"]["on_wire"].is_null());
    assert_eq!(record["requests"]["answered"], 50, "as its calls tell");
}

/// Also of a side that is traced alone, whichever: the other one is built in, and tells of itself.
#[test]
fn the_cost_of_one_side_is_told() {
    require!(Capture, Tool("cc"));
    let server = Stage::new(&["thread_server", "{port}"]);
    let server = server.with(&["--strategy", "pool", "-n", "50"]);
    let client = Stage::new(&[]);
    for seen in [
        server.run(&[]),
        client.run(&["thread_client", "{port}", "50"]),
    ] {
        let seen = seen.exits(0);
        let observer = &seen.record()["observer"];
        assert!(observer["tracer_cpu_ns"].as_u64() > Some(0), "{observer}");
    }
}

/// What the tracer cost is told.
#[test]
fn the_cost_is_told() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&["thread_server", "{port}"])
        .traced()
        .run(&["thread_client", "{port}", "100"])
        .exits(0);
    let observer = &seen.record()["observer"];
    // A hundred connects at least, and the server's accepts.
    assert!(observer["tracer_stops"].as_u64() >= Some(200), "{observer}");
    assert!(observer["tracer_cpu_ns"].as_u64() > Some(0), "{observer}");
    assert!(observer["client_duration_ns"].as_u64() > Some(0));
}
