//! `--server-pid`: a server that runs is attached to, and let go again.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::common::need::Need::{Capture, Tool};
use super::common::{Lab, Ran, Started};
use super::own::Own;
use super::seen::{Reads, Seen};
use super::stage::Stage;
use crate::require;

/// A server that runs by itself, in a lab of its own.
struct Running {
    stage: Stage,
    started: Started,
}

impl Running {
    fn start(words: &[&str]) -> Self {
        let stage = Stage::new(words);
        let started = stage.start_server();
        Self { stage, started }
    }

    fn pid(&self) -> u32 {
        self.started.child.id()
    }

    /// A stage whose threadtap attaches to it.
    fn attached(&self) -> Stage {
        let pid = self.pid().to_string();
        Stage::new(&[])
            .bare()
            .with(&["--server-pid", &pid, "--format", "json"])
    }

    fn port(&self) -> String {
        self.stage.port.to_string()
    }

    /// Nobody traces it any more, no thread of it is stopped, and it answers.
    #[track_caller]
    fn is_well(&self) {
        let folder = format!("/proc/{}/task", self.pid());
        for task in fs::read_dir(folder).unwrap() {
            let status = fs::read_to_string(task.unwrap().path().join("status"));
            // It may end meanwhile.
            let Ok(status) = status else { continue };
            assert!(status.contains("\nTracerPid:\t0\n"), "{status}");
            let stopped = ["T (stopped)", "t (tracing stop)"];
            assert!(!stopped.iter().any(|s| status.contains(s)), "{status}");
        }
        let mut stream = TcpStream::connect(("127.0.0.1", self.stage.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream.write_all(b"TIME\r\n").unwrap();
        let mut answer = [0; 14];
        stream.read_exact(&mut answer).unwrap();
        assert!(answer.starts_with(b"JAM "));
    }

    /// Asks it to end; what it said in all its life.
    fn stop(self) -> Own {
        self.started.signal(Signal::TERM);
        let ran: Ran = self.stage.lab.end(self.started);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        Own::read(&ran.stdout)
    }
}

/// The run's flows have the owners that the server names, though its output is
/// not in the run.
fn agree(seen: Seen, server: Own, reads: Reads) -> Seen {
    let seen = Seen { server, ..seen };
    seen.server_owners_agree(reads);
    seen
}

#[test]
fn a_server_that_is_attached_to() {
    require!(Capture, Tool("cc"), Tool("python3"));
    for (words, before, created) in [
        (&["thread_server", "{port}"][..], 1, 40),
        (&["epoll_server", "{port}"], 1, 0),
        (&["relay_server", "{port}"], 3, 0),
        (&["java_like", "server", "{port}", "5"], 7, 0),
        (&["prefork_server", "{port}", "4"], 5, 0),
        (&["fork_server", "{port}"], 1, 40),
        (&["lab_server.py", "thread", "{port}"], 1, 40),
        // It stops at every call anyway: read(2) and write(2) are seen unasked.
        (&["thread_server", "{port}", "127.0.0.1", "read"], 1, 40),
        (&["relay_server", "{port}", "127.0.0.1", "read"], 3, 0),
        // Its first thread has ended.
        (&["leaderless_server", "{port}"], 1, 0),
        (&["leaderless_server", "{port}", "read"], 1, 0),
    ] {
        let server = Running::start(words);
        let seen = server
            .attached()
            .run(&["thread_client", &server.port(), "40"])
            .exits(0);
        server.is_well();
        seen.client_agrees();
        let record = seen.record();
        let census = &record["census"]["server"];
        assert_eq!(census["provenance"], "traced", "{words:?}");
        assert_eq!(census["threads"]["before"], before, "{words:?}");
        assert_eq!(census["threads"]["created"], created, "{words:?}");
        assert_eq!(record["plan"]["server"], "existing");
        agree(seen, server.stop(), Reads::Seen);
    }
}

/// Calls that are not restarted when a task was stopped go on as if nobody had come
/// and gone.
#[test]
fn a_server_that_takes_eintr_for_the_end() {
    require!(Capture, Tool("cc"));
    for words in [
        &["waits_server", "{port}"][..],
        &["waits_server", "{port}", "signals"],
    ] {
        let server = Running::start(words);
        for _ in 0..4 {
            let seen = server
                .attached()
                .run(&["thread_client", &server.port(), "10"])
                .exits(0);
            server.is_well();
            seen.client_agrees();
            assert_eq!(seen.record()["correlation"]["server_owned"], 10);
        }
        let said = server.stop();
        assert_eq!(said.failed, Vec::<serde_json::Value>::new());
    }
}

/// A child that nobody has waited for cannot be traced, and has nothing to tell.
#[test]
fn a_server_whose_child_has_ended() {
    require!(Capture, Tool("cc"));
    let server = Running::start(&["thread_server", "{port}", "127.0.0.1", "child"]);
    let seen = server
        .attached()
        .run(&["thread_client", &server.port(), "10"])
        .exits(0);
    server.is_well();
    seen.client_agrees();
    assert_eq!(seen.record()["census"]["server"]["processes"]["before"], 1);
    agree(seen, server.stop(), Reads::Seen);
}

/// Java binds 127.0.0.1 as the mapped address of a socket of both families.
#[test]
fn a_server_on_a_mapped_address() {
    require!(Capture, Tool("cc"));
    let server = Running::start(&["thread_server", "{port}", "::ffff:127.0.0.1"]);
    let seen = server
        .attached()
        .with(&["--strategy", "thread", "-n", "10"])
        .run(&[])
        .exits(0);
    let record = seen.record();
    assert_eq!(record["requests"]["valid"], 10);
    assert_eq!(record["correlation"]["server_owned"], 10);
    assert_eq!(
        record["plan"]["target"],
        format!("127.0.0.1:{}", server.port())
    );
    agree(seen, server.stop(), Reads::Seen);
}

/// One server, one run after the other.
#[test]
fn attached_to_again_and_again() {
    require!(Capture, Tool("cc"));
    let server = Running::start(&["java_like", "server", "{port}", "5"]);
    for _ in 0..5 {
        let seen = server
            .attached()
            .run(&["thread_client", &server.port(), "10"])
            .exits(0);
        let record = seen.record();
        assert_eq!(record["correlation"]["server_owned"], 10);
        server.is_well();
    }
    let said = server.stop();
    assert_eq!(said.failed.len(), 0);
    // The system may give one port to clients of two runs.
    assert_eq!(said.of("accepted").len(), 55);
}

#[test]
fn a_server_outlives_an_interrupted_run() {
    require!(Capture, Tool("cc"), Tool("python3"));
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let server = Running::start(&["thread_server", "{port}"]);
        let stage = server.attached();
        let client = ["port_client.py", "hang", &server.port()];
        let started = stage.start_until(&client, "hanging");
        started.signal(signal);
        let ran = stage.lab.end(started).exits(130);
        assert_eq!(stage.lab.left(), Vec::<String>::new());
        assert_eq!(ran.record()["census"]["server"]["provenance"], "traced");
        server.is_well();
        server.stop();
    }
}

/// Its own children die with it; a server that it did not start does not.
#[test]
fn a_server_outlives_a_killed_run() {
    require!(Capture, Tool("cc"), Tool("python3"));
    for words in [
        &["thread_server", "{port}"][..],
        &["java_like", "server", "{port}", "5"],
        &["prefork_server", "{port}", "4"],
    ] {
        let server = Running::start(words);
        let stage = server.attached();
        let client = ["port_client.py", "hang", &server.port()];
        let started = stage.start_until(&client, "hanging");
        started.signal(Signal::KILL);
        stage.lab.end(started);
        stage.lab.until_nothing_is_left();
        server.is_well();
        server.stop();
    }
}

/// A server that ends while it is attached to is the end of no run.
#[test]
fn a_server_that_ends_meanwhile() {
    require!(Capture, Tool("cc"), Tool("python3"));
    let server = Running::start(&["thread_server", "{port}"]);
    let stage = server.attached();
    let client = ["port_client.py", "hang", &server.port()];
    let started = stage.start_until(&client, "hanging");
    server.stop();
    started.signal(Signal::INT);
    let ran = stage.lab.end(started).exits(130);
    assert_eq!(ran.record()["census"]["server"]["provenance"], "traced");
    assert_eq!(stage.lab.left(), Vec::<String>::new());
}

/// A server that is stopped stays so; here it goes on when it is told to.
#[test]
fn a_server_that_is_stopped() {
    require!(Capture, Tool("cc"));
    let server = Running::start(&["thread_server", "{port}"]);
    server.started.signal(Signal::STOP);
    let stage = server.attached();
    let mut command = stage.command(&["thread_client", &server.port(), "10"]);
    let started = super::common::start(&mut command);
    let started = stage.until_logged(started, "connected", 10);
    server.started.signal(Signal::CONT);
    let seen = Seen::of(stage.lab.end(started)).exits(0);
    seen.client_agrees();
    server.is_well();
    agree(seen, server.stop(), Reads::Seen);
}

/// Who asks for samples, or for nothing at all, has a server that nobody touches.
#[test]
fn a_server_that_is_left_alone() {
    require!(Capture, Tool("cc"), Tool("python3"));
    let server = Running::start(&["java_like", "server", "{port}", "5"]);
    for (observe, provenance, threads) in [
        ("sampled", json!("sampled"), json!(7)),
        ("off", Value::Null, Value::Null),
    ] {
        let stage = server.attached().with(&["--observe", observe]);
        let client = ["port_client.py", "hang", &server.port()];
        let started = stage.start_until(&client, "hanging");
        server.is_well();
        started.signal(Signal::INT);
        let ran = stage.lab.end(started).exits(130);
        let record = ran.record();
        let census = &record["census"]["server"];
        assert_eq!(census["provenance"], provenance, "{observe}: {census}");
        assert_eq!(census["threads"]["before"], threads, "{observe}: {census}");
        assert_eq!(census["threads"]["created"], Value::Null, "{observe}");
        let owned = &record["correlation"]["server_owned"];
        assert!(owned.is_null(), "{observe}: {owned}");
        let record = record.to_string();
        let told = record.contains("as --observe off asks");
        assert_eq!(told, observe == "off", "{observe}");
        // Where it is was known all the time.
        assert!(!record.contains("was found on this machine"));
    }
    let gone = Lab::new();
    let mut child = gone.command("true").spawn().unwrap();
    let pid = child.id().to_string();
    child.wait().unwrap();
    let at = format!("127.0.0.1:{}", server.port());
    let mut command = gone.threadtap(&[]);
    command.args([
        "run",
        "--connect",
        &at,
        "--server-pid",
        &pid,
        "--no-capture",
    ]);
    command.args(["--observe", "sampled", "--", "true"]);
    let ran = gone.finish(&mut command).exits(2);
    assert!(ran.stderr.contains(&pid), "{}", ran.stderr);
    server.stop();
}

#[test]
fn no_such_process() {
    let lab = Lab::new();
    let mut child = lab.command("true").spawn().unwrap();
    let pid = child.id().to_string();
    child.wait().unwrap();
    for wrong in [pid.as_str(), "0", "-1", "4294967296", "one"] {
        let mut command = lab.threadtap(&[]);
        command.args(["run", "--server-pid", wrong, "--no-capture"]);
        let ran = lab.finish(command.args(["--", "true"])).exits(2);
        assert!(ran.stderr.contains(wrong), "{}", ran.stderr);
    }
}

/// A process that listens nowhere is no server.
#[test]
fn a_process_that_does_not_listen() {
    let lab = Lab::new();
    let other = Lab::new();
    let mut child = other.command("sleep").arg("60").spawn().unwrap();
    let pid = child.id().to_string();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "--server-pid", &pid, "--no-capture"]);
    let ran = lab.finish(command.args(["--server-timeout", "300ms", "--", "true"]));
    child.kill().unwrap();
    child.wait().unwrap();
    let ran = ran.exits(2);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains(&pid), "{}", ran.stderr);
}
