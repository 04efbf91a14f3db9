//! Where the system refuses the calls by which a tracer looks at sockets: what can
//! be known in another way is, and what cannot is null and said.

use serde_json::Value;

use super::common::findings;
use super::common::need::Need::{Capture, Root, Tool};
use super::program::compiled;
use super::seen::{Reads, Seen};
use super::stage::Stage;
use super::users::as_a_user;
use crate::require;

const CALLS: [&str; 3] = ["pidfd_open", "pidfd_getfd", "process_vm_readv"];

/// A run below a filter that refuses these calls with this error.
fn refused(errno: &str, calls: &str) -> Seen {
    let filter = compiled("refused");
    Stage::new(&["thread_server", "{port}"])
        .behind(&[filter.to_str().unwrap(), errno, calls])
        .traced()
        .run(&["thread_client", "{port}", "12"])
}

/// How the owners of flows are known.
fn provenances(seen: &Seen, owner: &str) -> Vec<Value> {
    let flows = seen.ran.flows();
    let mut all: Vec<Value> = flows
        .iter()
        .map(|f| f[owner]["provenance"].clone())
        .collect();
    all.dedup();
    all
}

/// What Docker's default profile, gVisor and old kernels refuse. The tracer is left
/// /proc, and its own way to read memory.
#[test]
fn each_call_that_is_refused_has_another_way() {
    require!(Capture, Tool("cc"));
    for errno in ["EPERM", "ENOSYS"] {
        for call in CALLS {
            let seen = refused(errno, call).exits(0);
            seen.client_agrees();
            seen.server_agrees(Reads::Seen);
            let record = seen.record();
            assert_eq!(record["requests"]["attempted"], 12, "{errno} {call}");
            assert_eq!(record["requests"]["valid"], 12, "{errno} {call}");
            let told = findings(&record, "sockets_refused");
            // Memory is read by ptrace(2) itself: exactly as before.
            let expected = usize::from(call != "process_vm_readv");
            assert_eq!(told.len(), 2 * expected, "{told:?}");
            for finding in told {
                assert_eq!(finding["severity"], "info");
                assert_eq!(finding["evidence"]["call"], call);
                assert_eq!(finding["evidence"]["found"], true);
            }
            let known = ["traced", "matched"][expected];
            for owner in ["client_owner", "server_owner"] {
                assert_eq!(provenances(&seen, owner), [known], "{errno} {call}");
            }
        }
    }
}

#[test]
fn all_of_them_refused_have_another_way() {
    require!(Capture, Tool("cc"));
    let seen = refused("EPERM", &CALLS.join(",")).exits(0);
    seen.client_agrees();
    seen.server_agrees(Reads::Seen);
    assert_eq!(seen.record()["correlation"]["client_owned"], 12);
}

/// A program that is not dumpable, an ordinary user, and no way left: figures are
/// null, what was refused is said, and nothing about the client is made up.
#[test]
fn what_is_not_to_be_seen_is_null() {
    require!(Capture, Root, Tool("cc"), Tool("setpriv"));
    let seen = as_a_user("epoll_server", &["hidden_client", "{port}", "5"]).exits(0);
    let record = seen.record();
    let requests = &record["requests"];
    assert!(requests["attempted"].is_null(), "{requests}");
    assert_eq!(
        (&requests["on_wire"], &requests["valid"]),
        (&5.into(), &5.into())
    );
    assert!(record["correlation"]["client_owned"].is_null());
    assert_eq!(record["correlation"]["server_owned"], 5);
    assert!(record["plan"]["inferred"]["client"].is_null());
    assert!(record["programs"]["client"]["helpers"].is_null());
    assert!(findings(&record, "no_connection").is_empty());
    assert!(findings(&record, "count_mismatch").is_empty());
    let told = findings(&record, "sockets_refused");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["severity"], "warning");
    assert_eq!(told[0]["evidence"]["side"], "client");
    let message = told[0]["message"].as_str().unwrap();
    assert!(message.contains("not dumpable"), "{message}");
}
