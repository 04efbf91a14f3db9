//! However a run of commands ends, nothing of it is left.

use rustix::process::Signal;

use super::common::need::Need::{Capture, Tool};
use super::common::{findings, start};
use super::seen::Seen;
use super::stage::{Stage, listened_on};
use crate::require;

const HANG: [&str; 3] = ["port_client.py", "hang", "{port}"];

#[test]
fn an_interrupted_run() {
    require!(Capture, Tool("cc"), Tool("python3"));
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        for server in ["thread_server", "stubborn_server"] {
            let stage = Stage::new(&[server, "{port}"]);
            let started = stage.start_until(&HANG, "hanging");
            started.signal(signal);
            let seen = Seen::of(stage.lab.end(started)).exits(130);
            assert_eq!(stage.lab.left(), Vec::<String>::new(), "{server}");
            let record = seen.record();
            assert_eq!(findings(&record, "interrupted").len(), 1);
            // That we ended it is no fault of the client's.
            assert!(findings(&record, "client_signal").is_empty());
            seen.client_owners_agree();
            let census = &record["census"]["client"];
            assert_eq!(census["provenance"], "traced");
            assert_eq!(census["processes"]["created"], 1);
        }
    }
}

/// A terminal's Ctrl-C reaches the whole foreground group.
#[test]
fn an_interrupt_of_the_whole_group() {
    use std::os::unix::process::CommandExt;
    require!(Capture, Tool("cc"), Tool("python3"));
    let stage = Stage::new(&["thread_server", "{port}"]);
    let mut command = stage.command(&HANG);
    let started = start(command.process_group(0));
    let started = stage.until_logged(started, "hanging", 1);
    let group = rustix::process::Pid::from_raw(started.child.id().cast_signed());
    rustix::process::kill_process_group(group.unwrap(), Signal::INT).unwrap();
    let seen = Seen::of(stage.lab.end(started)).exits(130);
    assert_eq!(stage.lab.left(), Vec::<String>::new());
    seen.client_owners_agree();
}

/// Without a tracer, what a run adopts is ended as well.
#[test]
fn an_interrupted_run_that_is_not_traced() {
    require!(Capture, Tool("cc"), Tool("python3"));
    for observe in ["sampled", "off"] {
        let stage = Stage::new(&["stubborn_server", "{port}"]).with(&["--observe", observe]);
        let started = stage.start_until(&HANG, "hanging");
        started.signal(Signal::INT);
        stage.lab.end(started).exits(130);
        assert_eq!(stage.lab.left(), Vec::<String>::new(), "{observe}");
    }
}

/// `PTRACE_O_EXITKILL`: no tracee outlives its tracer, not even one that
/// ignores every signal that can be ignored, in a session of its own.
#[test]
fn a_killed_run() {
    require!(Capture, Tool("cc"), Tool("python3"));
    for server in ["thread_server", "stubborn_server", "fork_server"] {
        let stage = Stage::new(&[server, "{port}"]);
        let started = stage.start_until(&HANG, "hanging");
        started.signal(Signal::KILL);
        stage.lab.end(started);
        stage.lab.until_nothing_is_left();
        assert!(!listened_on(stage.port), "{server}");
    }
}

/// Without a tracer the kernel can be asked for the first processes only.
#[test]
fn a_killed_run_that_is_not_traced() {
    require!(Capture, Tool("cc"), Tool("python3"));
    for observe in ["sampled", "off"] {
        let stage = Stage::new(&["thread_server", "{port}"]).with(&["--observe", observe]);
        let client = ["port_client.py", "hang", "{port}", "alone"];
        let started = stage.start_until(&client, "hanging");
        started.signal(Signal::KILL);
        stage.lab.end(started);
        stage.lab.until_nothing_is_left();
        assert!(!listened_on(stage.port), "{observe}");
    }
}

/// Killed at any moment: between fork and exec, while it attaches, later.
#[test]
fn a_run_that_is_killed_at_any_moment() {
    require!(Capture, Tool("cc"));
    for round in 0..30_u64 {
        let stage = Stage::new(&["fork_server", "{port}"]);
        let started = start(&mut stage.command(&["killed_client", "{port}", "900000000"]));
        std::thread::sleep(std::time::Duration::from_micros(round * 4_973));
        started.signal(Signal::KILL);
        stage.lab.end(started);
        stage.lab.until_nothing_is_left();
    }
}

/// Interrupted at any moment.
#[test]
fn a_run_that_is_interrupted_at_any_moment() {
    require!(Capture, Tool("cc"));
    for round in 0..20_u64 {
        let stage = Stage::new(&["fork_server", "{port}"]);
        let started = start(&mut stage.command(&["killed_client", "{port}", "900000000"]));
        std::thread::sleep(std::time::Duration::from_micros(30_000 + round * 9_973));
        started.signal(Signal::INT);
        let ran = stage.lab.end(started);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        // Before it takes signals over it simply dies of this one.
        assert!(matches!(ran.status, Some(130) | None), "{ran:?}");
        stage.lab.until_nothing_is_left();
    }
}

/// The server ignores SIGTERM, and so does its child in a session of its own.
#[test]
fn a_server_that_does_not_want_to_end() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&["stubborn_server", "{port}"])
        .run(&["thread_client", "{port}", "10"])
        .exits(0);
    seen.client_agrees();
    let record = seen.record();
    assert_eq!(record["programs"]["server"]["signal"], 9);
    assert_eq!(record["census"]["server"]["processes"]["created"], 1);
}

/// A server that ends by itself after its first connection.
#[test]
fn a_server_that_ends_by_itself() {
    require!(Capture, Tool("python3"));
    let seen = Stage::new(&["port_server.py", "brief", "{port}"]).run(&[
        "port_client.py",
        "status",
        "{port}",
        "0",
    ]);
    let record = seen.record();
    let program = &record["programs"]["server"];
    let ended = program["exit_code"] == 5;
    assert_eq!(findings(&record, "server_died").len(), usize::from(ended));
    seen.exits(i32::from(ended));
    // It may be asked to end before it comes to that.
    assert!(ended || program["signal"] == 15, "{program}");
    assert_eq!(record["requests"]["valid"], 1);
}

#[test]
fn a_client_s_exit_status() {
    require!(Capture, Tool("cc"), Tool("python3"));
    for status in ["0", "1", "77", "255"] {
        let seen = Stage::new(&["epoll_server", "{port}"]).run(&[
            "port_client.py",
            "status",
            "{port}",
            status,
        ]);
        let fine = status == "0";
        let seen = seen.exits(i32::from(!fine));
        let record = seen.record();
        let program = &record["programs"]["client"];
        assert_eq!(program["exit_code"].to_string(), status);
        assert!(program["signal"].is_null());
        let found = findings(&record, "client_exit");
        assert_eq!(found.len(), usize::from(!fine), "{status}");
        assert!(found.iter().all(|f| f["severity"] == "error"));
        assert!(findings(&record, "client_signal").is_empty());
    }
}

#[test]
fn a_client_that_dies_by_a_signal() {
    require!(Capture, Tool("cc"), Tool("python3"));
    // SIGKILL, SIGSEGV, SIGTERM, SIGINT, SIGPIPE, SIGUSR1, a real-time one.
    for signal in [9, 11, 15, 2, 10, 45] {
        let seen = Stage::new(&["epoll_server", "{port}"])
            .run(&["port_client.py", "signal", "{port}", &signal.to_string()])
            .exits(1);
        let record = seen.record();
        let program = &record["programs"]["client"];
        if signal == 2 {
            // Python makes an exception of it, and ends by the signal then.
            assert_eq!(program["signal"], 2, "{program}");
        }
        assert_eq!(program["signal"], signal, "{program}");
        assert!(program["exit_code"].is_null());
        let found = findings(&record, "client_signal");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["severity"], "error");
        assert!(findings(&record, "client_exit").is_empty());
        assert_eq!(record["requests"]["valid"], 1);
    }
}
