//! Ways to use sockets that make other system calls than usual, or none: what can be
//! seen is counted, and what cannot be is null, and said.

use super::common::findings;
use super::common::need::Need::{Capture, Tool};
use super::common::need::skip;
use super::seen::{Reads, Seen};
use super::stage::Stage;
use crate::require;

const EPOLL: [&str; 2] = ["epoll_server", "{port}"];

/// A run of these two; `None` where a ring is not to be had.
fn run(server: &[&str], client: &[&str]) -> Option<Seen> {
    let seen = Stage::new(server).traced().run(client);
    let refused = || seen.record()["programs"]["client"]["exit_code"] == 4;
    if seen.ran.stderr.contains("no_uring") || refused() {
        skip("rings", "needs io_uring");
        return None;
    }
    Some(seen)
}

/// `io_uring(7)` connects in the kernel: how many there were the wire tells, who made
/// them nobody.
#[test]
fn a_client_with_a_ring() {
    require!(Capture, Tool("cc"));
    for (ways, owned) in [("ring", None), ("both", Some(5))] {
        let Some(seen) = run(&EPOLL, &["uring_client", "{port}", "10", ways]) else {
            return;
        };
        let seen = seen.exits(0);
        let record = seen.record();
        let requests = &record["requests"];
        assert!(requests["attempted"].is_null(), "{ways} {requests}");
        assert_eq!(requests["on_wire"], 10, "{ways}");
        assert_eq!(requests["valid"], 10, "{ways}");
        assert_eq!(record["correlation"]["client_owned"].as_u64(), owned);
        assert!(record["plan"]["strategy"].is_null(), "{ways}");
        assert!(record["programs"]["client"]["helpers"].is_null(), "{ways}");
        let connected = seen.client.by_connection("connected");
        for (connection, flow) in seen.flows() {
            let owner = &flow["client_owner"];
            let (_, tid) = connected[&connection];
            assert!(owner.is_null() || owner["tid"] == tid, "{flow}");
        }
        let said = findings(&record, "uses_io_uring");
        assert_eq!(said.len(), 1, "{record:#}");
        let named = said[0]["evidence"]["programs"][0].as_str().unwrap();
        assert_eq!(named, "uring_client");
        for code in ["no_connection", "unowned_flows", "count_mismatch"] {
            assert!(findings(&record, code).is_empty(), "{ways} {code}");
        }
        seen.server_agrees(Reads::Seen);
    }
}

#[test]
fn a_server_with_a_ring() {
    require!(Capture, Tool("cc"));
    let client = ["thread_client", "{port}", "10"];
    let Some(seen) = run(&["uring_server", "{port}"], &client) else {
        return;
    };
    let seen = seen.exits(0);
    seen.client_agrees();
    let record = seen.record();
    assert_eq!(record["requests"]["valid"], 10);
    assert!(record["correlation"]["server_owned"].is_null());
    assert!(record["plan"]["server_model"].is_null());
    let said = findings(&record, "uses_io_uring");
    assert_eq!(said.len(), 1, "{record:#}");
    assert_eq!(said[0]["evidence"]["flows"], 10);
    assert!(findings(&record, "unowned_flows").is_empty());
}

/// Runtimes set up rings for files: nothing is unknown then, and nothing said.
#[test]
fn rings_that_are_not_used() {
    require!(Capture, Tool("cc"));
    let client = ["uring_client", "{port}", "10", "idle"];
    let Some(seen) = run(&["uring_server", "{port}", "plain"], &client) else {
        return;
    };
    let seen = seen.exits(0);
    seen.client_agrees();
    seen.server_agrees(Reads::Seen);
    assert!(findings(&seen.record(), "uses_io_uring").is_empty());
}

/// Without a capture there is no proof that a ring was not used.
#[test]
fn a_ring_and_no_capture() {
    require!(Tool("cc"));
    let stage = Stage::new(&EPOLL).with(&["--no-capture"]);
    let seen = stage.run(&["uring_client", "{port}", "4", "idle"]);
    if seen.record()["programs"]["client"]["exit_code"] == 4 {
        skip("a ring and no capture", "needs io_uring");
        return;
    }
    let record = seen.record();
    assert!(record["requests"]["attempted"].is_null());
    let said = findings(&record, "uses_io_uring");
    assert_eq!(said.len(), 1, "{record:#}");
    assert_eq!(said[0]["evidence"]["side"], "client");
}

/// Whether this machine runs 32-bit programs.
pub fn runs_32_bits() -> bool {
    cfg!(target_arch = "x86_64")
        && super::common::Lab::new()
            .command(super::program::compiled("threads_32").to_str().unwrap())
            .args(["9", "0"])
            .status()
            .is_ok_and(|s| s.success())
}

/// The calls of 32-bit programs have other numbers.
#[test]
fn programs_of_32_bits() {
    require!(Capture, Tool("cc"));
    if !runs_32_bits() {
        skip("programs of 32 bits", "needs a kernel that runs them");
        return;
    }
    for client in ["threads_32", "int80_client"] {
        let seen = Stage::new(&EPOLL).run(&[client, "{port}", "10"]).exits(0);
        seen.client_agrees();
        seen.server_agrees(Reads::Seen);
        let record = seen.record();
        let after = &record["census"]["client"]["threads"]["after"];
        // Its threads are there when it exits.
        assert_eq!(*after, if client == "threads_32" { 11 } else { 1 });
        assert!(findings(&record, "sockets_unseen").is_empty());
    }
    // Beside one of 64 bits it is no helper.
    let program = super::program::compiled("threads_32");
    let other = super::program::compiled("thread_client");
    let both = format!(
        "{} {{port}} 5; {} {{port}} 5",
        program.display(),
        other.display()
    );
    let seen = Stage::new(&EPOLL).run(&["sh", "-c", &both]).exits(0);
    let record = seen.record();
    assert_eq!(record["requests"]["attempted"], 10);
    assert_eq!(record["correlation"]["client_owned"], 10);
    let helpers = &record["programs"]["client"]["helpers"];
    assert!(!helpers.to_string().contains("threads_32"), "{helpers}");
}

/// What a traced program cannot have is said.
#[test]
fn a_program_that_enters_strict_mode() {
    require!(Capture, Tool("cc"));
    for way in ["prctl", "seccomp"] {
        let seen = Stage::new(&EPOLL)
            .traced()
            .run(&["strict_client", way, "{port}", "3"])
            .exits(1);
        let record = seen.record();
        assert_eq!(record["programs"]["client"]["exit_code"], 7, "{way}");
        assert_eq!(record["requests"]["attempted"], 3);
        let said = findings(&record, "strict_seccomp_refused");
        assert_eq!(said.len(), 1, "{way} {record:#}");
        assert_eq!(said[0]["evidence"]["programs"][0], "strict_client");
        let seen = Stage::new(&EPOLL)
            .with(&["--observe", "sampled"])
            .run(&["strict_client", way, "{port}", "3"])
            .exits(0);
        assert!(findings(&seen.record(), "strict_seccomp_refused").is_empty());
    }
}
