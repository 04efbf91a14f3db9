//! A program that ends its whole process group ends itself, and nobody else.

use rustix::process::Signal;
use serde_json::Value;

use super::common::findings;
use super::common::need::Need::Tool;
use super::program::words;
use super::stage::Stage;
use crate::require;

const SIGNALS: [Signal; 4] = [Signal::KILL, Signal::TERM, Signal::INT, Signal::HUP];

#[test]
fn a_client_that_kills_its_group() {
    require!(Tool("python3"), Tool("cc"));
    for observe in ["exact", "sampled", "off"] {
        for signal in SIGNALS {
            let number = signal.as_raw().to_string();
            let stage = Stage::new(&["epoll_server", "{port}"]).with(&[
                "--no-capture",
                "--observe",
                observe,
            ]);
            let mut command = stage.command(&["group.py", "client", "{port}", &number]);
            let record = stage.lab.finish(&mut command).exits(1).record();
            let said = findings(&record, "client_signal");
            // Python has a handler for SIGINT, and ends by it all the same.
            assert_eq!(said.len(), 1, "{observe} {number}: {}", record["findings"]);
            assert_eq!(said[0]["evidence"]["signal"], signal.as_raw(), "{observe}");
            for code in ["interrupted", "server_died", "server_ended"] {
                assert!(findings(&record, code).is_empty(), "{observe}: {code}");
            }
            assert_eq!(record["programs"]["client"]["asked_to_end"], false);
        }
    }
}

#[test]
fn a_client_that_kills_its_group_beside_the_embedded_server() {
    require!(Tool("python3"));
    let stage = Stage::new(&[]).with(&["--no-capture"]);
    let mut command = stage.command(&["group.py", "client", "{port}", "9"]);
    let record = stage.lab.finish(&mut command).exits(1).record();
    assert_eq!(findings(&record, "client_signal").len(), 1);
    assert!(findings(&record, "server_died").is_empty());
}

#[test]
fn a_server_that_kills_its_group() {
    require!(Tool("python3"), Tool("cc"));
    for observe in ["exact", "sampled"] {
        let server = ["group.py", "server", "{port}", "9", "3"];
        let stage = Stage::new(&server).with(&["--no-capture", "--observe", observe]);
        let mut command = stage.command(&["thread_client", "{port}", "5"]);
        let ran = stage.lab.finish(&mut command).exits(1);
        let record = ran.record();
        assert_eq!(findings(&record, "server_died").len(), 1, "{observe}");
        assert!(findings(&record, "interrupted").is_empty());
        assert!(findings(&record, "client_signal").is_empty());
    }
}

/// The next run is made, too.
#[test]
fn a_comparison_of_a_client_that_kills_its_group() {
    require!(Tool("python3"));
    let stage = Stage::new(&[]);
    let client = words(&["group.py", "client"], 0).join(" ");
    let mut command = stage.lab.threadtap(&[]);
    command.args(["compare", "--no-strategies", "--no-capture", "--out", "out"]);
    command.args(["--repeat", "2", "--warmup", "0", "-n", "1"]);
    command.args(["--program", &format!("kills={client} {{port}} 9")]);
    stage.lab.finish(&mut command).exits(1);
    let text = std::fs::read_to_string(stage.lab.out().join("compare.json")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(record["rows"][0]["repeats"], 2);
    assert_eq!(record["complete"], true);
    assert!(findings(&record, "interrupted").is_empty());
}
