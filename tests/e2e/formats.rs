//! What is printed, in every format, to a pipe, to a closed pipe and to a
//! terminal.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::common::need::Need::{Capture, Tool};
use super::common::{Lab, PROGRAM, Ran};
use super::contract;
use crate::require;

fn printed(lab: &Lab, more: &[&str]) -> Ran {
    let mut arguments = vec!["-n", "30", "--port", "0"];
    arguments.extend(more);
    lab.run(&arguments).exits(0)
}

#[test]
fn a_table_fits_80_columns_and_has_no_escape() {
    require!(Capture);
    for strategy in ["thread", "pool", "process", "async"] {
        let lab = Lab::new();
        let ran = printed(&lab, &["-s", strategy, "--rows", "30"]);
        for line in ran.stdout.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(!ran.stdout.contains('\x1b'));
        for heading in [
            "Interactions",
            "Census",
            "Requests",
            "Latency",
            "Observation",
        ] {
            assert!(ran.stdout.contains(heading), "{heading}");
        }
        let out = lab.out().display().to_string();
        let said = format!(
            "saved in {out}\nnext: open {out}/report.html, threadtap wireshark {out}, threadtap report {out}\n"
        );
        assert_eq!(ran.stderr, said, "and no progress bar in a pipe");
    }
}

#[test]
fn rows_bounds_the_table_and_says_how_many_more() {
    require!(Capture);
    let rows = |ran: &Ran| ran.stdout.matches("127.0.0.1:").count() - 1;
    let ran = printed(&Lab::new(), &[]);
    assert_eq!(rows(&ran), 10);
    assert!(ran.stdout.contains("… and 20 more"));
    let ran = printed(&Lab::new(), &["--rows", "30"]);
    assert_eq!(rows(&ran), 30);
    assert!(!ran.stdout.contains("more: flows.jsonl"));
    assert_eq!(rows(&printed(&Lab::new(), &["--rows", "0"])), 0);
}

#[test]
fn json_is_the_saved_record() {
    require!(Capture);
    let ran = printed(&Lab::new(), &["--format", "json"]);
    let record: Value = serde_json::from_str(&ran.stdout).unwrap();
    contract::run_record(&record);
    assert_eq!(record, ran.record());
}

#[test]
fn jsonl_is_the_saved_flows() {
    require!(Capture);
    let ran = printed(&Lab::new(), &["--format", "jsonl"]);
    assert_eq!(ran.stdout.lines().count(), 30);
    let saved = std::fs::read_to_string(ran.out.join("flows.jsonl")).unwrap();
    assert_eq!(ran.stdout, saved);
}

#[test]
fn csv_is_a_flow_a_row() {
    require!(Capture);
    let ran = printed(&Lab::new(), &["--format", "csv"]);
    let mut reader = csv::Reader::from_reader(ran.stdout.as_bytes());
    let headers = reader.headers().unwrap().clone();
    assert_eq!(headers.get(0), Some("flow"));
    // Strict: a row of another length is an error.
    let rows: Result<Vec<_>, _> = reader.records().collect();
    let rows = rows.unwrap();
    assert_eq!(rows.len(), 30);
    let numbers: Vec<u64> = rows.iter().map(|r| r[0].parse().unwrap()).collect();
    assert!(numbers.is_sorted());
}

#[test]
fn markdown_has_tables_of_even_rows() {
    require!(Capture);
    let ran = printed(&Lab::new(), &["--format", "markdown"]);
    let blocks: Vec<Vec<&str>> = ran
        .stdout
        .split("\n\n")
        .map(|b| b.lines().filter(|l| l.starts_with('|')).collect())
        .filter(|b: &Vec<&str>| !b.is_empty())
        .collect();
    assert!(blocks.len() >= 4, "{}", ran.stdout);
    for table in blocks {
        let cells = |row: &str| row.replace("\\|", "").matches('|').count();
        assert!(table[1].contains("--"), "{table:?}");
        assert!(
            table.iter().all(|r| cells(r) == cells(table[0])),
            "{table:?}"
        );
    }
    assert!(ran.stdout.lines().any(|l| l.starts_with('#')));
    assert!(!ran.stdout.contains('\x1b'));
}

/// A reader that has seen enough is no error.
#[test]
fn a_closed_pipe_is_no_error() {
    require!(Capture);
    for format in ["table", "markdown", "json", "jsonl", "csv"] {
        let lab = Lab::new();
        let mut command = lab.threadtap(&[]);
        command.args([
            "run", "-n", "500", "--rows", "500", "--port", "0", "--out", "out",
        ]);
        command.args(["--format", format]);
        assert_quiet(&lab, &mut command, format);
        assert!(lab.out().join("run.json").exists(), "{format}");
    }
    for arguments in [
        vec!["completions", "bash"],
        vec!["man"],
        vec!["--help"],
        vec!["--version"],
    ] {
        let lab = Lab::new();
        let mut command = lab.threadtap(&[]);
        assert_quiet(&lab, command.args(&arguments), arguments[0]);
    }
}

/// Runs with a standard output that nobody reads.
fn assert_quiet(lab: &Lab, command: &mut Command, what: &str) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{what}: {errors}");
    assert!(
        !errors.contains("panicked") && !errors.contains("ipe"),
        "{what}: {errors}"
    );
    assert_eq!(lab.left(), Vec::<String>::new());
}

/// Runs in a pseudo-terminal and returns what one of its outputs shows; the
/// other one goes nowhere.
fn on_a_terminal(shown: &str, environment: &[(&str, &str)], arguments: &str) -> String {
    let lab = Lab::new();
    let other = if shown == "stdout" { "2" } else { "1" };
    let line = format!(
        "stty cols 100; exec {PROGRAM} run --port 0 --out out {arguments} {other}>/dev/null"
    );
    let mut command = lab.command("script");
    command.args(["-q", "-e", "-c", &line, "/dev/null"]);
    command
        .env("TERM", "xterm")
        .envs(environment.iter().copied());
    lab.finish(&mut command).exits(0).stdout
}

#[test]
fn a_terminal_gets_colour_and_a_progress_bar() {
    require!(Capture, Tool("script"), Tool("stty"));
    // Long enough for the bar to be drawn, which it is ten times a second.
    let arguments = "-s process -n 2000";
    let stdout = on_a_terminal("stdout", &[], arguments);
    assert!(stdout.contains("\x1b["), "colour");
    assert!(stdout.contains("Census"));
    assert!(
        !stdout.contains("/2,000 requests, "),
        "no bar on standard output"
    );
    let stderr = on_a_terminal("stderr", &[], arguments);
    assert!(stderr.contains("/2,000 requests, "), "a bar: {stderr:?}");
    assert!(stderr.contains("saved in out"));
    assert!(!stderr.contains("Census"));
}

#[test]
fn no_color_is_respected() {
    require!(Capture, Tool("script"), Tool("stty"));
    for (environment, arguments) in [
        (("NO_COLOR", "1"), "-n 20"),
        (("TERM", "dumb"), "-n 20"),
        (("TERM", "xterm"), "-n 20 --color never"),
    ] {
        let stdout = on_a_terminal("stdout", &[environment], arguments);
        assert!(stdout.contains("Census"));
        assert!(!stdout.contains('\x1b'), "{environment:?} {arguments}");
    }
}

#[test]
fn colour_can_be_forced() {
    require!(Capture);
    let ran = printed(&Lab::new(), &["--color", "always"]);
    assert!(ran.stdout.contains("\x1b["));
}
