//! Runs of an ordinary user, who may capture and nothing else.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use super::common::need::Need::{Capture, FileCapabilities, Root, Tool};
use super::common::{findings, public_copy};
use super::program::compiled;
use super::seen::{Reads, Seen};
use super::stage::Stage;
use crate::require;

/// A copy of a program of ours that anybody may execute.
pub fn copy(name: &str, to: &Path) -> String {
    fs::copy(compiled(name), to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).unwrap();
    to.to_str().unwrap().to_owned()
}

/// A run with this server and this client as a user that nobody else is.
pub fn as_a_user(server: &str, client: &[&str]) -> Seen {
    as_a_user_with(&[], server, client)
}

/// The same with more options.
pub fn as_a_user_with(options: &[&str], server: &str, client: &[&str]) -> Seen {
    static NEXT: AtomicU32 = AtomicU32::new(62_000);
    let user = NEXT.fetch_add(1, Ordering::Relaxed);
    let stage = Stage::new(&[]);
    chown(stage.lab.path(), Some(user), Some(user)).unwrap();
    let server = copy(server, &stage.lab.path().join("server"));
    let program = copy(client[0], &stage.lab.path().join("client"));
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
        .args(options)
        .args(["--server-cmd", &format!("{server} {port}")])
        .args(["--", &program])
        .args(client[1..].iter().map(|w| w.replace("{port}", &port)));
    Seen::of(stage.lab.finish(&mut command))
}

/// No root is needed for the tracing.
#[test]
fn an_ordinary_user_traces() {
    require!(Capture, Root, Tool("cc"), Tool("setpriv"));
    for (server, client) in [
        ("thread_server", &["thread_client", "{port}", "50"][..]),
        ("fork_server", &["process_client", "each", "{port}", "30"]),
        ("relay_server", &["exec_client", "alive", "{port}", "4"]),
    ] {
        let seen = as_a_user(server, client).exits(0);
        seen.client_agrees();
        seen.server_agrees(Reads::Seen);
        let record = seen.record();
        assert!(findings(&record, "trace_not_allowed").is_empty());
        // Nobody wanted the privileges that its filter gave away.
        assert!(findings(&record, "setuid_ignored").is_empty());
    }
}

/// Who that is matters to nobody.
const USER: u32 = 61_999;

/// `setcap cap_net_raw+ep`, as `make run` does: a process that has executed such a
/// file is not dumpable, and may trace what it starts all the same.
#[test]
fn an_ordinary_user_of_a_program_with_a_file_capability_traces() {
    require!(Capture, Root, Tool("cc"), Tool("setpriv"), FileCapabilities);
    let stage = Stage::new(&[]);
    chown(stage.lab.path(), Some(USER), Some(USER)).unwrap();
    let threadtap = stage.lab.path().join("threadtap");
    fs::copy(public_copy(), &threadtap).unwrap();
    fs::set_permissions(&threadtap, fs::Permissions::from_mode(0o755)).unwrap();
    let mut setcap = stage.lab.command("setcap");
    let given = setcap.arg("cap_net_raw+ep").arg(&threadtap).status();
    assert!(given.unwrap().success());
    let server = copy("thread_server", &stage.lab.path().join("server"));
    let client = copy("thread_client", &stage.lab.path().join("client"));
    let port = stage.port.to_string();
    let mut command = stage.lab.command("setpriv");
    command.args([format!("--reuid={USER}"), format!("--regid={USER}")]);
    // The capabilities of root are gone with the first program that is executed.
    command.args(["--clear-groups", "env"]).arg(&threadtap);
    command.args(["run", "--port", &port, "--format", "json", "--out", "out"]);
    command.args(["--server-cmd", &format!("{server} {port}")]);
    command.args(["--", &client, &port, "20"]);
    let seen = Seen::of(stage.lab.finish(&mut command)).exits(0);
    seen.client_agrees();
    seen.server_agrees(Reads::Seen);
    let record = seen.record();
    assert!(findings(&record, "trace_not_allowed").is_empty());
    assert_eq!(record["census"]["client"]["provenance"], "traced");
    assert_eq!(record["correlation"]["client_owned"], 20);
}

/// So does a program whose file has capabilities: it runs without them, which is said.
#[test]
fn capabilities_of_files_are_not_had() {
    require!(Capture, Root, Tool("cc"), Tool("setpriv"), FileCapabilities);
    for given in [true, false] {
        let stage = Stage::new(&[]);
        chown(stage.lab.path(), Some(USER), Some(USER)).unwrap();
        let server = copy("epoll_server", &stage.lab.path().join("server"));
        let client = copy("thread_client", &stage.lab.path().join("client"));
        if given {
            let mut setcap = stage.lab.command("setcap");
            let given = setcap.args(["cap_net_bind_service+ep", &client]).status();
            assert!(given.unwrap().success());
        }
        let port = stage.port.to_string();
        let mut command = stage.lab.command("setpriv");
        command
            .args([format!("--reuid={USER}"), format!("--regid={USER}")])
            .args([
                "--clear-groups",
                "--inh-caps=+net_raw",
                "--ambient-caps=+net_raw",
            ])
            .args([
                public_copy(),
                "run",
                "--port",
                &port,
                "--format",
                "json",
                "--out",
                "out",
            ])
            .args(["--server-cmd", &format!("{server} {port}")])
            .args(["--", &client, &port, "5"]);
        let seen = Seen::of(stage.lab.finish(&mut command)).exits(0);
        let said = findings(&seen.record(), "setuid_ignored").len();
        assert_eq!(said, usize::from(given));
    }
}

/// Of a program that is not dumpable this tracer may not see everything: it
/// runs as alone, and what is not known is not said.
#[test]
fn a_program_that_hides_from_an_ordinary_user() {
    require!(Capture, Root, Tool("cc"), Tool("setpriv"));
    let seen = as_a_user("epoll_server", &["hidden_client", "{port}", "5"]).exits(0);
    assert_eq!(seen.client.failed.len(), 0);
    let record = seen.record();
    assert_eq!(record["requests"]["on_wire"], 5);
    assert_eq!(record["census"]["client"]["threads"]["created"], 5);
    let connected = seen.client.by_connection("connected");
    for (connection, flow) in seen.flows() {
        let owner = &flow["client_owner"];
        let (_, tid) = connected[&connection];
        assert!(owner.is_null() || owner["tid"] == tid, "{flow}");
    }
}
