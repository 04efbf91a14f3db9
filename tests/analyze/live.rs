//! A live run and `analyze` of its capture tell the same flows.

use serde_json::Value;

use crate::common::Lab;
use crate::common::need::Need;
use crate::require;

fn without_owners(line: &str) -> String {
    let mut flow: Value = serde_json::from_str(line).unwrap();
    flow["client_owner"] = Value::Null;
    flow["server_owner"] = Value::Null;
    for exchange in flow["exchanges"].as_array_mut().unwrap() {
        exchange["serve_pid"] = Value::Null;
        exchange["serve_tid"] = Value::Null;
    }
    flow.to_string()
}

/// A line up to what only a run knows: who served each exchange, and the owners.
fn head(line: &str) -> &str {
    let ends = ["\"serve_pid\"", "\"client_owner\""].map(|end| line.find(end));
    &line[..ends.into_iter().flatten().min().unwrap()]
}

fn compare(arguments: &[&str]) {
    require!(Need::Capture);
    let lab = Lab::new();
    let ran = lab.run(arguments);
    assert!(matches!(ran.status, Some(0 | 1)), "{ran:?}");
    let live = std::fs::read_to_string(lab.out().join("flows.jsonl")).unwrap();
    let mut command = lab.threadtap(&[]);
    command
        .arg("analyze")
        .arg(lab.out().join("capture.pcap"))
        .args(["--format", "jsonl"]);
    let file = lab.finish(&mut command);
    assert_eq!(file.status, Some(0), "{file:?}");
    assert_eq!(live.lines().count(), file.stdout.lines().count());
    assert!(live.lines().count() > 0);
    for (live, file) in live.lines().zip(file.stdout.lines()) {
        assert_eq!(without_owners(live), without_owners(file));
        // Byte for byte.
        assert_eq!(head(live), head(file));
    }
}

#[test]
fn threads() {
    compare(&["--port", "0", "-n", "400", "--gate"]);
}

#[test]
fn the_forgotten_join() {
    compare(&["--port", "0", "-s", "pool", "--workers", "2", "-n", "200"]);
}

#[test]
fn nobody_listens() {
    // Port 1 (tcpmux): nobody listens there.
    compare(&["--connect", "127.0.0.1:1", "-n", "20"]);
}
