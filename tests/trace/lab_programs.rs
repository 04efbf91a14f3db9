//! The lab's own programs, in Python: held against strace's counts, and told
//! apart where most requests are never made.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::common::need::Need::{Capture, Tool};
use super::common::{findings, tshark};
use super::program;
use super::seen::Reads;
use super::stage::Stage;
use crate::require;

/// Threads, processes and connections of a program, by strace.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    threads: u64,
    processes: u64,
    connects: u64,
}

/// Runs the client under strace, with its server untraced.
fn by_strace(client: &[&str], server: &[&str]) -> Counts {
    let stage = Stage::new(server);
    let running = stage.start_server();
    let log = stage.lab.path().join("strace");
    let words = program::words(client, stage.port);
    let mut command = stage.lab.command("strace");
    command.args([
        "-f",
        "-q",
        "-e",
        "trace=clone,clone3,fork,vfork,connect",
        "-o",
    ]);
    let ran = stage
        .lab
        .end(super::common::start(command.arg(&log).args(words)));
    assert_eq!(ran.status, Some(0), "{ran:?}");
    running.signal(rustix::process::Signal::TERM);
    stage.lab.end(running);
    count(&log, stage.port)
}

/// Puts the two halves of interrupted lines together, and counts.
fn count(log: &Path, port: u16) -> Counts {
    let mut counts = Counts {
        threads: 0,
        processes: 0,
        connects: 0,
    };
    let mut begun: BTreeMap<String, String> = BTreeMap::new();
    for line in fs::read_to_string(log).unwrap().lines() {
        let (task, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if let Some(head) = call.strip_suffix("<unfinished ...>") {
            begun.insert(task.to_owned(), head.to_owned());
            continue;
        }
        let whole = match call.strip_prefix("<... ") {
            Some(tail) => begun.remove(task).unwrap_or_default() + tail,
            None => call.to_owned(),
        };
        let Some((_, result)) = whole.rsplit_once(" = ") else {
            continue;
        };
        let made = result.split(' ').next().unwrap().parse::<i64>();
        if whole.starts_with("connect(") {
            let ours = whole.contains(&format!("htons({port})"));
            counts.connects += u64::from(ours && (made == Ok(0) || result.contains("EINPROGRESS")));
        } else if made.is_ok_and(|n| n > 0) {
            let thread = whole.contains("CLONE_THREAD");
            *(if thread {
                &mut counts.threads
            } else {
                &mut counts.processes
            }) += 1;
        }
    }
    counts
}

fn agrees_with_strace(client: &[&str]) {
    let server = ["lab_server.py", "thread", "{port}"];
    let strace = by_strace(client, &server);
    let seen = Stage::new(&server).run(client).exits(0);
    let record = seen.record();
    let census = &record["census"]["client"];
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    let processes = number(&census["processes"]["created"]);
    let ours = Counts {
        threads: number(&census["threads"]["created"]) - processes,
        processes,
        connects: number(&record["correlation"]["client_owned"]),
    };
    assert_eq!(ours, strace, "{client:?}");
    seen.client_agrees();
    seen.server_agrees(Reads::Seen);
    let server_flows = number(&record["correlation"]["server_owned"]);
    assert_eq!(server_flows, strace.connects);
}

#[test]
fn threads_as_strace_counts_them() {
    require!(Capture, Tool("strace"), Tool("python3"));
    agrees_with_strace(&["lab_client.py", "thread", "{port}", "300"]);
}

#[test]
fn a_pool_as_strace_counts_it() {
    require!(Capture, Tool("strace"), Tool("python3"));
    agrees_with_strace(&["lab_client.py", "pool", "{port}", "300", "--join"]);
}

#[test]
fn processes_as_strace_counts_them() {
    require!(Capture, Tool("strace"), Tool("python3"));
    agrees_with_strace(&["lab_client.py", "process", "{port}", "100"]);
}

#[test]
fn helpers_as_strace_counts_them() {
    require!(Capture, Tool("strace"), Tool("python3"));
    agrees_with_strace(&["helpers_client.py", "spawn", "{port}", "5"]);
    agrees_with_strace(&["helpers_client.py", "shim", "{port}", "5"]);
}

/// The pool's main thread leaves at once, and the server's backlog is 1:
/// attempted, on the wire and answered are three numbers.
#[test]
fn a_pool_that_is_not_joined() {
    require!(Capture, Tool("python3"), Tool("tshark"));
    let seen = Stage::new(&["lab_server.py", "thread", "{port}", "1"]).run(&[
        "lab_client.py",
        "pool",
        "{port}",
        "1000",
    ]);
    let record = seen.record();
    let requests = |name: &str| record["requests"][name].as_u64().unwrap();
    let said = |kind| seen.client.of(kind).len() as u64;
    let attempted = requests("attempted");
    // Ended between its word and its call, or its call and its word.
    assert!(attempted <= said("attempting"), "{attempted}");
    assert!(attempted >= said("connected"), "{attempted}");
    assert!(attempted < 1000, "the main thread leaves at once");
    let on_wire = tshark::distinct(&seen.ran.pcap(), tshark::FIRST_SYNS, "tcp.srcport");
    assert_eq!(requests("on_wire"), on_wire as u64);
    assert!(requests("on_wire") <= attempted);
    let answers = tshark::frames(&seen.ran.pcap(), tshark::ANSWERS);
    assert_eq!(requests("answered"), answers as u64);
    assert!(record["requests"]["submitted"].is_null());
    assert_eq!(record["programs"]["client"]["exit_code"], 0);
    // 16 workers and three that hand out the work. Python asks them to end
    // before it exits, and does not wait: some are still there.
    let census = &record["census"]["client"];
    assert_eq!(census["threads"]["created"], 19);
    assert_eq!(census["threads"]["peak"], 20);
    let after = census["threads"]["after"].as_u64().unwrap();
    assert!((1..=20).contains(&after), "{after}");
    for (connection, task) in seen.client.by_connection("connected") {
        let flows = seen.flows();
        let (_, flow) = flows.iter().find(|(it, _)| *it == connection).unwrap();
        assert_eq!(flow["client_owner"]["tid"], task.1);
    }
}

/// A pool of 16 against a backlog of 1, joined: SYNs are sent again, and all
/// are answered in the end.
#[test]
fn a_pool_against_a_backlog_of_one() {
    require!(Capture, Tool("python3"));
    let seen = Stage::new(&["lab_server.py", "thread", "{port}", "1"])
        .run(&["lab_client.py", "pool", "{port}", "100", "--join"])
        .exits(0);
    seen.client_agrees();
    seen.server_agrees(Reads::Seen);
    let record = seen.record();
    assert_eq!(record["requests"]["answered"], 100);
    assert_eq!(record["plan"]["workers"], 16, "the pool's width");
}

/// What made no connection is named and counted apart, and is not among the
/// workers.
#[test]
fn helpers_are_named() {
    require!(Capture, Tool("python3"), Tool("cc"));
    for (client, helpers) in [
        (&["helpers_client.py", "shim", "{port}", "3"][..], 5),
        (&["helpers_client.py", "commands", "{port}", "4"], 4),
        // The resource tracker.
        (&["helpers_client.py", "spawn", "{port}", "3"], 1),
        (&["process_client", "each", "{port}", "10"], 0),
    ] {
        let seen = Stage::new(&["epoll_server", "{port}"]).run(client).exits(0);
        let record = seen.record();
        let all = record["programs"]["client"]["helpers"].as_array().unwrap();
        let processes: u64 = all.iter().map(|h| h["processes"].as_u64().unwrap()).sum();
        assert_eq!(processes, helpers, "{client:?}: {all:?}");
        assert!(
            all.iter()
                .all(|h| h["name"].is_string() && h["threads"].is_u64())
        );
        if client.contains(&"shim") || client.contains(&"commands") {
            assert_eq!(all[0]["name"], "true", "{all:?}");
        }
        let workers: BTreeSet<u64> = seen
            .ran
            .side("client")
            .iter()
            .filter_map(|w| w["pid"].as_u64())
            .collect();
        let owners: BTreeSet<u64> = seen
            .client
            .by_connection("connected")
            .values()
            .map(|task| task.0)
            .collect();
        assert_eq!(workers, owners, "{client:?}");
        assert!(findings(&record, "client_exit").is_empty());
    }
}
