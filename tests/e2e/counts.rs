//! Who has no privilege gets the same counts as root: nothing of a run is seen less well in
//! a network of its own.

use std::os::unix::fs::chown;
use std::path::Path;

use serde_json::{Value, json};

use super::common::need::Need::{Capture, Root, Tool, UserNamespaces};
use super::common::{Lab, public_copy};
use crate::require;

/// `nobody`, everywhere.
const NOBODY: u32 = 65_534;

/// The record of a run, of nobody's or of root's. Both have a network of their own, so that
/// the port is free.
fn record(nobody: bool, files: &[(&str, &str)], arguments: &[&str]) -> Value {
    let lab = Lab::new();
    for (name, text) in files {
        std::fs::write(lab.path().join(name), text).unwrap();
    }
    let mut command = if nobody {
        chown(lab.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        let mut command = lab.command("setpriv");
        command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
        command.args([
            "--clear-groups",
            "--inh-caps=-all",
            "--bounding-set=-all",
            "--no-new-privs",
        ]);
        command.arg(public_copy());
        command
    } else {
        lab.threadtap(&[])
    };
    let how = if nobody { "auto" } else { "always" };
    command
        .args(["run", "--out", "out", "--isolate", how])
        .args(arguments);
    let ran = lab.finish(&mut command).exits(0);
    let record = ran.record();
    assert_eq!(record["plan"]["isolated"], true);
    let drops = &record["capture"]["dropped_by_kernel"];
    assert_eq!(*drops, 0, "{nobody}: {arguments:?}");
    record
}

/// What does not depend on who was quicker than whom.
fn counted(record: &Value, sides: &[&str], figures: &[&str]) -> Value {
    let mut counted = json!({
        "requests": record["requests"],
        "correlation": record["correlation"],
    });
    for side in sides {
        for what in ["threads", "processes"] {
            for figure in figures {
                let value = &record["census"][side][what][figure];
                assert!(value.is_u64(), "{side} {what} {figure}: {record:#}");
                counted[format!("{side} {what} {figure}")] = value.clone();
            }
        }
        counted[format!("{side} provenance")] = record["census"][side]["provenance"].clone();
    }
    counted
}

/// Held at the gate, all workers are there at once: every figure is determined.
#[test]
fn nobody_counts_the_built_in_sides_as_root_does() {
    require!(Root, Capture, UserNamespaces, Tool("setpriv"));
    for strategy in ["thread", "pool", "process", "async"] {
        let arguments = ["-n", "80", "-s", strategy, "-w", "8", "--gate"];
        let arguments: Vec<&str> = match strategy {
            "pool" => arguments.to_vec(),
            _ => arguments
                .iter()
                .filter(|a| !["-w", "8"].contains(a))
                .copied()
                .collect(),
        };
        let [root, nobody] = [false, true].map(|nobody| record(nobody, &[], &arguments));
        let client = |record| counted(record, &["client"], &["before", "peak", "after", "created"]);
        assert_eq!(client(&root), client(&nobody), "{strategy}");
        let server = |record| counted(record, &["server"], &["before", "created"]);
        assert_eq!(server(&root), server(&nobody), "{strategy}");
        assert_eq!(nobody["correlation"]["client_owned"], 80, "{strategy}");
        assert_eq!(nobody["correlation"]["server_owned"], 80, "{strategy}");
    }
}

/// Threads that wait for each other, so that the peak is theirs.
///
/// Python's `join()` returns before the system's thread has ended: so it waits for that.
const CLIENT: &str = "import os, socket, threading, time
gate = threading.Barrier(40)
def one():
    gate.wait()
    s = socket.create_connection(('127.0.0.1', 45000))
    s.sendall(b'TIME\\r\\n')
    s.recv(64)
    s.close()
    gate.wait()
threads = [threading.Thread(target=one) for _ in range(40)]
for t in threads: t.start()
for t in threads: t.join()
while len(os.listdir('/proc/self/task')) > 1: time.sleep(0.001)
";

const SERVER: &str = "import signal, socket, sys, threading
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
def serve(c):
    c.recv(64)
    c.sendall(b'JAM 10:00:00\\r\\n')
    c.close()
s = socket.create_server(('127.0.0.1', 45000), backlog=128)
while True:
    c, _ = s.accept()
    threading.Thread(target=serve, args=(c,)).start()
";

#[test]
fn nobody_counts_a_python_pair_as_root_does() {
    require!(
        Root,
        Capture,
        UserNamespaces,
        Tool("setpriv"),
        Tool("python3")
    );
    // That of a version manager in a home folder is not everybody's.
    let python = "/usr/bin/python3";
    assert!(Path::new(python).exists());
    let files = [("client.py", CLIENT), ("server.py", SERVER)];
    let server = format!("{python} server.py");
    let arguments = ["--server-cmd", &server, "--", python, "client.py"];
    let [root, nobody] = [false, true].map(|nobody| record(nobody, &files, &arguments));
    let client = |record| counted(record, &["client"], &["before", "peak", "after", "created"]);
    assert_eq!(client(&root), client(&nobody));
    let server = |record| counted(record, &["server"], &["before", "created"]);
    assert_eq!(server(&root), server(&nobody));
    assert_eq!(nobody["census"]["client"]["threads"]["peak"], 41);
    assert_eq!(nobody["census"]["client"]["threads"]["created"], 40);
    assert_eq!(nobody["census"]["server"]["threads"]["created"], 40);
    assert_eq!(nobody["census"]["server"]["provenance"], "traced");
    assert_eq!(nobody["correlation"]["client_owned"], 40);
    assert_eq!(nobody["correlation"]["server_owned"], 40);
}
