//! `analyze`, `show` and `report` read what strangers have made: strace(1) tells what they
//! still do, and a file that comes into the way is refused.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::common::need::Need::{Landlock, Tool};
use super::common::{Lab, PROGRAM, Ran, start};
use crate::require;

/// What is done in such a folder, and where it reads and writes.
fn commands(run: &str, other: &str) -> Vec<(String, Vec<String>)> {
    let capture = format!("{run}/capture.pcap");
    let in_run = vec![run.to_owned()];
    let of_capture = vec![capture.clone()];
    let mut all = Vec::new();
    for format in ["table", "markdown", "json", "jsonl", "csv"] {
        all.push((format!("show {run} --format {format}"), in_run.clone()));
        let analyze = format!("analyze {capture} --format {format}");
        all.push((analyze, of_capture.clone()));
    }
    for more in [
        "--flow 0",
        "--sort duration",
        "--filter tcp",
        "--merge",
        "--lang id",
    ] {
        all.push((format!("analyze {capture} {more}"), of_capture.clone()));
    }
    all.push((
        format!("analyze --filter port\u{a0}http {capture}"),
        of_capture,
    ));
    all.push((format!("show {run} --observation"), in_run.clone()));
    for more in ["", "--lang id", "--only md", "--only html,trace-json"] {
        all.push((format!("report {run} {more}"), in_run.clone()));
    }
    let both = vec![run.to_owned(), other.to_owned()];
    all.push((format!("report {run} --out {other}/lab.md"), both));
    all
}

fn words(line: &str) -> Vec<String> {
    // A space within a word stands as one that does not break.
    let words = line.split(' ').filter(|w| !w.is_empty());
    words.map(|w| w.replace('\u{a0}', " ")).collect()
}

fn traced(lab: &Lab, options: &[&str], line: &str) -> (Ran, String) {
    let log = lab.path().join("strace.log");
    let mut command = lab.command("strace");
    command.arg("-f").arg("-o").arg(&log).args(options);
    command.arg(PROGRAM).args(words(line));
    let ran = lab.finish(&mut command);
    (ran, fs::read_to_string(log).unwrap())
}

#[test]
fn nothing_but_what_was_named_is_opened() {
    require!(Landlock, Tool("strace"));
    let lab = Lab::new();
    let run = lab.golden_run("thread").to_str().unwrap().to_owned();
    let other = lab.path().join("other");
    fs::create_dir(&other).unwrap();
    let calls = "trace=%file,%network,landlock_restrict_self,seccomp,execve,execveat";
    for (line, within) in commands(&run, other.to_str().unwrap()) {
        let (ran, log) = traced(&lab, &["-e", calls], &line);
        let ran = ran.exits(0);
        let mut after = log
            .lines()
            .skip_while(|l| !l.contains("landlock_restrict_self("));
        let restricted = after.next().unwrap_or_default();
        assert!(restricted.ends_with("= 0"), "{line}: {ran:?}\n{log}");
        let filtered = after.next().unwrap_or_default();
        assert!(
            filtered.contains("seccomp(") && filtered.ends_with("= 0"),
            "{line}: {log}"
        );
        let mut opened = 0;
        for call in after {
            assert!(
                !call.contains("EACCES"),
                "{line}: it misses what it gave up: {call}"
            );
            for refused in ["socket(", "connect(", "execve(", "execveat("] {
                assert!(!call.contains(refused), "{line}: {call}");
            }
            if call.contains("open(") || call.contains("openat(AT_FDCWD") {
                let named = within
                    .iter()
                    .any(|path| call.contains(&format!("\"{path}")));
                assert!(named, "{line}: {call}");
                opened += 1;
            }
        }
        assert!(opened > 0, "{line}: {log}");
    }
}

/// The second file becomes another one when the first is being read: nobody has named it.
#[test]
fn what_nobody_has_named_cannot_be_read() {
    require!(Landlock, Tool("mkfifo"));
    let lab = Lab::new();
    let run = lab.golden_run("thread");
    let at = |name: &str| lab.path().join(name);
    let capture = fs::read(run.join("capture.pcap")).unwrap();
    for name in ["named.pcap", "secret.pcap"] {
        fs::write(at(name), &capture).unwrap();
    }
    symlink(at("named.pcap"), at("link.pcap")).unwrap();
    let made = Command::new("mkfifo")
        .arg(at("first.pcap"))
        .status()
        .unwrap();
    assert!(made.success());
    for (swapped, status) in [(false, 0), (true, 1)] {
        let mut command = lab.threadtap(&[]);
        let started =
            start(command.args(["analyze", "first.pcap", "link.pcap", "--format", "json"]));
        // It is opened when both ends are: by then all is given up.
        let mut pipe = File::options().write(true).open(at("first.pcap")).unwrap();
        if swapped {
            fs::remove_file(at("link.pcap")).unwrap();
            symlink(at("secret.pcap"), at("link.pcap")).unwrap();
        }
        pipe.write_all(&capture).unwrap();
        drop(pipe);
        let ran = lab.end(started).exits(status);
        assert_eq!(ran.stderr.contains("link.pcap: "), swapped, "{ran:?}");
        assert_eq!(ran.stderr.contains("ermission denied"), swapped, "{ran:?}");
        let record: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let frames = |file: usize| record["files"][file]["frames"].as_u64().unwrap();
        assert_eq!((frames(0), frames(1)), (200, if swapped { 0 } else { 200 }));
    }
}

/// Where it cannot be had, all is as it was, and `-v` says so.
#[test]
fn without_landlock_it_is_said_and_all_goes_on() {
    require!(Tool("strace"));
    let lab = Lab::new();
    let run = lab.golden_run("thread").to_str().unwrap().to_owned();
    let mut outputs = Vec::new();
    for (inject, said) in [
        (None, "Landlock"),
        (
            Some("inject=landlock_create_ruleset:error=ENOSYS"),
            "has no Landlock",
        ),
        (
            Some("inject=landlock_create_ruleset:error=EOPNOTSUPP"),
            "lsm=",
        ),
        (
            Some("inject=landlock_restrict_self:error=E2BIG"),
            "too long",
        ),
        (Some("inject=seccomp:error=EINVAL"), "nvalid argument"),
    ] {
        let options: Vec<&str> = inject.iter().flat_map(|inject| ["-e", *inject]).collect();
        let (ran, _) = traced(&lab, &options, &format!("-v show {run}"));
        let ran = ran.exits(0);
        let told = ran
            .stderr
            .lines()
            .find(|l| l.contains("from here on"))
            .unwrap();
        assert!(told.contains(said), "{inject:?}: {told}");
        outputs.push(ran.stdout);
    }
    assert!(outputs.windows(2).all(|two| two[0] == two[1]));
}

/// Standard input, and the file behind a shell's `<(…)`, belong to no folder.
#[test]
fn pipes_and_standard_input_are_read_as_ever() {
    require!(Tool("bash"));
    let lab = Lab::new();
    let run = lab.golden_run("thread");
    let capture = run.join("capture.pcap");
    let capture = capture.to_str().unwrap();
    for line in [
        "threadtap analyze <(cat C)",
        "threadtap analyze - < C",
        "cat C | threadtap analyze /dev/stdin",
        "threadtap analyze /dev/stdin < C",
        "gzip < C > z; threadtap analyze z",
        "cd \"$(dirname C)\" && threadtap analyze capture.pcap",
    ] {
        let mut command = lab.command("bash");
        let line = line.replace('C', capture);
        let ran = lab.finish(command.arg("-c").arg(&line)).exits(0);
        assert!(ran.stdout.contains("segments   200"), "{line}: {ran:?}");
    }
    let empty = lab.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let mut command = lab.threadtap(&[]);
    let ran = lab.finish(command.arg("analyze").arg(&empty)).exits(2);
    assert!(
        ran.stderr.contains("it is a folder without a capture"),
        "{ran:?}"
    );
    assert!(!Path::new("z").exists());
}
