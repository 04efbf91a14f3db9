//! The disk fills up, whatever is being written.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{BENCH, Case};
use crate::bench::{could_not_run, frames, saved, shell, threadtap};
use crate::common::need::Need;
use crate::common::{Lab, Ran};

const DISK: &[Need] = &[
    Need::Root,
    Need::Capture,
    Need::Namespaces,
    Need::Tool("unshare"),
    Need::Tool("python3"),
    Need::Tool("zstd"),
];

/// A file system in a file.
const LOOP: &[Need] = &[
    Need::Root,
    Need::Capture,
    Need::Namespaces,
    Need::Tool("unshare"),
    Need::Tool("mkfs.ext4"),
    Need::Loop,
];

pub const CASES: &[Case] = &[
    Case {
        key: "disk-full",
        needs: DISK,
        run: disk_full,
    },
    Case {
        key: "disk-full-logs",
        needs: DISK,
        run: full_of_logs,
    },
    Case {
        key: "disk-full-compressed",
        needs: DISK,
        run: full_of_compressed,
    },
    Case {
        key: "disk-full-runs",
        needs: DISK,
        run: full_of_runs,
    },
    Case {
        key: "disk-full-memory",
        needs: LOOP,
        run: full_of_memory,
    },
    Case {
        key: "disk-full-made",
        needs: DISK,
        run: full_while_made,
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

/// What `report` makes of a saved run.
const MADE: [&str; 5] = [
    "report.html",
    "report.md",
    "capture.pcapng",
    "trace.pftrace",
    "flows.csv",
];

/// What is made of a run once that is saved: it takes the run with it nowhere. Each file is
/// the same as on a disk with room, or it is not there, and a line says so.
fn full_while_made() {
    let mut missing = BTreeSet::new();
    for room in [0, 8, 16, 60, 150, 300, 450, 600, 2000] {
        let lab = Lab::new();
        // So much is left when the run itself is saved.
        let script = format!(
            "exec unshare -m bash -c 'mkdir disk out && mount -t tmpfs -o size=16m none disk
             $T run -s pool -n 200 --no-report --out disk/run || exit 9
             cp -r disk/run whole && $T report whole || exit 9
             $T show disk/run --format json > record || exit 9
             free=$(df --output=avail disk | tail -1)
             head -c $(( (free - {room}) * 1024 )) /dev/zero > disk/filler
             $T report disk/run; status=$?
             $T show disk/run --format json | cmp - record || exit 9
             cp -r disk/run/. out; exit $status'"
        );
        let ran = lab.finish(&mut shell(&lab, &script));
        assert!(matches!(ran.status, Some(0 | 1)), "{room}: {ran:?}");
        for file in MADE {
            let there = fs::read(ran.out.join(file)).ok();
            let told = ran.stderr.contains(&format!("{file} cannot be written"))
                || ran.stderr.contains(&format!("{file} was not made"));
            assert_eq!(told, there.is_none(), "{room}, {file}: {}", ran.stderr);
            match there {
                None => _ = missing.insert(file),
                Some(bytes) => {
                    let whole = fs::read(lab.path().join("whole").join(file)).unwrap();
                    // It names the folder.
                    let name = |bytes: &[u8]| {
                        let text = String::from_utf8_lossy(bytes);
                        let text = text.replace("| whole |", "| run |");
                        text.lines().map(str::to_owned).collect::<Vec<_>>()
                    };
                    let (told, wanted) = (name(&bytes), name(&whole));
                    let same = match file {
                        "report.md" => told.len() == wanted.len(),
                        _ => bytes == whole,
                    };
                    assert!(same, "{room}, {file}: it is another");
                }
            }
        }
        let some = MADE.iter().any(|file| !ran.out.join(file).exists());
        assert_eq!(ran.status, Some(i32::from(some)), "{room}: {}", ran.stderr);
        assert_eq!(left_over(&ran), [""; 0]);
    }
    assert_eq!(missing.len(), MADE.len(), "never full: {missing:?}");

    // The same as a run makes them at its end.
    for kib in [700, 900] {
        let lab = Lab::new();
        let ran = on_a_disk_of(&lab, kib, "run -s pool -n 200").exits(0);
        assert_eq!(saved(&ran)["requests"]["valid"], 200);
        for file in ["report.html", "capture.pcapng"] {
            let told = ran.stderr.contains(&format!("{file} was not made"));
            assert_eq!(told, !ran.out.join(file).exists(), "{kib}: {}", ran.stderr);
        }
    }
}

/// Files that are there only while others are written.
fn left_over(ran: &Ran) -> Vec<String> {
    let all = fs::read_dir(&ran.out).unwrap();
    let names = all.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with('.')).collect()
}

/// A command that saves in `out`, on a disk of so many KiB.
fn on_a_disk_of(lab: &Lab, kib: u32, line: &str) -> Ran {
    let script = format!(
        "exec unshare -m bash -c 'mkdir disk out && mount -t tmpfs -o size={kib}k none disk
         $T {line} --out disk/run; status=$?
         cp -r disk/run/. out 2>/dev/null; exit $status'"
    );
    lab.finish(&mut shell(lab, &script))
}

/// Both programs print more than there is room for: they notice nothing, and each log
/// is the beginning of what was printed.
fn full_of_logs() {
    let lab = Lab::new();
    let print = "for i in range(200_000): print('line %06d' % i)";
    let client = format!(
        "import socket\nc = socket.create_connection(('127.0.0.1', 45000))\nc.sendall(b'TIME\\r\\n')\nc.recv(64)\n{print}\n"
    );
    let server = format!(
        "import socket\nl = socket.create_server(('127.0.0.1', 45000))\nc, _ = l.accept()\nc.recv(64)\nc.sendall(b'JAM 12:34:56\\r\\n')\n{print}\nc.close()\n"
    );
    fs::write(lab.path().join("client.py"), client).unwrap();
    fs::write(lab.path().join("server.py"), server).unwrap();
    let line =
        "run --server-cmd \"python3 server.py\" --no-report --out disk/run -- python3 client.py";
    let script = format!(
        "exec unshare -m bash -c 'mkdir disk out && mount -t tmpfs -o size=1m none disk
         $T {line}; status=$?
         cp -r disk/run/. out 2>/dev/null; exit $status'"
    );
    let ran = lab.finish(&mut shell(&lab, &script)).exits(1);
    let all: String = (0..200_000).map(|i| format!("line {i:06}\n")).collect();
    let mut cut = 0;
    for (side, log) in [("client", "client.log"), ("server", "server.log")] {
        let text = fs::read_to_string(ran.out.join(log)).unwrap();
        assert!(all.starts_with(&text), "{log}");
        let told = format!("{side} printed");
        let named = ran.stdout.contains(log) && ran.stdout.contains("log_not_saved");
        assert!(text == all || named, "{log}, {told}: {}", ran.stdout);
        cut += u32::from(text != all);
    }
    assert!(cut > 0, "the disk was never full: {}", ran.stdout);
}

/// What is compressed when the run is over: compressed and whole, or as it was.
fn full_of_compressed() {
    let mut kinds = BTreeSet::new();
    for kib in [64, 160, 240, 400, 700, 900, 1200, 1800, 2600] {
        let lab = Lab::new();
        let line = "run -s pool -n 1200 --compress --rotate 64k --no-report";
        let ran = on_a_disk_of(&lab, kib, line);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        if ran.status == Some(2) {
            assert_eq!(ran.stderr.lines().count(), 1, "{kib}: {}", ran.stderr);
            continue;
        }
        for file in ["flows.jsonl", "workers.jsonl"] {
            let plain = ran.out.join(file);
            let packed = ran.out.join(format!("{file}.zst"));
            let named = named_as_cut(&ran, file);
            assert!(!(plain.exists() && packed.exists()), "{kib}: {file} twice");
            let text = if packed.exists() {
                let unpacked = Command::new("zstd").arg("-dc").arg(packed).output();
                Some(unpacked.unwrap().stdout)
            } else {
                fs::read(plain).ok()
            };
            let whole = text.is_some_and(|t| {
                let text = String::from_utf8(t).unwrap();
                let mut lines = text.lines();
                text.ends_with('\n') && lines.all(|l| serde_json::from_str::<Value>(l).is_ok())
            });
            assert!(whole || named, "{kib}, {file}: {}", ran.stderr);
            kinds.insert((file, whole));
        }
        assert_eq!(left_over(&ran), [""; 0], "{kib}");
        let cut = ran.status == Some(1);
        assert_eq!(cut, ran.stderr.contains("not saved completely"), "{ran:?}");
        if !cut {
            let read = lab.finish(&mut threadtap(&lab, "show out --format json"));
            let record: Value = serde_json::from_str(&read.exits(0).stdout).unwrap();
            assert_eq!(record["requests"]["valid"], 1200);
            let frames = record["capture"]["frames"].as_u64();
            let read = lab
                .finish(&mut threadtap(&lab, "analyze out --format json"))
                .exits(0);
            let read: Value = serde_json::from_str(&read.stdout).unwrap();
            assert_eq!(read["frames"].as_u64(), frames);
        }
    }
    assert!(kinds.len() >= 3, "{kinds:?}");
}

/// A comparison of many runs: what there is no room for is told, and those before are whole.
fn full_of_runs() {
    for kib in [200, 800, 1600] {
        let lab = Lab::new();
        let line = "compare -s thread,pool -n 100 --repeat 3 --warmup 0";
        let ran = on_a_disk_of(&lab, kib, line);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        assert!(matches!(ran.status, Some(1 | 2)), "{kib}: {ran:?}");
        assert!(
            ran.stderr.contains("No space left on device"),
            "{kib}: {}",
            ran.stderr
        );
        // Where no run was saved whole, there is nothing to compare.
        if let Ok(text) = fs::read_to_string(ran.out.join("compare.json")) {
            serde_json::from_str::<Value>(&text).unwrap();
        }
        assert_eq!(left_over(&ran), [""; 0], "{kib}");
    }
}

/// What a long run gathers lies in a file on a disk that is then filled: the rest is in
/// memory, and every request is counted.
fn full_of_memory() {
    let lab = Lab::new();
    let script = "exec unshare -m bash -c 'mkdir disk out && truncate -s 1400M image &&
         mkfs.ext4 -q -O ^has_journal image && mount -o loop image disk || exit 9
         $T run -s pool -n 400000 --timeout 2s --flows 10 --no-report --out disk/run & run=$!
         until grep -q \"/disk/run/.*(deleted)\" /proc/$run/maps || ! kill -0 $run; do
             sleep 0.05
         done
         touch mapped
         fallocate -l $(df -B1 --output=avail disk | tail -1) disk/filler || exit 9
         wait $run; status=$?
         cp -r disk/run/. out 2>/dev/null; exit $status'";
    let ran = lab.finish(&mut shell(&lab, script)).exits(1);
    assert!(lab.path().join("mapped").exists(), "{ran:?}");
    for said in ["Requests", "400,000", "capture_not_saved"] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
    // All that were on the wire are owned, and those that were not begun are told.
    assert!(
        ran.stdout
            .contains("client worker known for all, server thread known for all"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("not_attempted"), "{}", ran.stdout);
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
