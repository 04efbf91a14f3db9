//! Captures that come while they are read, and Ctrl-C meanwhile.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Lab, signal_to};

/// Thirty frames of three flows.
fn capture() -> Vec<u8> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/golden/thread.pcap");
    fs::read(golden).unwrap()
}

/// Where so many frames end.
fn end_of(bytes: &[u8], frames: usize) -> usize {
    (0..frames).fold(24, |at, _| {
        let length = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap());
        at + 16 + length as usize
    })
}

/// `analyze -` with both ends in the test's hands.
fn piped(lab: &Lab, arguments: &[&str]) -> (Child, ChildStdin) {
    let mut command = lab.threadtap(&[]);
    command
        .args(["analyze", "-"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

fn interrupt(child: &Child) {
    signal_to(child.id().cast_signed(), Signal::INT);
}

#[test]
fn flows_are_told_as_they_end_and_ctrl_c_loses_none() {
    let bytes = capture();
    // One flow is still open then.
    let some = end_of(&bytes, 29);
    for (format, header) in [("jsonl", None), ("csv", Some("flow,client_ip"))] {
        let lab = Lab::new();
        let (mut child, mut stdin) = piped(&lab, &["--sort", "none", "--format", format]);
        stdin.write_all(&bytes[..some]).unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        if let Some(header) = header {
            out.read_line(&mut line).unwrap();
            assert!(line.starts_with(header), "{line}");
            line.clear();
        }
        // The input is open, and two flows have ended.
        for _ in 0..2 {
            out.read_line(&mut line).unwrap();
            assert!(line.ends_with('\n') && line.contains("SF"), "{line}");
        }
        // Ctrl-C reaches who writes the capture too: the rest of it comes.
        interrupt(&child);
        std::thread::sleep(Duration::from_millis(100));
        stdin.write_all(&bytes[some..]).unwrap();
        drop(stdin);
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest.lines().count(), 1, "{rest}");
        let mut errors = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut errors)
            .unwrap();
        assert_eq!(
            (child.wait().unwrap().code(), errors.as_str()),
            (Some(130), "")
        );
    }
}

#[test]
fn a_pipe_that_stays_open_after_ctrl_c_ends_where_it_is() {
    let bytes = capture();
    let lab = Lab::new();
    let (child, mut stdin) = piped(&lab, &["--format", "json"]);
    stdin.write_all(&bytes[..end_of(&bytes, 29) + 5]).unwrap();
    until_caught(&child);
    let since = Instant::now();
    interrupt(&child);
    let done = child.wait_with_output().unwrap();
    assert!(since.elapsed() < Duration::from_secs(9));
    drop(stdin);
    let errors = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(130), "{errors}");
    assert!(
        errors.contains("interrupted; everything before it"),
        "{errors}"
    );
    let summary: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(
        (&summary["frames"], &summary["flows"]),
        (&29.into(), &3.into())
    );
    assert_eq!(summary["files"][0]["damage"], "interrupted");
}

#[test]
fn the_second_ctrl_c_ends_it() {
    let bytes = capture();
    let lab = Lab::new();
    let (mut child, mut stdin) = piped(&lab, &[]);
    stdin.write_all(&bytes[..24]).unwrap();
    until_caught(&child);
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(100));
    interrupt(&child);
    let status = child.wait().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(2)
    );
}

/// Waits until the program catches SIGINT.
fn until_caught(child: &Child) {
    crate::common::until("SIGINT is caught", || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let caught = status
            .lines()
            .find_map(|l| l.strip_prefix("SigCgt:"))
            .unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() & 2 != 0
    });
    std::thread::sleep(Duration::from_millis(200));
}

/// A shell without job control ignores it in what it starts with `&`.
#[test]
fn a_program_in_the_background_of_a_script_reads_its_file() {
    let lab = Lab::new();
    let own = lab.threadtap(&[]);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/golden/thread.pcap");
    let out = std::process::Command::new("sh")
        .args([
            "-c",
            "trap '' INT; exec \"$0\" analyze \"$1\" --format json",
        ])
        .args([own.get_program(), golden.as_os_str()])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    let summary: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(
        (&summary["frames"], &summary["files"][0]["damage"]),
        (&30.into(), &Value::Null)
    );
}
