//! `--observe`, and what happens where tracing is not allowed.

use super::common::findings;
use super::common::need::Need::{Capture, Tool};
use super::seen::Seen;
use super::stage::Stage;
use crate::require;

/// Sampled: nothing is said that a sample cannot tell.
#[track_caller]
fn is_sampled(seen: &Seen) {
    let record = seen.record();
    for side in ["client", "server"] {
        let census = &record["census"][side];
        assert_eq!(census["provenance"], "sampled", "{side}");
        for kind in ["threads", "processes"] {
            assert!(census[kind]["created"].is_null(), "{side} {census}");
        }
    }
    assert!(record["requests"]["attempted"].is_null());
    assert_eq!(seen.client.failed.len() + seen.server.failed.len(), 0);
    for flow in seen.ran.flows() {
        for side in ["client_owner", "server_owner"] {
            let owner = &flow[side];
            assert!(
                owner.is_null() || owner["provenance"] == "sampled",
                "{flow}"
            );
        }
    }
    assert_eq!(record["programs"]["client"]["exit_code"], 0);
    assert!(record["observer"]["tracer_stops"].is_null());
}

#[test]
fn observed_by_samples() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&["thread_server", "{port}"])
        .with(&["--observe", "sampled"])
        .run(&["thread_client", "{port}", "50"])
        .exits(0);
    is_sampled(&seen);
    let record = seen.record();
    assert_eq!(record["requests"]["on_wire"], 50);
    assert_eq!(record["requests"]["valid"], 50);
    // It was wished for.
    assert!(findings(&record, "trace_not_allowed").is_empty());
}

/// A crowd that stands long enough is seen by any sample.
#[test]
fn a_crowd_by_samples() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&["epoll_server", "{port}"])
        .with(&["--observe", "sampled"])
        .run(&[
            "thread_client",
            "{port}",
            "30",
            "127.0.0.1",
            "recv",
            "leave",
        ])
        .exits(0);
    is_sampled(&seen);
    let peak = seen.record()["census"]["client"]["threads"]["peak"].as_u64();
    assert!((1..=31).contains(&peak.unwrap()), "{peak:?}");
}

/// A program begins with one thread, however many there are at the first look.
#[test]
fn what_was_there_before_by_samples() {
    require!(Tool("cc"));
    for server in [
        &["relay_server", "{port}"][..],
        &["prefork_server", "{port}", "4"],
    ] {
        let seen = Stage::new(server)
            .with(&["--no-capture", "--observe", "sampled"])
            .run(&["java_like", "client", "{port}", "20", "8"]);
        for side in ["client", "server"] {
            let census = &seen.record()["census"][side];
            assert_eq!(census["threads"]["before"], 1, "{side} {census}");
            assert_eq!(census["processes"]["before"], 1, "{side} {census}");
        }
    }
}

/// Where nothing could end what a program leaves in the background, it is not started.
#[test]
fn what_could_outlive_the_run_is_not_started() {
    require!(Capture, Tool("cc"));
    let (ptrace, prctl) = (libc::SYS_ptrace.to_string(), libc::SYS_prctl.to_string());
    let denied = super::program::compiled("denied");
    let denied = denied.to_str().unwrap();
    let run = |calls: &str, observe: &str| {
        let stage = Stage::new(&["thread_server", "{port}"])
            .behind(&[denied, calls])
            .with(&["--no-capture", "--observe", observe]);
        let mut command = stage.command(&["daemon_client", "{port}", "5", "wait"]);
        let ran = stage.lab.end(super::common::start(&mut command));
        assert_eq!(stage.lab.left(), Vec::<String>::new(), "{calls} {observe}");
        ran
    };
    let both = format!("{ptrace},{prctl}");
    for (calls, observe) in [(&both, "exact"), (&both, "sampled"), (&prctl, "sampled")] {
        let ran = run(calls, observe).exits(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        for word in ["prctl(2)", "pid namespace"] {
            assert!(ran.stderr.contains(word), "{}", ran.stderr);
        }
    }
    for (calls, provenance) in [(&ptrace, "sampled"), (&prctl, "traced")] {
        let record = run(calls, "exact").record();
        assert_eq!(record["census"]["client"]["provenance"], provenance);
    }
}

#[test]
fn not_observed() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&["thread_server", "{port}"])
        .with(&["--observe", "off"])
        .run(&["thread_client", "{port}", "50"])
        .exits(0);
    let record = seen.record();
    for side in ["client", "server"] {
        let census = &record["census"][side];
        assert!(census["provenance"].is_null(), "{census}");
        for moment in ["before", "peak", "after", "created"] {
            assert!(census["threads"][moment].is_null(), "{census}");
        }
    }
    assert_eq!(record["requests"]["valid"], 50);
    for flow in seen.ran.flows() {
        assert!(flow["client_owner"].is_null());
        assert!(flow["server_owner"].is_null());
    }
}

/// Under strace its children are traced already: a second tracer is refused.
#[test]
fn tracing_is_not_allowed() {
    require!(Capture, Tool("cc"), Tool("strace"));
    let strace = ["strace", "-f", "-q", "-o", "/dev/null", "-e", "trace=none"];
    let seen = Stage::new(&["thread_server", "{port}"])
        .behind(&strace)
        .traced()
        .run(&["thread_client", "{port}", "50"])
        .exits(0);
    is_sampled(&seen);
    let record = seen.record();
    assert_eq!(record["requests"]["valid"], 50);
    let found = findings(&record, "trace_not_allowed");
    assert_eq!(found.len(), 1, "it is said once");
    let message = found[0]["message"].as_str().unwrap();
    let said = seen.ran.stderr.matches(message).count();
    assert!(said <= 1, "once: {}", seen.ran.stderr);
}

/// Built-in sides need no tracer: nothing to say.
#[test]
fn built_in_sides_need_no_tracing() {
    require!(Capture, Tool("strace"));
    let strace = ["strace", "-f", "-q", "-o", "/dev/null", "-e", "trace=none"];
    let seen = Stage::new(&[])
        .behind(&strace)
        .with(&["-n", "20"])
        .run(&[])
        .exits(0);
    let record = seen.record();
    assert!(findings(&record, "trace_not_allowed").is_empty());
    assert_eq!(record["census"]["client"]["provenance"], "instrumented");
}
