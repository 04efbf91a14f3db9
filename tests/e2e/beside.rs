//! Connections that do not pass the tap, and those of others that do.

use super::common::need::Need::{Capture, Ebpf, Namespaces, Root, Tool, UserNamespaces};
use super::common::{Lab, findings};
use super::conclusions::{in_a_namespace, in_one_of_two_namespaces, one};
use crate::require;

/// A client that makes a connection to each of these addresses.
const ASKS: &str = "import socket, sys
for at in sys.argv[1:]:
    with socket.create_connection((at, 45000)) as s:
        s.sendall(b'TIME\\r\\n')
        s.recv(16)
";

/// Two of five connections go over another interface than the one that is captured.
#[test]
fn a_part_of_the_connections_goes_over_another_interface() {
    require!(
        Capture,
        Root,
        Ebpf,
        Namespaces,
        Tool("unshare"),
        Tool("ip"),
        Tool("python3")
    );
    let lab = Lab::new();
    std::fs::write(lab.path().join("asks.py"), ASKS).unwrap();
    let script = "{ \"$0\" run --connect 127.0.0.1:45000 -i lo --out out -- \
            python3 asks.py 127.0.0.1 10.1.4.2 127.0.0.1 10.1.4.2 127.0.0.1; status=$?; \
          kill $far $here; wait $far $here; exit $status; }";
    let ran = lab.finish(&mut in_one_of_two_namespaces(&lab, "10.1.4", script));
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let record = ran.record();
    let connections = &record["connections"];
    assert_eq!(connections["established"], 5, "{record:#}");
    assert_eq!(connections["not_established"], 0);
    assert_eq!(record["requests"]["on_wire"], 3);
    let finding = one(&record, "nothing_captured");
    assert_eq!(finding["evidence"]["connections"], 2);
    assert_eq!(finding["evidence"]["made"], 5);
    assert!(findings(&record, "linger_timeout").is_empty());
}

/// A client of which nothing is seen, and a tap on an interface that nobody uses: the
/// server has had the connections.
#[test]
fn the_server_tells_that_the_tap_saw_nothing() {
    require!(
        Capture,
        Root,
        UserNamespaces,
        Tool("unshare"),
        Tool("ip"),
        Tool("python3")
    );
    let lab = Lab::new();
    std::fs::write(lab.path().join("asks.py"), ASKS).unwrap();
    let script = "ip link add near type veth peer name far && ip link set near up && \
        ip link set far up && \
        \"$0\" run -i near --observe sampled --out out -- python3 asks.py 127.0.0.1 127.0.0.1";
    let record = lab.finish(&mut in_a_namespace(&lab, script)).record();
    let finding = one(&record, "nothing_captured");
    assert_eq!(finding["evidence"]["connections"], 2);
    assert_eq!(finding["evidence"]["side"], "server");
    assert!(record["requests"]["on_wire"].is_null(), "{record:#}");
    assert!(record["connections"]["established"].is_null());
    assert!(findings(&record, "no_connection").is_empty());
}

/// Somebody else keeps connections to the same server open, from before the run.
#[test]
fn a_run_does_not_wait_for_what_others_keep_open() {
    require!(
        Capture,
        Root,
        UserNamespaces,
        Tool("unshare"),
        Tool("ip"),
        Tool("python3")
    );
    let lab = Lab::new();
    let other = "import socket, time
all = [socket.create_connection(('127.0.0.1', 45000)) for _ in range(2)]
print('there', flush=True)
while True:
    for s in all:
        s.sendall(b'TIME\\r\\n')
        s.recv(16)
    time.sleep(0.02)
";
    std::fs::write(lab.path().join("other.py"), other).unwrap();
    std::fs::write(lab.path().join("keeps.py"), KEEPS).unwrap();
    let script = "{ python3 keeps.py > server.log & server=$!; \
          until grep -q there server.log; do sleep 0.01; done; \
          python3 other.py > other.log & other=$!; \
          until grep -q there other.log; do sleep 0.01; done; \
          \"$0\" run -n 5 --connect 127.0.0.1:45000 --linger 20s --out out; status=$?; \
          kill $other $server; wait $other $server; exit $status; }";
    let record = lab.finish(&mut in_a_namespace(&lab, script)).record();
    assert_eq!(record["requests"]["valid"], 5, "{record:#}");
    assert_eq!(record["capture"]["stop_reason"], "drained", "{record:#}");
    assert_eq!(record["correlation"]["flows"], 7);
    assert!(findings(&record, "linger_timeout").is_empty());
    assert!(findings(&record, "unanswered_flows").is_empty());
}

/// A server that answers each line on a connection, until its client closes it.
const KEEPS: &str = "import socketserver, time
class Answers(socketserver.StreamRequestHandler):
    def handle(self):
        for _ in self.rfile:
            self.wfile.write(time.strftime('JAM %H:%M:%S\\r\\n').encode())
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
with Server(('127.0.0.1', 45000), Answers) as server:
    print('there', flush=True)
    server.serve_forever()
";
