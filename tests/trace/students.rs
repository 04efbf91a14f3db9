//! Programs with a mistake, as a class hands them in: the findings say what
//! happened, and nothing that is not so.

use serde_json::Value;

use super::common::need::Need::{Capture, Tool};
use super::common::{assert_failed, findings};
use super::seen::Seen;
use super::stage::Stage;
use crate::require;

/// A client with this mistake and a server with that one.
fn play(client: &str, n: u32, server: &str, with: &[&str]) -> Seen {
    let stage = Stage::new(&["student.py", "server", server, "{port}"]).with(with);
    stage.run(&["student.py", "client", client, "{port}", &n.to_string()])
}

/// The message of the one finding of this code.
fn one(record: &Value, code: &str) -> String {
    let found = findings(record, code);
    assert_eq!(found.len(), 1, "{code}: {:#}", record["findings"]);
    found[0]["message"].as_str().unwrap().to_owned()
}

fn silent(record: &Value, codes: &[&str]) {
    for code in codes {
        let found = findings(record, code);
        assert!(found.is_empty(), "{code}: {found:?}");
    }
}

#[test]
fn a_pool_that_is_not_joined() {
    require!(Capture, Tool("python3"));
    let seen = play("unjoined", 20, "good", &["-n", "20"]).exits(1);
    let record = seen.record();
    let finding = findings(&record, "not_joined")[0];
    assert_eq!(finding["severity"], "error");
    // Two workers; whether both had begun when the program ended is up to the scheduler.
    let of = |key: &str| finding["evidence"][key].as_u64().unwrap();
    assert!(matches!(of("connections_open"), 1 | 2), "{finding}");
    assert_eq!(of("never_attempted") + of("connections_open"), 20);
    // It is not told a second time, and nobody else is blamed.
    let reasons: Vec<_> = findings(&record, "requests_failed")
        .iter()
        .map(|f| f["evidence"]["reason"].clone())
        .collect();
    assert!(!reasons.contains(&"not_attempted".into()), "{reasons:?}");

    // How many were meant nobody knows; the threads are seen all the same.
    let seen = play("unjoined", 20, "good", &[]);
    let record = seen.record();
    let finding = findings(&record, "not_joined")[0];
    assert_eq!(finding["severity"], "warning");
    assert!(finding["evidence"]["never_attempted"].is_null());
    let after = record["census"]["client"]["threads"]["after"].as_u64();
    assert!(after.unwrap() > 1, "{}", record["census"]["client"]);

    let record = play("unbegun", 20, "good", &[]).record();
    assert!(one(&record, "not_joined").contains("None had made a connection"));
    assert!(one(&record, "no_connection").contains("exit status 0"));

    let record = play("joined", 20, "good", &["-n", "20"]).exits(0).record();
    silent(&record, &["not_joined", "requests_failed", "no_connection"]);
    assert!(one(&record, "pool_width").contains("2 threads of the client made the 20 connections"));
    let record = play("joined", 20, "good", &["-n", "30"]).exits(1).record();
    silent(&record, &["not_joined"]);
    let message = one(&record, "requests_failed");
    assert!(
        message.contains("it made 20 connections; it ended with exit status 0"),
        "{message}"
    );
    assert!(!message.contains("wait"), "{message}");
}

/// Python ends a pool that nobody waits for before it exits: then no thread is left to be
/// seen. Which ones ended first tells that somebody should look.
#[test]
fn a_pool_that_is_given_up() {
    require!(Capture, Tool("python3"));
    let seen = "3 threads that had made no connection had ended while others were still at work";
    let record = play("given_up", 20, "good", &[]).record();
    silent(&record, &["not_joined"]);
    let message = one(&record, "pool_width");
    assert!(message.contains(seen), "{message}");
    assert!(
        message.contains("see whether the main thread waits for the pool"),
        "{message}"
    );
    let record = play("given_up", 20, "good", &["-n", "20"])
        .exits(1)
        .record();
    let message = one(&record, "requests_failed");
    assert!(message.contains(seen), "{message}");
    assert!(message.contains("close() and join()"), "{message}");
}

/// What a client says, or does not wait for, explains why no answer came to it.
#[test]
fn clients_that_ask_wrongly() {
    require!(Capture, Tool("python3"));
    let embedded = |client: &str| {
        let words = ["student.py", "client", client, "{port}", "4"];
        Stage::new(&[]).with(&["-n", "4"]).run(&words)
    };
    for (client, reason, said) in [
        ("no_request", "closed", "does not begin with TIME"),
        (
            "no_line_end",
            "timeout",
            "the request has no line end (CR LF)",
        ),
        ("lf_alone", "timeout", "the request ends with LF alone"),
        ("long_line", "closed", "longer than 64 bytes"),
        (
            "silent",
            "not_attempted",
            "it made 4 connections, without a request on any",
        ),
    ] {
        let record = embedded(client).exits(1).record();
        assert_failed(&record, &[(reason, 4)]);
        assert_eq!(record["requests"]["valid"], 0);
        let message = one(&record, "requests_failed");
        assert!(message.contains(said), "{client}: {message}");
        assert!(!message.contains("server's log"), "{client}: {message}");
    }
    let record = play("gone", 4, "late", &["-n", "4"]).exits(1).record();
    assert_failed(&record, &[("timeout", 4)]);
    let message = one(&record, "requests_failed");
    assert!(
        message.contains("had closed the connection before the answer came"),
        "{message}"
    );
}

/// A process that looks whether the port is open, and ends, has asked for nothing.
#[test]
fn a_probe_by_a_process_of_its_own_has_not_failed() {
    require!(Capture, Tool("python3"));
    let record = play("probes", 4, "good", &["-n", "4"]).exits(0).record();
    assert_failed(&record, &[]);
    assert_eq!(record["requests"]["valid"], 4);
    assert_eq!(record["connections"]["without_request"], 3);
}

/// Processes that fork each other share no queue.
#[test]
fn a_tree_of_processes_is_no_pool() {
    require!(Capture, Tool("python3"));
    let record = play("forks", 0, "good", &[]).exits(0).record();
    let plan = &record["plan"];
    assert_eq!(plan["inferred"]["client"]["connections"], 30, "{plan}");
    assert!(plan["strategy"].is_null(), "{plan}");
    silent(&record, &["pool_width"]);
}

/// Processes of a pool that is not joined are ended with the program.
#[test]
fn a_pool_of_processes_that_is_not_joined() {
    require!(Capture, Tool("python3"));
    let seen = play("unjoined_processes", 20, "good", &["-n", "20"]).exits(1);
    let message = one(&seen.record(), "requests_failed");
    assert!(message.contains("ended by signal 15, SIGTERM"), "{message}");
    assert!(!message.contains("wait"), "{message}");
    let record = play("unjoined_processes", 20, "good", &[]).record();
    let message = one(&record, "processes_killed");
    assert!(
        message.starts_with("2 processes of the client were ended by signal 15"),
        "{message}"
    );
}

#[test]
fn clients_that_make_fewer() {
    require!(Capture, Tool("python3"));
    for (client, said) in [
        (
            "crash",
            &["exit status 1", "“ValueError: request 10 is one too many”"][..],
        ),
        ("exits", &["exit status 3"]),
        (
            "empty",
            &["it made 0 connections; it ended with exit status 0"],
        ),
        (
            "fewer",
            &["it made 10 connections; it ended with exit status 0"],
        ),
        ("killed", &["it was ended by signal 6, SIGABRT"]),
        ("raises", &["client.log shows 20 exceptions"]),
        (
            "wrong_port",
            &[
                "another port than the server's",
                "refused: nobody listens there",
            ],
        ),
    ] {
        let record = play(client, 20, "good", &["-n", "20"]).exits(1).record();
        let all = findings(&record, "requests_failed");
        let never = |f: &&&Value| f["evidence"]["reason"] == "not_attempted";
        let message = all.iter().find(never).unwrap()["message"].as_str().unwrap();
        for said in said {
            assert!(message.contains(said), "{client}: {message}");
        }
        assert!(!message.contains("wait"), "{client}: {message}");
        silent(&record, &["not_joined", "server_died", "unowned_flows"]);
    }
}

/// Exceptions in threads, and an exit status of 0.
#[test]
fn exceptions_in_a_log() {
    require!(Capture, Tool("python3"));
    let record = play("raises", 5, "good", &[]).record();
    let message = one(&record, "exceptions_logged");
    // Threads that report at the same time do so in pieces, which may be mixed.
    let wanted = "The output of the client shows 5 exceptions (client.log), although its exit status is 0; the \
                  first: “";
    assert!(message.starts_with(wanted), "{message}");
    let record = play("logging", 7, "good", &["-n", "7"]).record();
    let message = one(&record, "exceptions_logged");
    assert!(message.contains("shows 7 exceptions"), "{message}");
    let record = play("threads", 5, "good", &["-n", "5"]).exits(0).record();
    silent(&record, &["exceptions_logged"]);
}

#[test]
fn an_address_on_which_nobody_listens() {
    require!(Capture, Tool("python3"));
    let record = play("wrong_address", 5, "good", &["-n", "5"])
        .exits(1)
        .record();
    let message = one(&record, "requests_failed");
    assert!(message.contains("they went to 127.0.0.9:"), "{message}");
    assert!(
        message.contains("and the server listens on 127.0.0.1:"),
        "{message}"
    );
}

#[test]
fn servers_that_do_not_accept() {
    require!(Capture, Tool("python3"));
    let with = ["-n", "6", "--linger", "500ms", "--timeout", "400ms"];
    let server = |kind| Stage::new(&["student.py", "server", kind, "{port}"]).with(&with);
    for kind in ["once", "backlog"] {
        // The built-in client has a patience of its own.
        let record = server(kind).run(&[]).exits(1).record();
        let all: String = record["findings"].to_string();
        assert!(!all.contains("--workers"), "{kind}: {all}");
        assert!(!all.contains("nothing else listens"), "{kind}: {all}");
        assert!(!all.contains("server's log"), "{kind}: {all}");
        let message = one(&record, "requests_failed");
        assert!(
            message.contains("no thread of the server had accepted"),
            "{kind}: {message}"
        );
    }
}

#[test]
fn servers_that_fail() {
    require!(Capture, Tool("python3"));
    let record = play("tolerant", 6, "dies", &["-n", "6"]).record();
    let message = one(&record, "server_died");
    assert!(message.contains("“KeyError: 'the fourth'”"), "{message}");
    silent(&record, &["not_joined"]);
    let all = record["findings"].to_string();
    assert!(!all.contains("nothing else listens"), "{all}");

    // Its threads raise before they have read anything.
    let record = play("tolerant", 6, "raises", &["-n", "6"])
        .exits(1)
        .record();
    let message = one(&record, "exceptions_logged");
    assert!(
        message.contains("The output of the server shows 6 exceptions"),
        "{message}"
    );
    silent(&record, &["unowned_flows", "server_died"]);
    let message = one(&record, "serving_thread_unseen");
    assert!(message.contains("only the client sent"), "{message}");

    let record = play("in_turn", 6, "garbage", &["-n", "6"])
        .exits(1)
        .record();
    let message = one(&record, "requests_failed");
    assert!(
        message.contains("6 requests failed: an answer that is not JAM"),
        "{message}"
    );
    let record = play("in_turn", 6, "no_newline", &["-n", "6"])
        .exits(1)
        .record();
    assert_eq!(record["requests"]["failed"]["bad_answer"], 6);
}

#[test]
fn answers_that_are_not_the_time() {
    require!(Capture, Tool("python3"));
    for kind in ["good", "utc"] {
        let record = play("in_turn", 3, kind, &["-n", "3"]).exits(0).record();
        silent(&record, &["answers_off_the_clock"]);
    }
    let record = play("in_turn", 3, "fixed", &["-n", "3"]).exits(0).record();
    // About ten o'clock, in one of two time zones, it is right.
    let off = findings(&record, "answers_off_the_clock");
    for finding in off {
        assert_eq!(finding["evidence"]["off"], 3);
        assert_eq!(finding["evidence"]["answer"], "10:00:00");
        assert_eq!(finding["evidence"]["distinct_answers"], 1);
    }
}

#[test]
fn a_thread_for_each_request_is_not_one_for_all_at_once() {
    require!(Capture, Tool("python3"));
    let record = play("threads", 40, "good", &["-n", "40"]).exits(0).record();
    let workers = record["plan"]["inferred"]["client"]["workers"].as_u64();
    assert_eq!(workers, Some(40));
    for finding in findings(&record, "peak_below_requests") {
        assert!(finding["evidence"]["peak"].as_u64().unwrap() < 40);
        assert!(!finding["message"].as_str().unwrap().contains("--gate"));
    }
}

/// What came on a connection can be read when it is long over on the wire, and a
/// connection can be handed on: who may have used one is no helper.
#[test]
fn who_may_have_used_a_connection_is_no_helper() {
    require!(Capture, Tool("python3"), Tool("bash"));
    let server = ["student.py", "server", "good", "{port}"];
    let cats = "for i in 1 2 3; do exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'TIME\\r\\n' >&3; \
                cat <&3; done; exec 3>&-; /bin/true; :";
    let named = |record: &Value, which: &str| -> Vec<(String, u64)> {
        let all = record["programs"]["client"][which].as_array().unwrap();
        let one = |h: &Value| Some((h["name"].as_str()?.to_owned(), h["processes"].as_u64()?));
        all.iter().filter_map(one).collect()
    };
    let record = Stage::new(&server).run(&["bash", "-c", cats]).record();
    let others = named(&record, "others");
    assert!(others.contains(&("cat".to_owned(), 3)), "{others:?}");
    // The one that was executed without a socket has used none.
    let helpers = named(&record, "helpers");
    assert_eq!(helpers, [("true".to_owned(), 1)], "{record:#}");

    let record = play("handed", 4, "good", &["-n", "4"]).record();
    assert!(record["plan"]["strategy"].is_null(), "{}", record["plan"]);
    assert_eq!(named(&record, "helpers"), []);
    let others: u64 = named(&record, "others").iter().map(|other| other.1).sum();
    assert_eq!(others, 1);
}

/// Two at a time, each for two requests: no pool.
#[test]
fn jobs_of_xargs_are_no_pool() {
    require!(Capture, Tool("python3"), Tool("bash"), Tool("xargs"));
    let job = "seq 6 | xargs -P 2 -n 1 bash -c 'for i in 1 2; do exec \
               3<>/dev/tcp/127.0.0.1/{port}; printf \"TIME\\r\\n\" >&3; read -r x <&3; done'";
    let server = ["student.py", "server", "good", "{port}"];
    let record = Stage::new(&server).run(&["bash", "-c", job]).record();
    let plan = &record["plan"];
    assert_eq!(plan["inferred"]["client"]["connections"], 12, "{plan}");
    assert!(plan["strategy"].is_null(), "{plan}");
    assert!(plan["workers"].is_null(), "{plan}");
}

/// A thread that asked, and was told that the connection is reset, has served it.
#[test]
fn who_received_a_reset_has_served() {
    require!(Capture, Tool("python3"));
    for with in [&[][..], &["--trace-rw"]] {
        let seen = play("resets", 4, "good", with);
        silent(
            &seen.record(),
            &["serving_thread_unseen", "unanswered_flows"],
        );
        for flow in seen.ran.flows() {
            assert!(flow["server_owner"]["serve_tid"].is_u64(), "{flow}");
        }
    }
}

/// The port is held by the connections of the run before, and by no program.
#[test]
fn a_port_that_the_run_before_has_left_in_time_wait() {
    require!(Capture, Tool("python3"));
    let stage = Stage::new(&["student.py", "server", "no_reuse", "{port}"]);
    let client = ["student.py", "client", "to_the_end", "{port}", "3"];
    stage.run(&client).exits(0);
    let again = stage.run(&client);
    assert_ne!(again.ran.status, Some(0));
    let said = &again.ran.stderr;
    let wanted = format!(
        "Port {} is in use by a closed connection in TIME-WAIT; wait for a minute, or let the \
         server set SO_REUSEADDR",
        stage.port
    );
    assert!(said.contains(&wanted), "{said}");
    assert!(!said.contains("end that program"), "{said}");
}
