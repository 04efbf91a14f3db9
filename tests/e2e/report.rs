//! Files that are made of saved runs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::Value;

use super::common::need::Need::{Capture, Root, Tool};
use super::common::{Lab, Ran, lines, tshark, until};
use crate::require;

fn report(lab: &Lab, folder: &Path, more: &[&str]) -> Ran {
    let mut command = lab.threadtap(&[]);
    lab.finish(command.arg("report").arg(folder).args(more))
}

fn flows(folder: &Path) -> Vec<Value> {
    lines(&folder.join("flows.jsonl"))
}

/// The comments find one worker's frames and no others, and nothing else of the
/// capture is changed.
#[test]
fn wireshark_finds_a_workers_frames() {
    require!(Capture, Tool("tshark"));
    let lab = Lab::new();
    lab.run(&["-n", "40", "-s", "pool", "--workers", "12", "--port", "0"])
        .exits(0);
    let ran = report(&lab, &lab.out(), &["--only", "pcapng"]).exits(0);
    assert!(ran.stdout.ends_with("capture.pcapng\n"), "{}", ran.stdout);
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (1, ""));
    let file = lab.out().join("capture.pcapng");
    let plain = [
        "frame.time_epoch",
        "frame.len",
        "tcp.stream",
        "tcp.seq_raw",
        "_ws.col.Info",
    ];
    assert_eq!(
        tshark::fields(&file, "frame", &plain),
        tshark::fields(&lab.out().join("capture.pcap"), "frame", &plain)
    );
    let mut seen = 0;
    for worker in 0..13 {
        let of_worker = |f: &&Value| f["client_owner"]["worker"] == worker;
        let count = |f: &Value, key: &str| f[key].as_u64().unwrap();
        let frames: u64 = flows(&lab.out())
            .iter()
            .filter(of_worker)
            .map(|f| count(f, "client_frames") + count(f, "server_frames"))
            .sum();
        let filter = format!("frame.comment contains \"worker:{worker},\"");
        assert_eq!(tshark::frames(&file, &filter) as u64, frames, "{worker}");
        seen += frames;
    }
    assert_eq!(seen, tshark::frames(&file, "frame") as u64);
    let requests = tshark::frames(&file, "frame.comment contains \"what=TIME-request\"");
    assert_eq!(requests, 40);
}

#[test]
fn a_report_is_made_again_and_again_and_is_the_same() {
    let lab = Lab::new();
    let folder = lab.golden_run("python");
    let made = |file: &str| fs::read(folder.join(file)).unwrap();
    let saved = made("capture.pcap");
    report(&lab, &folder, &[]).exits(0);
    let all = || {
        [
            "report.html",
            "capture.pcapng",
            "trace.pftrace",
            "flows.csv",
        ]
        .map(made)
    };
    let first = all();
    report(&lab, &folder, &[]).exits(0);
    assert!(first == all());
    assert!(saved == made("capture.pcap"));
    let [.., rows] = first;
    let rows = String::from_utf8(rows).unwrap().lines().count();
    assert_eq!(rows, flows(&folder).len() + 1);
}

/// A class may read what it may read of the run; nobody else may read anything.
#[test]
fn what_is_made_is_as_private_as_the_run() {
    for (run, made) in [(0o600, 0o600), (0o644, 0o644)] {
        let lab = Lab::new();
        let folder = lab.golden_run("thread");
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            fs::set_permissions(file, fs::Permissions::from_mode(run)).unwrap();
        }
        report(&lab, &folder, &[]).exits(0);
        for file in [
            "report.html",
            "capture.pcapng",
            "trace.pftrace",
            "flows.csv",
        ] {
            let mode = fs::metadata(folder.join(file))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, made, "{file}");
        }
    }
}

/// A folder from a stranger: nothing is followed, waited for or overwritten.
#[test]
fn traps_in_the_folder_do_no_harm() {
    let lab = Lab::new();
    let folder = lab.golden_run("thread");
    let precious = lab.path().join("precious");
    fs::write(&precious, "mine").unwrap();
    symlink(&precious, folder.join("capture.pcapng")).unwrap();
    fs::create_dir(folder.join("flows.csv")).unwrap();
    let ran = report(&lab, &folder, &[]).exits(1);
    assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
    for name in ["capture.pcapng", "flows.csv"] {
        let told = format!("/{name} is no plain file and is not replaced; move it away");
        assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    }
    assert_eq!(fs::read_to_string(&precious).unwrap(), "mine");
    assert!(folder.join("flows.csv").is_dir());
    let left = fs::read_dir(&folder)
        .unwrap()
        .map(|f| f.unwrap().file_name());
    let left: Vec<_> = left
        .filter(|f| f.to_string_lossy().contains("tmp"))
        .collect();
    assert_eq!(left, Vec::<std::ffi::OsString>::new());
}

#[test]
fn what_cannot_be_made_is_told_in_one_line() {
    let lab = Lab::new();
    let ran = report(&lab, &lab.path().join("nothing"), &[]).exits(2);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    let folder = lab.golden_run("thread");
    // Cut in the middle of a frame: what can be read is made.
    let capture = fs::read(folder.join("capture.pcap")).unwrap();
    fs::write(folder.join("capture.pcap"), &capture[..capture.len() - 5]).unwrap();
    let ran = report(&lab, &folder, &["--only", "pcapng"]).exits(1);
    assert!(
        ran.stderr.contains("everything before it"),
        "{}",
        ran.stderr
    );
    assert!(folder.join("capture.pcapng").exists());
    // No capture at all, by name and not.
    fs::remove_file(folder.join("capture.pcap")).unwrap();
    for (more, status) in [(&["--only", "pcapng"][..], 1), (&["--only", "csv"], 0)] {
        let ran = report(&lab, &folder, more).exits(status);
        assert!(ran.stderr.contains("capture.pcap"), "{}", ran.stderr);
    }
}

#[test]
fn a_run_without_a_capture_has_no_annotated_one() {
    let lab = Lab::new();
    lab.run(&["-n", "3", "--port", "0", "--no-capture"])
        .exits(0);
    let ran = report(&lab, &lab.out(), &[]).exits(0);
    assert!(ran.stderr.contains("without a capture"), "{}", ran.stderr);
    report(&lab, &lab.out(), &["--only", "pcapng"]).exits(1);
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    require!(Root);
    let lab = Lab::new();
    let folder = lab.golden_run("thread");
    // Root may write everywhere; an ordinary user may not.
    for path in [lab.path().to_owned(), folder.clone()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for file in fs::read_dir(&folder).unwrap() {
        fs::set_permissions(file.unwrap().path(), fs::Permissions::from_mode(0o644)).unwrap();
    }
    let mut command = lab.threadtap(&["setpriv", "--reuid", "65534", "--clear-groups"]);
    let ran = lab.finish(command.arg("report").arg(&folder)).exits(1);
    assert!(ran.stderr.contains("cannot be written"), "{}", ran.stderr);
}

/// Which files there are is said by name; the JSON trace is made only then.
#[test]
fn a_trace_is_made_for_perfetto_and_by_name_for_chrome() {
    let lab = Lab::new();
    let folder = lab.golden_run("python");
    let ran = report(&lab, &folder, &["--only", "pftrace"]).exits(0);
    assert!(ran.stdout.ends_with("/trace.pftrace\n"), "{}", ran.stdout);
    let trace = fs::read(folder.join("trace.pftrace")).unwrap();
    // gzip's magic number (RFC 1952, 2.3.1).
    assert_eq!(trace[..2], [0x1f, 0x8b]);
    report(&lab, &folder, &[]).exits(0);
    assert!(!folder.join("trace.json").exists());
    report(&lab, &folder, &["--only", "trace-json"]).exits(0);
    let text = fs::read(folder.join("trace.json")).unwrap();
    let trace: Value = serde_json::from_slice(&text).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let exchanges = events.iter().filter(|e| e["name"] == "exchange");
    assert_eq!(exchanges.count(), 20);
}

/// What a run leaves without being asked, and what it says to do next.
#[test]
fn a_run_makes_its_page_and_its_capture() {
    require!(Capture);
    let lab = Lab::new();
    let ran = lab.run(&["-n", "20", "--port", "0"]).exits(0);
    let last = ran.stderr.lines().last().unwrap();
    for word in ["report.html", "threadtap wireshark", "threadtap report"] {
        assert!(last.contains(word), "{word} not in {last}");
    }
    let made = |file: &str| fs::read(lab.out().join(file)).unwrap();
    let files = ["report.html", "capture.pcapng"];
    let first = files.map(made);
    // The same as a report makes of what is saved.
    for file in files {
        fs::remove_file(lab.out().join(file)).unwrap();
    }
    report(&lab, &lab.out(), &["--only", "html,pcapng"]).exits(0);
    assert!(files.map(made) == first);
    for file in files {
        let found = fs::metadata(lab.out().join(file)).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, 0o600, "{file}");
    }
}

#[test]
fn no_report_is_made_where_none_is_wanted() {
    require!(Capture);
    let lab = Lab::new();
    let ran = lab.run(&["-n", "3", "--port", "0", "--no-report"]).exits(0);
    let last = ran.stderr.lines().last().unwrap();
    assert!(last.starts_with("next: threadtap report "), "{last}");
    for file in ["report.html", "capture.pcapng"] {
        assert!(!lab.out().join(file).exists(), "{file}");
    }
}

/// It was not asked for: what is in its way stays, and the run is what it was.
#[test]
fn what_cannot_be_made_after_a_run_changes_nothing_of_it() {
    require!(Capture);
    let lab = Lab::new();
    let client = "mkdir out/report.html && echo mine >out/capture.pcapng";
    let mut command = lab.threadtap(&[]);
    command.args([
        "run", "--out", "out", "--port", "0", "--", "sh", "-c", client,
    ]);
    // It asked nothing.
    let ran = lab.finish(&mut command).exits(1);
    for file in ["report.html", "capture.pcapng"] {
        let said = ran
            .stderr
            .lines()
            .filter(|l| l.contains(&format!("{file} was not made")));
        assert_eq!(said.count(), 1, "{}", ran.stderr);
    }
    assert!(lab.out().join("report.html").is_dir());
    let theirs = fs::read_to_string(lab.out().join("capture.pcapng")).unwrap();
    assert_eq!(theirs, "mine\n");
    let last = ran.stderr.lines().last().unwrap();
    assert!(last.starts_with("next: threadtap report "), "{last}");
}

#[test]
fn each_run_of_a_comparison_has_its_page() {
    require!(Capture);
    let line = "compare -s pool,async -n 5 --repeat 1 --warmup 0 --out out";
    for (more, there) in [(&[][..], true), (&["--no-report"], false)] {
        let lab = Lab::new();
        let mut command = lab.threadtap(&[]);
        command.args(line.split(' ')).args(more);
        lab.finish(&mut command).exits(0);
        for run in ["pool-1", "async-1"] {
            for file in ["report.html", "capture.pcapng"] {
                let path = lab.out().join(run).join(file);
                assert_eq!(path.exists(), there, "{path:?}");
            }
        }
    }
}

/// The person's own browser is given the page; where there is none, it is named.
#[test]
fn the_page_is_opened_where_a_browser_is() {
    let lab = Lab::new();
    let folder = lab.golden_run("thread");
    let page = folder.canonicalize().unwrap().join("report.html");
    let opened = lab.path().join("opened");
    let run = |browser: &str| {
        let mut command = lab.threadtap(&[]);
        command
            .args(["report", "--only", "html", "--open"])
            .arg(&folder);
        for display in ["DISPLAY", "WAYLAND_DISPLAY"] {
            command.env_remove(display);
        }
        // It may go on when the report is made.
        let ran = command.env("BROWSER", browser).output().unwrap();
        assert_eq!(ran.status.code(), Some(0));
        String::from_utf8(ran.stderr).unwrap()
    };
    let browser = format!(
        "sh -c 'echo \"$0\" >{0}.new && mv {0}.new {0}' %s",
        opened.display()
    );
    assert_eq!(run(&browser), "");
    until("the browser has the page", || opened.exists());
    let given = fs::read_to_string(&opened).unwrap();
    assert_eq!(given.trim_end(), page.to_str().unwrap());
    // Of a list the next one is tried.
    fs::remove_file(&opened).unwrap();
    assert_eq!(
        run(&format!("no-such-browser:sh -c 'exit 3' %s:{browser}")),
        ""
    );
    until("the browser has the page", || opened.exists());
    let none = run("no-such-browser:sh -c 'exit 3' %s");
    for said in [
        "no-such-browser could not be started",
        "; sh ended with exit status: 3; open ",
    ] {
        assert!(none.contains(said), "{none}");
    }
    // As xdg-open(1) where there is none, or a browser that root may not start.
    let fails = "sh -c 'exit 3' %s";
    assert!(run(fails).contains("sh ended with exit status: 3"));
    for browser in ["", "no-such-browser", fails] {
        let said = run(browser);
        let end = format!("; open {}\n", page.display());
        assert!(said.lines().count() == 1 && said.ends_with(&end), "{said}");
    }
}

/// Whoever has built it and not installed it can type what the last line says.
#[test]
fn the_last_line_calls_the_program_as_it_was_started() {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command
        .args([
            "run",
            "-n",
            "3",
            "--port",
            "0",
            "--no-capture",
            "--no-report",
        ])
        .args(["--out", "out"])
        .env("PATH", "/usr/bin:/bin");
    let ran = lab.finish(&mut command).exits(0);
    let last = ran.stderr.lines().last().unwrap();
    let program = last.strip_prefix("next: ").unwrap();
    let program = program.strip_suffix(" report out").unwrap();
    assert!(program.ends_with("/threadtap"), "{last}");
    let mut again = lab.command(program);
    let reported = lab.end(crate::common::start(again.args(["report", "out"])));
    assert_eq!(reported.status, Some(0), "{reported:?}");
}
