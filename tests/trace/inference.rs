//! The client's strategy and the server's model, inferred from the record.

use serde_json::Value;

use super::common::need::Need::{Capture, Tool};
use super::stage::Stage;
use crate::require;

#[track_caller]
fn plan(server: &[&str], client: &[&str]) -> Value {
    let seen = Stage::new(server).run(client).exits(0);
    let plan = seen.record()["plan"].clone();
    assert_eq!(plan["server"], "command");
    let command = plan["client_command"].as_array().unwrap();
    assert!(command.len() > 1, "{plan}");
    for side in ["client", "server"] {
        assert!(plan["inferred"][side].is_object(), "{side}: {plan}");
    }
    plan
}

#[test]
fn strategies() {
    require!(Capture, Tool("cc"), Tool("python3"));
    let server = ["epoll_server", "{port}"];
    for (client, strategy, workers) in [
        (&["thread_client", "{port}", "40"][..], "thread", None),
        (&["process_client", "each", "{port}", "40"], "process", None),
        (&["epoll_client", "{port}", "200", "32"], "async", None),
        (
            &["java_like", "client", "{port}", "200", "6"],
            "pool",
            Some(6),
        ),
        (&["lab_client.py", "thread", "{port}", "60"], "thread", None),
        (
            &["lab_client.py", "process", "{port}", "30"],
            "process",
            None,
        ),
        (
            &["lab_client.py", "pool", "{port}", "300", "--join"],
            "pool",
            Some(16),
        ),
        (&["asyncio_client.py", "{port}", "200", "20"], "async", None),
        (
            &["seccomp_client", "allow", "{port}", "20"],
            "iterative",
            None,
        ),
        (
            &["helpers_client.py", "shim", "{port}", "20"],
            "iterative",
            None,
        ),
    ] {
        let plan = plan(&server, client);
        assert_eq!(plan["strategy"], strategy, "{client:?}: {plan}");
        if let Some(workers) = workers {
            assert_eq!(plan["workers"], workers, "{client:?}: {plan}");
        }
    }
}

#[test]
fn models() {
    require!(Capture, Tool("cc"), Tool("python3"));
    let client = ["epoll_client", "{port}", "200", "16"];
    for (server, model) in [
        (&["thread_server", "{port}"][..], "thread"),
        (&["fork_server", "{port}"], "process"),
        (&["epoll_server", "{port}"], "async"),
        (&["java_like", "server", "{port}", "6"], "pool"),
        (&["lab_server.py", "thread", "{port}"], "thread"),
        (&["lab_server.py", "iterative", "{port}"], "iterative"),
    ] {
        let plan = plan(server, &client);
        assert_eq!(plan["server_model"], model, "{server:?}: {plan}");
    }
}

/// One request tells of no strategy, and a client that makes none of nothing.
#[test]
fn too_little_to_tell() {
    require!(Capture, Tool("cc"), Tool("python3"));
    let seen = Stage::new(&["epoll_server", "{port}"]).run(&["port_client.py", "nothing"]);
    let record = seen.record();
    assert!(record["plan"]["strategy"].is_null(), "{}", record["plan"]);
    assert_eq!(record["requests"]["attempted"], 0);
    assert_eq!(record["requests"]["on_wire"], 0);
    assert_eq!(record["correlation"]["flows"], 0);
}
