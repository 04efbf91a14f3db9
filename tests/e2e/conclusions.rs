//! Findings that need a real network or a real kernel to be seen: each in a run in which
//! what it says has happened.

use std::process::Command;

use serde_json::Value;

use super::common::need::Need::{Capture, Ebpf, Namespaces, Root, Tool, UserNamespaces};
use super::common::{Lab, PROGRAM, findings};
use crate::require;

/// A server that takes its time before each accept(2); its backlog is 1.
const SLOW: &str = "import socket, sys, time
s = socket.socket()
s.bind(('127.0.0.1', int(sys.argv[1])))
s.listen(1)
kept = []
while True:
    time.sleep(0.1)
    c, _ = s.accept()
    c.recv(64)
    c.sendall(time.strftime('JAM %H:%M:%S\\r\\n').encode())
    kept.append(c)
";

/// A server whose socket drops every frame that comes to it, as a firewall in front of it
/// would: for so many seconds, or for ever. What is dropped is decided by its filter
/// (`SO_ATTACH_FILTER`, one instruction: `ret #0`), so that no tool is needed.
const DEAF: &str = "import ctypes, socket, struct, sys, threading, time
s = socket.socket()
s.bind(('127.0.0.1', int(sys.argv[1])))
ret = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0))
s.setsockopt(socket.SOL_SOCKET, 26, struct.pack('HP', 1, ctypes.addressof(ret)))
s.listen(64)
if sys.argv[2] != 'ever':
    threading.Timer(float(sys.argv[2]), s.setsockopt, (socket.SOL_SOCKET, 27, 0)).start()
kept = []
while True:
    c, _ = s.accept()
    c.recv(64)
    c.sendall(time.strftime('JAM %H:%M:%S\\r\\n').encode())
    kept.append(c)
";

/// A client that sends three requests at once.
const PIPELINES: &str = "import socket, sys
s = socket.create_connection(('127.0.0.1', 45000))
s.sendall(b'TIME\\r\\n' * 3)
got = b''
while got.count(b'\\n') < 3:
    got += s.recv(100)
";

/// A client that makes so many connections, one after the other, and closes each first.
const CLOSES: &str = "import socket, sys
for _ in range(int(sys.argv[1])):
    with socket.create_connection(('127.0.0.1', 45000)) as s:
        s.sendall(b'TIME\\r\\n')
        s.recv(16)
";

/// A shell script in a network namespace of its own; `$0` is the program.
pub(super) fn in_a_namespace(lab: &Lab, script: &str) -> Command {
    let mut command = lab.command("unshare");
    let script = format!("ip link set lo up && {script}");
    command.args(["-n", "sh", "-c", &script, PROGRAM]);
    command
}

/// The same, beside another one with a server on the same port: $far there, at NETWORK.2,
/// and $here, at NETWORK.1. `network`: of the test's own, as others may run beside it.
pub(super) fn in_one_of_two_namespaces(lab: &Lab, network: &str, script: &str) -> Command {
    let both = "unshare -n sleep 60 & other=$!; trap 'kill $other' EXIT; \
        until [ \"$(readlink /proc/$other/ns/net)\" != \"$(readlink /proc/$$/ns/net)\" ]; do \
          sleep 0.01; done; \
        ip link add near type veth peer name far netns $other && ip link set near up && \
        ip address add $NETWORK.1/24 dev near && \
        nsenter -n -t $other ip address add $NETWORK.2/24 dev far && \
        nsenter -n -t $other ip link set far up && \
        nsenter -n -t $other ip link set lo up && \
        { nsenter -n -t $other \"$0\" serve --bind 0.0.0.0 > far.log & far=$!; \
          \"$0\" serve --bind 0.0.0.0 > here.log & here=$!; \
          until grep -q 45000 far.log && grep -q 45000 here.log; do sleep 0.01; done; }";
    let mut command = in_a_namespace(lab, &format!("{both} && {script}"));
    command.env("NETWORK", network);
    command
}

pub(super) fn one<'a>(record: &'a Value, code: &str) -> &'a Value {
    let found = findings(record, code);
    assert_eq!(found.len(), 1, "{code}: {record:#}");
    found[0]
}

/// The kernel's own count says that the accept queue was full, in a network in which
/// nobody else listens.
#[test]
fn an_accept_queue_that_is_full_is_counted_by_the_kernel() {
    require!(Capture, Root, UserNamespaces, Tool("python3"));
    let lab = Lab::new();
    std::fs::write(lab.path().join("slow.py"), SLOW).unwrap();
    let server = "python3 slow.py 45000";
    let more = ["-n", "12", "--gate", "--timeout", "4s", "--linger", "100ms"];
    let mut command = lab.threadtap(&[]);
    command.args(["run", "--out", "out", "--isolate", "always"]);
    command
        .args(["--server-cmd", server, "--port", "45000"])
        .args(more);
    let record = lab.finish(&mut command).record();
    let finding = one(&record, "syn_retransmitted");
    let figures = &finding["evidence"];
    let number = |name: &str| figures[name].as_u64().unwrap();
    assert_eq!(number("backlog"), 1);
    assert!(
        number("listen_overflows") >= number("retransmitted_syns"),
        "{figures}"
    );
    assert!(
        number("listen_drops") >= number("listen_overflows"),
        "{figures}"
    );
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains("), because the server's accept queue was full: the kernel counted"),
        "{message}"
    );
    assert!(message.contains("in the network of this run, and the server's backlog is 1;"));
}

/// Where something drops the SYNs, the accept queue is not to blame, and neither is the
/// server's program.
#[test]
fn what_drops_syns_is_not_called_a_full_accept_queue() {
    require!(Capture, Root, UserNamespaces, Tool("python3"));
    let run = |how: &str, timeout: &str| {
        let lab = Lab::new();
        std::fs::write(lab.path().join("deaf.py"), DEAF).unwrap();
        let server = format!("python3 deaf.py 45000 {how}");
        let mut command = lab.threadtap(&[]);
        command.args(["run", "--out", "out", "--isolate", "always", "-n", "3"]);
        command.args(["--gate", "--linger", "100ms", "--timeout", timeout]);
        command.args(["--server-cmd", &server, "--port", "45000"]);
        lab.finish(&mut command).record()
    };
    let for_ever = run("ever", "1500ms");
    let some_time = run("0.7", "20s");
    for record in [&for_ever, &some_time] {
        let finding = one(record, "syn_retransmitted");
        let (figures, message) = (&finding["evidence"], finding["message"].as_str().unwrap());
        assert_eq!(figures["listen_overflows"], 0, "{figures}");
        assert_eq!(figures["backlog"], 64, "{figures}");
        assert!(
            message.contains("and not because an accept queue was full"),
            "{message}"
        );
    }
    let failed = one(&for_ever, "requests_failed")["message"].as_str();
    let failed = failed.unwrap();
    assert!(
        failed.contains("; no SYN was answered, and not because an accept queue was full")
            && failed.ends_with("look for what drops frames, such as a firewall."),
        "{failed}"
    );
    assert_eq!(some_time["requests"]["valid"], 3, "{some_time:#}");
}

/// Three requests at once: their answers share segments, as tshark sees them.
#[test]
fn answers_of_requests_in_a_pipeline_share_a_segment() {
    require!(
        Capture,
        Root,
        Namespaces,
        Tool("unshare"),
        Tool("python3"),
        Tool("tshark")
    );
    let lab = Lab::new();
    std::fs::write(lab.path().join("pipelines.py"), PIPELINES).unwrap();
    let script = "exec \"$0\" run --out out -- python3 pipelines.py";
    let ran = lab.finish(&mut in_a_namespace(&lab, script)).exits(0);
    let record = ran.record();
    assert_eq!(record["exchanges"]["answered"], 3, "{record:#}");
    let longer = super::common::tshark::frames(&ran.pcap(), "tcp.srcport == 45000 && tcp.len > 14");
    let together = findings(&record, "answers_coalesced");
    assert_eq!(together.len(), usize::from(longer > 0), "{record:#}");
    if let Some(finding) = together.first() {
        assert_eq!(finding["evidence"]["of"], 3);
        assert!(finding["evidence"]["answers"].as_u64() >= Some(2));
    }
}

/// Twenty of thirty-two ports wait for a minute after it.
#[test]
fn a_client_that_closes_first_holds_its_ports() {
    require!(Capture, Root, Namespaces, Tool("unshare"), Tool("python3"));
    let lab = Lab::new();
    std::fs::write(lab.path().join("closes.py"), CLOSES).unwrap();
    let run = |n: u32| {
        let script = format!(
            "echo '40000 40031' > /proc/sys/net/ipv4/ip_local_port_range && \
             exec \"$0\" run --force --out out -- python3 closes.py {n}"
        );
        lab.finish(&mut in_a_namespace(&lab, &script))
            .exits(0)
            .record()
    };
    let record = run(20);
    let figures = &one(&record, "closes_first")["evidence"];
    assert_eq!(figures["client_closed_first"], 20, "{figures}");
    assert_eq!(figures["server_closed_first"], 0, "{figures}");
    assert_eq!(figures["ports"], 32, "{figures}");
    assert!(findings(&run(10), "closes_first").is_empty());
}

/// A bridge and its port: on `any` each frame passes both, and is captured twice.
#[test]
fn frames_that_pass_two_interfaces_are_captured_twice() {
    require!(Capture, Root, Namespaces, Tool("unshare"), Tool("ip"));
    let lab = Lab::new();
    let script = "unshare -n sleep 60 & other=$!; trap 'kill $other' EXIT; \
        until [ \"$(readlink /proc/$other/ns/net)\" != \"$(readlink /proc/$$/ns/net)\" ]; do \
          sleep 0.01; done; \
        ip link add bridge type bridge && ip link add port type veth peer name far netns $other && \
        ip link set port master bridge up && ip link set bridge up && \
        ip address add 10.1.1.1/24 dev bridge && \
        nsenter -n -t $other ip address add 10.1.1.2/24 dev far && \
        nsenter -n -t $other ip link set far up && \
        nsenter -n -t $other ip link set lo up && \
        { nsenter -n -t $other \"$0\" serve --bind 10.1.1.2 > serve.log & server=$!; \
          until grep -q 10.1.1.2 serve.log; do sleep 0.01; done; \
          \"$0\" run -n 5 --connect 10.1.1.2:45000 -i $INTERFACE --out out; \
          status=$?; kill $server; wait $server; exit $status; }";
    let run = |interface: &str| {
        let mut command = in_a_namespace(&lab, script);
        let record = lab.finish(command.env("INTERFACE", interface)).record();
        std::fs::remove_dir_all(lab.out()).unwrap();
        record
    };
    let twice = run("any");
    let finding = one(&twice, "frames_twice");
    assert_eq!(finding["evidence"]["flows"], 5);
    assert!(findings(&twice, "syn_retransmitted").is_empty());
    let once = run("bridge");
    assert!(findings(&once, "frames_twice").is_empty());
    assert_eq!(once["requests"]["valid"], 5);
}

/// A server in another network namespace of this machine, and another one that listens on
/// the same port here: it is not taken for the one that answers.
#[test]
fn the_server_is_the_one_that_has_the_address() {
    require!(Capture, Root, Ebpf, Namespaces, Tool("unshare"), Tool("ip"));
    let lab = Lab::new();
    let script = "{ \
          for at in 10.1.2.2 10.1.2.1; do \
            \"$0\" run -n 5 --connect $at:45000 -i any --out $at --format json > $at.json; done; \
          echo $far $here > pids; kill $far $here; wait $far $here; }";
    lab.finish(&mut in_one_of_two_namespaces(&lab, "10.1.2", script));
    let text = |name: &str| std::fs::read_to_string(lab.path().join(name)).unwrap();
    let pids = text("pids");
    for (at, pid) in ["10.1.2.2", "10.1.2.1"].iter().zip(pids.split_whitespace()) {
        let record: Value = serde_json::from_str(&text(&format!("{at}.json"))).unwrap();
        assert_eq!(record["census"]["server"]["provenance"], "traced", "{at}");
        assert_eq!(record["census"]["server"]["threads"]["created"], 5, "{at}");
        assert_eq!(record["correlation"]["server_owned"], 5, "{at}");
        for flow in text(&format!("{at}/flows.jsonl")).lines() {
            let flow: Value = serde_json::from_str(flow).unwrap();
            assert_eq!(flow["server_owner"]["pid"].to_string(), pid, "{at}");
        }
    }
}

/// A watch on all interfaces: what goes from here to the same port of another host is not
/// the server's.
#[test]
fn a_watch_has_the_connections_of_its_server_only() {
    require!(Capture, Root, Namespaces, Tool("unshare"), Tool("ip"));
    let lab = Lab::new();
    let script = "{ \
          \"$0\" watch --port 45000 -i any --out watched --format json \
            > watched.json 2> watched.log & watch=$!; \
          until grep -q watching watched.log; do sleep 0.01; done; \
          nsenter -n -t $other \"$0\" run -n 3 --connect 10.1.3.1:45000 --no-capture --out a; \
          \"$0\" run -n 4 --connect 10.1.3.2:45000 --no-capture --out b; \
          \"$0\" run -n 5 --connect 127.0.0.1:45000 --no-capture --out c; \
          kill $watch; wait $watch; status=$?; \
          kill $far $here; wait $far $here; exit $status; }";
    let ran = lab.finish(&mut in_one_of_two_namespaces(&lab, "10.1.3", script));
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let text = std::fs::read_to_string(lab.path().join("watched.json")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(record["requests"]["on_wire"], 8, "{record:#}");
    assert_eq!(record["requests"]["valid"], 8);
    assert_eq!(record["correlation"]["flows"], 8);
}

/// A process has more to set up than a thread, whatever else the machine does.
#[test]
fn processes_cost_more_than_threads() {
    require!(Capture);
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args([
        "compare",
        "-s",
        "thread,process",
        "-n",
        "200",
        "--repeat",
        "3",
    ]);
    command.args(["--models", "async", "--out", "out"]);
    lab.finish(&mut command).exits(0);
    let text = std::fs::read_to_string(lab.out().join("compare.json")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    let figures = &one(&record, "process_cost")["evidence"];
    let cost = |name: &str| figures[name].as_u64().unwrap();
    let (process, thread) = (cost("process_client_cpu_ns"), cost("thread_client_cpu_ns"));
    assert!(process > thread, "{figures}");
    let row = |name| {
        let mut rows = record["rows"].as_array().unwrap().iter();
        rows.find(|r| r["name"] == figures[name]).unwrap()
    };
    assert_eq!(row("process")["client_cpu_ns"], process);
    assert_eq!(row("thread")["client_cpu_ns"], thread);
}
