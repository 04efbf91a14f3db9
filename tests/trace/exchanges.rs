//! Which thread served each request of a connection: what the server says of itself, held
//! against the record.

use super::common::need::Need::{Capture, Ebpf, Tool};
use super::common::need::skip;
use super::own::Connection;
use super::seen::Seen;
use super::stage::Stage;
use crate::require;

const CONNECTIONS: usize = 6;
const REQUESTS: usize = 7;

/// A run with a server whose requests go round among its threads.
fn talks(way: &str, observe: &str) -> Option<Seen> {
    let (connections, requests) = (CONNECTIONS.to_string(), REQUESTS.to_string());
    let server = ["turns_server", "{port}", way];
    let client = ["talk_client", "{port}", &connections, &requests];
    let seen = Stage::new(&server)
        .with(&["--observe", observe])
        .run(&client);
    if seen.ran.stderr.contains("no_uring") {
        skip("exchanges", "needs io_uring");
        return None;
    }
    Some(seen.exits(0))
}

/// Of each connection, who served each of its requests, by the record and by the server.
type Served = Vec<(Option<u64>, Option<u64>)>;

fn served(seen: &Seen) -> Vec<Served> {
    let flows = seen.flows();
    assert_eq!(flows.len(), CONNECTIONS);
    let of = |(connection, flow): &(Connection, serde_json::Value)| {
        let exchanges = flow["exchanges"].as_array().unwrap();
        assert_eq!(exchanges.len(), REQUESTS, "{flow}");
        let one = |(at, exchange): (usize, &serde_json::Value)| {
            // A request is `TIME\r\n`.
            assert_eq!(exchange["request_seq"], 1 + 6 * at, "{flow}");
            let told = exchange["serve_tid"].as_u64();
            let pid = exchange["serve_pid"].as_u64();
            let owner = &flow["server_owner"]["pid"];
            assert_eq!(pid, told.and(owner.as_u64()), "{flow}");
            let said = seen.server.by_connection(&format!("served{at}"));
            (told, said.get(connection).map(|task| task.1))
        };
        exchanges.iter().enumerate().map(one).collect()
    };
    flows.iter().map(of).collect()
}

#[test]
fn each_request_has_the_thread_that_received_it() {
    require!(Capture, Ebpf, Tool("cc"));
    for way in [
        "recv", "read", "readv", "recvmsg", "peek", "splice", "bytes", "ring",
    ] {
        let Some(seen) = talks(way, "ebpf") else {
            continue;
        };
        for connection in served(&seen) {
            for (told, said) in connection {
                assert!(said.is_some(), "{way}");
                assert_eq!(told, said, "{way}");
            }
        }
    }
}

/// A thread that the kernel makes for a ring receives what another thread asked for.
#[test]
fn a_thread_of_the_kernel_is_told_apart() {
    require!(Capture, Ebpf, Tool("cc"));
    let Some(seen) = talks("worker", "ebpf") else {
        return;
    };
    let record = seen.record();
    let server = record["programs"]["server"]["pid"].as_u64();
    for flow in seen.ran.flows() {
        assert_eq!(flow["server_owner"]["pid"].as_u64(), server);
    }
    let all: Vec<_> = served(&seen).into_iter().flatten().collect();
    let asking: Vec<_> = all.iter().map(|(_, said)| *said).collect();
    for (told, _) in &all {
        assert!(told.is_some() && !asking.contains(told), "{all:?}");
    }
}

/// A tracer sees who is the first to receive on a connection, and no more.
#[test]
fn what_was_not_seen_is_null() {
    require!(Capture, Tool("cc"));
    let Some(seen) = talks("recv", "ptrace") else {
        return;
    };
    for connection in served(&seen) {
        for (at, (told, said)) in connection.into_iter().enumerate() {
            assert_eq!(told, said.filter(|_| at == 0));
        }
    }
}

/// The embedded server serves a connection by one thread, whatever the model.
#[test]
fn of_the_embedded_server_it_is_the_connections() {
    require!(Capture, Tool("cc"));
    for model in ["thread", "pool", "process", "async", "iterative"] {
        let stage = Stage::new(&[]).with(&["--model", model]);
        let seen = stage.run(&["talk_client", "{port}", "3", "4"]).exits(0);
        for flow in seen.ran.flows() {
            let by = &flow["server_owner"]["serve_tid"];
            assert!(by.is_u64(), "{model} {flow}");
            let exchanges = flow["exchanges"].as_array().unwrap();
            assert_eq!(exchanges.len(), 4);
            assert!(
                exchanges.iter().all(|e| e["serve_tid"] == *by),
                "{model} {flow}"
            );
        }
    }
}

/// Accepted through a ring: by whom, where the kernel tells; a connection that got no
/// descriptor is known by who receives from it.
#[test]
fn a_server_that_accepts_through_a_ring() {
    require!(Capture, Ebpf, Tool("cc"));
    for way in ["ring", "many", "slots"] {
        let server = ["uring_server", "{port}", way];
        let stage = Stage::new(&server).with(&["--observe", "ebpf"]);
        let seen = stage.run(&["talk_client", "{port}", "9", "1"]);
        if seen.ran.stderr.contains("no_uring") {
            skip("exchanges::rings", "needs io_uring");
            return;
        }
        let seen = seen.exits(0);
        let record = seen.record();
        assert_eq!(record["correlation"]["server_owned"], 9, "{way}");
        let accepted = seen.server.by_connection("accepted");
        assert_eq!(accepted.len(), if way == "slots" { 0 } else { 9 });
        let pid = record["programs"]["server"]["pid"].as_u64();
        for (connection, flow) in seen.flows() {
            let owner = &flow["server_owner"];
            let by = accepted.get(&connection).map(|task| task.1);
            assert_eq!(owner["accept_tid"].as_u64(), by, "{way} {flow}");
            assert_eq!(owner["serve_tid"].as_u64(), pid, "{way} {flow}");
            assert_eq!(owner["send_tid"].as_u64(), pid, "{way} {flow}");
        }
    }
}
