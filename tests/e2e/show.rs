//! A saved run, printed again.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::common::need::Need::Capture;
use super::common::{Lab, Ran, need};
use crate::require;

/// Every file of a folder.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap());
    let files = entries.filter(|e| e.file_type().unwrap().is_file());
    files
        .map(|e| {
            let name = e.file_name().into_string().unwrap();
            (name, fs::read(e.path()).unwrap())
        })
        .collect()
}

/// `threadtap show` of a folder, which stays as it is.
fn show(lab: &Lab, folder: &Path, more: &[&str]) -> Ran {
    let before = content(folder);
    let mut command = lab.threadtap(&[]);
    let ran = lab.finish(command.arg("show").arg(folder).args(more));
    assert!(before == content(folder), "the folder was changed");
    ran
}

#[track_caller]
fn refused(ran: Ran, words: &[&str]) {
    let ran = ran.exits(2);
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(!ran.stderr.contains('\x1b'), "{}", ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "{word}: {}", ran.stderr);
    }
}

/// Prints a folder in every format, each as the files have it.
fn as_it_was_saved(lab: &Lab, folder: &Path, status: i32) {
    let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    let json = show(lab, folder, &["--format", "json"]).exits(status);
    assert_eq!(json.stdout, text("run.json"));
    let jsonl = show(lab, folder, &["--format", "jsonl"]).exits(status);
    assert_eq!(jsonl.stdout, text("flows.jsonl"));
}

#[test]
fn a_run_is_shown_as_it_was_printed() {
    require!(Capture);
    for format in ["table", "markdown", "json", "jsonl", "csv"] {
        let lab = Lab::new();
        let arguments = ["--format", format, "--rows", "7"];
        let run = [&["-n", "20", "--port", "0"], &arguments[..]].concat();
        let ran = lab.run(&run).exits(0);
        let shown = show(&lab, &lab.out(), &arguments).exits(0);
        assert_eq!(shown.stdout, ran.stdout, "{format}");
        assert_eq!(shown.stderr, "");
        // As threadtap 0.1 saved it.
        let _ = fs::remove_file(lab.out().join("observation.jsonl"));
        let shown = show(&lab, &lab.out(), &arguments).exits(0);
        assert_eq!(shown.stdout, ran.stdout, "{format}");
    }
}

#[test]
fn a_run_with_failures_fails_again() {
    let lab = Lab::new();
    let arguments = ["--connect", "127.0.0.1:1", "-n", "3", "--no-capture"];
    let ran = lab.run(&arguments).exits(1);
    let shown = show(&lab, &lab.out(), &[]).exits(1);
    assert_eq!(shown.stdout, ran.stdout);
    as_it_was_saved(&lab, &lab.out(), 1);
}

/// A run of another machine: its log, written by hand, and a golden capture.
fn by_hand(lab: &Lab) -> PathBuf {
    let folder = lab.path().join("run");
    fs::create_dir(&folder).unwrap();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/golden/thread.pcap");
    fs::copy(golden, folder.join("capture.pcap")).unwrap();
    write(&folder, &facts());
    folder
}

fn write(folder: &Path, facts: &[Value]) {
    let lines: Vec<String> = facts.iter().map(|f| format!("{f}\n")).collect();
    fs::write(folder.join("observation.jsonl"), lines.concat()).unwrap();
}

/// Three requests of the golden capture, the first of them with its worker.
fn facts() -> Vec<Value> {
    let first = 1_795_391_105_202_208_477_i64;
    let local = json!({"ip": "127.0.0.1", "port": 45902});
    vec![
        json!({"header": {
            "schema": "threadtap.observation/1",
            "tool": {"name": "threadtap", "version": "0.1.9"},
            "started": "2026-11-22T10:11:12.345+07:00",
            "clock": "CLOCK_REALTIME",
            "environment": {"kernel": "Linux 6.18", "cpus": 2, "memory_bytes": null, "limits": {}},
            "asked": {
                "client": {"built_in": {
                    "strategy": "thread", "requests": 1, "workers": null, "join": true,
                    "gate": false, "max_in_flight": null, "timeout_ns": 5_000_000_000_i64,
                }},
                "server": {"existing": {"attached": false}},
                "capture": {"interface": "lo", "snaplen": 262_144},
                "read_write": false,
            },
        }}),
        json!({"target": "127.0.0.1:45000"}),
        json!({"started": {"side": "client", "started": {
            "observer": "ledger", "provenance": "instrumented", "command": null, "root": 100,
            "at": first - 1000,
        }}}),
        json!(["k", first - 500, 0, 9_000_000, 101, 100]),
        json!([
            "q",
            100,
            0,
            "valid",
            local["port"],
            100,
            200_000,
            7_000_000,
            0,
            0,
            0
        ]),
        json!({"totals": {
            "side": "client", "first": first - 900, "ready": first - 800,
            "after": first + 20_000_000, "refused_tasks": 0, "refused_descriptors": 0,
            "unrecorded": 0,
        }}),
        json!({"wire": {
            "link_type": "EN10MB", "filter": "tcp port 45000", "frames": 30, "bytes": 2088,
            "dropped_by_kernel": 0, "dropped_by_interface": 0, "stop_reason": "drained",
            "cpu_ns": 1000,
        }}),
        json!({"leftovers": {"reaped": 0, "lived": null, "not_ended": []}}),
        json!({"end": {
            "end": "complete", "client_started": first - 1000,
            "client_ended": first + 30_000_000, "at_rest": first + 60_000_000,
            "over": first + 60_000_000,
        }}),
    ]
}

fn shown(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn a_run_is_put_together_from_what_was_seen() {
    let lab = Lab::new();
    let folder = by_hand(&lab);
    let json = shown(&show(&lab, &folder, &["--format", "json"]).exits(0));
    assert_eq!(json["tool"]["version"], "0.1.9");
    assert_eq!(json["requests"]["valid"], 1, "the other two are others'");
    assert_eq!(json["requests"]["on_wire"], 1);
    assert_eq!(json["requests"]["attempted"], 1);
    assert_eq!(
        json["correlation"],
        json!({"flows": 3, "client_owned": 1, "server_owned": null})
    );
    assert_eq!(json["census"]["client"]["threads"]["created"], 1);
    let flows = show(&lab, &folder, &["--format", "jsonl"]);
    let owner = flows.stdout.lines().next().unwrap();
    assert!(
        owner.contains(r#""worker":0,"pid":100,"tid":101"#),
        "{owner}"
    );
    let expect = |what| show(&lab, &folder, &["--expect", what]);
    let ran = expect("requests.valid == 4").exits(1);
    assert!(ran.stderr.contains("expectation failed"), "{}", ran.stderr);
    assert_eq!(expect("requests.nothing == 4").exits(2).stdout, "");
}

#[test]
fn the_facts_in_their_long_form_are_a_log_as_well() {
    let lab = Lab::new();
    let folder = by_hand(&lab);
    let table = show(&lab, &folder, &[]).stdout;
    let long = show(&lab, &folder, &["--observation"]).exits(0);
    assert_eq!(long.stderr, "");
    let lines: Vec<Value> = long
        .stdout
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(lines.len(), facts().len());
    assert!(lines.iter().all(Value::is_object));
    assert_eq!(lines[0], facts()[0]);
    assert_eq!(lines[4]["request"]["taken_by"], json!([0, 100, 101]));
    fs::write(folder.join("observation.jsonl"), &long.stdout).unwrap();
    assert_eq!(show(&lab, &folder, &[]).stdout, table);
}

#[test]
fn a_log_that_is_cut_off_is_shown_as_far_as_it_goes() {
    let lab = Lab::new();
    let folder = by_hand(&lab);
    let log = folder.join("observation.jsonl");
    let whole = fs::read(&log).unwrap();
    fs::write(&log, &whole[..whole.len() - 10]).unwrap();
    for arguments in [&["--format", "json"][..], &["--observation"]] {
        let ran = show(&lab, &folder, arguments).exits(1);
        assert!(ran.stderr.contains("cut off in line 9"), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }
    // As threadtap leaves it when it is killed.
    write(&folder, &facts()[..5]);
    let ran = show(&lab, &folder, &["--format", "json"]).exits(1);
    let said = "it ends before the run did";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let json = shown(&ran);
    assert_eq!(json["requests"]["attempted"], Value::Null);
    assert_eq!(json["requests"]["on_wire"], 3, "the capture is there");
    assert_eq!(json["capture"], Value::Null);
    show(&lab, &folder, &[]).exits(1);
    let ran = show(&lab, &folder, &["--observation"]).exits(1);
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert_eq!(ran.stdout.lines().count(), 5);
    // Before anything was captured.
    fs::remove_file(folder.join("capture.pcap")).unwrap();
    write(&folder, &facts()[..1]);
    let json = shown(&show(&lab, &folder, &["--format", "json"]).exits(1));
    assert_eq!(json["requests"]["on_wire"], Value::Null);
}

#[test]
fn where_frames_are_missing_the_saved_flows_are_taken() {
    let lab = Lab::new();
    let folder = by_hand(&lab);
    let all = show(&lab, &folder, &["--format", "jsonl"]).stdout;
    let strange = all.replace(r#""tid":101"#, r#""tid":999"#);
    let cut = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/golden/cut-off.pcap");
    fs::copy(cut, folder.join("capture.pcap")).unwrap();
    let ran = show(&lab, &folder, &["--format", "jsonl"]).exits(1);
    assert!(
        ran.stderr
            .contains("capture.pcap holds 10 of 30 frames, and "),
        "{}",
        ran.stderr
    );
    fs::write(folder.join("flows.jsonl"), strange).unwrap();
    let ran = show(&lab, &folder, &["--format", "jsonl"]);
    assert!(
        ran.stderr.contains("capture.pcap holds 10 of 30 frames; "),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout, all, "their owners are found anew");
    fs::remove_file(folder.join("capture.pcap")).unwrap();
    let ran = show(&lab, &folder, &["--format", "jsonl"]);
    assert!(
        ran.stderr.contains("the flows are those of flows.jsonl"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout, all);
    fs::write(folder.join("flows.jsonl"), "{}\n").unwrap();
    refused(
        show(&lab, &folder, &[]),
        &["flows.jsonl: line 1", "nothing tells of the flows"],
    );
}

#[test]
fn what_is_no_run_is_refused_in_one_line() {
    let lab = Lab::new();
    let folder = by_hand(&lab);
    let file = folder.join("capture.pcap");
    let nowhere = lab.path().join("\x1b[31mnowhere");
    for wrong in [&file, &nowhere] {
        let ran = lab.finish(lab.threadtap(&[]).arg("show").arg(wrong));
        refused(ran, &["give the folder of a saved run"]);
    }
    let empty = lab.path().join("empty");
    fs::create_dir(&empty).unwrap();
    refused(
        show(&lab, &empty, &[]),
        &["neither observation.jsonl nor run.json"],
    );
    refused(
        show(&lab, &empty, &["--observation"]),
        &["has no observation.jsonl"],
    );
    fs::write(empty.join("compare.json"), "{}").unwrap();
    refused(show(&lab, &empty, &[]), &["missing field `schema`"]);
    for (text, word) in [
        ("", "EOF"),
        ("[1]", "run.json"),
        (
            r#"{"schema":"\u001b[31mthreadtap.run/2"}"#,
            "threadtap.run/2, and this version",
        ),
        (r#"{"schema":"threadtap.run/1"}"#, "missing field"),
    ] {
        fs::write(empty.join("run.json"), text).unwrap();
        refused(show(&lab, &empty, &[]), &["run.json: ", word]);
    }
}

#[test]
fn a_log_of_a_later_version_is_refused() {
    let lab = Lab::new();
    let folder = by_hand(&lab);
    let mut facts = facts();
    for schema in ["threadtap.observation/2", "\x1b[2J\n"] {
        facts[0]["header"]["schema"] = schema.into();
        write(&folder, &facts);
        for arguments in [&[][..], &["--observation"]] {
            let words = ["its schema is", "use the version that wrote it"];
            refused(show(&lab, &folder, arguments), &words);
        }
    }
}

#[test]
fn a_folder_of_traps_does_no_harm() {
    let lab = Lab::new();
    for name in ["observation.jsonl", "run.json", "capture.pcap"] {
        let folder = by_hand(&lab);
        if name == "run.json" {
            fs::remove_file(folder.join("observation.jsonl")).unwrap();
        }
        let trap = folder.join(name);
        let _ = fs::remove_file(&trap);
        fs::create_dir(&trap).unwrap();
        refused(show(&lab, &folder, &[]), &[name]);
        fs::remove_dir(&trap).unwrap();
        let made = lab.command("mkfifo").arg(&trap).status().unwrap();
        assert!(made.success());
        refused(show(&lab, &folder, &[]), &[name, "not a file"]);
        fs::remove_file(&trap).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &trap).unwrap();
        refused(show(&lab, &folder, &[]), &[name, "symbolic link"]);
        fs::remove_dir_all(&folder).unwrap();
    }
    let folder = by_hand(&lab);
    let mut log = fs::File::options()
        .append(true)
        .open(folder.join("observation.jsonl"))
        .unwrap();
    let end = log.seek(SeekFrom::End(0)).unwrap();
    log.set_len(end + (70 << 20)).unwrap();
    let ran = show(&lab, &folder, &["--observation"]).exits(1);
    assert!(
        ran.stderr.contains("line 10 is longer than"),
        "{}",
        ran.stderr
    );
    log.set_len(end).unwrap();
    log.write_all(b"[\"n\",0,0,0,\"\\u001b[31m\"]\n{\"\\u001b[31m\":1}\n")
        .unwrap();
    let ran = show(&lab, &folder, &[]).exits(1);
    assert!(!ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'));
    assert!(ran.stderr.contains("line 11: "), "{}", ran.stderr);
}

/// The record is the same in every language; what is concluded of it is told in the
/// reader's.
#[test]
fn findings_are_shown_in_the_language_that_is_asked_for() {
    let lab = Lab::new();
    let folder = lab.golden_run("interrupted");
    let shown = |more: &[&str]| show(&lab, &folder, more).exits(1).stdout;
    let indonesian = shown(&["--lang", "id"]);
    let words: Vec<&str> = indonesian.split_whitespace().collect();
    let flowing = words.join(" ");
    for told in [
        "Run dihentikan di tengah jalan, sehingga semua angka hanya mencakup",
        "34 request gagal: belum dimulai ketika klien berakhir; run berakhir lebih awal.",
        "Klien me-reset 2 koneksi yang menerima data dari server setelah klien mengirim FIN",
    ] {
        assert!(flowing.contains(told), "{told}: {indonesian}");
    }
    assert!(!flowing.contains("The run was interrupted"), "{indonesian}");
    let json = ["--format", "json"];
    assert_eq!(
        shown(&[&json[..], &["--lang", "id"]].concat()),
        shown(&json)
    );
}

/// Runs that were recorded once, of every kind: each is shown as it was saved.
#[test]
fn golden_runs_are_shown_as_they_were_saved() {
    fn here() {}
    let golden = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/captures/golden-runs"));
    if !golden.exists() {
        let reason = "needs captures/golden-runs, which are not recorded yet";
        need::skip(std::any::type_name_of_val(&here), reason);
        return;
    }
    let lab = Lab::new();
    let entries = fs::read_dir(golden).unwrap().map(|e| e.unwrap().path());
    let folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    assert!(folders.len() >= 7, "{folders:?}");
    for folder in folders {
        assert!(folder.join("observation.jsonl").exists(), "{folder:?}");
        let record = fs::read_to_string(folder.join("run.json")).unwrap();
        let record: Value = serde_json::from_str(&record).unwrap();
        let status = i32::from(went_wrong(&record));
        as_it_was_saved(&lab, &folder, status);
    }
}

/// Whether a run of this record ended with another status than 0.
fn went_wrong(record: &Value) -> bool {
    let failed = record["requests"]["failed"].as_object().unwrap();
    let findings = record["findings"].as_array().unwrap();
    let bad = |f: &Value| f["severity"] == "error" || f["code"] == "interrupted";
    failed.values().any(|n| n != 0) || findings.iter().any(bad)
}

/// Nothing in a stranger's folder acts upon the terminal, in whatever form it is printed.
#[test]
fn what_would_act_upon_a_terminal_is_printed_as_escapes() {
    let lab = Lab::new();
    let folder = lab.golden_run("thread");
    let log = fs::read_to_string(folder.join("observation.jsonl")).unwrap();
    let kernel = "\"kernel\":\"Linux 6.18.44\"";
    assert!(log.contains(kernel));
    let hostile = "\"kernel\":\"Linux\u{9b}2J\u{202e}\\u001b[31m\u{7f}\"";
    fs::write(
        folder.join("observation.jsonl"),
        log.replace(kernel, hostile),
    )
    .unwrap();
    let acts = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    for form in [&["--format", "json"][..], &["--observation"]] {
        let ran = show(&lab, &folder, form);
        let escaped = r"Linux\u009b2J\u202e\u001b[31m\u007f";
        assert!(ran.stdout.contains(escaped), "{}", ran.stdout);
        assert!(!ran.stdout.contains(acts), "{form:?}");
    }
    for form in ["table", "markdown"] {
        let ran = show(&lab, &folder, &["--format", form]);
        assert!(!ran.stdout.contains(acts), "{form}");
    }
}
