//! Servers that are alone with their connections, and others that come to it: who served
//! is known either way, and nobody is stopped for it who is alone.

use super::common::need::Need::{Capture, Root, Tool};
use super::seen::{Reads, Seen};
use super::stage::Stage;
use crate::require;

const CONNECTIONS: &str = "10";

fn talks(way: &str, requests: &str) -> Seen {
    let server = ["company_server", "{port}", CONNECTIONS, way];
    let client = ["talk_client", "{port}", CONNECTIONS, requests];
    Stage::new(&server).traced().run(&client).exits(0)
}

fn stops(seen: &Seen) -> u64 {
    seen.record()["observer"]["tracer_stops"].as_u64().unwrap()
}

#[test]
fn whoever_comes_is_told_apart() {
    require!(Capture, Tool("cc"));
    for way in [
        "stay", "thread", "fork", "files", "exec", "dup", "sealed", "pass",
    ] {
        let seen = talks(way, "3");
        eprintln!("{way}");
        seen.client_agrees();
        if way == "exec" {
            // Run anew, it says no last line of its own.
            seen.server_owners_agree(Reads::Seen);
        } else {
            seen.server_agrees(Reads::Seen);
        }
    }
}

/// Its privileges are gone when a second filter is needed: every call of it is looked at.
#[test]
fn who_has_given_up_its_privileges_is_followed_too() {
    require!(Capture, Root, Tool("cc"));
    let seen = talks("drop", "3");
    seen.client_agrees();
    seen.server_agrees(Reads::Seen);
}

/// While one process takes descriptors the other runs: what is not sure is not told.
#[test]
fn what_is_taken_while_its_owner_runs_is_not_guessed() {
    require!(Capture, Tool("cc"));
    let seen = talks("taken", "3");
    seen.client_agrees();
    let said = |kind| seen.server.by_connection(kind);
    let (received, sent) = (said("received"), said("sent"));
    let mut known = 0;
    for (connection, flow) in seen.flows() {
        let owner = &flow["server_owner"];
        for (name, said) in [("serve_tid", &received), ("send_tid", &sent)] {
            if let Some(told) = owner[name].as_u64() {
                assert_eq!(
                    Some(told),
                    said.get(&connection).map(|t| t.1),
                    "{name} {flow}"
                );
                known += 1;
            }
        }
    }
    assert_eq!(known, 10, "of every second connection both");
}

/// Requests on a connection cost nothing where one process has it alone, and its calls
/// of other kinds neither.
#[test]
fn a_connection_that_is_kept_alive_stops_nobody() {
    require!(Capture, Tool("cc"));
    let few = talks("stay", "2");
    let many = talks("stay", "200");
    assert_eq!(stops(&few), stops(&many));
    for flow in many.ran.flows() {
        let exchanges = flow["exchanges"].as_array().unwrap();
        assert_eq!(exchanges.len(), 200);
        let tid = &flow["server_owner"]["serve_tid"];
        assert!(tid.is_u64(), "{flow}");
        assert!(exchanges.iter().all(|e| &e["serve_tid"] == tid), "{flow}");
    }
}

/// Without a capture nothing else tells what it did: it is looked at.
#[test]
fn without_a_capture_it_is_looked_at() {
    require!(Tool("cc"));
    let server = ["company_server", "{port}", CONNECTIONS, "stay"];
    let client = ["talk_client", "{port}", CONNECTIONS, "50"];
    let seen = Stage::new(&server)
        .traced()
        .with(&["--no-capture"])
        .run(&client)
        .exits(0);
    let evidence = &seen.record()["plan"]["inferred"]["server"];
    assert_eq!(evidence["receiving_threads"], 1, "{evidence}");
    assert_eq!(evidence["sending_threads"], 1, "{evidence}");
}
