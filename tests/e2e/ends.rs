//! However a run ends, it says so, saves what there is, and leaves no process
//! behind.

use std::ffi::OsString;
use std::fs;
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::process::{PidfdFlags, PidfdGetfdFlags, Signal};
use serde_json::Value;

use super::common::need::Need::{Capture, Root, Tool};
use super::common::{HANG, Lab, Ran, Started, findings, peers, signal_to, start, tshark, until};
use super::contract;
use crate::require;

/// How many of the 60 requests can be under way at once.
fn at_work(strategy: &str) -> u64 {
    if strategy == "pool" { 30 } else { 60 }
}

/// Starts a run whose requests hang on a silent server.
fn start_hanging(lab: &Lab, strategy: &str) -> Started {
    let server = peers::silent().to_string();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "-s", strategy, "-n", "60", "--connect", &server]);
    if strategy == "pool" {
        command.args(["--workers", "30"]);
    }
    let started = start(command.args(["--timeout", "600s", "--out", "out"]));
    // Three for the handshake, the request and its acknowledgement.
    wait_for_frames(lab, at_work(strategy) * 5);
    started
}

/// Starts a run that takes a while: a process each, of both sides.
fn start_long(lab: &Lab) -> Started {
    let mut command = lab.threadtap(&[]);
    command.args(["run", "-s", "process", "-n", "20000", "--port", "0"]);
    command.args([
        "--model",
        "process",
        "--max-in-flight",
        "20",
        "--out",
        "out",
    ]);
    let started = start(&mut command);
    wait_for_frames(lab, 500);
    started
}

/// Waits until so many frames have reached the file; one takes 86 bytes of it,
/// in the mean, where requests were sent and no answers came, else more.
fn wait_for_frames(lab: &Lab, frames: u64) {
    let file = lab.out().join("capture.pcap");
    until("frames in the file", || {
        fs::metadata(&file).is_ok_and(|m| m.len() >= 24 + frames * 86)
    });
}

fn is_interrupted(ran: Ran) -> Value {
    let ran = ran.exits(130);
    let record = ran.record();
    contract::run_record(&record);
    ran.flows().iter().for_each(contract::flow);
    ran.workers().iter().for_each(contract::worker);
    assert_eq!(record["capture"]["stop_reason"], "interrupted");
    assert_eq!(findings(&record, "interrupted").len(), 1);
    assert!(ran.stdout.contains("interrupted"), "{}", ran.stdout);
    assert!(ran.stderr.contains("saved in out"), "{}", ran.stderr);
    record
}

fn a_signal_interrupts(signal: Signal) {
    for strategy in ["thread", "pool", "process", "async"] {
        let lab = Lab::new();
        let started = start_hanging(&lab, strategy);
        started.signal(signal);
        let ran = lab.end(started);
        assert_eq!(lab.left(), Vec::<String>::new(), "{strategy}");
        let record = is_interrupted(ran);
        let workers = at_work(strategy);
        let failed = &record["requests"]["failed"];
        assert_eq!(failed["abandoned"], workers, "{strategy}");
        let waiting = failed["not_attempted"].as_u64().unwrap_or(0);
        assert_eq!(waiting, 60 - workers, "{strategy}");
    }
}

#[test]
fn sigint_interrupts() {
    require!(Capture);
    a_signal_interrupts(Signal::INT);
}

#[test]
fn sigterm_interrupts() {
    require!(Capture);
    a_signal_interrupts(Signal::TERM);
}

#[test]
fn sighup_interrupts() {
    require!(Capture);
    a_signal_interrupts(Signal::HUP);
}

#[test]
fn sigquit_interrupts() {
    require!(Capture);
    a_signal_interrupts(Signal::QUIT);
}

/// While it makes the files that are made of what it saved.
#[test]
fn a_signal_leaves_no_unfinished_file() {
    require!(Capture);
    let lab = Lab::new();
    let run = ["run", "-s", "pool", "-w", "4", "-n", "4000", "--port", "0"];
    let run = [&run[..], &["--force", "--out", "out"]].concat();
    let made = ["report.html", "capture.pcapng"];
    for (file, signal) in made.into_iter().zip([Signal::TERM, Signal::INT]) {
        let ended = interrupted_while_it_makes(&lab, &run, file, signal);
        assert_eq!(ended, Some(130), "{file}");
    }
    for signal in [Signal::INT, Signal::TERM] {
        let ended = interrupted_while_it_makes(&lab, &["report", "out"], made[0], signal);
        assert_eq!(ended, None, "it ends by its signal");
    }
}

/// How it ends when it is interrupted as soon as the beginning of this file is there.
fn interrupted_while_it_makes(
    lab: &Lab,
    words: &[&str],
    file: &str,
    signal: Signal,
) -> Option<i32> {
    let unfinished = lab.out().join(format!(".{file}.tmp"));
    let started = start(lab.threadtap(&[]).args(words));
    let limit = Instant::now() + HANG;
    while !unfinished.exists() {
        assert!(Instant::now() < limit, "never begun: {file}");
    }
    started.signal(signal);
    let ran = lab.end(started);
    let names = fs::read_dir(lab.out()).unwrap();
    let names: Vec<_> = names.map(|e| e.unwrap().file_name()).collect();
    let left = |name: &OsString| name.to_string_lossy().ends_with(".tmp");
    assert!(!names.iter().any(left), "{words:?} {names:?}");
    ran.status
}

/// As under nohup(1): a terminal that goes away ends nothing.
#[test]
fn a_signal_that_was_ignored_at_the_start_interrupts_nothing() {
    require!(Capture);
    let lab = Lab::new();
    let nohup = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"];
    let mut command = lab.threadtap(&nohup);
    command.args(["run", "-s", "process", "-n", "2000", "--port", "0"]);
    command.args(["--max-in-flight", "4", "--out", "out"]);
    let started = start(&mut command);
    wait_for_frames(&lab, 200);
    started.signal(Signal::HUP);
    let ran = lab.end(started).exits(0);
    assert_eq!(lab.left(), Vec::<String>::new());
    assert_eq!(ran.record()["requests"]["valid"], 2000);
}

/// Whoever gets hold of the capture's socket cannot make it show other traffic.
#[test]
fn the_filter_of_a_capture_cannot_be_taken_off() {
    require!(Capture, Root);
    let lab = Lab::new();
    let started = start_hanging(&lab, "thread");
    let socket = packet_socket(started.child.id());
    let answer = socket2::SockRef::from(&socket).detach_filter();
    assert_eq!(answer.unwrap_err().raw_os_error(), Some(libc::EPERM));
    started.signal(Signal::TERM);
    lab.end(started).exits(130);
}

/// A duplicate of a process's packet socket.
fn packet_socket(pid: u32) -> OwnedFd {
    let table = fs::read_to_string("/proc/net/packet").unwrap();
    let inodes: Vec<&str> = table
        .lines()
        .filter_map(|l| l.split_whitespace().nth(8))
        .collect();
    let fds = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let number = fds.filter_map(Result::ok).find_map(|fd| {
        let link = fs::read_link(fd.path()).ok()?;
        let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
        let known = inodes.contains(&inode);
        known.then(|| fd.file_name().to_str()?.parse::<i32>().ok())?
    });
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    let process = rustix::process::pidfd_open(pid, PidfdFlags::empty()).unwrap();
    rustix::process::pidfd_getfd(&process, number.unwrap(), PidfdGetfdFlags::empty()).unwrap()
}

#[test]
fn an_interruption_is_told_without_a_capture() {
    let lab = Lab::new();
    let server = peers::silent().to_string();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "-n", "5", "--connect", &server, "--timeout", "600s"]);
    let started = start(command.args(["--no-capture", "--out", "out"]));
    // By then it catches signals, and waits for its client.
    lab.find("__client");
    started.signal(Signal::INT);
    let ran = lab.end(started).exits(130);
    assert_eq!(lab.left(), Vec::<String>::new());
    assert_eq!(findings(&ran.record(), "interrupted").len(), 1);
}

#[test]
fn a_long_run_is_interrupted() {
    require!(Capture, Tool("tshark"));
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let lab = Lab::new();
        let started = start_long(&lab);
        started.signal(signal);
        let ran = lab.end(started);
        assert_eq!(lab.left(), Vec::<String>::new());
        let pcap = ran.pcap();
        let record = is_interrupted(ran);
        let frames = tshark::frames(&pcap, "frame") as u64;
        assert_eq!(record["capture"]["frames"], frames);
        assert!(record["requests"]["valid"].as_u64() > Some(0));
    }
}

/// The terminal's Ctrl-C reaches every process of the foreground group.
#[test]
fn an_interrupt_of_the_whole_group_is_the_coordinators_affair() {
    use std::os::unix::process::CommandExt;
    require!(Capture);
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "-s", "process", "-n", "20000", "--port", "0"]);
    command
        .args(["--max-in-flight", "20", "--out", "out"])
        .process_group(0);
    let started = start(&mut command);
    wait_for_frames(&lab, 500);
    let group = rustix::process::Pid::from_raw(started.child.id().cast_signed()).unwrap();
    rustix::process::kill_process_group(group, Signal::INT).unwrap();
    let ran = lab.end(started);
    assert_eq!(lab.left(), Vec::<String>::new());
    is_interrupted(ran);
}

/// Nobody can clean up: the kernel ends what was tied to the coordinator.
#[test]
fn nothing_outlives_a_killed_coordinator() {
    require!(Capture, Tool("tshark"));
    for strategy in ["thread", "process", "async"] {
        let lab = Lab::new();
        let started = start_hanging(&lab, strategy);
        started.signal(Signal::KILL);
        lab.until_nothing_is_left();
        let ran = lab.end(started);
        assert_eq!(ran.status, None);
        assert!(
            tshark::frames_of_a_killed_writer(&ran.pcap(), "tcp") >= 60,
            "{strategy}"
        );
    }
    let lab = Lab::new();
    let started = start_long(&lab);
    started.signal(Signal::KILL);
    lab.until_nothing_is_left();
    let ran = lab.end(started);
    // Readable up to the last whole record.
    assert!(tshark::frames_of_a_killed_writer(&ran.pcap(), "tcp") > 400);
    // What is there can be handed in, and nothing is said of it that is not so.
    let mut report = lab.threadtap(&[]);
    let report = lab.finish(report.args(["report", "out", "--lang", "en"]));
    let report = report.exits(1);
    assert!(
        !report.stderr.contains("without a capture"),
        "{}",
        report.stderr
    );
    assert!(tshark::frames(&lab.out().join("capture.pcapng"), "frame.comment") > 400);
    let text = fs::read_to_string(lab.out().join("report.md")).unwrap();
    for wrong in [
        "are not in the capture",
        "No frames were captured",
        "were not counted",
    ] {
        assert!(!text.contains(wrong), "{text}");
    }
    assert!(
        text.contains("How many threads and processes the client had is not known."),
        "{text}"
    );
}

/// The run ends, tells who died, and leaves nothing.
fn tells_of_a_death(lab: &Lab, ran: Ran, code: &str) -> Value {
    let ran = ran.exits(1);
    assert_eq!(lab.left(), Vec::<String>::new());
    let record = ran.record();
    contract::run_record(&record);
    let found = findings(&record, code);
    assert_eq!(found.len(), 1, "{}", ran.stdout);
    assert_eq!(found[0]["severity"], "error");
    assert!(found[0]["message"].as_str().unwrap().contains("signal 9"));
    assert!(record["requests"]["valid"].as_u64() > Some(0));
    record
}

#[test]
fn a_killed_client_is_told() {
    require!(Capture);
    let lab = Lab::new();
    let started = start_long(&lab);
    // Of the processes of the client, the one that the others were forked from.
    let children = format!("/proc/{0}/task/{0}/children", started.child.id());
    let children = fs::read_to_string(children).unwrap();
    let client = children.split_whitespace().find(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("__client")
    });
    signal_to(client.unwrap().parse().unwrap(), Signal::KILL);
    let ran = lab.end(started);
    let record = tells_of_a_death(&lab, ran, "client_died");
    assert!(record["requests"]["failed"]["not_attempted"].as_u64() > Some(0));
}

/// Its clients fail, each in its way, and the run ends by itself.
#[test]
fn a_killed_server_is_told() {
    require!(Capture);
    for strategy in ["thread", "async", "process"] {
        let lab = Lab::new();
        let mut command = lab.threadtap(&[]);
        command.args(["run", "-s", strategy, "-n", "6000", "--max-in-flight", "50"]);
        let started = start(command.args(["--port", "0", "--out", "out", "--timeout", "2s"]));
        let server = lab.find("__server");
        wait_for_frames(&lab, 500);
        signal_to(server, Signal::KILL);
        let ran = lab.end(started);
        let record = tells_of_a_death(&lab, ran, "server_died");
        let failed = &record["requests"]["failed"];
        assert!(failed["refused"].as_u64() > Some(0), "{failed}");
    }
}

/// Ten million requests, of which a few were made: no more is told one by one than was
/// begun, and every request is in one class.
#[test]
fn a_huge_run_that_is_interrupted() {
    const ALL: u64 = 10_000_000;
    for strategy in ["pool", "thread", "async"] {
        let lab = Lab::new();
        let mut command = lab.threadtap(&[]);
        command.args(["run", "-s", strategy, "-n", &ALL.to_string(), "--port", "0"]);
        command.args(["--no-capture", "--max-in-flight", "20", "--out", "out"]);
        if strategy == "pool" {
            command.args(["--workers", "20"]);
        }
        let started = start(&mut command);
        let log = lab.out().join("observation.jsonl");
        until("some requests are told", || {
            fs::metadata(&log).is_ok_and(|m| m.len() > 50_000)
        });
        started.signal(Signal::INT);
        let ran = lab.end(started).exits(130);
        let requests = &ran.record()["requests"];
        assert_eq!(requests["submitted"], ALL);
        let failed = requests["failed"].as_object().unwrap();
        let failed: u64 = failed.values().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(requests["valid"].as_u64().unwrap() + failed, ALL);
        let begun = requests["attempted"].as_u64().unwrap();
        assert!(begun > 0 && begun < ALL);
        let lines = fs::read_to_string(&log).unwrap().lines().count() as u64;
        assert!(lines < 10 * begun + 300_000, "{strategy}: {lines}, {begun}");
    }
}
