//! Servers that fail in the middle of a run, and servers that do what none should.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::{BENCH, Case};
use crate::bench::{frames, ran, saved, threadtap};
use crate::common::{Lab, Ran, findings, peers, signal_to, start, until};

pub const CASES: &[Case] = &[
    Case {
        key: "server-killed",
        needs: BENCH,
        run: || in_mid_run(Signal::KILL, "server_died"),
    },
    Case {
        key: "server-stopped",
        needs: BENCH,
        run: stopped,
    },
    Case {
        key: "server-resets",
        needs: BENCH,
        run: resets,
    },
    Case {
        key: "server-never-accepts",
        needs: BENCH,
        run: || {
            let (listener, address) = peers::never_accepting();
            let record = failed(address, "--gate", &["timeout"]);
            assert_eq!(record["requests"]["valid"], 0);
            drop(listener);
        },
    },
    Case {
        key: "server-never-answers",
        needs: BENCH,
        run: || {
            let record = failed(peers::silent(), "", &["timeout"]);
            assert_eq!(record["requests"]["failed"]["timeout"], N);
        },
    },
    Case {
        key: "server-drips",
        needs: BENCH,
        run: || {
            let address = peers::dripping(b"JAM 12:34:56\r\n", Duration::from_secs(1));
            failed(address, "", &["timeout"]);
        },
    },
    Case {
        key: "server-gigabyte",
        needs: BENCH,
        run: gigabyte,
    },
    Case {
        key: "server-escapes",
        needs: BENCH,
        run: || {
            let bytes = b"JAM \x1b[31m\x1b]0;owned\x07\x1b[2J|a,b\"c\x9b1m\r\n";
            bad_answer(peers::answering(bytes));
        },
    },
    Case {
        key: "server-utf8",
        needs: BENCH,
        run: || bad_answer(peers::answering(b"\xff\xfe\x80JAM\xc3\x28\0\r\n")),
    },
    Case {
        key: "server-closes",
        needs: BENCH,
        run: || {
            failed(peers::server(drop), "", &["closed", "reset"]);
        },
    },
    Case {
        key: "server-half-closes",
        needs: BENCH,
        run: || {
            let half = peers::server(|mut stream| {
                let _ = stream.shutdown(Shutdown::Write);
                peers::until_closed(&mut stream);
            });
            failed(half, "", &["closed"]);
        },
    },
];

/// Requests to a server that fails.
const N: u64 = 12;

/// Every request fails, for one of these reasons, with every strategy.
fn failed(address: SocketAddr, more: &str, reasons: &[&str]) -> Value {
    let mut last = Value::Null;
    for strategy in ["thread", "pool", "process", "async"] {
        let lab = Lab::new();
        let line = format!(
            "run -s {strategy} -n {N} --connect {address} --timeout 1s --out out {}",
            if strategy == "pool" { "-w 12" } else { more }
        );
        let ran = ran(&lab, &line).exits(1);
        let record = saved(&ran);
        let failed = record["requests"]["failed"].as_object().unwrap();
        for reason in failed.keys() {
            assert!(reasons.contains(&reason.as_str()), "{strategy}: {failed:?}");
        }
        assert!(!findings(&record, "requests_failed").is_empty(), "{record}");
        last = record;
    }
    last
}

fn bad_answer(address: SocketAddr) {
    let record = failed(address, "", &["bad_answer"]);
    assert_eq!(record["requests"]["failed"]["bad_answer"], N);
    for format in ["table", "markdown", "csv", "jsonl"] {
        let lab = Lab::new();
        let line = format!("run -n 2 --connect {address} --out out --format {format}");
        let ran = ran(&lab, &line).exits(1);
        let control = |c: char| c.is_control() && c != '\n' && c != '\r';
        assert!(!ran.stdout.contains(control), "{format}: {:?}", ran.stdout);
    }
}

/// A long run, with its server at work.
fn long() -> (Lab, crate::common::Started, i32) {
    let lab = Lab::new();
    let line = "run -s pool -w 4 -n 60000 --timeout 1s --out out";
    let started = start(&mut threadtap(&lab, line));
    let server = lab.find("__server");
    until("frames", || frames(&lab.pcap()) > 400);
    (lab, started, server)
}

trait Pcap {
    fn pcap(&self) -> std::path::PathBuf;
}

impl Pcap for Lab {
    fn pcap(&self) -> std::path::PathBuf {
        self.out().join("capture.pcap")
    }
}

fn in_mid_run(signal: Signal, code: &str) {
    let (lab, started, server) = long();
    signal_to(server, signal);
    let ran: Ran = lab.end(started).exits(1);
    let record = saved(&ran);
    assert_eq!(findings(&record, code).len(), 1, "{record}");
    assert!(record["requests"]["valid"].as_u64() > Some(0));
    assert_eq!(lab.left(), [""; 0]);
}

/// It takes connections no more and ends not when it is asked to.
fn stopped() {
    let lab = Lab::new();
    let line = "run -s pool -w 4 -n 60000 --timeout 300ms --time-limit 3s --out out";
    let started = start(&mut threadtap(&lab, line));
    let server = lab.find("__server");
    until("frames", || frames(&lab.pcap()) > 400);
    signal_to(server, Signal::STOP);
    let record = saved(&lab.end(started).exits(1));
    assert!(record["requests"]["valid"].as_u64() > Some(0));
    assert!(
        record["requests"]["failed"]["timeout"].as_u64() > Some(0),
        "{record}"
    );
    assert_eq!(lab.left(), [""; 0]);
}

/// It answers twenty, and resets all others.
fn resets() {
    let answered = Arc::new(AtomicU32::new(0));
    let address = peers::server(move |mut stream: TcpStream| {
        peers::read_request(&mut stream);
        if answered.fetch_add(1, Ordering::Relaxed) < 20 {
            let _ = stream.write_all(b"JAM 12:34:56\r\n");
            peers::until_closed(&mut stream);
        } else {
            peers::reset(stream);
        }
    });
    let lab = Lab::new();
    let ran = ran(&lab, &format!("run -n 50 --connect {address} --out out")).exits(1);
    let record = saved(&ran);
    assert_eq!(record["requests"]["valid"], 20);
    assert_eq!(record["requests"]["failed"]["reset"], 30);
    assert_eq!(
        record["connections"]["reset"], 30,
        "{}",
        record["connections"]
    );
}

/// Answers without an end: the client has had enough after a few bytes, a client of
/// one's own reads it all, and the capture keeps its memory.
fn gigabyte() {
    let endless = || {
        peers::server(|mut stream| {
            let much = vec![b'x'; 1 << 20];
            while stream.write_all(&much).is_ok() {}
        })
    };
    failed(endless(), "", &["bad_answer", "reset"]);
    let lab = Lab::new();
    let script = "import socket, sys\n\
        c = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n\
        n = 0\n\
        while n < 1 << 30: n += len(c.recv(1 << 20))\n";
    let port = endless().port().to_string();
    let mut command = threadtap(&lab, "run --snaplen 96 --out out --connect");
    command.arg(format!("127.0.0.1:{port}"));
    command.args(["--", "python3", "-c", script, &port]);
    let ran = lab.finish(&mut command);
    let record = saved(&ran);
    assert!(ran.status == Some(0) || ran.status == Some(1), "{ran:?}");
    let flows = ran.flows();
    // Two ends in one capture: as much as was read, or more.
    assert!(
        flows[0]["server_stream_bytes"].as_u64() >= Some(1 << 30),
        "{}",
        flows[0]
    );
    assert!(record["capture"]["frames"].as_u64() > Some(1000));
    let used = largest_child_bytes();
    assert!(used < 400 << 20, "a process took {used} bytes");
}

/// The most memory that a process took which this one has waited for.
fn largest_child_bytes() -> u64 {
    // SAFETY: getrusage(2) fills in the structure that is given.
    let used = unsafe {
        let mut used: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut used);
        used
    };
    u64::try_from(used.ru_maxrss).unwrap() * 1024
}
