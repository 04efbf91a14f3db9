//! Servers whose first process ends before they do, and what else goes on when
//! it was only started and left.

use rustix::process::Signal;

use super::common::need::Need::{Capture, Tool};
use super::common::{Lab, Started, findings, signal_to, start, until};
use super::seen::Reads;
use super::stage::{Stage, listened_on};
use crate::require;

const CLIENT: [&str; 3] = ["thread_client", "{port}", "30"];

/// A daemon is a server like any other: its first process has ended as it
/// should, and the rest is there until threadtap asks it to end.
#[test]
fn a_server_that_is_a_daemon() {
    require!(Capture, Tool("cc"));
    for when in ["first", "last"] {
        let stage = Stage::new(&["daemon_server", "{port}", "3", when]);
        let seen = stage.run(&CLIENT).exits(0);
        let record = seen.record();
        assert_eq!(record["requests"]["valid"], 30);
        assert_eq!(record["programs"]["server"]["exit_code"], 0);
        for code in ["server_died", "server_ended", "left_behind"] {
            assert_eq!(findings(&record, code).len(), 0, "{when}: {record:#}");
        }
        let processes = &record["census"]["server"]["processes"];
        assert_eq!(processes["created"], 4, "{when}");
        assert_eq!(processes["after"], 4, "{when}");
        assert_eq!(record["census"]["server"]["provenance"], "traced");
        seen.server_owners_agree(Reads::Seen);
        assert_eq!(stage.lab.left(), Vec::<String>::new());
        assert!(!listened_on(stage.port));
    }
}

/// Without a tracer it is followed as well, and nothing of it stays.
#[test]
fn a_daemon_that_is_not_traced() {
    require!(Capture, Tool("cc"));
    for observe in ["sampled", "off"] {
        for when in ["first", "last"] {
            let stage = Stage::new(&["daemon_server", "{port}", "3", when]);
            let stage = stage.with(&["--observe", observe]);
            let seen = stage.run(&CLIENT).exits(0);
            let record = seen.record();
            assert_eq!(record["requests"]["valid"], 30);
            assert_eq!(findings(&record, "server_died").len(), 0, "{record:#}");
            let processes = &record["census"]["server"]["processes"];
            if observe == "sampled" {
                assert_eq!(processes["after"], 4, "{when}: {record:#}");
            } else {
                assert!(processes["after"].is_null(), "{when}");
            }
            assert_eq!(stage.lab.left(), Vec::<String>::new());
            assert!(!listened_on(stage.port));
        }
    }
}

/// What a client leaves behind that nobody follows is ended, and told.
#[test]
fn a_client_that_leaves_a_daemon_and_is_not_traced() {
    require!(Capture, Tool("cc"));
    for observe in ["sampled", "off"] {
        let stage = Stage::new(&["thread_server", "{port}"]).with(&["--observe", observe]);
        let seen = stage.run(&["daemon_client", "{port}", "5", "wait"]);
        let record = seen.record();
        let left = findings(&record, "left_behind");
        assert_eq!(left.len(), 1, "{record:#}");
        assert_eq!(left[0]["evidence"]["processes"], 1);
        assert!(record["sides"]["client"]["cpu_ns"].is_null());
        assert_eq!(stage.lab.left(), Vec::<String>::new());
    }
}

/// A client that goes to the background ends with the last of its processes.
#[test]
fn how_long_a_client_in_the_background_takes() {
    require!(Capture, Tool("cc"));
    for how in ["end", "stay"] {
        let seen = Stage::new(&["thread_server", "{port}"])
            .run(&["daemon_client", "{port}", "5", how])
            .exits(0);
        let record = seen.record();
        let took = record["observer"]["client_duration_ns"].as_u64().unwrap();
        let started = &record["census"]["client"]["timeline"][0][0];
        let times = |name: &str| {
            let flows = seen.ran.flows();
            flows
                .iter()
                .map(|f| f[name].as_u64().unwrap())
                .max()
                .unwrap()
        };
        let last = times("first_ns") - started.as_u64().unwrap();
        assert!(took >= last, "{how}: {took} {last}");
        assert!(how != "end" || took >= 300_000_000, "{took}");
        // Waiting for it is no work of its own.
        let linger = 2_000_000_000;
        assert!(how == "end" || took < linger, "{took}");
    }
}

/// All of them were there when threadtap asked them to end, in whatever order
/// they heard of it.
#[test]
fn what_is_asked_to_end_was_there_after_the_work() {
    require!(Capture, Tool("cc"));
    for _ in 0..4 {
        let seen = Stage::new(&["prefork_server", "{port}", "4"])
            .run(&CLIENT)
            .exits(0);
        let census = &seen.record()["census"]["server"];
        assert_eq!(census["processes"]["after"], 5);
        assert_eq!(census["threads"]["after"], 5);
    }
}

/// A server that serves so many and no more has not died.
#[test]
fn a_server_that_serves_once() {
    require!(Capture, Tool("python3"));
    let seen = Stage::new(&["port_server.py", "brief", "{port}", "0"]).run(&[
        "port_client.py",
        "status",
        "{port}",
        "0",
    ]);
    let record = seen.record();
    assert_eq!(findings(&record, "server_died").len(), 0);
    assert_eq!(record["requests"]["valid"], 1);
    seen.exits(0);
}

/// What a server accepts on another port is not of the run.
#[test]
fn a_server_with_another_port() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&["front_server", "{port}"])
        .run(&CLIENT)
        .exits(0);
    let record = seen.record();
    assert_eq!(record["requests"]["valid"], 30);
    assert_eq!(record["correlation"]["server_owned"], 30);
    assert_eq!(record["plan"]["server_model"], "iterative", "{record:#}");
    assert_eq!(seen.ran.side("server").len(), 30);
}

/// A client of three generations: each child has one that makes itself a daemon, which
/// ignores SIGTERM, and one that stays.
const FAMILY: &str = "import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for child in range(3):
    if os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                open('daemon', 'a').write('x')
                time.sleep(607)
            os._exit(0)
        if os.fork() == 0: time.sleep(607)
        time.sleep(607)
while not os.path.exists('daemon') or os.path.getsize('daemon') < 3: time.sleep(0.01)
open('all', 'w').close()
while not os.path.exists('go'): time.sleep(0.01)
sys.exit(3)
";

/// A run with that client, when all of them are there, and the number of its guardian.
fn family(observe: &str) -> (Lab, Started, i32) {
    let lab = Lab::new();
    std::fs::write(lab.path().join("family.py"), FAMILY).unwrap();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "--out", "out", "--observe", observe]);
    let started = start(command.args(["--port", "0", "--", "python3", "family.py"]));
    until("the family is there", || lab.path().join("all").exists());
    let guardian = guardian_of(&lab);
    (lab, started, guardian)
}

/// The lab's process that bears this name, whatever its command line says.
fn guardian_of(lab: &Lab) -> i32 {
    let pid = |line: &String| line.split(' ').next()?.parse().ok();
    let is_one = |pid: &i32| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm"));
        name.is_ok_and(|name| name.trim_end() == "tap-guardian")
    };
    let pids: Vec<i32> = lab.left().iter().filter_map(pid).filter(is_one).collect();
    assert_eq!(pids.len(), 1, "{:?}", lab.left());
    pids[0]
}

/// Whatever threadtap is killed by: the guardian of a program that is not traced ends all
/// that the program has started.
#[test]
fn nothing_that_is_not_traced_outlives_threadtap() {
    require!(Capture, Tool("python3"));
    for observe in ["sampled", "off"] {
        let (lab, started, guardian) = family(observe);
        let threadtap = started.child.id().cast_signed();
        assert_ne!(guardian, threadtap);
        started.signal(Signal::KILL);
        assert_eq!(lab.end(started).status, None);
        lab.until_nothing_is_left();
    }
}

/// Where somebody kills the guardian, the program is killed, and threadtap tells it and
/// ends the rest.
#[test]
fn a_guardian_that_is_killed_is_done_without() {
    require!(Capture, Tool("python3"));
    let (lab, started, guardian) = family("sampled");
    signal_to(guardian, Signal::KILL);
    let ran = lab.end(started).exits(1);
    let record = ran.record();
    assert_eq!(record["programs"]["client"]["signal"], 9, "{record:#}");
    assert_eq!(findings(&record, "left_behind").len(), 1, "{record:#}");
    assert_eq!(lab.left(), Vec::<String>::new());
}

/// The guardian stands between, and nothing of what is told of a program changes.
#[test]
fn a_guardian_is_in_no_count() {
    require!(Capture, Tool("python3"));
    let (lab, started, _) = family("sampled");
    std::fs::write(lab.path().join("go"), "").unwrap();
    let ran = lab.end(started).exits(1);
    let record = ran.record();
    assert_eq!(record["programs"]["client"]["exit_code"], 3);
    let processes = &record["census"]["client"]["processes"];
    // The daemons are nobody's by then: three children with one each.
    assert_eq!(processes["before"], 1);
    assert!(processes["peak"].as_u64().unwrap() >= 7, "{processes}");
    // Three children with one each, three daemons, and three that have ended unseen.
    let left = findings(&record, "left_behind");
    assert_eq!(left[0]["evidence"]["processes"], 12, "{record:#}");
    // Orphans are in nobody's sum.
    assert!(record["sides"]["client"]["cpu_ns"].is_null());
    assert_eq!(lab.left(), Vec::<String>::new());
}
