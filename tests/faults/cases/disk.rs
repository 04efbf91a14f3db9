//! The disk fills up, and the folder of a run is taken away.

use std::collections::BTreeSet;
use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use super::{BENCH, Case};
use crate::bench::{could_not_run, frames, saved, shell, threadtap};
use crate::common::need::Need;
use crate::common::{Lab, Ran, findings, start, until};

const DISK: &[Need] = &[
    Need::Root,
    Need::Capture,
    Need::Namespaces,
    Need::Tool("unshare"),
];

pub const CASES: &[Case] = &[
    Case {
        key: "disk-full",
        needs: DISK,
        run: disk_full,
    },
    Case {
        key: "disk-full-at-start",
        needs: DISK,
        run: full_at_start,
    },
    Case {
        key: "file-too-large",
        needs: BENCH,
        run: file_too_large,
    },
    Case {
        key: "folder-removed",
        needs: BENCH,
        run: || {
            taken_away(|out| fs::remove_dir_all(out).unwrap());
        },
    },
    Case {
        key: "folder-replaced",
        needs: BENCH,
        run: replaced,
    },
    Case {
        key: "interface-down",
        needs: BENCH,
        run: interface_down,
    },
];

/// The files that a run writes, and that a disk may have no room for.
const FILES: [&str; 5] = [
    "observation.jsonl",
    "capture.pcap",
    "flows.jsonl",
    "workers.jsonl",
    "run.json",
];

/// Disks of many sizes: the end comes in every file. What is there is whole, or it was
/// said that it is not.
fn disk_full() {
    let mut cut = BTreeSet::new();
    for kib in [
        24, 32, 40, 48, 56, 64, 72, 80, 96, 112, 128, 160, 200, 240, 280, 320, 400,
    ] {
        let lab = Lab::new();
        let script = format!(
            "exec unshare -m bash -c 'mkdir disk out && mount -t tmpfs -o size={kib}k none disk
             $T run -s pool -n 300 --out disk/run; status=$?
             cp -r disk/run/. out 2>/dev/null; exit $status'"
        );
        let ran = lab.finish(&mut shell(&lab, &script));
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        if ran.status == Some(2) {
            assert_eq!(ran.stderr.lines().count(), 1, "{kib}: {}", ran.stderr);
            continue;
        }
        for file in FILES {
            let named = named_as_cut(&ran, file);
            if named {
                cut.insert(file);
            }
            let whole = is_whole(&ran, file);
            assert!(
                whole || named,
                "{kib} KiB, {file}: neither whole nor named: {}",
                ran.stderr
            );
        }
        if !FILES.iter().any(|file| named_as_cut(&ran, file)) {
            saved(&ran.exits(0));
        } else {
            assert_eq!(ran.status, Some(1), "{ran:?}");
        }
    }
    assert_eq!(
        cut.len(),
        FILES.len(),
        "the disk was never full in some: {cut:?}"
    );
}

fn named_as_cut(ran: &Ran, file: &str) -> bool {
    ran.stderr.contains(&format!("{file} was not saved"))
        || ran.stderr.contains(&format!("{file} contains only"))
        || ran.stderr.contains(&format!("{file} is incomplete"))
        || (ran.stderr.contains("not saved completely") && ran.stderr.contains(file))
}

fn is_whole(ran: &Ran, file: &str) -> bool {
    let path = ran.out.join(file);
    let Ok(bytes) = fs::read(&path) else {
        return false;
    };
    match file {
        "capture.pcap" => {
            let record = fs::read_to_string(ran.out.join("run.json")).unwrap_or_default();
            match serde_json::from_str::<Value>(&record) {
                Ok(record) => record["capture"]["frames"] == frames(&path),
                // It cannot be told.
                Err(_) => true,
            }
        }
        "run.json" => serde_json::from_slice::<Value>(&bytes).is_ok(),
        _ => {
            let text = String::from_utf8(bytes).unwrap();
            text.ends_with('\n')
                && text
                    .lines()
                    .all(|l| serde_json::from_str::<Value>(l).is_ok())
        }
    }
}

fn full_at_start() {
    let lab = Lab::new();
    let script = "exec unshare -m bash -c 'mkdir disk && mount -t tmpfs -o size=64k none disk
        cat /dev/zero > disk/filler 2>/dev/null
        exec $T run -n 5 --out disk/run'";
    let ran = lab.finish(&mut shell(&lab, script));
    could_not_run(&ran, &["No space left on device"]);
}

/// `ulimit -f`: as a full disk, and not a signal.
fn file_too_large() {
    for kib in [1, 4, 16, 64, 256] {
        let lab = Lab::new();
        let script = format!("ulimit -f {kib}; exec $T run -s pool -n 300 --out out");
        let ran = lab.finish(&mut shell(&lab, &script));
        assert!(matches!(ran.status, Some(0..=2)), "{ran:?}");
        for file in FILES {
            if ran.status != Some(2) {
                let told = is_whole(&ran, file) || named_as_cut(&ran, file);
                assert!(told, "{kib} KiB, {file}: {}", ran.stderr);
            }
        }
    }
}

/// A run whose folder is changed while it works.
fn taken_away(change: fn(&std::path::Path)) -> (Lab, Ran) {
    let lab = Lab::new();
    let line = "run -s pool -w 2 -n 100000 --out out";
    let started = start(&mut threadtap(&lab, line));
    until("frames", || frames(&lab.out().join("capture.pcap")) > 300);
    change(&lab.out());
    started.signal(Signal::INT);
    let ran = lab.end(started);
    assert!(matches!(ran.status, Some(1 | 130)), "{ran:?}");
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    assert!(ran.stdout.contains("Requests"), "{}", ran.stdout);
    assert_eq!(lab.left(), [""; 0]);
    (lab, ran)
}

/// Another folder has its name: nothing is written there.
fn replaced() {
    let (lab, _) = taken_away(|out| {
        fs::rename(out, out.with_file_name("moved")).unwrap();
        fs::create_dir(out).unwrap();
        fs::write(out.join("run.json"), "mine").unwrap();
    });
    assert_eq!(fs::read(lab.out().join("run.json")).unwrap(), b"mine");
    let names = fs::read_dir(lab.out()).unwrap().count();
    assert_eq!(names, 1, "{:?}", fs::read_dir(lab.out()));
    // The run is where its folder went.
    assert!(lab.path().join("moved/observation.jsonl").exists());
}

/// No frame comes any more: what was captured until then is kept and counted.
fn interface_down() {
    let lab = Lab::new();
    let line = "run -s pool -w 4 -n 60000 --timeout 300ms --time-limit 4s --out out";
    let started = start(&mut threadtap(&lab, line));
    until("frames", || frames(&lab.out().join("capture.pcap")) > 300);
    let down = std::process::Command::new("ip")
        .args(["link", "set", "lo", "down"])
        .status();
    assert!(down.unwrap().success());
    let ran = lab.end(started).exits(1);
    let record = saved(&ran);
    assert!(record["capture"]["frames"].as_u64() > Some(300));
    assert!(record["requests"]["valid"].as_u64() > Some(0));
    assert_eq!(record["capture"]["stop_reason"], "fault");
    let told = findings(&record, "capture_failed");
    assert_eq!(told.len(), 1, "{record}");
    let told = told[0]["message"].as_str().unwrap();
    assert!(
        told.contains("went down") && told.contains("ip link set lo up"),
        "{told}"
    );
    let up = std::process::Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    assert!(up.unwrap().success());
}
