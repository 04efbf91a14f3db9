//! Outputs that nobody reads, and files that may not grow: what was seen is saved, a
//! signal ends the program, and the exit status is right.

use std::fs;
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::common::need::Need::Tool;
use super::common::{HANG, Lab, signal_to, until};
use crate::require;

/// A pipe that no program of another test inherits.
fn own_pipe() -> (OwnedFd, OwnedFd) {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap()
}

/// A pipe that is full, and its other end.
fn full_pipe() -> (OwnedFd, OwnedFd) {
    let (read, write) = own_pipe();
    let flags = rustix::fs::fcntl_getfl(&write).unwrap();
    rustix::fs::fcntl_setfl(&write, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    while rustix::io::write(&write, &[b'x'; 4096]).is_ok() {}
    rustix::fs::fcntl_setfl(&write, flags).unwrap();
    (read, write)
}

/// It ends after a few signals at most: one may come in the moment before it begins
/// to print.
fn ends_by_signals(mut child: Child) -> Option<i32> {
    let mut status = None;
    let since = std::time::Instant::now();
    while status.is_none() && since.elapsed() < HANG {
        signal_to(child.id().cast_signed(), Signal::INT);
        for _ in 0..100 {
            status = child.try_wait().unwrap();
            if status.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    if status.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    status.and_then(|s| s.code())
}

#[test]
fn a_standard_output_that_nobody_reads() {
    let lab = Lab::new();
    let (_read, write) = full_pipe();
    let mut command = lab.threadtap(&[]);
    command.args([
        "run",
        "-s",
        "pool",
        "-n",
        "50",
        "--port",
        "0",
        "--no-capture",
    ]);
    command.args(["--out", "out", "--format", "json"]);
    let child = command.stdout(write).stderr(Stdio::null()).spawn().unwrap();
    until("it is saved", || lab.out().join("workers.jsonl").exists());
    assert_eq!(ends_by_signals(child), Some(130));
    lab.until_nothing_is_left();
    let text = fs::read_to_string(lab.out().join("run.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(record["requests"]["valid"], 50);
}

/// The lines that nobody takes are lost, and the run is not.
#[test]
fn a_standard_error_that_nobody_reads() {
    require!(Tool("sh"));
    let client = "while :; do echo a line that is shown; done";
    for words in [
        &["--show-output", "--", "sh", "-c", client][..],
        &["--show-output", "-v", "--", "sh", "-c", client],
    ] {
        let lab = Lab::new();
        let (read, write) = own_pipe();
        let mut command = lab.threadtap(&[]);
        command.args(["run", "--port", "0", "--no-capture", "--out", "out"]);
        let child = command.args(words).stdout(Stdio::null()).stderr(write);
        let child = child.spawn().unwrap();
        drop(command);
        let log = lab.out().join("client.log");
        until("it has printed", || {
            fs::metadata(&log).is_ok_and(|m| m.len() > 200_000)
        });
        assert_eq!(ends_by_signals(child), Some(130), "{words:?}");
        lab.until_nothing_is_left();
        assert!(lab.out().join("run.json").exists());
        drop(read);
    }
}

/// Nothing can be said from the first line on.
#[test]
fn a_standard_error_that_is_full_from_the_start() {
    let lab = Lab::new();
    let (_read, write) = full_pipe();
    let mut command = lab.threadtap(&[]);
    command.args([
        "-v",
        "run",
        "-n",
        "5",
        "--port",
        "0",
        "--no-capture",
        "--out",
        "out",
    ]);
    let child = command.stdout(Stdio::null()).stderr(write).spawn().unwrap();
    until("it has begun", || lab.out().exists());
    assert_eq!(ends_by_signals(child), Some(130));
    lab.until_nothing_is_left();
}

/// `RLIMIT_FSIZE`: no file may become larger (SIGXFSZ).
#[test]
fn a_built_in_side_needs_files_that_may_grow() {
    require!(Tool("prlimit"));
    let lab = Lab::new();
    let arguments = ["-n", "50", "--port", "0", "--no-capture"];
    let ran = lab.run_behind(&["prlimit", "--fsize=100000"], &arguments);
    let ran = ran.exits(2);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("ulimit -f"), "{}", ran.stderr);
    assert!(!lab.out().exists());
}
