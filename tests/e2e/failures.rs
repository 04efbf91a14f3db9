//! Every reason why a request can fail at the other end, each with a real
//! server that behaves that way.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use super::common::need::Need::Capture;
use super::common::{Lab, Ran, assert_failed, findings, peers};
use crate::require;

const STRATEGIES: [&str; 4] = ["thread", "pool", "process", "async"];
const N: u64 = 12;

/// A run against `server` with this strategy.
fn against(server: SocketAddr, strategy: &str, more: &[&str]) -> Ran {
    let lab = Lab::new();
    let target = server.to_string();
    let mut arguments = vec![
        "-s",
        strategy,
        "-n",
        "12",
        "--connect",
        &target,
        "--linger",
        "100ms",
    ];
    arguments.extend(more);
    lab.run(&arguments)
}

/// All requests of all strategies fail for this reason; what is printed about
/// them holds `words`.
fn all_fail(server: SocketAddr, reason: &str, words: &str, more: &[&str]) {
    for strategy in STRATEGIES {
        let ran = against(server, strategy, more).exits(1);
        let record = ran.record();
        assert_failed(&record, &[(reason, N)]);
        assert_eq!(record["requests"]["attempted"], N, "{strategy}");
        assert_eq!(record["requests"]["valid"], 0, "{strategy}");
        let found = findings(&record, "requests_failed");
        assert_eq!(found.len(), 1, "{strategy}");
        assert_eq!(found[0]["evidence"]["reason"], reason);
        assert_eq!(found[0]["evidence"]["requests"], N);
        assert!(ran.stdout.contains(words), "{words} not in {}", ran.stdout);
        assert!(!ran.stdout.contains('\x1b'), "{}", ran.stdout);
        for worker in ran.side("client") {
            assert_eq!(worker["outcome"], reason);
        }
    }
}

#[test]
fn refused_where_nobody_listens() {
    require!(Capture);
    all_fail(peers::deserted(), "refused", "connection refused", &[]);
}

#[test]
fn refused_connections_are_flows_that_were_rejected() {
    require!(Capture);
    let ran = against(peers::deserted(), "thread", &[]).exits(1);
    let flows = ran.flows();
    assert_eq!(flows.len() as u64, N);
    for flow in flows {
        assert_eq!(flow["state"], "REJ");
        assert!(flow["client_owner"].is_object(), "{flow}");
    }
}

#[test]
fn reset_after_the_request() {
    require!(Capture);
    let server = peers::server(|mut stream| {
        peers::read_request(&mut stream);
        peers::reset(stream);
    });
    all_fail(server, "reset", "reset", &[]);
}

#[test]
fn reset_right_after_accept() {
    require!(Capture);
    all_fail(peers::server(peers::reset), "reset", "reset", &[]);
}

#[test]
fn closed_without_an_answer() {
    require!(Capture);
    all_fail(
        peers::answering(b""),
        "closed",
        "closed before an answer",
        &[],
    );
}

#[test]
fn timeout_of_a_silent_server() {
    require!(Capture);
    let more = ["--timeout", "300ms"];
    all_fail(peers::silent(), "timeout", "no answer while", &more);
}

#[test]
fn timeout_of_a_server_that_never_accepts() {
    require!(Capture);
    let (_listener, server) = peers::never_accepting();
    let more = ["--timeout", "300ms"];
    all_fail(server, "timeout", "no answer while", &more);
}

/// An answer without CR LF on a connection that stays open: what had come is told, and that
/// the server may have been about to send the rest.
#[test]
fn timeout_of_an_answer_that_does_not_end() {
    require!(Capture);
    let server = peers::server(|mut stream| {
        peers::read_request(&mut stream);
        let _ = stream.write_all(b"JAM 12:34:56");
        peers::until_closed(&mut stream);
    });
    let more = ["--timeout", "300ms"];
    all_fail(server, "timeout", "no answer while", &more);
    let record = against(server, "thread", &more).record();
    let finding = findings(&record, "requests_failed")[0];
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains(
            "; no more than \"JAM 12:34:56\" had come, without the CR LF that ends an answer; \
             let the server end its answer with CR LF"
        ),
        "{message}"
    );
}

/// The time allowed is for the whole request, not for each byte of it.
#[test]
fn timeout_of_a_server_that_drips() {
    require!(Capture);
    let server = peers::dripping(b"JAM 12:34:56\r\n", Duration::from_secs(1));
    let more = ["--timeout", "1s"];
    all_fail(server, "timeout", "no answer while", &more);
    let ran = against(server, "thread", &more);
    for worker in ran.side("client") {
        let at = |name: &str| worker[name].as_u64().unwrap();
        let took = at("ended_ns") - at("started_ns");
        // An answer of 14 bytes, dripped, takes 13 s.
        assert!(took < 10_000_000_000, "{took}");
    }
}

#[test]
fn bad_answer_of_another_protocol() {
    require!(Capture);
    let server = peers::answering(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    all_fail(server, "bad_answer", "HTTP/1.1", &[]);
}

#[test]
fn bad_answer_that_is_too_long() {
    require!(Capture);
    let server = peers::answering(b"JAM 12:34:56\r\nand more of it\r\n");
    all_fail(server, "bad_answer", "extra bytes after the answer", &[]);
}

#[test]
fn bad_answer_of_no_such_time() {
    require!(Capture);
    let server = peers::answering(b"JAM 25:00:00\r\n");
    all_fail(server, "bad_answer", "25:00:00", &[]);
}

#[test]
fn bad_answer_that_is_cut_short() {
    require!(Capture);
    let server = peers::answering(b"JAM 12:3");
    all_fail(server, "bad_answer", "JAM 12:3", &[]);
}

#[test]
fn bad_answer_of_terminal_commands_is_escaped() {
    require!(Capture);
    let server = peers::answering(b"\x1b[31m\x07\x00\xff evil\r\n");
    all_fail(server, "bad_answer", "[31m", &[]);
    let ran = against(server, "thread", &["--color", "never"]);
    let printable = |c: char| c == '\n' || !c.is_control();
    assert!(ran.stdout.chars().all(printable), "{:?}", ran.stdout);
    for format in ["markdown", "csv"] {
        let ran = against(server, "thread", &["--format", format]);
        let printable = |c: char| c == '\n' || c == '\r' || !c.is_control();
        assert!(ran.stdout.chars().all(printable), "{:?}", ran.stdout);
    }
}

#[test]
fn an_answer_in_fourteen_segments_is_valid() {
    require!(Capture);
    let server = peers::dripping(b"JAM 12:34:56\r\n", Duration::from_millis(3));
    for strategy in STRATEGIES {
        let ran = against(server, strategy, &[]).exits(0);
        let record = ran.record();
        assert_failed(&record, &[]);
        assert_eq!(record["requests"]["valid"], N, "on the wire too");
        for flow in ran.flows() {
            assert_eq!(flow["exchanges"][0]["answer"], "12:34:56");
        }
        let split = &findings(&record, "answers_split")[0]["evidence"];
        assert_eq!(split["answers"], N, "{strategy}");
        assert_eq!(split["most_segments"], 14, "{strategy}");
    }
}

#[test]
fn mixed_reasons_are_counted_apart() {
    require!(Capture);
    let next = std::sync::atomic::AtomicU32::new(0);
    let server = peers::server(move |mut stream| {
        let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        peers::read_request(&mut stream);
        match number % 4 {
            0 => return peers::reset(stream),
            1 => {}
            2 => drop(stream.write_all(b"nonsense\r\n")),
            _ => drop(stream.write_all(b"JAM 01:02:03\r\n")),
        }
        let _ = stream.shutdown(std::net::Shutdown::Write);
        peers::until_closed(&mut stream);
    });
    let record = against(server, "thread", &[]).exits(1).record();
    assert_failed(&record, &[("bad_answer", 3), ("closed", 3), ("reset", 3)]);
    assert_eq!(record["requests"]["valid"], 3);
}
