//! What is printed to people about commands: the same as in the record.

use super::common::findings;
use super::common::need::Need::{Capture, Ipv6, Tool};
use super::stage::Stage;
use crate::require;

/// Whole runs of good programs give no warning.
#[test]
fn good_programs_are_not_blamed() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&["thread_server", "{port}"])
        .run(&["thread_client", "{port}", "50"])
        .exits(0);
    let record = seen.record();
    let all = record["findings"].as_array().unwrap();
    let blamed: Vec<_> = all.iter().filter(|f| f["severity"] != "info").collect();
    assert!(blamed.is_empty(), "{blamed:?}");
    for code in [
        "client_signal",
        "client_exit",
        "uses_ptrace",
        "setuid_ignored",
        "left_behind",
        "trace_not_allowed",
        "unowned_flows",
    ] {
        assert!(findings(&record, code).is_empty(), "{code}");
    }
}

/// What a server did instead of answering is told as what it is.
#[test]
fn requests_without_an_answer() {
    require!(Capture, Tool("python3"));
    for (server, client, outcome) in [
        ("close", "waits", "closed"),
        ("reset", "waits", "reset"),
        ("hang", "impatient", "timeout"),
        ("late", "impatient", "timeout"),
        ("hang", "leaves", "abandoned"),
    ] {
        let seen = Stage::new(&["odd_server.py", server, "{port}"])
            .with(&["--linger", "300ms"])
            .run(&["odd_client.py", client, "{port}", "10"]);
        let requests = &seen.record()["requests"];
        assert_eq!(requests["answered"], 5, "{server}: {requests}");
        let wanted = serde_json::json!({ outcome: 5 });
        assert_eq!(requests["failed"], wanted, "{server}: {requests}");
    }
}

/// Whether an answer or its request is on the wire first is chance, and makes
/// no difference.
#[test]
fn an_answer_that_comes_before_the_request() {
    require!(Capture, Tool("python3"));
    let seen = Stage::new(&["odd_server.py", "first", "{port}"])
        .run(&["odd_client.py", "late", "{port}", "20"])
        .exits(0);
    let requests = &seen.record()["requests"];
    assert_eq!(requests["valid"], 20, "{requests}");
    assert_eq!(requests["failed"], serde_json::json!({}), "{requests}");
    let exchanges = |f: &serde_json::Value| f["exchanges"][0].clone();
    let early = seen
        .ran
        .flows()
        .iter()
        .map(exchanges)
        .any(|e| e["response_ns"].as_u64().unwrap() < e["request_ns"].as_u64().unwrap());
    assert!(early, "none was early");
}

/// In every format, a client's death is told.
#[test]
fn a_death_is_told_in_every_format() {
    require!(Capture, Tool("cc"), Tool("python3"));
    for format in ["table", "markdown"] {
        let stage = Stage::new(&["epoll_server", "{port}"]).bare();
        let port = stage.port.to_string();
        let stage = stage.with(&["--port", &port, "--format", format]);
        let seen = stage
            .run(&["port_client.py", "signal", "{port}", "11"])
            .exits(1);
        assert!(seen.ran.stdout.contains("SIGSEGV"), "{}", seen.ran.stdout);
    }
}

/// Names of programs are other people's text.
#[test]
fn names_are_escaped() {
    require!(Capture, Tool("cc"));
    let stage = Stage::new(&["epoll_server", "{port}"]).bare();
    let odd = stage.lab.path().join("odd\x1b[31m\nname");
    std::fs::copy(super::program::compiled("thread_client"), &odd).unwrap();
    let port = stage.port.to_string();
    let stage = stage.with(&["--port", &port]);
    for format in ["table", "markdown", "csv"] {
        let mut command = stage.command(&[]);
        command.args(["--format", format, "--"]);
        command.arg(&odd).args([&port, "3"]);
        let ran = stage.lab.finish(&mut command).exits(0);
        let printable = |c: char| c == '\n' || c == '\r' || !c.is_control();
        assert!(ran.stdout.chars().all(printable), "{:?}", ran.stdout);
        assert!(ran.stderr.chars().all(printable), "{:?}", ran.stderr);
        std::fs::remove_dir_all(stage.lab.out()).unwrap();
    }
}

/// `localhost` is `::1` first on most machines, and many servers listen on
/// 127.0.0.1 only: no request has failed by that.
#[test]
fn a_name_with_several_addresses() {
    require!(Capture, Ipv6, Tool("cc"), Tool("python3"));
    let seen = Stage::new(&["thread_server", "{port}"])
        .with(&["-n", "10"])
        .run(&["odd_client.py", "named", "{port}", "10"])
        .exits(0);
    let record = seen.record();
    let requests = &record["requests"];
    assert_eq!(requests["valid"], 10, "{requests}");
    assert_eq!(requests["failed"], serde_json::json!({}), "{requests}");
    assert_eq!(requests["attempted"], 20, "{requests}");
    assert_eq!(requests["on_wire"], 20, "{requests}");
    let told = findings(&record, "address_fallback");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["evidence"]["attempts"], 10);
    assert_eq!(
        record["findings"].as_array().unwrap().len(),
        1,
        "{record:#}"
    );
}

/// What observing has cost is told where it is at least half of the client's time, by
/// the record's own figures, and nowhere else.
#[test]
fn the_cost_of_observing_is_told_by_its_figures() {
    require!(Capture, Tool("cc"));
    for (options, n) in [(&[][..], "1"), (&["--trace-rw"], "1500")] {
        let seen = Stage::new(&["thread_server", "{port}"])
            .traced()
            .with(options)
            .run(&["thread_client", "{port}", n])
            .exits(0);
        let record = seen.record();
        let figure = |name: &str| record["observer"][name].as_u64().unwrap();
        let (cpu, client) = (figure("tracer_cpu_ns"), figure("client_duration_ns"));
        let told = findings(&record, "observer_cost");
        let dear = client >= 100_000_000 && cpu * 2 >= client;
        assert_eq!(told.len(), usize::from(dear), "{cpu} ns in {client} ns");
        for finding in told {
            assert_eq!(finding["evidence"]["tracer_cpu_ns"], cpu);
            assert_eq!(finding["evidence"]["tracer_stops"], figure("tracer_stops"));
        }
        assert!(figure("tracer_stops") > 0);
    }
}
