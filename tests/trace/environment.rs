//! What a program finds at its start under threadtap is what it finds alone.

use serde_json::Value;

use super::common::need::Need::{Capture, Tool};
use super::stage::Stage;
use crate::require;

/// What must differ, and why.
const DIFFERENT: &[&str] = &[
    "/pid",
    // Each runs in a folder of its own.
    "/cwd",
    // The port is another in each run.
    "/words/1",
    // It is traced.
    "/status/TracerPid",
    "/status/Seccomp",
    "/status/Seccomp_filters",
    // A count of the user's signals, wherever they are.
    "/status/SigQ",
    // Whoever started it decides on these two.
    "/group_leader",
    "/session_leader",
];

fn without_differences(mut word: Value) -> Value {
    for path in DIFFERENT {
        if let Some(value) = word.pointer_mut(path) {
            *value = Value::Null;
        }
    }
    word
}

/// Without a capture, so that it needs no privilege.
fn is_as_alone(options: &[&str]) {
    let options = [&["--no-capture"], options].concat();
    is_as_alone_behind(&[], &options);
}

/// As root; another user's program cannot gain privileges when it is traced.
fn is_as_alone_behind(behind: &[&str], options: &[&str]) {
    let client = ["inherit", "{port}", "a word", "", "*", "$HOME", "'\\\\'"];
    let server = ["epoll_server", "{port}"];
    let (_, alone, _) = Stage::new(&server).behind(behind).alone(&client);
    let seen = Stage::new(&server)
        .behind(behind)
        .with(options)
        .run(&client)
        .exits(0);
    let mut traced = seen.client.end().clone();
    let mut alone = alone.end().clone();
    if !rustix::process::geteuid().is_root() {
        for word in [&mut traced, &mut alone] {
            word["status"]["NoNewPrivs"] = Value::Null;
        }
    }
    if options.iter().any(|o| ["sampled", "off"].contains(o)) {
        // One that is not traced dies with threadtap because it asks for it.
        for word in [&mut traced, &mut alone] {
            word["pdeathsig"] = Value::Null;
        }
    }
    let (traced, alone) = (without_differences(traced), without_differences(alone));
    for (name, value) in alone.as_object().unwrap() {
        assert_eq!(&traced[name], value, "{name}");
    }
}

/// The packet socket is nobody's but the capture's.
#[test]
fn a_program_beside_a_capture() {
    require!(Capture, Tool("cc"));
    for observe in ["exact", "sampled", "off"] {
        is_as_alone_behind(&[], &["--observe", observe]);
    }
}

/// What was ignored when threadtap was started stays so, as under nohup(1).
#[test]
fn a_program_whose_signals_were_ignored() {
    require!(Tool("cc"));
    let ignoring = [
        "sh",
        "-c",
        "trap '' HUP INT PIPE QUIT USR1; exec \"$@\"",
        "sh",
    ];
    for observe in ["exact", "sampled", "off"] {
        is_as_alone_behind(&ignoring, &["--no-capture", "--observe", observe]);
    }
}

#[test]
fn a_traced_program() {
    require!(Tool("cc"));
    is_as_alone(&[]);
}

#[test]
fn a_sampled_program() {
    require!(Tool("cc"));
    is_as_alone(&["--observe", "sampled"]);
}

#[test]
fn a_program_that_is_not_observed() {
    require!(Tool("cc"));
    is_as_alone(&["--observe", "off"]);
}

/// It reads to the end of what there is, and does not wait for a terminal.
#[test]
fn standard_input() {
    require!(Tool("cc"), Tool("python3"));
    let seen = Stage::new(&["epoll_server", "{port}"])
        .with(&["--no-capture"])
        .run(&["port_client.py", "stdin", "{port}"])
        .exits(0);
    assert_eq!(seen.client.end()["read"], "");
}
