//! What is printed to people about commands: the same as in the record.

use super::common::findings;
use super::common::need::Need::{Capture, Tool};
use super::stage::Stage;
use crate::require;

/// Whole runs of good programs give no warning.
#[test]
fn good_programs_are_not_blamed() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&["thread_server", "{port}"])
        .run(&["thread_client", "{port}", "50"])
        .exits(0);
    let record = seen.record();
    let all = record["findings"].as_array().unwrap();
    let blamed: Vec<_> = all.iter().filter(|f| f["severity"] != "info").collect();
    assert!(blamed.is_empty(), "{blamed:?}");
    for code in [
        "client_signal",
        "client_exit",
        "uses_ptrace",
        "setuid_ignored",
        "left_behind",
        "trace_not_allowed",
        "unowned_flows",
    ] {
        assert!(findings(&record, code).is_empty(), "{code}");
    }
}

/// In every format, a client's death is told.
#[test]
fn a_death_is_told_in_every_format() {
    require!(Capture, Tool("cc"), Tool("python3"));
    for format in ["table", "markdown"] {
        let stage = Stage::new(&["epoll_server", "{port}"]).bare();
        let port = stage.port.to_string();
        let stage = stage.with(&["--port", &port, "--format", format]);
        let seen = stage
            .run(&["port_client.py", "signal", "{port}", "11"])
            .exits(1);
        assert!(seen.ran.stdout.contains("SIGSEGV"), "{}", seen.ran.stdout);
    }
}

/// Names of programs are other people's text.
#[test]
fn names_are_escaped() {
    require!(Capture, Tool("cc"));
    let stage = Stage::new(&["epoll_server", "{port}"]).bare();
    let odd = stage.lab.path().join("odd\x1b[31m\nname");
    std::fs::copy(super::program::compiled("thread_client"), &odd).unwrap();
    let port = stage.port.to_string();
    let stage = stage.with(&["--port", &port]);
    for format in ["table", "markdown", "csv"] {
        let mut command = stage.command(&[]);
        command.args(["--format", format, "--"]);
        command.arg(&odd).args([&port, "3"]);
        let ran = stage.lab.finish(&mut command).exits(0);
        let printable = |c: char| c == '\n' || c == '\r' || !c.is_control();
        assert!(ran.stdout.chars().all(printable), "{:?}", ran.stdout);
        assert!(ran.stderr.chars().all(printable), "{:?}", ran.stderr);
        std::fs::remove_dir_all(stage.lab.out()).unwrap();
    }
}
