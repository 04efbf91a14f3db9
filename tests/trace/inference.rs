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
            // Only where all of them are busy at once none can be waiting besides.
            &[
                "lab_client.py",
                "pool",
                "{port}",
                "300",
                "--join",
                "--together",
            ],
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

/// Eight connections that are there at once, for a pool of eight: one each.
#[test]
fn a_pool_that_is_as_wide_as_the_work() {
    require!(Capture, Tool("cc"), Tool("python3"));
    let client = ["lab_client.py", "thread", "{port}", "8", "--together"];
    let ahead = plan(&["lab_server.py", "queue", "{port}"], &client);
    assert_eq!(ahead["server_model"], "pool", "{ahead}");
    let threads = plan(&["lab_server.py", "thread", "{port}"], &client);
    assert_eq!(threads["server_model"], "thread", "{threads}");
    let lazy = plan(&["lab_server.py", "executor", "{port}"], &client);
    // Its threads may have had two connections each, and then it is a pool.
    assert_ne!(lazy["server_model"], "thread", "{lazy}");
}

/// The same calls in other hands: nothing is concluded, and it is said why.
#[test]
fn what_cannot_be_told() {
    require!(Capture, Tool("python3"));
    let server = ["lab_server.py", "thread", "{port}"];
    let handed_over = plan(&server, &["odd_client.py", "handover", "{port}", "20"]);
    let evidence = &handed_over["inferred"]["client"];
    assert!(handed_over["strategy"].is_null(), "{evidence}");
    assert_eq!(evidence["created_threads"], 20, "{evidence}");
    let because = evidence["because"].as_str().unwrap();
    assert!(
        because.contains("of a client sends is not traced"),
        "{because}"
    );

    let client = ["asyncio_client.py", "{port}", "200", "20"];
    let loops = plan(&["odd_server.py", "loops", "{port}"], &client);
    let evidence = &loops["inferred"]["server"];
    assert_eq!(evidence["worker_processes"], 2, "{evidence}");
    assert!(loops["server_model"].is_null(), "{evidence}");
    let because = evidence["because"].as_str().unwrap();
    assert!(because.contains("several at the same time"), "{because}");
}

/// A connection that was refused is nobody's work, however it was made.
#[test]
fn refused_connections() {
    require!(Capture, Tool("cc"), Tool("python3"));
    for kind in ["blocked", "refused"] {
        let seen =
            Stage::new(&["epoll_server", "{port}"]).run(&["odd_client.py", kind, "{port}", "6"]);
        let record = seen.record();
        assert_eq!(record["requests"]["failed"]["refused"], 6, "{kind}");
        let evidence = &record["plan"]["inferred"]["client"];
        assert_eq!(evidence["connections"], 0, "{kind}: {evidence}");
        assert!(record["plan"]["strategy"].is_null(), "{kind}: {evidence}");
    }
}

/// Whoever served by read(2), without `--trace-rw`, was not seen to: that is
/// no reason to call it a helper.
#[test]
fn processes_that_served_unseen() {
    require!(Capture, Tool("cc"));
    let client = ["epoll_client", "{port}", "30", "4"];
    let server = ["fork_server", "{port}", "read"];
    let seen = Stage::new(&server).traced().run(&client).exits(0);
    let record = seen.record();
    let evidence = &record["plan"]["inferred"]["server"];
    assert_eq!(record["census"]["server"]["processes"]["created"], 30);
    assert!(evidence["created_processes"].is_null(), "{evidence}");
    let because = evidence["because"].as_str().unwrap();
    assert!(
        because.ends_with("30 processes may have served them"),
        "{because}"
    );
    let helpers = &record["programs"]["server"]["helpers"];
    assert_eq!(helpers, &serde_json::json!([]));
    let seen = Stage::new(&server)
        .traced()
        .with(&["--trace-rw"])
        .run(&client);
    let plan = &seen.exits(0).record()["plan"];
    assert_eq!(plan["server_model"], "process", "{plan}");
    assert_eq!(plan["inferred"]["server"]["created_processes"], 30);
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
