//! A disk that fills up during a run.

use std::path::Path;
use std::process::Command;

use super::common::need::Need::{Capture, Namespaces, Root, Tool};
use super::common::{Lab, PROGRAM, Ran, findings};
use crate::require;

/// Runs with a run directory on a disk of this size, and copies what was saved
/// to where it can be read: the disk goes with its mount namespace.
fn run_on_a_disk_of(size: &str, requests: &str) -> Ran {
    let lab = Lab::new();
    let script = format!(
        "mkdir disk out && mount -t tmpfs -o size={size} none disk && \
         {{ \"$0\" run -s async -n {requests} --port 0 --out disk/run; status=$?; \
         cp -r disk/run/. out; exit $status; }}"
    );
    let mut command = lab.command("unshare");
    command.args(["-m", "sh", "-c", &script, PROGRAM]);
    lab.finish(&mut command)
}

/// The frames that tshark reads, without a word about a file that is cut short.
fn frames_read(pcap: &Path) -> u64 {
    let output = Command::new("tshark")
        .args(["-n", "-r"])
        .arg(pcap)
        .args(["-T", "fields", "-e", "frame.number"])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    assert!(!errors.contains("cut short"), "{errors}");
    String::from_utf8_lossy(&output.stdout).lines().count() as u64
}

#[test]
fn a_full_disk_ends_the_run_orderly() {
    require!(Capture, Root, Namespaces, Tool("tshark"));
    let ran = run_on_a_disk_of("2m", "20000").exits(1);
    // On a slow machine what it waits for stands before.
    let lines = ran.stderr.lines();
    let said: Vec<&str> = lines.filter(|l| !l.contains(": waiting for ")).collect();
    let [said] = said[..] else {
        panic!("{}", ran.stderr);
    };
    for word in [
        "not saved completely",
        "No space left on device",
        "--out",
        "capture.pcap",
    ] {
        assert!(said.contains(word), "{word} not in {said}");
    }
    let frames = frames_read(&ran.pcap());
    assert!(frames > 10_000, "{frames}");
    let told = format!("capture.pcap contains only the first {frames} frames");
    assert!(said.contains(&told), "{told} not in {said}");
    // What there is is told all the same.
    for word in ["Requests", "Census", "capture_not_saved"] {
        assert!(ran.stdout.contains(word), "{word} not in {}", ran.stdout);
    }
}

/// The record is small and tells the most: where it fits, it is whole.
#[test]
fn what_was_saved_on_a_full_disk_is_whole_or_named() {
    require!(Capture, Root, Namespaces, Tool("tshark"));
    let ran = run_on_a_disk_of("2m", "20000").exits(1);
    let text = std::fs::read_to_string(ran.out.join("run.json")).unwrap_or_default();
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(record) => {
            let found = findings(&record, "capture_not_saved");
            assert_eq!(found.len(), 1);
            assert_eq!(
                found[0]["evidence"]["frames_saved"],
                frames_read(&ran.pcap())
            );
        }
        Err(_) => assert!(
            ran.stderr.contains("run.json was not saved"),
            "{}",
            ran.stderr
        ),
    }
    for file in ["flows.jsonl", "workers.jsonl"] {
        let text = std::fs::read_to_string(ran.out.join(file)).unwrap_or_default();
        let whole = !text.is_empty()
            && text.ends_with('\n')
            && text
                .lines()
                .all(|l| serde_json::from_str::<serde_json::Value>(l).is_ok());
        let named = ran.stderr.contains(&format!("{file} was not saved"));
        assert!(whole != named, "{file}: whole {whole}, {}", ran.stderr);
    }
}

#[test]
fn a_disk_that_is_full_from_the_start_is_one_line() {
    require!(Capture, Root, Namespaces);
    let lab = Lab::new();
    let script = "mkdir disk && mount -t tmpfs -o size=64k none disk && \
        { cat /dev/zero > disk/filler 2>/dev/null; exec \"$0\" run -n 5 --port 0 --out disk/run; }";
    let mut command = lab.command("unshare");
    command.args(["-m", "sh", "-c", script, PROGRAM]);
    let ran = lab.finish(&mut command).exits(2);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("No space left on device"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout, "");
}

/// Runs with a standard output that takes nothing, or whose reader has gone.
fn run_with_output_to(lab: &Lab, to: &str, arguments: &str) -> Ran {
    let script = match to {
        "closed" => {
            format!("{{ \"$0\" {arguments}; echo $? >status; }} | true; exit $(cat status)")
        }
        to => format!("exec \"$0\" {arguments} >{to}"),
    };
    let mut command = lab.command("sh");
    lab.finish(command.args(["-c", &script, PROGRAM]))
}

const NOT_WRITTEN: &str = "threadtap: cannot write to standard output: \
                           No space left on device (os error 28); \
                           redirect it to a disk with free space";

#[test]
fn a_full_standard_output_loses_nothing_else() {
    for arguments in [
        "run -s pool -n 5 --port 0 --no-capture --out out",
        "compare -s pool -n 5 --repeat 1 --warmup 0 --no-capture --out out",
    ] {
        for format in ["table", "json"] {
            let lab = Lab::new();
            let line = format!("{arguments} --format {format} --expect 'client.threads.peak < 2'");
            let ran = run_with_output_to(&lab, "/dev/full", &line).exits(1);
            let mut said: Vec<&str> = ran.stderr.lines().collect();
            assert!(said.pop().unwrap().starts_with("next: "), "{said:?}");
            let [saved, failed, not_written] = said[..] else {
                panic!("{said:?}");
            };
            assert_eq!(saved, "saved in out");
            assert!(
                failed.contains("expectation failed: client.threads.peak < 2"),
                "{failed}"
            );
            assert_eq!(not_written, NOT_WRITTEN);
            let file = format!("{}.json", arguments.split(' ').next().unwrap());
            let text = std::fs::read_to_string(lab.out().join(file)).unwrap();
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }
}

/// Whoever reads may go; what is expected is judged all the same.
#[test]
fn an_analysis_is_judged_whatever_becomes_of_its_output() {
    let pcap = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/golden/thread.pcap");
    for format in ["table", "json", "jsonl", "csv"] {
        let lab = Lab::new();
        let line = format!("analyze {pcap} --format {format} --expect 'frames < 1'");
        for to in ["/dev/full", "closed"] {
            let ran = run_with_output_to(&lab, to, &line).exits(1);
            let mut said = ran.stderr.lines();
            let failed = said.next().unwrap_or_default();
            assert!(
                failed.contains("expectation failed: frames < 1"),
                "{format} {to}: {failed}"
            );
            let not_written = (to == "/dev/full").then_some(NOT_WRITTEN);
            assert_eq!(said.next(), not_written, "{format}");
        }
        let line = format!("analyze {pcap} --format {format}");
        let ran = run_with_output_to(&lab, "/dev/full", &line).exits(1);
        assert_eq!(ran.stderr.trim_end(), NOT_WRITTEN);
        run_with_output_to(&lab, "closed", &line).exits(0);
    }
}
