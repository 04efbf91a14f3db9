//! Odd time zones, locales and clocks.

use serde_json::Value;

use super::{BENCH, Case};
use crate::bench::{ran, saved, shell, threadtap};
use crate::common::Lab;
use crate::common::need::Need;

pub const CASES: &[Case] = &[
    Case {
        key: "odd-time-zone",
        needs: BENCH,
        run: time_zones,
    },
    Case {
        key: "odd-locale",
        needs: BENCH,
        run: locales,
    },
    Case {
        key: "clock-stepped",
        needs: BENCH,
        run: clock_stepped,
    },
    Case {
        key: "boot-clock",
        needs: &[
            Need::Root,
            Need::Capture,
            Need::Namespaces,
            Need::Tool("unshare"),
        ],
        run: boot_clock,
    },
];

/// All is well, and the moments of it are those of now.
fn is_well(record: &Value, requests: u64) {
    assert_eq!(record["requests"]["valid"], requests, "{record}");
    assert_eq!(record["requests"]["on_wire"], requests);
    let started = record["started"].as_str().unwrap();
    let started = chrono::DateTime::parse_from_rfc3339(started).unwrap();
    let age = chrono::Utc::now()
        .signed_duration_since(started)
        .num_seconds();
    assert!((0..300).contains(&age), "{age}");
    let slowest = record["latency"]["exchange"]["max_ns"].as_i64().unwrap();
    assert!((0..120_000_000_000).contains(&slowest), "{slowest}");
}

fn time_zones() {
    let long = "X".repeat(5000);
    for zone in [
        "",
        ":",
        "Mars/Phobos",
        "UTC+25:99:99",
        ":/dev/zero",
        "/etc/passwd",
        "../../..",
        "Asia/Jakarta",
        "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
        "\u{1b}[31m",
        &long,
    ] {
        let lab = Lab::new();
        let mut command = threadtap(&lab, "run -s pool -n 20 --out out");
        is_well(&saved(&lab.finish(command.env("TZ", zone)).exits(0)), 20);
    }
}

fn locales() {
    for locale in [
        "",
        "C",
        "POSIX",
        "tr_TR.UTF-8",
        "id_ID",
        "xx_YY.KOI8-R",
        "../..",
        "\u{1b}[31m",
        "de_DE@euro",
    ] {
        for format in ["table", "json"] {
            let lab = Lab::new();
            let line = format!("run -s pool -n 20 --out out --format {format}");
            let mut command = threadtap(&lab, &line);
            for name in ["LANG", "LC_ALL", "LC_NUMERIC", "LANGUAGE", "LC_MESSAGES"] {
                command.env(name, locale);
            }
            is_well(&saved(&lab.finish(&mut command).exits(0)), 20);
        }
    }
    // One that is no text.
    let lab = Lab::new();
    let mut command = threadtap(&lab, "run -s pool -n 20 --out out");
    let bytes: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff\xfe");
    command.env("LC_ALL", bytes).env("TZ", bytes);
    is_well(&saved(&lab.finish(&mut command).exits(0)), 20);
}

/// Frames of one exchange, whose clock is stepped back an hour and forth a day between
/// them: read as they are, and no duration is made of it that nobody measured.
fn clock_stepped() {
    let steps: [i64; 6] = [0, -3600, 0, 86_400, -86_400, 3600];
    for first in 0..steps.len() {
        let lab = Lab::new();
        let made = ran(&lab, "run -s iterative -n 3 --out out").exits(0);
        let mut bytes = std::fs::read(made.pcap()).unwrap();
        let mut at = 24;
        let mut place = first;
        while at < bytes.len() {
            let word = |bytes: &[u8], from: usize| {
                u32::from_le_bytes(bytes[from..from + 4].try_into().unwrap())
            };
            let seconds = i64::from(word(&bytes, at)) + steps[place % steps.len()];
            let seconds = u32::try_from(seconds).unwrap();
            bytes[at..at + 4].copy_from_slice(&seconds.to_le_bytes());
            at += 16 + word(&bytes, at + 8) as usize;
            place += 1;
        }
        std::fs::write(lab.path().join("stepped.pcap"), bytes).unwrap();
        for format in ["json", "jsonl", "table"] {
            let read = ran(&lab, &format!("analyze stepped.pcap --format {format}"));
            assert_eq!(read.status, Some(0), "{read:?}");
            assert!(!read.stdout.contains("_ns\":-"), "{}", read.stdout);
        }
        let flows = ran(&lab, "analyze stepped.pcap --format jsonl");
        assert_eq!(flows.stdout.lines().count(), 3, "{}", flows.stdout);
    }
}

/// A time namespace, in which the machine has been up for years.
fn boot_clock() {
    for clocks in ["--boottime 99999999 --monotonic 88888888", "--monotonic 5"] {
        let lab = Lab::new();
        let script = format!("exec unshare --time --fork {clocks} $T run -n 100 --out out");
        is_well(&saved(&lab.finish(&mut shell(&lab, &script)).exits(0)), 100);
    }
}
