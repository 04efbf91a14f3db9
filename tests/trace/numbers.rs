//! Great numbers: none is lost, and none stays.

use super::common::need::Need::{Capture, Root, Tool};
use super::seen::{Reads, census_agrees};
use super::stage::Stage;
use super::users::as_a_user;
use crate::require;

const SERVER: [&str; 2] = ["epoll_server", "{port}"];

fn crowd(kind: &str, n: &str) {
    let seen = Stage::new(&SERVER)
        .run(&["crowd_client", kind, "{port}", n, "50"])
        .exits(0);
    seen.client_agrees();
    seen.server_agrees(Reads::Seen);
}

#[test]
fn five_thousand_threads_at_once() {
    require!(Capture, Tool("cc"));
    crowd("threads", "5000");
}

#[test]
fn five_thousand_processes_at_once() {
    require!(Capture, Tool("cc"));
    crowd("processes", "5000");
}

/// A tracer that keeps a descriptor for each process has none left.
#[test]
fn a_crowd_and_few_descriptors() {
    require!(Capture, Tool("cc"), Tool("prlimit"));
    for kind in ["threads", "processes"] {
        let seen = Stage::new(&SERVER)
            .behind(&["prlimit", "--nofile=128:128"])
            .run(&["crowd_client", kind, "{port}", "1000", "50"])
            .exits(0);
        seen.client_agrees();
        seen.server_agrees(Reads::Seen);
    }
}

/// A thread that is seen before its creator tells of it is not counted again
/// when that comes, even if it is gone by then.
#[test]
fn threads_that_end_before_they_are_announced() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&SERVER)
        .run(&["storm", "{port}", "8", "1500"])
        .exits(0);
    seen.client_agrees();
    // All of them were joined.
    assert_eq!(seen.record()["census"]["client"]["threads"]["after"], 1);
}

#[test]
fn two_thousand_connections_of_as_many_threads() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&["thread_server", "{port}"])
        .run(&["thread_client", "{port}", "2000"])
        .exits(0);
    seen.client_agrees();
    seen.server_agrees(Reads::Seen);
}

/// A client that makes tasks until its own limit refuses, as a user that
/// nobody else is: the limit counts all tasks of one user.
fn until_refused(kind: &str) {
    let seen = as_a_user("epoll_server", &["forker", kind, "{port}", "300"]).exits(0);
    assert_eq!(seen.client.total("refused"), Some(10));
    let (threads, processes) = seen.client.made();
    let all = threads + processes;
    assert!((200..300).contains(&all), "{threads} {processes}");
    seen.client_agrees();
}

#[test]
fn processes_until_the_limit_refuses() {
    require!(Capture, Root, Tool("cc"), Tool("setpriv"));
    until_refused("processes");
}

#[test]
fn threads_until_the_limit_refuses() {
    require!(Capture, Root, Tool("cc"), Tool("setpriv"));
    until_refused("threads");
}

/// Without a capture the census is as exact, and the run as clean.
#[test]
fn a_crowd_without_a_capture() {
    require!(Tool("cc"));
    for kind in ["threads", "processes"] {
        let seen = Stage::new(&SERVER)
            .with(&["--no-capture"])
            .run(&["crowd_client", kind, "{port}", "1000", "10"])
            .exits(0);
        let record = seen.record();
        census_agrees(&record["census"]["client"], &seen.client);
        assert_eq!(record["requests"]["attempted"], 10);
        assert!(record["requests"]["on_wire"].is_null());
    }
}
