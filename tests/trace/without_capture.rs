//! Runs without a capture: what the two sides' own calls tell of connections, answers
//! and serving threads, held against what the programs say themselves.

use std::collections::BTreeMap;

use serde_json::Value;

use super::common::Lab;
use super::common::need::Need::{Namespaces, Tool};
use super::own::{Connection, connections};
use super::seen::Seen;
use super::stage::Stage;
use crate::require;

fn run(server: &[&str], client: &[&str]) -> Seen {
    Stage::new(server).with(&["--no-capture"]).run(client)
}

/// Each connection of the client: what is told of it.
fn told(seen: &Seen) -> BTreeMap<Connection, Value> {
    let mut clients = seen.ran.side("client");
    clients.retain(|w| w["client"]["port"].is_u64());
    let ports = clients
        .iter()
        .map(|w| w["client"]["port"].as_u64().unwrap());
    let each: Vec<Connection> = connections(ports).collect();
    let told = clients.iter().map(|w| w["told"].clone());
    each.into_iter().zip(told).collect()
}

/// As many connections and answers as this, all told by the client's calls.
#[track_caller]
fn counts(seen: &Seen, handshakes: u64, answered: u64) {
    let record = seen.record();
    let requests = &record["requests"];
    assert_eq!(requests["handshakes"], handshakes, "{requests}");
    assert_eq!(requests["answered"], answered, "{requests}");
    assert_eq!(requests["provenance"], "traced");
    assert!(requests["on_wire"].is_null(), "nothing was captured");
    assert!(requests["valid"].is_null(), "nobody saw what they say");
    let latency = &record["latency"];
    assert_eq!(latency["handshake"]["count"], handshakes, "{latency}");
    assert_eq!(latency["exchange"]["count"], answered, "{latency}");
    assert_eq!(latency["provenance"], "traced");
}

/// Who accepted, received and sent, by the server's own word.
#[track_caller]
fn server_threads_agree(seen: &Seen) {
    let said = |kind| seen.server.by_connection(kind);
    let (accepted, received, sent) = (said("accepted"), said("received"), said("sent"));
    let told = told(seen);
    assert_eq!(told.len(), accepted.len());
    for (connection, told) in told {
        let owner = &told["server_owner"];
        assert_eq!(owner["provenance"], "traced", "{told}");
        assert_eq!(owner["accept_tid"], accepted[&connection].1, "{told}");
        assert_eq!(owner["serve_tid"], received[&connection].1, "{told}");
        assert_eq!(owner["send_tid"], sent[&connection].1, "{told}");
        assert!(told["accepted_after_ns"].as_i64().unwrap() > 0, "{told}");
    }
}

#[test]
fn a_pair_of_programs_tells_of_its_connections() {
    require!(Tool("python3"));
    for (server, client) in [
        ("thread", "thread"),
        ("iterative", "process"),
        ("thread", "pool"),
    ] {
        let mut words = vec!["lab_client.py", client, "{port}", "40"];
        words.extend((client == "pool").then_some("--join"));
        let seen = run(&["lab_server.py", server, "{port}"], &words).exits(0);
        counts(&seen, 40, 40);
        server_threads_agree(&seen);
        assert_eq!(seen.record()["requests"]["failed_total"], 0);
    }
}

/// read(2) and write(2) are looked at, too: what is not would pass for silence.
#[test]
fn whatever_call_it_receives_with() {
    require!(Tool("gcc"), Tool("python3"));
    for how in ["recv", "read"] {
        let client = ["thread_client", "{port}", "30", "127.0.0.1", how, "join"];
        let seen = run(&["lab_server.py", "thread", "{port}"], &client).exits(0);
        counts(&seen, 30, 30);
    }
}

/// The program is told by `SO_ERROR` that it is connected.
#[test]
fn connections_that_are_made_in_the_background() {
    require!(Tool("gcc"), Tool("python3"));
    for client in ["asyncio_client.py", "epoll_client"] {
        let server = ["lab_server.py", "thread", "{port}"];
        let seen = run(&server, &[client, "{port}", "30", "5"]).exits(0);
        counts(&seen, 30, 30);
    }
}

#[test]
fn how_it_failed_is_what_the_calls_returned() {
    require!(Tool("python3"));
    for (server, client, reason) in [
        ("close", "waits", "closed"),
        ("reset", "waits", "reset"),
        ("hang", "impatient", "timeout"),
    ] {
        let seen = run(
            &["odd_server.py", server, "{port}"],
            &["odd_client.py", client, "{port}", "6"],
        );
        counts(&seen, 6, 3);
        let failed = &seen.record()["requests"]["failed"];
        assert_eq!(failed, &serde_json::json!({ reason: 3 }), "{server}");
    }
    let silent = ["odd_server.py", "hang", "{port}"];
    let seen = run(&silent, &["odd_client.py", "refused", "{port}", "3"]);
    let record = seen.record();
    let connections = &record["connections"];
    assert_eq!(connections["attempted"], 3);
    // It waited for them, and never asked how they went.
    assert!(record["requests"]["handshakes"].is_null(), "{record}");
}

/// Where something is captured the wire tells, and nobody is stopped for it.
#[test]
fn a_captured_run_has_nothing_told() {
    require!(super::common::need::Need::Capture, Tool("python3"));
    let seen = Stage::new(&["lab_server.py", "thread", "{port}"])
        .run(&["lab_client.py", "thread", "{port}", "5"])
        .exits(0);
    let record = seen.record();
    assert_eq!(record["requests"]["provenance"], "captured");
    assert_eq!(record["latency"]["provenance"], "captured");
    let workers = seen.ran.side("client");
    assert!(workers.iter().all(|w| w.get("told").is_none()));
}

/// Six connections with one to six requests each, all told by the calls.
#[test]
fn several_requests_on_a_connection_are_each_told() {
    require!(Namespaces, Tool("python3"));
    let client = "import socket, threading\n\
        def ask(n):\n\
        \x20   c = socket.create_connection(('127.0.0.1', 45000))\n\
        \x20   for _ in range(n):\n\
        \x20       c.sendall(b'TIME\\r\\n'); c.recv(64)\n\
        \x20   c.close()\n\
        all = [threading.Thread(target=ask, args=(n,)) for n in range(1, 7)]\n\
        [t.start() for t in all]; [t.join() for t in all]";
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "--no-capture", "--isolate", "always", "--observe"]);
    command.args(["ptrace", "--out", "out", "--no-report", "--rows", "0"]);
    command.args(["--", "python3", "-c", client]);
    let ran = lab.finish(&mut command).exits(0);
    let record = std::fs::read(ran.out.join("run.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    assert_eq!(record["requests"]["handshakes"], 6, "{record:#}");
    assert_eq!(record["requests"]["answered"], 21);
    assert_eq!(record["latency"]["exchange"]["count"], 21);
    let mut requests: Vec<u64> = Vec::new();
    for worker in ran.side("client") {
        let told = &worker["told"];
        assert_eq!(told["requests"], told["answered"], "{worker}");
        requests.push(told["requests"].as_u64().unwrap());
        assert!(told["server_owner"]["serve_tid"].is_number(), "{worker}");
    }
    requests.sort_unstable();
    assert_eq!(requests, [1, 2, 3, 4, 5, 6]);
}
