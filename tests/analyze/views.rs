//! What of a capture is shown: sorted, filtered, one flow, how many.

use std::path::Path;

use serde_json::Value;

use crate::common::{Lab, Ran};

fn analyze(capture: &str, arguments: &[&str]) -> Ran {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("captures/golden")
        .join(capture);
    command.arg("analyze").arg(path).args(arguments);
    lab.finish(&mut command)
}

fn numbers(capture: &str, arguments: &[&str]) -> Vec<u64> {
    let ran = analyze(capture, &[arguments, &["--format", "jsonl"]].concat());
    assert_eq!(ran.status, Some(0), "{ran:?}");
    ran.stdout
        .lines()
        .map(|l| {
            serde_json::from_str::<Value>(l).unwrap()["flow"]
                .as_u64()
                .unwrap()
        })
        .collect()
}

#[test]
fn flows_are_sorted_and_turned_round() {
    assert_eq!(numbers("thread.pcap", &[]), [0, 1, 2]);
    assert_eq!(numbers("thread.pcap", &["--reverse"]), [2, 1, 0]);
    for key in [
        "client",
        "server",
        "state",
        "duration",
        "frames",
        "bytes",
        "retransmissions",
        "handshake",
        "exchange",
        "none",
    ] {
        let mut all = numbers("thread.pcap", &["--sort", key]);
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2], "{key}");
    }
}

#[test]
fn a_filter_chooses_flows_and_leaves_their_figures_alone() {
    let syn_ack = "tcp[tcpflags] & (tcp-syn|tcp-ack) == (tcp-syn|tcp-ack)";
    assert_eq!(numbers("thread.pcap", &["--filter", syn_ack]), [0, 1, 2]);
    assert_eq!(
        numbers("thread.pcap", &["--filter", "tcp[tcpflags] & tcp-rst != 0"]),
        [0u64; 0]
    );
    let ran = analyze("thread.pcap", &["--filter", syn_ack, "--format", "json"]);
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(summary["filter"], syn_ack);
    assert_eq!(summary["latency"]["exchange"]["count"], 3);
    // The summary counts what passed.
    let port = ports("thread.pcap")[1];
    let one = format!("tcp port {port}");
    let ran = analyze("thread.pcap", &["--filter", &one, "--format", "json"]);
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&summary["flows"], &summary["frames"]),
        (&1.into(), &10.into())
    );
    assert_eq!(summary["tcp_segments"], 10);
    assert_eq!(summary["files"][0]["frames"], 30);
    let table = analyze("thread.pcap", &["--filter", &one]).stdout;
    assert!(table.contains("10 of 30 frames ("), "{table}");
    let hint = analyze("thread.pcap", &["--filter", "tcp.port == 45000"]);
    assert_eq!((hint.status, hint.stderr.lines().count()), (Some(2), 1));
    assert!(hint.stderr.contains("'tcp port 45000'"), "{}", hint.stderr);
    let wrong = analyze("thread.pcap", &["--filter", "tcp prot 1"]);
    assert_eq!((wrong.status, wrong.stderr.lines().count()), (Some(2), 1));
}

/// The clients' ports.
fn ports(capture: &str) -> Vec<u64> {
    let ran = analyze(capture, &["--format", "jsonl"]);
    let flows = ran.stdout.lines();
    let flows = flows.map(|l| serde_json::from_str::<Value>(l).unwrap());
    flows
        .map(|f| f["client"]["port"].as_u64().unwrap())
        .collect()
}

#[test]
fn what_flows_are_sorted_by_is_to_be_seen() {
    for (key, columns) in [
        ("duration", ["duration", "duration"]),
        ("bytes", ["bytes", "bytes"]),
        ("retransmissions", ["retrans.", "retransmitted"]),
        ("exchange", ["slowest", "slowest answer"]),
        ("handshake", ["handshake", "handsh."]),
        ("frames", ["frames", "frames"]),
    ] {
        let ran = analyze("thread.pcap", &["--sort", key]);
        let titles = ran.stdout.lines().find(|l| l.contains("client"));
        let titles = titles.unwrap_or_else(|| panic!("{ran:?}"));
        assert!(
            columns.iter().any(|c| titles.contains(c)),
            "{key}: {titles}"
        );
        assert!(ran.stdout.lines().all(|l| l.chars().count() <= 80), "{key}");
    }
}

#[test]
fn one_flow_is_a_ladder() {
    let ran = analyze("thread.pcap", &["--flow", "1"]);
    assert_eq!(ran.status, Some(0));
    assert!(ran.stdout.contains("SYN ACK") && ran.stdout.contains(r"TIME\r\n"));
    assert!(ran.stdout.lines().all(|l| l.chars().count() <= 80));
    let lines = analyze("thread.pcap", &["--flow", "1", "--format", "jsonl"]).stdout;
    assert_eq!(lines.lines().count(), 10);
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&first["flags"], &first["seq"]), (&"SYN".into(), &0.into()));
    let none = analyze("thread.pcap", &["--flow", "99"]);
    assert_eq!((none.status, none.stderr.lines().count()), (Some(2), 1));
}

#[test]
fn what_a_peer_sends_does_not_reach_the_terminal() {
    for arguments in [&[][..], &["--flow", "0"], &["--format", "markdown"]] {
        let ran = analyze("bad.pcap", arguments);
        assert!(!ran.stdout.contains('\u{1b}'), "{arguments:?}");
    }
    let ladder = analyze("bad.pcap", &["--flow", "0"]).stdout;
    assert!(ladder.contains(r"\x1b[31m"), "{ladder}");
}

#[test]
fn more_flows_than_are_held_are_counted() {
    let ran = analyze("overflow.pcap", &["--max-flows", "1", "--format", "json"]);
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(summary["evicted"].as_u64().unwrap() > 0);
}

#[test]
fn options_that_do_not_fit_together_are_refused() {
    for arguments in [
        &["--sort", "none"][..],
        &["--sort", "size"],
        &["--max-flows", "0"],
        &["--flow", "1", "--sort", "bytes"],
    ] {
        let ran = analyze("thread.pcap", arguments);
        assert_eq!(
            (ran.status, ran.stderr.lines().count()),
            (Some(2), 1),
            "{arguments:?}: {ran:?}"
        );
    }
}
