//! Golden captures: each file of `captures/golden` and, beside it, the flows
//! that it must give. `THREADTAP_BLESS=1` writes them anew, to be looked at.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::Lab;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/golden")
}

fn captures() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| {
            !p.extension()
                .is_some_and(|e| e == "jsonl" || e == "txt" || e == "md")
        })
        .collect();
    all.sort();
    all
}

/// What is recorded in tunnels is analysed there.
fn arguments<'a>(capture: &Path, more: &[&'a str]) -> Vec<&'a str> {
    let name = capture.file_name().unwrap().to_string_lossy();
    let tunnels = name.starts_with("tunnels").then_some("--tunnels");
    tunnels.into_iter().chain(more.iter().copied()).collect()
}

/// Runs `analyze` in the folder of captures, so that no path is in its output.
fn analyze(capture: &Path, arguments: &[&str]) -> String {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command
        .current_dir(folder())
        .arg("analyze")
        .arg(capture.file_name().unwrap())
        .args(self::arguments(capture, arguments));
    let ran = lab.finish(&mut command);
    assert!(matches!(ran.status, Some(0 | 1)), "{ran:?}");
    ran.stdout
}

fn check(expected: &Path, got: &str) {
    if std::env::var_os("THREADTAP_BLESS").is_some() {
        fs::write(expected, got).unwrap();
    }
    let want = fs::read_to_string(expected)
        .unwrap_or_else(|e| panic!("{}: {e}; THREADTAP_BLESS=1 writes it", expected.display()));
    assert_eq!(want, got, "{}", expected.display());
}

fn beside(capture: &Path, ending: &str) -> PathBuf {
    let mut name = capture.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[test]
fn every_golden_capture_gives_its_flows() {
    let all = captures();
    assert!(all.len() >= 15, "{all:?}");
    for capture in &all {
        check(
            &beside(capture, ".jsonl"),
            &analyze(capture, &["--format", "jsonl"]),
        );
    }
}

#[test]
fn every_golden_capture_gives_its_table() {
    for capture in &captures() {
        check(
            &beside(capture, ".txt"),
            &analyze(capture, &["--rows", "0"]),
        );
    }
}

#[test]
fn the_same_frames_in_another_container_give_the_same_flows() {
    let plain = analyze(&folder().join("thread.pcap"), &["--format", "jsonl"]);
    for other in ["thread.pcapng", "thread.pcap.gz", "thread.pcap.zst"] {
        assert_eq!(
            plain,
            analyze(&folder().join(other), &["--format", "jsonl"]),
            "{other}"
        );
    }
}
