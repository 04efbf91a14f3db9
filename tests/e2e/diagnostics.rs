//! `-v` and `THREADTAP_LOG`: what is done, told on standard error.

use std::fs::OpenOptions;
use std::process::Stdio;

use super::common::need::Need::Capture;
use super::common::{Lab, Ran};
use crate::require;

const RUN: [&str; 8] = ["run", "-n", "20", "--port", "0", "--force", "--out", "out"];

/// It said these beginnings of sentences in this order, each with its time.
#[track_caller]
fn says_in_order(ran: &Ran, beginnings: &[&str]) {
    let mut before = 0.0;
    let mut said = Vec::new();
    for line in ran.stderr.lines() {
        assert!(!line.contains('\u{1b}'), "{line:?}");
        let Some(rest) = line.strip_prefix("threadtap [") else {
            continue;
        };
        let (time, sentence) = rest.split_once("] ").unwrap();
        let time: f64 = time.parse().unwrap();
        // Threads tell, too: two lines may change places.
        assert!(time + 0.1 >= before && time < 90.0, "{line}");
        before = time;
        said.push(sentence);
    }
    let mut left = said.iter();
    for beginning in beginnings {
        assert!(
            left.any(|sentence| sentence.starts_with(beginning)),
            "{beginning} is missing or comes too early in {said:#?}"
        );
    }
}

/// The last lines of a run without a capture.
const SAVED: &str = "saved in out\nnext: open out/report.html, threadtap report out\n";

#[test]
fn nothing_is_told_by_default() {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args(RUN).arg("--no-capture");
    assert_eq!(lab.finish(&mut command).exits(0).stderr, SAVED);
    for quiet in ["", "off", "OFF"] {
        let mut command = lab.threadtap(&[]);
        command.args(RUN).args(["--no-capture"]);
        command.env("THREADTAP_LOG", quiet);
        assert_eq!(lab.finish(&mut command).exits(0).stderr, SAVED);
    }
}

#[test]
fn the_steps_of_a_run_are_told_in_their_order() {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.arg("-v").args(RUN).arg("--no-capture");
    let ran = lab.finish(&mut command).exits(0);
    says_in_order(
        &ran,
        &[
            "run directory: out",
            "server started: pid ",
            "server listens on 127.0.0.1:",
            "client started: pid ",
            "client done: it has ended",
            "client ended: exit status 0",
            "SIGTERM to the server: pid ",
            "server ended: exit status 0",
            "saved run.json: ",
            "saved observation.jsonl: ",
        ],
    );
    assert!(!ran.stderr.contains("debug:"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("capture"), "{}", ran.stderr);
    assert!(ran.stderr.ends_with(SAVED), "{}", ran.stderr);
    assert_eq!(ran.record()["requests"]["valid"], 20);
    // What the sides print is theirs.
    for log in ["client.log", "server.log"] {
        let said = std::fs::read_to_string(lab.out().join(log)).unwrap();
        assert_eq!(said, "", "{log}");
    }
}

#[test]
fn the_capture_is_told_of() {
    require!(Capture);
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args(RUN).arg("-v");
    let ran = lab.finish(&mut command).exits(0);
    says_in_order(
        &ran,
        &[
            "server listens on 127.0.0.1:",
            "capture started on lo: link type EN10MB, filter `tcp port ",
            "client started: pid ",
            "client done: it has ended",
            "capture can stop (drained): 20 flows expected, 20 seen, 20 closed; waited ",
            "capture stopped: 200 frames, dropped by the kernel: 0",
            "SIGTERM to the server: pid ",
            "saved capture.pcap: ",
        ],
    );
}

#[test]
fn the_environment_can_ask_for_details() {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args(RUN).arg("--no-capture");
    command.env("THREADTAP_LOG", "debug");
    let ran = lab.finish(&mut command).exits(0);
    says_in_order(
        &ran,
        &[
            "server started: pid ",
            "debug: waiting until the server listens",
            "client started: pid ",
            "debug: client: ",
            "client done: ",
            "debug: the run left no process",
        ],
    );
}

#[test]
fn a_level_that_does_not_exist_is_refused() {
    for wrong in ["verbose", "threadtap=debug", "\u{1b}[31m"] {
        let lab = Lab::new();
        let mut command = lab.threadtap(&[]);
        command.args(RUN).env("THREADTAP_LOG", wrong);
        let ran = lab.finish(&mut command).exits(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("off, info or debug"), "{}", ran.stderr);
        assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
        assert!(!lab.out().exists());
    }
}

#[test]
fn a_program_s_name_does_nothing_to_the_terminal() {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "-v", "--no-capture", "--port", "0", "--out", "out"]);
    command.args(["--", "true", "\u{1b}[31mred\nthreadtap [0.0] false"]);
    let ran = lab.finish(&mut command);
    says_in_order(
        &ran,
        &["client started: pid ", "client ended: exit status 0"],
    );
    assert!(
        ran.stderr.contains("\\u{1b}[31mred\\nthreadtap"),
        "{}",
        ran.stderr
    );
}

#[test]
fn standard_error_may_be_closed_or_full() {
    let lab = Lab::new();
    let mut command = lab.command("sh");
    command.args([
        "-c",
        "exec \"$0\" \"$@\" 2>&-",
        super::common::PROGRAM,
        "-vv",
    ]);
    command.args(RUN).arg("--no-capture");
    let ran = lab.finish(&mut command).exits(0);
    assert_eq!(ran.record()["requests"]["valid"], 20);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = lab.threadtap(&[]);
    command.arg("-vv").args(RUN).arg("--no-capture");
    command.stdout(Stdio::null()).stderr(full);
    assert_eq!(command.status().unwrap().code(), Some(0));
}

#[test]
fn a_comparison_tells_its_runs_and_a_failure_stays_one_line() {
    let lab = Lab::new();
    let compare = |verbose: &str, arguments: &[&str]| {
        let mut command = lab.threadtap(&[]);
        command.args(["compare", verbose, "--no-capture", "--repeat", "1"]);
        command.args(["--warmup", "0", "-n", "5", "--force", "--out", "out"]);
        command.args(arguments).env("THREADTAP_LOG", "debug");
        lab.finish(&mut command)
    };
    let ran = compare("-v", &["--strategies", "thread", "--port", "0"]).exits(0);
    says_in_order(
        &ran,
        &[
            "directory of the comparison: out",
            "next: thread, round 1",
            "the system is ",
            "run started, in out/",
            "run ended after ",
            "saved compare.json: 1 run so far",
        ],
    );
    // The run that cannot be made says why in its last line, whatever is told.
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port().to_string();
    let ran = compare("-vv", &["--strategies", "thread", "--port", &port]).exits(2);
    let last = ran.stderr.lines().last().unwrap();
    assert!(last.starts_with("threadtap: "), "{}", ran.stderr);
    assert!(last.contains("is in use"), "{}", ran.stderr);
}

#[test]
fn a_search_and_a_saved_run_tell_what_they_read() {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args(["ceiling", "--kind", "thread", "--max", "50", "-v"]);
    says_in_order(
        &lab.finish(&mut command).exits(0),
        &[
            "process for the threads started: pid ",
            "threads: ",
            "RLIMIT_NPROC: ",
            "0 exist; ",
            "50 threads reached; stopped by: max",
            "threads ended; left behind: 0",
        ],
    );
    lab.run(&["-n", "5", "--port", "0", "--no-capture"])
        .exits(0);
    let mut command = lab.threadtap(&[]);
    command.args(["show", "-v", "out"]);
    let ran = lab.finish(&mut command).exits(0);
    says_in_order(&ran, &["opened out/observation.jsonl: "]);
}
