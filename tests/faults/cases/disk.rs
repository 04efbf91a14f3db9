//! The folder of a run is taken away, and the interface goes down.

use std::fs;

use rustix::process::Signal;

use super::{BENCH, Case};
use crate::bench::{frames, saved, threadtap};
use crate::common::{Lab, Ran, findings, start, until};

pub const CASES: &[Case] = &[
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
