//! Files as they come: cut off, damaged, not captures, from pipes, several.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::common::{Lab, Ran};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("captures/golden")
        .join(name)
}

fn analyze(lab: &Lab, files: &[&Path], arguments: &[&str]) -> Ran {
    let mut command = lab.threadtap(&[]);
    command.arg("analyze").args(files).args(arguments);
    lab.finish(&mut command)
}

fn summary(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn a_file_that_is_cut_off_is_reported_up_to_there() {
    let lab = Lab::new();
    let bytes = fs::read(golden("thread.pcap")).unwrap();
    let cut = lab.path().join("cut.pcap");
    fs::write(&cut, &bytes[..bytes.len() - 5]).unwrap();
    let ran = analyze(&lab, &[&cut], &["--format", "json"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1);
    assert!(
        ran.stderr.contains("frame 30") && ran.stderr.contains("byte "),
        "{}",
        ran.stderr
    );
    assert_eq!(summary(&ran)["frames"], 29);
    assert_eq!(summary(&ran)["flows"], 3);
    assert!(summary(&ran)["files"][0]["damage"].is_string());
}

#[test]
fn what_is_not_a_capture_is_said_in_one_line() {
    let lab = Lab::new();
    for (name, bytes) in [
        ("text.pcap", &b"hello, this is a text\n"[..]),
        ("empty.pcap", b""),
        ("short.pcap", b"\xd4\xc3\xb2\xa1\x02\x00"),
        ("escape.pcap", b"\x1b[31mred\x1b[0m and more of it"),
    ] {
        let file = lab.path().join(name);
        fs::write(&file, bytes).unwrap();
        let ran = analyze(&lab, &[&file], &[]);
        assert_eq!(ran.status, Some(2), "{name}: {ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{name}: {}", ran.stderr);
        assert!(!ran.stderr.contains('\u{1b}'));
        assert_eq!(ran.stdout, "");
    }
    let ran = analyze(&lab, &[Path::new("no-such-file.pcap")], &[]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("no-such-file.pcap"), "{}", ran.stderr);
    let ran = analyze(&lab, &[lab.path()], &[]);
    assert_eq!(
        (ran.status, ran.stderr.lines().count()),
        (Some(2), 1),
        "{ran:?}"
    );
}

#[test]
fn of_several_files_each_row_says_which() {
    let lab = Lab::new();
    let (a, b) = (golden("thread.pcap"), golden("refused.pcap"));
    let ran = analyze(&lab, &[&a, &b], &["--format", "jsonl"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let files: Vec<String> = ran
        .stdout
        .lines()
        .map(|l| {
            let flow: Value = serde_json::from_str(l).unwrap();
            flow["file"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(files.len(), 5);
    assert!(files[..3].iter().all(|f| f.ends_with("thread.pcap")));
    assert!(files[3..].iter().all(|f| f.ends_with("refused.pcap")));
    let csv = analyze(&lab, &[&a, &b], &["--format", "csv"]).stdout;
    assert!(csv.starts_with("file,flow,"));
    assert_eq!(csv.lines().count(), 6);
    let table = analyze(&lab, &[&a, &b], &[]).stdout;
    assert!(table.contains("file") && table.lines().all(|l| l.chars().count() <= 80));
}

#[test]
fn one_that_is_no_capture_does_not_hide_the_others() {
    let lab = Lab::new();
    let bad = lab.path().join("bad.pcap");
    fs::write(&bad, "not a capture at all").unwrap();
    for bad in [bad, lab.path().join("no-such-file.pcap")] {
        for merge in [&[][..], &["--merge"]] {
            let arguments = [&["--format", "json"], merge].concat();
            let ran = analyze(&lab, &[&bad, &golden("thread.pcap")], &arguments);
            assert_eq!(ran.status, Some(1), "{ran:?}");
            assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
            assert_eq!(summary(&ran)["flows"], 3);
            assert_eq!(summary(&ran)["files"][0]["format"], Value::Null);
        }
        let ran = analyze(&lab, &[&bad, &bad], &["--format", "json"]);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
    }
}

#[test]
fn more_files_than_descriptors_are_read_one_after_the_other() {
    let lab = Lab::new();
    let mut command = lab.threadtap(&["prlimit", "--nofile=32:32"]);
    let file = golden("thread.pcap");
    let ran = lab.finish(
        command
            .arg("analyze")
            .args([&file; 100])
            .args(["--format", "json"]),
    );
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    assert_eq!(summary(&ran)["flows"], 300);
}

#[test]
fn merged_files_are_one_timeline() {
    let lab = Lab::new();
    let whole = golden("thread.pcap");
    // The frames of one capture, dealt out to two files.
    let bytes = fs::read(&whole).unwrap();
    let mut parts = [bytes[..24].to_vec(), bytes[..24].to_vec()];
    let mut at = 24;
    let mut turn = 0;
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap());
        let next = at + 16 + length as usize;
        parts[turn % 2].extend_from_slice(&bytes[at..next]);
        (at, turn) = (next, turn + 1);
    }
    let (a, b) = (lab.path().join("a.pcap"), lab.path().join("b.pcap"));
    fs::write(&a, &parts[0]).unwrap();
    fs::write(&b, &parts[1]).unwrap();
    let one = analyze(&lab, &[&whole], &["--format", "jsonl"]).stdout;
    let merged = analyze(&lab, &[&a, &b], &["--merge", "--format", "jsonl"]);
    assert_eq!(one, merged.stdout);
    let apart = analyze(&lab, &[&a, &b], &["--format", "json"]);
    assert_eq!(summary(&apart)["flows"], 6);
}

#[test]
fn standard_input_is_read_as_it_comes() {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command
        .args(["analyze", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let bytes = fs::read(golden("thread.pcap.gz")).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for piece in bytes.chunks(7) {
        stdin.write_all(piece).unwrap();
    }
    drop(stdin);
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success());
    let summary: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(summary["flows"], 3);
}
