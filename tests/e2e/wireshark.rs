//! The files for Wireshark, in tshark: what they say is what threadtap says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::common::need::Need::{Capture, Tool};
use super::common::{Lab, Ran, lines};
use crate::require;

/// Rows of fields, with the plugin. Without a filter the file is read twice, the first time
/// without a tree, as Wireshark does.
fn fields(file: &Path, decode_as: Option<u64>, filter: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/wireshark/threadtap.lua");
    let mut command = Command::new("tshark");
    let script = format!("lua_script:{}", plugin.display());
    command.args(["-n", "-X", &script, "-r"]).arg(file);
    match filter {
        "" => command.arg("-2"),
        _ => command.args(["-Y", filter]),
    };
    if let Some(port) = decode_as {
        command.arg("-d").arg(format!("tcp.port=={port},time_lab"));
    }
    command.args(["-T", "fields", "-E", "occurrence=a", "-E", "aggregator=;"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(!errors.contains("Lua"), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("Lua Error"), "{text}");
    let row = |line: &str| line.split('\t').map(str::to_owned).collect();
    text.lines().map(row).collect()
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/golden")
}

/// Whole answers, in whatever pieces they come: valid or not, and how long they took.
#[test]
fn the_dissector_says_of_the_golden_captures_what_analyze_says() {
    require!(Tool("tshark"));
    for name in [
        "thread",
        "async-gate",
        "ipv6",
        "pipelined",
        "split",
        "sll",
        "sll2",
    ] {
        let flows = lines(&golden().join(format!("{name}.pcap.jsonl")));
        let port = flows[0]["server"]["port"].as_u64().unwrap();
        let file = golden().join(format!("{name}.pcap"));
        let [said, again] = ["time_lab.valid == 1", ""].map(|filter| {
            let columns = ["time_lab.answer", "time_lab.response_time"];
            let rows = fields(&file, Some(port), filter, &columns);
            let answers = rows.iter().filter(|row| !row[0].is_empty());
            let answers = answers.flat_map(|row| row[0].split(';').zip(row[1].split(';')));
            let mut said: Vec<(String, u64)> = answers
                .map(|(answer, time)| {
                    let (seconds, nanos) = time.split_once('.').unwrap();
                    let nanos = seconds.parse::<u64>().unwrap() * 1_000_000_000
                        + nanos.parse::<u64>().unwrap();
                    (answer.to_owned(), nanos)
                })
                .collect();
            said.sort();
            said
        });
        assert_eq!(said, again, "{name}");
        let exchanges = flows
            .iter()
            .flat_map(|f| f["exchanges"].as_array().unwrap());
        let mut ours: Vec<(String, u64)> = exchanges
            .filter(|e| e["valid"] == true)
            .map(|e| {
                let at = |key: &str| e[key].as_u64().unwrap();
                let answer = format!("JAM {}\\r\\n", e["answer"].as_str().unwrap());
                (answer, at("response_ns") - at("request_ns"))
            })
            .collect();
        ours.sort();
        assert!(!ours.is_empty(), "{name}");
        // A request in pieces counts from its first byte here, from its last there.
        if ["split", "sll", "sll2"].contains(&name) {
            assert_eq!(said.len(), ours.len());
            continue;
        }
        assert_eq!(said, ours, "{name}");
    }
}

#[test]
fn what_is_no_answer_is_an_expert_warning() {
    require!(Tool("tshark"));
    let flows = lines(&golden().join("bad.pcap.jsonl"));
    let port = flows[0]["server"]["port"].as_u64().unwrap();
    let file = golden().join("bad.pcap");
    let bad = fields(
        &file,
        Some(port),
        "time_lab.bad_answer",
        &["time_lab.valid"],
    );
    assert!(!bad.is_empty());
    assert_eq!(
        fields(&file, Some(port), "time_lab.valid == 1", &["frame.number"]).len(),
        0
    );
    // Nothing that a server says reaches the terminal as it is.
    for row in fields(
        &file,
        Some(port),
        "time_lab",
        &["time_lab.answer", "time_lab.request"],
    ) {
        assert!(
            row.iter()
                .all(|f| f.bytes().all(|b| (32..127).contains(&b))),
            "{row:?}"
        );
    }
}

/// The comments as numbers: the frames of each worker and of each serving thread.
#[test]
fn the_owners_are_fields() {
    require!(Capture, Tool("tshark"));
    let lab = Lab::new();
    let run = [
        "-n",
        "30",
        "-s",
        "pool",
        "--workers",
        "4",
        "--model",
        "pool",
    ];
    lab.run(&[&run[..], &["--port", "0"]].concat()).exits(0);
    let mut report = lab.threadtap(&[]);
    lab.finish(report.arg("report").arg(lab.out())).exits(0);
    let file = lab.out().join("capture.pcapng");
    let names = [
        "threadtap.flow",
        "threadtap.worker",
        "threadtap.client_pid",
        "threadtap.client_tid",
        "threadtap.server_pid",
        "threadtap.accept_tid",
        "threadtap.serve_tid",
    ];
    let said: BTreeSet<Vec<String>> = fields(&file, None, "threadtap", &names)
        .into_iter()
        .collect();
    let of = |f: &Value| -> Vec<String> {
        let (client, server) = (&f["client_owner"], &f["server_owner"]);
        let numbers = [
            &f["flow"],
            &client["worker"],
            &client["pid"],
            &client["tid"],
            &server["pid"],
            &server["accept_tid"],
            &server["serve_tid"],
        ];
        numbers.map(ToString::to_string).into()
    };
    let ours: BTreeSet<_> = lines(&lab.out().join("flows.jsonl"))
        .iter()
        .map(of)
        .collect();
    assert_eq!(said, ours);
    let all = fields(&file, None, "frame", &["threadtap.what"]);
    assert!(all.iter().all(|row| !row[0].is_empty()), "{all:?}");
}

fn wireshark(lab: &Lab, home: &Path, arguments: &[&str]) -> Ran {
    let mut command = lab.threadtap(&[]);
    command.arg("wireshark").args(arguments).env("HOME", home);
    for name in ["XDG_CONFIG_HOME", "DISPLAY", "WAYLAND_DISPLAY"] {
        command.env_remove(name);
    }
    lab.finish(&mut command)
}

/// The command that is printed opens the run, in tshark instead.
fn opens(lab: &Lab, home: &Path, line: &str) -> String {
    let line = line.strip_prefix("wireshark ").unwrap();
    let mut command = lab.command("sh");
    command
        .arg("-c")
        .arg(format!("tshark -n {line}"))
        .env("HOME", home);
    let ran = lab.finish(command.env_remove("XDG_CONFIG_HOME")).exits(0);
    ran.stdout
}

#[test]
fn the_command_that_is_printed_opens_the_run() {
    require!(Capture, Tool("tshark"));
    let lab = Lab::new();
    lab.run(&["-n", "5", "--port", "0"]).exits(0);
    let home = lab.path().join("a home");
    fs::create_dir(&home).unwrap();
    let out = lab.out().display().to_string();
    let printed = wireshark(&lab, &home, &[&out]).exits(0);
    assert!(printed.stderr.contains("no display"), "{}", printed.stderr);
    let first = opens(&lab, &home, &printed.stdout);
    assert!(first.contains("TIME-LAB"), "{first}");
    let installed = wireshark(&lab, &home, &["--install"]).exits(0);
    assert_eq!(installed.stdout.lines().count(), 3);
    let printed = wireshark(&lab, &home, &["--print", &out]).exits(0);
    assert_eq!(printed.stderr, "");
    assert!(
        printed.stdout.starts_with("wireshark -C threadtap "),
        "{}",
        printed.stdout
    );
    assert_eq!(opens(&lab, &home, &printed.stdout), first);
}

#[test]
fn a_run_without_a_capture_is_not_opened() {
    let lab = Lab::new();
    lab.run(&["-n", "3", "--port", "0", "--no-capture"])
        .exits(0);
    let out = lab.out().display().to_string();
    let ran = wireshark(&lab, lab.path(), &[&out]).exits(2);
    assert!(ran.stderr.contains("nothing to open"), "{}", ran.stderr);
    let ran = wireshark(&lab, Path::new(""), &["--install"]).exits(2);
    assert!(ran.stderr.contains("HOME"), "{}", ran.stderr);
}
