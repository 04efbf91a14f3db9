//! Requests at a rate: what has to wait for its turn counts from when it was due.

use std::fs;

use serde_json::Value;

use super::common::need::Need::Tool;
use super::common::{Lab, Ran};
use crate::require;

/// A TIME server, one connection at a time, that stands still for a second after the
/// first 50.
const STOPS: &str = r#"
import socket, time
listener = socket.create_server(("127.0.0.1", PORT), backlog=4096)
served = 0
while True:
    peer, _ = listener.accept()
    if served == 50:
        time.sleep(1)
    served += 1
    try:
        if peer.recv(64):
            peer.sendall(b"JAM 10:20:30\r\n")
    except OSError:
        pass
    peer.close()
"#;

fn at_a_rate(strategy: &[&str], rate: &str) -> (Lab, Ran) {
    let lab = Lab::new();
    let script = STOPS.replace("PORT", "0");
    fs::write(lab.path().join("stops.py"), script).unwrap();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "--out", "out", "--no-capture", "--rate", rate]);
    command.args(["--duration", "2s", "--observe", "off"]);
    command
        .args(["--server-cmd", "python3 stops.py"])
        .args(strategy);
    let ran = lab.finish(&mut command).exits(0);
    (lab, ran)
}

fn ns(record: &Value, which: &str, quantile: &str) -> i64 {
    let ns = &record["open_loop"][which][quantile];
    ns.as_i64()
        .unwrap_or_else(|| panic!("{which}.{quantile} in {}", record["open_loop"]))
}

/// Half of the requests were due while nobody was served.
#[test]
fn a_server_that_stands_still_shows_in_the_tail() {
    require!(Tool("python3"));
    for strategy in [
        &["-s", "pool", "--workers", "2"][..],
        &["-s", "iterative"],
        &["-s", "async", "--max-in-flight", "4"],
        &["-s", "thread"],
        &["-s", "process", "--max-in-flight", "8"],
    ] {
        let (lab, ran) = at_a_rate(strategy, "100/s");
        let record = ran.record();
        assert_eq!(record["requests"]["submitted"], 200, "{strategy:?}");
        assert_eq!(record["requests"]["valid"], 200, "{strategy:?}");
        let open = &record["open_loop"];
        assert_eq!(open["rate"], 100.0);
        assert_eq!(open["duration_ns"], 2_000_000_000i64);
        assert_eq!(open["not_begun"], 0);
        for which in ["response", "service", "start_delay"] {
            assert_eq!(open[which]["count"], 200, "{strategy:?} {which}");
        }
        // Of 200, some 100 were due in that second; ten of these in its first tenth.
        assert!(
            ns(&record, "response", "p99_ns") > 850_000_000,
            "{strategy:?}"
        );
        assert!(
            ns(&record, "response", "p95_ns") > 600_000_000,
            "{strategy:?}"
        );
        assert!(ns(&record, "response", "max_ns") >= ns(&record, "service", "max_ns"));
        // Each line tells when its request was due.
        let workers = ran.side("client");
        let mut due = workers.iter().map(|line| line["due_ns"].as_i64().unwrap());
        let first = due.next().unwrap();
        assert_eq!(Some(first), open["first_due_ns"].as_i64());
        assert!(due.zip(1..).all(|(at, n)| at == first + n * 10_000_000));
        // A saved run tells the same.
        let mut show = lab.threadtap(&[]);
        show.args(["show", "out", "--format", "json"]);
        let shown = lab.finish(&mut show).exits(0).stdout;
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(shown["open_loop"], *open);
    }
}

/// What is never begun is told, and has failed.
#[test]
fn what_is_not_begun_in_time_is_told() {
    require!(Tool("python3"));
    let lab = Lab::new();
    // Nobody is ever answered.
    let silent = "import socket, time\n\
                  s = socket.create_server(('127.0.0.1', 0), backlog=4096)\ntime.sleep(600)\n";
    fs::write(lab.path().join("silent.py"), silent).unwrap();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "--out", "out", "--no-capture", "--rate", "50"]);
    command.args([
        "-n",
        "20",
        "-s",
        "pool",
        "--workers",
        "1",
        "--timeout",
        "300ms",
    ]);
    command.args(["--observe", "off", "--server-cmd", "python3 silent.py"]);
    let record = lab.finish(&mut command).exits(1).record();
    let open = &record["open_loop"];
    let not_begun = open["not_begun"].as_u64().unwrap();
    assert!(not_begun >= 15, "{open}");
    assert_eq!(record["requests"]["failed"]["not_attempted"], not_begun);
    assert_eq!(record["requests"]["failed_total"], 20);
    assert_eq!(open["response"], Value::Null, "no answer came");
    assert_eq!(open["duration_ns"], Value::Null);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let lab = Lab::new();
    for (arguments, part) in [
        (&["--duration", "2s"][..], "--rate"),
        (
            &["--rate", "5", "--duration", "2s", "-n", "3"],
            "--requests",
        ),
        (&["--rate", "0"], "a rate is a number"),
        (&["--rate", "5/m"], "a rate is a number"),
        (&["--rate", "5", "--gate"], "--gate"),
        (&["--rate", "1000000", "--duration", "1m"], "10,000,000"),
    ] {
        let mut command = lab.threadtap(&[]);
        command.arg("run").args(arguments);
        let ran = lab.finish(&mut command).exits(2);
        assert!(ran.stderr.contains(part), "{arguments:?}: {}", ran.stderr);
    }
}
