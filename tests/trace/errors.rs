//! What could not run: exit 2, one line, nothing left behind.

use std::fs;
use std::net::TcpListener;

use super::common::need::Need::Tool;
use super::common::{Lab, Ran};
use super::program::{self, compiled};
use super::stage::{Stage, free_port};
use crate::require;

/// It said one line that holds all of these words, and left no run.
#[track_caller]
fn says(ran: Ran, words: &[&str]) {
    let ran = ran.exits(2);
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("threadtap: "), "{}", ran.stderr);
    assert!(!ran.stderr.contains('\x1b'), "{:?}", ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "{word} not in {}", ran.stderr);
    }
    assert!(!ran.out.join("run.json").exists(), "there was no run");
}

#[track_caller]
fn refused(stage: &Stage, client: &[&str], words: &[&str]) {
    says(stage.lab.finish(&mut stage.command(client)), words);
}

#[test]
fn a_server_that_never_listens() {
    require!(Tool("python3"));
    let stage = Stage::new(&["port_server.py", "never", "{port}"]).with(&[
        "--no-capture",
        "--server-timeout",
        "400ms",
    ]);
    let port = stage.port.to_string();
    refused(&stage, &["true"], &[&port, "--server-timeout"]);
}

#[test]
fn a_server_that_is_too_slow() {
    require!(Tool("python3"));
    let stage = Stage::new(&["port_server.py", "slow", "{port}"]).with(&[
        "--no-capture",
        "--server-timeout",
        "400ms",
    ]);
    refused(&stage, &["true"], &["--server-timeout"]);
}

/// Its exit status and its last words are told.
#[test]
fn a_server_that_ends_before_it_listens() {
    require!(Tool("python3"));
    let stage = Stage::new(&["port_server.py", "leaves", "{port}"]).with(&["--no-capture"]);
    let words = ["7", "port_server: the configuration is missing"];
    refused(&stage, &["true"], &words);
    let stage = Stage::new(&["port_server.py", "dies", "{port}"]).with(&["--no-capture"]);
    refused(&stage, &["true"], &["SIGKILL"]);
}

/// What it said last is somebody else's text.
#[test]
fn last_words_are_escaped() {
    let stage = Stage::new(&[]).with(&["--no-capture"]);
    let script = stage.lab.path().join("server.sh");
    fs::write(&script, "printf 'no\\033[31m way\\n'; exit 4\n").unwrap();
    let mut command = stage.lab.threadtap(&[]);
    command.args(["run", "--no-capture", "--port", "9", "--out", "out"]);
    command.args(["--server-cmd", "sh server.sh", "--", "true"]);
    says(stage.lab.finish(&mut command), &["[31m way", "4"]);
}

#[test]
fn a_port_that_somebody_else_has() {
    require!(Tool("cc"));
    let port = free_port();
    let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let lab = Lab::new();
    let server = compiled("thread_server");
    let mut command = lab.threadtap(&[]);
    command
        .args(["run", "--no-capture", "--port", &port.to_string()])
        .args(["--out", "out", "--server-cmd"])
        .arg(format!("{} {port}", server.display()))
        .args(["--", "true"]);
    says(lab.finish(&mut command), &[&port.to_string()]);
}

#[test]
fn a_program_that_is_not_there() {
    require!(Tool("cc"));
    let stage = Stage::new(&["epoll_server", "{port}"]).with(&["--no-capture"]);
    refused(&stage, &["no-such-program"], &["no-such-program"]);
    refused(&stage, &["/no/such/program"], &["/no/such/program"]);
    refused(&stage, &["/"], &["/"]);
    let plain = stage.lab.path().join("plain");
    fs::write(&plain, "text").unwrap();
    refused(&stage, &[plain.to_str().unwrap()], &["plain"]);
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "--no-capture", "--port", "9", "--out", "out"]);
    command.args(["--server-cmd", "no-such-server 1", "--", "true"]);
    says(lab.finish(&mut command), &["no-such-server"]);
}

#[test]
fn a_command_line_that_cannot_be_read() {
    for wrong in ["server 'unbalanced", "server \"unbalanced", "", "   "] {
        let lab = Lab::new();
        let mut command = lab.threadtap(&[]);
        command.args(["run", "--no-capture", "--port", "9", "--out", "out"]);
        command.args(["--server-cmd", wrong, "--", "true"]);
        let ran = lab.finish(&mut command).exits(2);
        assert!(
            ran.stderr.contains("--server-cmd"),
            "{wrong:?}: {}",
            ran.stderr
        );
        assert!(!lab.out().exists(), "{wrong:?}");
    }
}

/// Words in quotes and with escapes, as a shell reads them.
#[test]
fn a_command_line_with_quotes() {
    require!(Tool("cc"));
    let stage = Stage::new(&[]).with(&["--no-capture"]);
    let folder = stage.lab.path().join("a folder's");
    fs::create_dir(&folder).unwrap();
    let server = folder.join("the server");
    fs::copy(compiled("epoll_server"), &server).unwrap();
    let port = stage.port.to_string();
    let path = server.display().to_string();
    for line in [
        format!("\"{path}\" '{port}'"),
        format!(
            "{} \"{port}\"",
            path.replace(' ', "\\ ").replace('\'', "\\'")
        ),
    ] {
        let mut command = stage.lab.threadtap(&[]);
        command.args(["run", "--no-capture", "--port", &port, "--out", "out"]);
        command.args(["--server-cmd", &line, "--format", "json", "--"]);
        command.args(program::words(&["thread_client", &port, "5"], stage.port));
        let record = stage.lab.finish(&mut command).exits(0).record();
        assert_eq!(record["programs"]["server"]["command"][0], path);
        assert_eq!(record["requests"]["attempted"], 5);
        fs::remove_dir_all(stage.lab.out()).unwrap();
    }
}

/// Options that contradict each other are refused before anything starts.
#[test]
fn options_that_contradict_each_other() {
    for wrong in [
        &["--server-cmd", "x", "--connect", "127.0.0.1:9"][..],
        &["--server-cmd", "x", "--server-pid", "1"],
        &["--server-cmd", "x", "--model", "thread"],
        &["--strategy", "pool", "--", "true"],
        &["--gate", "--", "true"],
        &["--observe", "always", "--", "true"],
    ] {
        let lab = Lab::new();
        let mut command = lab.threadtap(&[]);
        command
            .args(["run", "--no-capture", "--out", "out"])
            .args(wrong);
        let ran = lab.finish(&mut command).exits(2);
        assert_eq!(ran.stdout, "", "{wrong:?}");
        assert!(!lab.out().exists(), "{wrong:?}");
    }
}
