//! When a server is ready, which port it has, and where its output goes.

use std::fs;

use super::common::need::Need::{Capture, Tool};
use super::program;
use super::stage::Stage;
use crate::require;

#[test]
fn a_server_is_waited_for() {
    require!(Capture, Tool("python3"));
    for kind in ["late", "two", "child"] {
        let seen = Stage::new(&["port_server.py", kind, "{port}"])
            .run(&["port_client.py", "status", "{port}", "0"])
            .exits(0);
        let record = seen.record();
        assert_eq!(record["requests"]["valid"], 1, "{kind}");
        assert_eq!(record["correlation"]["server_owned"], 1, "{kind}");
        seen.client_owners_agree();
    }
}

/// Seen in its listen call: no `--port` is needed.
#[test]
fn the_port_is_taken_from_the_listen_call() {
    require!(Capture, Tool("python3"));
    let stage = Stage::new(&["port_server.py", "any", "0", "port"])
        .bare()
        .with(&["--format", "json"]);
    let seen = stage.run(&["port_client.py", "file", "port", "5"]).exits(0);
    seen.client_agrees();
    let record = seen.record();
    let port = fs::read_to_string(stage.lab.path().join("port")).unwrap();
    let target = record["plan"]["target"].as_str().unwrap();
    assert!(target.ends_with(&format!(":{port}")), "{target}");
    assert_eq!(record["requests"]["valid"], 5);
    assert_eq!(record["correlation"]["server_owned"], 5);
}

#[test]
fn the_port_of_a_c_server_is_found() {
    require!(Capture, Tool("cc"));
    let stage = Stage::new(&["thread_server", "{port}"])
        .bare()
        .with(&["--format", "json"]);
    let seen = stage.run(&["thread_client", "{port}", "10"]).exits(0);
    seen.client_agrees();
    let target = seen.record()["plan"]["target"].clone();
    assert_eq!(target, format!("127.0.0.1:{}", stage.port));
}

/// Without a tracer the port that was named is looked for in /proc.
#[test]
fn a_server_is_waited_for_without_a_tracer() {
    require!(Capture, Tool("python3"));
    for observe in ["sampled", "off"] {
        for kind in ["late", "child"] {
            let seen = Stage::new(&["port_server.py", kind, "{port}"])
                .with(&["--observe", observe])
                .run(&["port_client.py", "status", "{port}", "0"])
                .exits(0);
            assert_eq!(seen.record()["requests"]["valid"], 1, "{observe} {kind}");
        }
    }
}

#[test]
fn output_goes_to_logs() {
    require!(Tool("cc"), Tool("python3"));
    let client = ["port_client.py", "print", "{port}", "3000"];
    let seen = Stage::new(&["epoll_server", "{port}"])
        .with(&["--no-capture"])
        .run(&client)
        .exits(0);
    let log = fs::read_to_string(seen.ran.out.join("client.log")).unwrap();
    for line in [
        "out 0 \x1b[31m€\n",
        "out 2999 \x1b[31m€\n",
        "err 2999 \x07\n",
    ] {
        assert!(log.contains(line), "{line:?} as it was written");
    }
    assert_eq!(log.matches("out ").count(), 3000);
    assert_eq!(log.matches("err ").count(), 3000);
    assert!(!seen.ran.stdout.contains("out 0") && !seen.ran.stderr.contains("out 0"));
    let server = fs::read_to_string(seen.ran.out.join("server.log")).unwrap();
    assert!(server.contains("accepted"));
    // What is on standard output is the record alone.
    assert!(serde_json::from_str::<serde_json::Value>(&seen.ran.stdout).is_ok());
}

#[test]
fn output_is_passed_through_when_asked() {
    require!(Tool("cc"), Tool("python3"));
    let seen = Stage::new(&["epoll_server", "{port}"])
        .with(&["--no-capture", "--show-output"])
        .run(&["port_client.py", "print", "{port}", "500"])
        .exits(0);
    assert_eq!(seen.ran.stderr.matches("out ").count(), 500);
    assert_eq!(seen.ran.stderr.matches("err ").count(), 500);
    assert!(seen.ran.stderr.contains("accepted"), "the server's, too");
    assert!(serde_json::from_str::<serde_json::Value>(&seen.ran.stdout).is_ok());
    let log = fs::read_to_string(seen.ran.out.join("client.log")).unwrap();
    assert_eq!(log.matches("out ").count(), 500, "the log has it as well");
}

/// The record names the commands as they were given.
#[test]
fn commands_are_recorded() {
    require!(Tool("cc"));
    let stage = Stage::new(&["epoll_server", "{port}"]).with(&["--no-capture"]);
    let client = [
        "thread_client",
        "{port}",
        "3",
        "127.0.0.1",
        "recv",
        "a word",
    ];
    let seen = stage.run(&client).exits(0);
    let record = seen.record();
    let words = serde_json::json!(program::words(&client, stage.port));
    assert_eq!(record["plan"]["client_command"], words);
    assert_eq!(record["programs"]["client"]["command"], words);
}
