//! Long and large runs: a capture in several files, flows that are not all kept, files
//! that are compressed.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use super::common::need::Need::{Capture, Namespaces, Root, Tool};
use super::common::{Lab, PROGRAM, Ran, start, until};
use crate::require;

/// The names of a folder's files that begin so, in order.
fn files(folder: &Path, begin: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap());
    let names = entries.map(|e| e.file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|n| n.starts_with(begin)).collect();
    names.sort();
    names
}

/// Decompresses a file of zstd in place, with the system's own program.
fn unpack(folder: &Path, name: &str) {
    let done = Command::new("zstd")
        .args(["-d", "-q", "--rm", name])
        .current_dir(folder)
        .status();
    assert!(done.unwrap().success(), "{name}");
}

fn show(lab: &Lab, more: &[&str]) -> Ran {
    let mut command = lab.threadtap(&[]);
    lab.finish(command.arg("show").arg("out").args(more))
}

#[test]
fn a_capture_in_several_files_is_read_as_one() {
    require!(Capture, Tool("tshark"));
    let lab = Lab::new();
    let line = ["-s", "pool", "-n", "500", "--port", "0"];
    let ran = lab
        .run(&[&line[..], &["--rotate", "64k"]].concat())
        .exits(0);
    let record = ran.record();
    let told = record["capture"]["files"].as_array().unwrap();
    let names: Vec<&str> = told.iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert!(names.len() > 3, "{names:?}");
    assert_eq!(names, files(&lab.out(), "capture-"), "{names:?}");
    let mut frames = 0;
    let mut last = 0;
    for file in told {
        let path = lab.out().join(file["name"].as_str().unwrap());
        assert_eq!(fs::metadata(&path).unwrap().len(), file["bytes"]);
        assert!(file["bytes"].as_u64().unwrap() <= 64 << 10);
        let output = Command::new("tshark")
            .args(["-n", "-T", "fields", "-e", "frame.number", "-r"])
            .arg(&path)
            .output()
            .unwrap();
        let lines = String::from_utf8(output.stdout).unwrap().lines().count() as u64;
        assert_eq!(file["frames"], lines, "{file}");
        frames += lines;
        assert!(file["first_ns"].as_i64().unwrap() >= last, "{file}");
        last = file["last_ns"].as_i64().unwrap();
    }
    assert_eq!(record["capture"]["frames"], frames);
    // Every reader takes them for one.
    let shown = show(&lab, &["--format", "json"]).exits(0);
    assert_eq!(
        shown.stdout,
        fs::read_to_string(lab.out().join("run.json")).unwrap()
    );
    let mut analyze = lab.threadtap(&[]);
    let ran = lab
        .finish(analyze.args(["analyze", "out", "--format", "json"]))
        .exits(0);
    let analysis: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(analysis["frames"], frames, "{analysis}");
    assert_eq!(analysis["flows"], 500);
    fs::remove_file(lab.out().join("capture.pcapng")).unwrap();
    let mut report = lab.threadtap(&[]);
    lab.finish(report.args(["report", "out", "--only", "pcapng"]))
        .exits(0);
    let output = Command::new("tshark")
        .args(["-n", "-T", "fields", "-e", "frame.comment", "-r"])
        .arg(lab.out().join("capture.pcapng"))
        .output()
        .unwrap();
    let comments = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        comments.lines().filter(|c| c.contains("worker:")).count() as u64,
        frames
    );
    // A later run takes the place of all of them.
    let again = lab.run(&[&line[..], &["--force"]].concat()).exits(0);
    assert_eq!(files(&again.out, "capture-"), Vec::<String>::new());
}

#[test]
fn a_file_of_the_capture_is_of_so_much_time() {
    require!(Capture);
    let lab = Lab::new();
    let ran = lab
        .run(&[
            "-s",
            "pool",
            "--rate",
            "50/s",
            "--duration",
            "2500ms",
            "--port",
            "0",
            "--rotate",
            "1s",
        ])
        .exits(0);
    let record = ran.record();
    let told = record["capture"]["files"].as_array().unwrap();
    assert!(told.len() >= 2, "{told:?}");
    for file in told {
        let ns = |name: &str| file[name].as_i64().unwrap();
        assert!(ns("last_ns") - ns("first_ns") < 1_000_000_000, "{file}");
    }
}

/// Where nobody could tell of its files, those that are there are read.
#[test]
fn what_a_killed_run_has_captured_in_several_files_is_read() {
    require!(Capture);
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args([
        "run",
        "-s",
        "pool",
        "--rate",
        "2000/s",
        "--duration",
        "60s",
        "--port",
        "0",
    ]);
    command.args(["--rotate", "64k", "--out", "out"]);
    let started = start(&mut command);
    until("some files are there", || {
        lab.out().exists() && files(&lab.out(), "capture-").len() > 2
    });
    started.signal(Signal::KILL);
    lab.end(started);
    lab.until_nothing_is_left();
    let shown = show(&lab, &["--format", "json"]).exits(1);
    let record: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert!(
        record["correlation"]["flows"].as_u64().unwrap() > 100,
        "{record}"
    );
}

#[test]
fn a_disk_that_fills_up_keeps_the_files_before() {
    require!(Capture, Root, Namespaces, Tool("tshark"));
    let lab = Lab::new();
    let script = "mkdir disk out && mount -t tmpfs -o size=2m none disk && \
         { \"$0\" run -s async -n 20000 --port 0 --rotate 256k --out disk/run; status=$?; \
         cp -r disk/run/. out; exit $status; }";
    let mut command = lab.command("unshare");
    command.args(["-m", "sh", "-c", script, PROGRAM]);
    let ran = lab.finish(&mut command).exits(1);
    let said = &ran.stderr;
    assert!(
        said.contains("the files of the capture contain only the first"),
        "{said}"
    );
    let frames: u64 = files(&lab.out(), "capture-")
        .iter()
        .map(|name| {
            let output = Command::new("tshark")
                .args(["-n", "-T", "fields", "-e", "frame.number", "-r"])
                .arg(lab.out().join(name))
                .output()
                .unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(!errors.contains("cut short"), "{name}: {errors}");
            String::from_utf8(output.stdout).unwrap().lines().count() as u64
        })
        .sum();
    assert!(
        said.contains(&format!("only the first {frames} frames")),
        "{frames}: {said}"
    );
}

/// Three requests of a hundred go wrong.
const THREE_FAIL: &str = r#"
import socket
listener = socket.create_server(("127.0.0.1", PORT), backlog=4096)
served = 0
while True:
    peer, _ = listener.accept()
    served += 1
    try:
        if peer.recv(64) and served not in (10, 20, 30):
            peer.sendall(b"JAM 10:20:30\r\n")
    except OSError:
        pass
    peer.close()
"#;

fn three_fail(lab: &Lab, flows: &str, more: &[&str]) -> Ran {
    fs::write(lab.path().join("three.py"), THREE_FAIL.replace("PORT", "0")).unwrap();
    let mut command = lab.threadtap(&[]);
    command.args([
        "run",
        "-s",
        "iterative",
        "-n",
        "100",
        "--flows",
        flows,
        "--out",
        "out",
    ]);
    command
        .args(["--server-cmd", "python3 three.py"])
        .args(more);
    lab.finish(&mut command).exits(1)
}

#[test]
fn flows_of_interest_are_kept_and_all_are_counted() {
    require!(Capture, Tool("python3"));
    for (rule, kept) in [("problems", 3), ("2", 2), ("5", 5), ("1000", 100)] {
        let lab = Lab::new();
        let ran = three_fail(&lab, rule, &[]);
        let record = ran.record();
        assert_eq!(record["correlation"]["flows"], 100);
        assert_eq!(record["requests"]["valid"], 97);
        let told = &record["flows_kept"];
        assert_eq!(told["rule"], rule);
        assert_eq!((&told["seen"], &told["kept"]), (&100.into(), &kept.into()));
        let flows = ran.flows();
        assert_eq!(flows.len(), kept);
        let failed = |f: &&Value| f["exchanges"][0]["response_ns"].is_null();
        assert_eq!(flows.iter().filter(failed).count(), kept.min(3), "{rule}");
        let numbers: Vec<u64> = flows.iter().map(|f| f["flow"].as_u64().unwrap()).collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
        let line = format!("flows.jsonl has {kept} of 100 (--flows {rule}), the capture has all");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words(&ran.stdout).contains(&line), "{}", ran.stdout);
        // Shown again, all of them are there, by the capture.
        let shown = show(&lab, &["--format", "jsonl"]).exits(1);
        assert_eq!(shown.stdout.lines().count(), 100);
        let shown = show(&lab, &["--format", "json"]).exits(1);
        assert_eq!(
            shown.stdout,
            fs::read_to_string(lab.out().join("run.json")).unwrap()
        );
    }
}

/// Without the capture not all flows are known any more: that is said, and the record
/// stays what it was.
#[test]
fn flows_that_were_kept_do_not_stand_for_all() {
    require!(Capture, Tool("python3"));
    let lab = Lab::new();
    let ran = three_fail(&lab, "problems", &[]);
    fs::remove_file(ran.pcap()).unwrap();
    let shown = show(&lab, &["--format", "json"]).exits(1);
    assert_eq!(
        shown.stdout,
        fs::read_to_string(lab.out().join("run.json")).unwrap()
    );
    for word in [
        "there is no such file",
        "as it was saved",
        "flows.jsonl has 3 of 100 flows",
    ] {
        assert!(shown.stderr.contains(word), "{word}: {}", shown.stderr);
    }
    let shown = show(&lab, &["--format", "jsonl"]).exits(1);
    assert_eq!(shown.stdout.lines().count(), 3);
    // What the record says is judged, and not what is left of the flows.
    let met = show(
        &lab,
        &[
            "--expect",
            "correlation.flows == 100",
            "--expect",
            "valid == 97",
        ],
    );
    assert!(!met.stderr.contains("expectation failed"), "{}", met.stderr);
    // A part of the capture tells of these frames.
    let lab = Lab::new();
    let ran = three_fail(&lab, "problems", &[]);
    let file = fs::OpenOptions::new().write(true).open(ran.pcap()).unwrap();
    file.set_len(10_000).unwrap();
    let shown = show(&lab, &[]).exits(1);
    assert!(
        shown
            .stderr
            .contains("has not all of them (--flows problems)"),
        "{}",
        shown.stderr
    );
}

#[test]
fn what_is_compressed_is_read_by_everything() {
    require!(Capture, Tool("tshark"), Tool("zstd"));
    let lab = Lab::new();
    let line = ["-s", "pool", "-n", "300", "--port", "0", "--compress"];
    let ran = lab.run(&line).exits(0);
    for name in ["flows.jsonl", "workers.jsonl", "capture.pcap"] {
        assert!(!lab.out().join(name).exists(), "{name}");
        assert!(lab.out().join(format!("{name}.zst")).exists(), "{name}");
    }
    assert!(lab.out().join("report.html").exists(), "{}", ran.stderr);
    let shown = show(&lab, &["--format", "json"]).exits(0);
    assert_eq!(
        shown.stdout,
        fs::read_to_string(lab.out().join("run.json")).unwrap()
    );
    let mut report = lab.threadtap(&[]);
    lab.finish(report.args(["report", "out"])).exits(0);
    let mut analyze = lab.threadtap(&[]);
    let ran = lab
        .finish(analyze.args(["analyze", "out/capture.pcap.zst", "out", "--format", "json"]))
        .exits(0);
    let analysis: Value = serde_json::from_str(&ran.stdout).unwrap();
    let record: Value = serde_json::from_str(&shown.stdout).unwrap();
    let captured = record["capture"]["frames"].as_u64().unwrap();
    assert_eq!(analysis["frames"], 2 * captured, "{analysis}");
    // Where the capture is gone the flows are those that were saved.
    fs::rename(
        lab.out().join("capture.pcap.zst"),
        lab.path().join("away.zst"),
    )
    .unwrap();
    let flows = show(&lab, &["--format", "jsonl"]).exits(0);
    assert!(
        flows.stderr.contains("the flows are those of flows.jsonl"),
        "{}",
        flows.stderr
    );
    // The system's own program decompresses them.
    for name in ["flows.jsonl.zst", "workers.jsonl.zst"] {
        unpack(&lab.out(), name);
    }
    assert_eq!(
        fs::read_to_string(lab.out().join("flows.jsonl")).unwrap(),
        flows.stdout
    );
    unpack(lab.path(), "away.zst");
    let output = Command::new("tshark")
        .args(["-n", "-r"])
        .arg(lab.path().join("away"))
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap().lines().count(),
        3000
    );
    // And a later run takes their place.
    lab.run(&["-s", "pool", "-n", "5", "--port", "0", "--force"])
        .exits(0);
    assert!(
        !files(&lab.out(), "")
            .iter()
            .any(|name| name.contains(".zst"))
    );
}

/// A comparison reads what its runs have kept.
#[test]
fn a_comparison_counts_the_same_whatever_is_kept() {
    require!(Capture);
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args([
        "compare",
        "-s",
        "pool,async",
        "-n",
        "50",
        "--repeat",
        "1",
        "--warmup",
        "0",
    ]);
    command.args([
        "--flows",
        "problems",
        "--compress",
        "--format",
        "json",
        "--out",
        "out",
    ]);
    let ran = lab.finish(&mut command).exits(0);
    let record: Value = serde_json::from_str(&ran.stdout).unwrap();
    for row in record["rows"].as_array().unwrap() {
        assert!(row["peak_open_flows"].as_u64().unwrap() >= 1, "{row}");
        assert_eq!(row["syn_retransmissions"], 0, "{row}");
        let folder = lab.out().join(row["runs"][0].as_str().unwrap());
        assert!(folder.join("flows.jsonl.zst").exists());
    }
    let mut report = lab.threadtap(&[]);
    lab.finish(report.args(["report", "out"])).exits(0);
}

/// Few bytes that would be gigabytes, and names that lead elsewhere.
#[test]
fn a_folder_from_anywhere_is_not_believed() {
    require!(Tool("zstd"));
    let lab = Lab::new();
    let out = lab.golden_run("thread");
    fs::remove_file(out.join("flows.jsonl")).unwrap();
    fs::remove_file(out.join("capture.pcap")).unwrap();
    // What is compressed may stand one behind the other (RFC 8878, section 3).
    let script = "thirty() { for i in 1 2 3 4 5 6 7 8 9 10; do cat \"$1\" \"$1\" \"$1\"; done; }
         head -c 24 \"$1\" | zstd -q >header
         head -c 100000000 /dev/zero | zstd -q >zeros
         head -c 100000000 /dev/zero | tr '\\0' '\\n' | zstd -q >lines
         { cat header; thirty zeros; } >out/capture.pcap.zst
         thirty lines >out/flows.jsonl.zst";
    let golden = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/captures/golden-runs/thread/capture.pcap"
    );
    let made = lab
        .command("sh")
        .args(["-c", script, "sh", golden])
        .status();
    assert!(made.unwrap().success());
    for what in [
        &["show", "out"][..],
        &["report", "out"],
        &["analyze", "out"],
    ] {
        let mut command = lab.threadtap(&["prlimit", "--as=2000000000", "--fsize=200000000"]);
        let ran = lab.finish(command.args(what));
        let told = ran.stderr.contains("not read any further")
            || ran.stdout.contains("not read any further");
        assert!(told, "{what:?}: {}", ran.stderr);
        assert_ne!(ran.status, Some(0), "{what:?}");
    }
    // A name that leads out of the folder is none of a capture's files.
    let lab = Lab::new();
    let out = lab.golden_run("thread");
    let log = fs::read_to_string(out.join("observation.jsonl")).unwrap();
    let named = r#""files":[{"name":"../../../../etc/passwd","frames":1,"bytes":1,"first_ns":null,"last_ns":null}],"cpu_ns""#;
    let changed = log.replace("\"cpu_ns\"", named);
    assert_ne!(changed, log);
    fs::write(out.join("observation.jsonl"), changed).unwrap();
    let ran = show(&lab, &[]).exits(2);
    assert!(
        ran.stderr.contains("is no name of a capture's file"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let lab = Lab::new();
    for (option, value, words) in [
        ("--rotate", "10k", "64k at least"),
        ("--rotate", "0.5s", "1 s at least"),
        ("--rotate", "often", "a size is a whole number"),
        ("--flows", "0", "all, problems, or a number"),
        ("--flows", "some", "all, problems, or a number"),
    ] {
        let ran = lab.run(&[option, value, "-n", "1"]).exits(2);
        assert!(
            ran.stderr.contains(words),
            "{option} {value}: {}",
            ran.stderr
        );
    }
    let ran = lab.run(&["--rotate", "1M", "--no-capture"]).exits(2);
    assert!(ran.stderr.contains("cannot be used with"), "{}", ran.stderr);
}

/// Lists of megabytes are mapped from a file that has no name.
#[test]
fn what_a_long_run_gathers_lies_on_disk() {
    require!(Capture);
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "-s", "pool", "-n", "30000", "--port", "0"]);
    command.args([
        "--flows",
        "10",
        "--no-report",
        "--rows",
        "0",
        "--out",
        "out",
    ]);
    command.args(["--expect", "requests.valid == 30000"]);
    let mut started = start(&mut command);
    let maps = format!("/proc/{}/maps", started.child.id());
    let mut mapped = false;
    until("the run has ended", || {
        let maps = fs::read_to_string(&maps).unwrap_or_default();
        let here = |line: &str| line.contains("/out/") && line.ends_with(" (deleted)");
        mapped |= maps.lines().any(here);
        started.child.try_wait().unwrap().is_some()
    });
    let ran = lab.end(started).exits(0);
    let kind = lab.file_system("out");
    // Elsewhere they are in memory.
    if ["ext2/ext3", "overlayfs", "xfs"].contains(&kind.as_str()) {
        assert!(mapped, "{kind}: {}", ran.stderr);
    }
    let record: Value =
        serde_json::from_slice(&fs::read(lab.out().join("run.json")).unwrap()).unwrap();
    assert_eq!(record["correlation"]["client_owned"], 30_000);
    assert_eq!(record["correlation"]["server_owned"], 30_000);
    // It is read again from memory alone, to the byte.
    let shown = show(&lab, &["--format", "json"]).exits(0);
    let saved = fs::read_to_string(lab.out().join("run.json")).unwrap();
    assert!(shown.stdout == saved, "show tells another record");
    assert_eq!(files(&lab.out(), ".").len(), 0);
}
