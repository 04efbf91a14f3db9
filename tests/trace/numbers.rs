//! Great numbers: none is lost, and none stays.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::sync::atomic::{AtomicU32, Ordering};

use super::common::need::Need::{Capture, Root, Tool};
use super::common::public_copy;
use super::program::compiled;
use super::stage::{Reads, Seen, Stage, census_agrees};
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
    static NEXT: AtomicU32 = AtomicU32::new(62_000);
    let user = NEXT.fetch_add(1, Ordering::Relaxed);
    let stage = Stage::new(&[]);
    chown(stage.lab.path(), Some(user), Some(user)).unwrap();
    let [server, client] = ["epoll_server", "forker"].map(|name| {
        let path = stage.lab.path().join(name);
        fs::copy(compiled(name), &path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let port = stage.port.to_string();
    let mut command = stage.lab.command("setpriv");
    command
        .args([format!("--reuid={user}"), format!("--regid={user}")])
        .args([
            "--clear-groups",
            "--inh-caps=+net_raw",
            "--ambient-caps=+net_raw",
        ])
        .args([public_copy(), "run", "--port", &port, "--out", "out"])
        .args(["--server-cmd", &format!("{server} {port}")])
        .args(["--", &client, kind, &port, "300"]);
    let seen = Seen::of(stage.lab.finish(&mut command)).exits(0);
    assert_eq!(seen.client.total("refused"), Some(10));
    let (threads, processes) = seen.client.made();
    assert!(
        (200..300).contains(&(threads + processes)),
        "{threads} {processes}"
    );
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
