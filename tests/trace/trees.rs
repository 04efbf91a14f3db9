//! Process trees that a tracer could lose, or disturb.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use super::common::need::Need::{Capture, Root, Tool};
use super::common::{findings, public_copy};
use super::own::Own;
use super::seen::{Reads, Seen, census_agrees};
use super::stage::Stage;
use super::users::copy;
use crate::require;

const SERVER: [&str; 2] = ["epoll_server", "{port}"];

#[test]
fn a_program_that_traces() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&SERVER)
        .traced()
        .run(&["ptracer", "{port}"])
        .exits(0);
    seen.client_agrees();
    let record = seen.record();
    let refused = |call| seen.client.total(call) != Some(0);
    assert!(refused("traceme") && refused("seize"), "it has a tracer");
    assert_eq!(findings(&record, "uses_ptrace").len(), 1);
}

/// Its own filter answers a connect: no tracer sees it, and nothing is sent.
#[test]
fn a_filter_that_refuses_to_connect() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&SERVER)
        .traced()
        .run(&["seccomp_client", "refuse", "{port}", "4"])
        .exits(0);
    let record = seen.record();
    assert_eq!(seen.client.failed.len(), 0);
    assert_eq!(seen.client_owners_agree().len(), 3);
    assert_eq!(record["requests"]["on_wire"], 3);
    assert_eq!(record["programs"]["client"]["exit_code"], 0);
}

/// The owner is named by the number that it has outside of its namespace.
#[test]
fn a_clone_in_a_namespace_of_its_own() {
    require!(Capture, Root, Tool("cc"));
    let seen = Stage::new(&SERVER)
        .run(&["clones", "pidns", "{port}"])
        .exits(0);
    census_agrees(&seen.record()["census"]["client"], &seen.client);
    let flows = seen.ran.flows();
    assert_eq!(flows.len(), 1);
    let clone = &seen.client.end()["clone"];
    assert_eq!(&flows[0]["client_owner"]["pid"], clone);
    assert_eq!(&flows[0]["client_owner"]["tid"], clone);
}

/// The daemon made its requests, and the first process ended after that.
#[test]
fn a_daemon() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&SERVER).run(&["daemon_client", "{port}", "10", "wait"]);
    let record = seen.record();
    assert_eq!(seen.client.failed.len(), 0);
    assert_eq!(seen.client_owners_agree().len(), 10);
    let census = &record["census"]["client"];
    assert_eq!(census["processes"]["created"], 2);
    assert_eq!(
        census["processes"]["peak"].as_u64().map(|p| p >= 2),
        Some(true)
    );
    // The first one begins to exit, and the daemon is there.
    assert_eq!(census["processes"]["after"], 2);
    assert_eq!(findings(&record, "left_behind").len(), 1);
    assert_eq!(record["programs"]["client"]["exit_code"], 0);
}

/// The first process ends at once; whatever the daemon comes to do until it is
/// ended is told rightly.
#[test]
fn a_daemon_whose_parent_leaves_at_once() {
    require!(Capture, Tool("cc"));
    for _ in 0..5 {
        let seen = Stage::new(&SERVER).run(&["daemon_client", "{port}", "50"]);
        let record = seen.record();
        assert_eq!(record["programs"]["client"]["exit_code"], 0);
        assert_eq!(findings(&record, "left_behind").len(), 1);
        owners_do_not_lie(&seen);
    }
}

/// No flow has an owner other than the one that said so itself.
#[track_caller]
fn owners_do_not_lie(seen: &Seen) {
    let connected = seen.client.by_connection("connected");
    for (connection, flow) in seen.flows() {
        let owner = &flow["client_owner"];
        if let Some((pid, tid)) = connected.get(&connection) {
            assert_eq!(owner["pid"], *pid, "{flow}");
            assert_eq!(owner["tid"], *tid, "{flow}");
        }
    }
}

/// Its own child kills it, at any moment. Delays grow by a step that shares no
/// factor with anything periodic.
#[test]
fn a_client_that_is_killed() {
    require!(Capture, Tool("cc"));
    for round in 0..20_u64 {
        let delay = (round * 2_371).to_string();
        let seen = Stage::new(&["thread_server", "{port}"])
            .run(&["killed_client", "{port}", &delay])
            .exits(1);
        let record = seen.record();
        let program = &record["programs"]["client"];
        assert_eq!(program["signal"], 9, "after {delay} µs: {program}");
        assert!(program["exit_code"].is_null(), "{program}");
        let found = findings(&record, "client_signal");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["severity"], "error");
        assert_eq!(record["census"]["client"]["provenance"], "traced");
        owners_do_not_lie(&seen);
        seen.server_owners_agree(Reads::Seen);
    }
}

/// A program that is set-uid either runs as the other user or the run says that
/// it did not.
fn set_uid(user: u32, behind: &[&str]) -> Seen {
    let stage = Stage::new(&[]);
    let folder = stage.lab.path();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    let server = copy("epoll_server", &folder.join("server"));
    let plain = copy("uid_client", &folder.join("plain"));
    let special = copy("uid_client", &folder.join("special"));
    chown(&special, Some(user), Some(user)).unwrap();
    fs::set_permissions(&special, fs::Permissions::from_mode(0o4755)).unwrap();
    let port = stage.port.to_string();
    let (first, rest) = behind.split_first().unwrap();
    let mut command = stage.lab.command(first);
    command
        .args(rest)
        .args([public_copy(), "run", "--no-capture", "--port", &port])
        .args(["--out", "out", "--server-cmd", &format!("{server} {port}")])
        .args(["--", &plain, &port, &special]);
    Seen::of(stage.lab.finish(&mut command)).exits(0)
}

fn effective_user(own: &Own) -> u64 {
    own.of("user")[0]["euid"].as_u64().unwrap()
}

#[test]
fn a_set_uid_program_under_root() {
    require!(Root, Tool("cc"));
    let seen = set_uid(65534, &["env"]);
    let ignored = findings(&seen.record(), "setuid_ignored").len();
    let user = effective_user(&seen.client);
    assert!(
        (user == 65534 && ignored == 0) || (user == 0 && ignored == 1),
        "it ran as {user}, and {ignored} findings say that it should not"
    );
}

#[test]
fn a_set_uid_program_under_another_user() {
    require!(Root, Tool("cc"), Tool("setpriv"));
    let other = [
        "setpriv",
        "--reuid=61998",
        "--regid=61998",
        "--clear-groups",
    ];
    let seen = set_uid(0, &other);
    assert_eq!(
        effective_user(&seen.client),
        61998,
        "a tracer without rights"
    );
    assert_eq!(findings(&seen.record(), "setuid_ignored").len(), 1);
}
