//! Programs in the kernel (eBPF) that watch a client and a server: what they see is held
//! against what the programs say of themselves, and against what a tracer would change.

use super::common::findings;
use super::common::need::Need::{Capture, Ebpf, Namespaces, Root, Tool};
use super::common::need::skip;
use super::program;
use super::seen::{Reads, Seen};
use super::stage::Stage;
use super::users::as_a_user_with;
use crate::require;

const EPOLL: [&str; 2] = ["epoll_server", "{port}"];

/// A run that programs in the kernel watch, both sides of it.
#[track_caller]
fn watched(server: &[&str], client: &[&str]) -> Seen {
    let seen = Stage::new(server).with(&["--observe", "ebpf"]).run(client);
    let observer = &seen.record()["observer"];
    assert_eq!(observer["client"], "ebpf", "{observer}");
    assert_eq!(observer["server"], "ebpf", "{observer}");
    seen
}

#[test]
fn both_sides_agree_and_nothing_is_stopped() {
    require!(Capture, Ebpf, Tool("cc"));
    for (server, client) in [
        (
            &["thread_server", "{port}", "127.0.0.1", "read"][..],
            &["thread_client", "{port}", "100", "127.0.0.1", "read"][..],
        ),
        (&EPOLL, &["epoll_client", "{port}", "300", "32"]),
        (
            &["fork_server", "{port}", "read"],
            &["process_client", "each", "{port}", "60"],
        ),
        (
            &["passing_server", "{port}"],
            &["go_like", "{port}", "100", "8"],
        ),
    ] {
        let seen = watched(server, client).exits(0);
        seen.client_agrees();
        seen.server_agrees(Reads::Seen);
        let observer = &seen.record()["observer"];
        assert!(observer["tracer_stops"].is_null(), "{observer}");
        assert!(observer["tracer_cpu_ns"].as_u64() > Some(0), "{observer}");
    }
}

/// Linux counts what a process was given when it was forked: the ring that the records
/// come through, of 32 MiB in two mappings, is none of its memory.
#[test]
fn the_ring_is_not_in_the_programs_memory() {
    require!(Capture, Ebpf, Tool("cc"));
    let seen = watched(&EPOLL, &["thread_client", "{port}", "5"]).exits(0);
    for side in ["client", "server"] {
        let memory = seen.record()["sides"][side]["peak_memory_bytes"].as_u64();
        assert!(
            memory.is_some_and(|bytes| bytes < 32 << 20),
            "{side} {memory:?}"
        );
    }
}

/// What a tracer keeps a program from: tracing others, the strict mode of seccomp(2).
#[test]
fn a_program_does_what_it_does_alone() {
    require!(Capture, Ebpf, Tool("cc"));
    let seen = watched(&EPOLL, &["ptracer", "{port}"]).exits(0);
    seen.client_agrees();
    assert_eq!(seen.client.total("traceme"), Some(0));
    assert_eq!(seen.client.total("seize"), Some(0));
    assert!(findings(&seen.record(), "uses_ptrace").is_empty());
    for way in ["prctl", "seccomp"] {
        let seen = watched(&EPOLL, &["strict_client", way, "{port}", "3"]).exits(0);
        let said = findings(&seen.record(), "strict_seccomp_refused").len();
        assert_eq!(said, 0, "{way}");
    }
}

/// `io_uring(7)`: connections that no connect(2) makes, and their owners.
#[test]
fn a_client_with_a_ring() {
    require!(Capture, Ebpf, Tool("cc"));
    for ways in ["ring", "both"] {
        let seen = watched(&EPOLL, &["uring_client", "{port}", "10", ways]);
        if seen.record()["programs"]["client"]["exit_code"] == 4 {
            skip("kernel::a_client_with_a_ring", "needs io_uring");
            return;
        }
        let seen = seen.exits(0);
        let record = seen.record();
        assert_eq!(record["requests"]["attempted"], 10, "{ways}");
        assert_eq!(record["correlation"]["client_owned"], 10, "{ways}");
        assert_eq!(seen.client_owners_agree().len(), 10, "{ways}");
        assert!(findings(&record, "uses_io_uring").is_empty(), "{ways}");
    }
}

/// What a filter of its own refuses was tried all the same: connect(2) has failed.
#[test]
fn a_connect_that_is_refused_by_a_filter() {
    require!(Capture, Ebpf, Tool("cc"));
    let seen = watched(&EPOLL, &["seccomp_client", "refuse", "{port}", "4"]).exits(1);
    let record = seen.record();
    assert_eq!(record["requests"]["attempted"], 4);
    assert_eq!(record["requests"]["on_wire"], 3);
    assert_eq!(record["requests"]["failed"]["other"], 1);
}

/// What a filter of its own answers in the kernel's place, without an error, was no
/// connect(2).
#[test]
fn a_connect_that_a_filter_answers() {
    require!(Capture, Ebpf, Tool("cc"));
    for way in ["zero", "trap"] {
        let seen = watched(&EPOLL, &["seccomp_client", way, "{port}", "4"]).exits(0);
        seen.client_agrees();
        let requests = &seen.record()["requests"];
        assert_eq!(requests["attempted"], 4, "{way} {requests}");
        assert_eq!(requests["failed_total"], 0, "{way} {requests}");
    }
}

/// A server in a network of its own (`ip netns exec`, Mininet), which no client here
/// reaches: that it listens is seen all the same.
#[test]
fn a_server_in_another_network() {
    require!(Capture, Ebpf, Root, Namespaces, Tool("cc"), Tool("unshare"));
    for observer in ["ebpf", "ptrace"] {
        let stage = Stage::new(&[]).with(&["--observe", observer]);
        let server = ["thread_server", "{port}", "0.0.0.0"];
        let server = program::words(&server, stage.port).join(" ");
        let server = format!("unshare -n {server}");
        let stage = stage.with(&["--server-cmd", &server, "--server-timeout", "5s"]);
        let seen = stage.run(&["thread_client", "{port}", "3"]).exits(1);
        let record = seen.record();
        assert_eq!(record["observer"]["server"], observer);
        assert_eq!(record["requests"]["attempted"], 3, "{observer}");
        assert_eq!(record["requests"]["failed"]["refused"], 3, "{observer}");
    }
}

/// A server that ran already and was only named by its address.
#[test]
fn a_server_that_is_connected_to() {
    require!(Capture, Ebpf, Tool("cc"));
    for server in [
        &["thread_server", "{port}", "127.0.0.1", "read"][..],
        &["prefork_server", "{port}", "4"],
    ] {
        let stage = Stage::new(server);
        let server = stage.start_server();
        let target = format!("127.0.0.1:{}", stage.port);
        let run = Stage::new(&[])
            .bare()
            .with(&["--connect", &target, "--format", "json"])
            .with(&["--observe", "ebpf"]);
        let seen = run
            .run(&["thread_client", &stage.port.to_string(), "30"])
            .exits(0);
        seen.client_agrees();
        let record = seen.record();
        assert_eq!(record["plan"]["server"], "existing");
        assert_eq!(record["census"]["server"]["provenance"], "traced");
        assert_eq!(record["correlation"]["server_owned"], 30);
        server.signal(rustix::process::Signal::TERM);
        let ran = stage.lab.end(server);
        let own = super::own::Own::read(&ran.stdout);
        Seen {
            server: own,
            ..seen
        }
        .server_owners_agree(Reads::Seen);
    }
}

/// What the kernel's programs need, taken away in one way after another: the run goes on with
/// what there is, and one line says what is missing.
#[test]
fn what_is_missing_is_named() {
    require!(
        Capture,
        Root,
        Ebpf,
        Tool("cc"),
        Tool("setpriv"),
        Tool("unshare")
    );
    let denied = super::program::compiled("denied").display().to_string();
    let bpf = libc::SYS_bpf.to_string();
    let no_types = "mount -t tmpfs none /sys/kernel/btf && exec \"$0\" \"$@\"";
    for (behind, words) in [
        (
            &["unshare", "--mount", "sh", "-c", no_types][..],
            "the kernel's types cannot be read (no BTF): this kernel does not describe its types",
        ),
        (
            &["setpriv", "--bounding-set", "-bpf,-perfmon,-sys_admin"],
            "root has no CAP_BPF and CAP_PERFMON here",
        ),
        (
            &["setpriv", "--bounding-set", "-perfmon,-sys_admin"],
            "root has no CAP_BPF and CAP_PERFMON here",
        ),
        (
            &[&denied, &bpf],
            "this container's seccomp profile forbids bpf(2)",
        ),
    ] {
        let run = |observe: &str| {
            let stage = Stage::new(&EPOLL).behind(behind);
            let stage = stage.with(&["--observe", observe, "-v"]);
            let seen = stage.run(&["thread_client", "{port}", "9"]).exits(0);
            seen.client_agrees();
            seen.server_agrees(Reads::Seen);
            let record = seen.record();
            assert_eq!(record["observer"]["client"], "ptrace", "{behind:?}");
            let told = findings(&record, "ebpf_not_allowed").into_iter();
            (told.cloned().collect::<Vec<_>>(), seen.ran.stderr)
        };
        let (told, _) = run("ebpf");
        assert_eq!(told.len(), 1, "{behind:?}");
        let reason = told[0]["evidence"]["reason"].as_str().unwrap();
        assert!(reason.contains(words), "{behind:?} {reason}");
        // Nobody asked for it by name: no warning, and one line for who asks.
        let (told, stderr) = run("auto");
        assert!(told.is_empty(), "{behind:?}");
        assert_eq!(stderr.matches(words).count(), 1, "{stderr}");
    }
}

/// Asked for by name, and not to be had: it is traced, and said why.
#[test]
fn it_is_not_allowed() {
    require!(Capture, Root, Tool("cc"), Tool("setpriv"));
    let client = ["thread_client", "{port}", "12"];
    let seen = as_a_user_with(&["--observe", "ebpf"], "epoll_server", &client).exits(0);
    seen.client_agrees();
    let record = seen.record();
    assert_eq!(record["observer"]["client"], "ptrace");
    let told = findings(&record, "ebpf_not_allowed");
    assert_eq!(told.len(), 1, "{record:#}");
    let reason = told[0]["evidence"]["reason"].as_str().unwrap();
    assert!(
        reason.contains("it needs root, or CAP_BPF and CAP_PERFMON"),
        "{reason}"
    );
}
