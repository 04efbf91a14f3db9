//! Both observers at once, over programs of all kinds: what ptrace(2) and what programs
//! in the kernel (eBPF) tell of one run has to be the same. What differs is an error of
//! one of them.

use super::common::findings;
use super::common::need::Need::{Capture, Ebpf, Ipv6, Tool};
use super::common::need::skip;
use super::pairs::PAIRS;
use super::seen::Seen;
use super::stage::Stage;
use crate::require;

const EPOLL: &[&str] = &["epoll_server", "{port}"];
const THREADS: &[&str] = &["thread_server", "{port}"];
const CLIENT: &[&str] = &["thread_client", "{port}", "12"];

/// What was compared of a side: how many things both tell, and those that only one can
/// see, by the rule that says so.
#[track_caller]
fn compared(seen: &Seen, side: &str) -> (u64, Vec<(String, u64)>) {
    let begin = format!("the {side}, by ptrace(2) and eBPF: both tell ");
    let mut lines = seen.ran.stderr.lines();
    let line = lines.find_map(|line| Some(line.split_once(&begin)?.1));
    let line = line.unwrap_or_else(|| panic!("nothing was compared: {}", seen.ran.stderr));
    let (agreed, rest) = line.split_once(" things, one alone ").unwrap();
    let mut rest = rest.split(", ");
    let number = |text: &str| text.trim().parse::<u64>().unwrap();
    assert_eq!(number(rest.next().unwrap()), 0, "{line}");
    let hidden = rest.map(|part| {
        let (n, rule) = part.split_once(" by ").unwrap();
        (rule.trim().to_owned(), number(n))
    });
    (number(agreed), hidden.collect())
}

/// A run that both observe, of which neither tells what the other does not.
#[track_caller]
fn agree(server: &[&str], client: &[&str], options: &[&str]) -> Seen {
    let stage = Stage::new(server).with(&["--observe", "both", "-v"]);
    let seen = stage.with(options).run(client);
    let record = seen.record();
    let differ = findings(&record, "observers_differ");
    assert!(differ.is_empty(), "{server:?} {client:?} {differ:#?}");
    for side in ["client", "server"] {
        // It began, executed its program, and ended, at least.
        let agreed = compared(&seen, side).0;
        assert!(agreed >= 3, "{server:?} {client:?} {side}: {agreed}");
    }
    seen
}

/// Every n-th of the pairs: they share the processors.
fn pairs(of: usize, nth: usize) {
    for pair in PAIRS.iter().skip(nth).step_by(of) {
        let seen = agree(pair.server, pair.client, &["--trace-rw"]).exits(0);
        let flows = seen.record()["correlation"]["flows"].as_u64().unwrap();
        // Each was accepted, and received and sent on, by both words.
        let (agreed, _) = compared(&seen, "server");
        assert!(agreed >= 3 * flows, "{:?} {agreed} {flows}", pair.server);
    }
}

#[test]
fn pairs_of_all_kinds() {
    require!(Capture, Ebpf, Tool("cc"), Tool("python3"));
    pairs(3, 0);
}

#[test]
fn more_pairs_of_all_kinds() {
    require!(Capture, Ebpf, Tool("cc"), Tool("python3"));
    pairs(3, 1);
}

#[test]
fn yet_more_pairs_of_all_kinds() {
    require!(Capture, Ebpf, Tool("cc"), Tool("python3"));
    pairs(3, 2);
}

/// read(2) and write(2), which a tracer does not stop at unless it is asked to.
#[test]
fn what_only_the_kernel_sees_is_named() {
    require!(Capture, Ebpf, Tool("cc"));
    let server = ["thread_server", "{port}", "127.0.0.1", "read"];
    let seen = agree(&server, CLIENT, &[]).exits(0);
    let hidden = [("call_without_a_stop".to_owned(), 24)];
    assert_eq!(compared(&seen, "server").1, hidden);
    // Nothing of that is left when it is asked for.
    let seen = agree(&server, CLIENT, &["--trace-rw"]).exits(0);
    assert_eq!(compared(&seen, "server").1, []);
    // What no tracer is to follow: it began, and ended.
    let seen = agree(EPOLL, &["clones", "untraced", "{port}"], &[]).exits(0);
    let hidden = [("clone_untraced".to_owned(), 2)];
    assert_eq!(compared(&seen, "client").1, hidden);
    // What the program's own filter refuses comes to no stop.
    let seen = agree(EPOLL, &["seccomp_client", "refuse", "{port}", "4"], &[]);
    let hidden = [("refused_by_a_filter".to_owned(), 1)];
    assert_eq!(compared(&seen, "client").1, hidden);
}

/// `io_uring(7)`, whose operations make no system call.
#[test]
fn rings() {
    require!(Capture, Ebpf, Tool("cc"));
    for ways in ["ring", "both", "idle"] {
        let seen = agree(EPOLL, &["uring_client", "{port}", "10", ways], &[]);
        if seen.record()["programs"]["client"]["exit_code"] == 4 {
            skip("both::rings", "needs io_uring");
            return;
        }
        let hidden = compared(&seen.exits(0), "client").1;
        assert!(
            hidden.iter().all(|(rule, _)| rule == "io_uring"),
            "{hidden:?}"
        );
        assert_eq!(hidden.is_empty(), ways == "idle", "{ways} {hidden:?}");
    }
    for server in [
        &["uring_server", "{port}"][..],
        &["uring_server", "{port}", "plain"],
        &["uring_server", "{port}", "many"],
        &["uring_server", "{port}", "slots"],
    ] {
        agree(server, CLIENT, &[]).exits(0);
    }
}

/// Each way to receive, byte by byte and from hand to hand.
#[test]
fn ways_to_receive() {
    require!(Capture, Ebpf, Tool("cc"));
    for way in [
        "recv", "read", "readv", "recvmsg", "peek", "splice", "bytes", "ring", "worker",
    ] {
        let server = ["turns_server", "{port}", way];
        agree(
            &server,
            &["talk_client", "{port}", "4", "6"],
            &["--trace-rw"],
        );
    }
}

#[test]
fn both_families_of_addresses() {
    require!(Capture, Ebpf, Ipv6, Tool("cc"));
    for host in ["::1", "::ffff:127.0.0.1", "127.0.0.1"] {
        for server in ["thread_server", "relay_server"] {
            let client = ["thread_client", "{port}", "10", host];
            agree(&[server, "{port}", "::"], &client, &[]).exits(0);
        }
        let client = ["epoll_client", "{port}", "20", "5", host];
        agree(&["epoll_server", "{port}", "::"], &client, &[]).exits(0);
    }
}

#[test]
fn multipath_tcp() {
    require!(Capture, Ebpf, Tool("cc"));
    let enabled = std::fs::read_to_string("/proc/sys/net/mptcp/enabled");
    if enabled.unwrap_or_default().trim() != "1" {
        skip("both::multipath_tcp", "needs Multipath TCP");
        return;
    }
    for (server, client) in [("multipath", "multipath"), ("recv", "multipath")] {
        let server = ["thread_server", "{port}", "127.0.0.1", server];
        let client = ["thread_client", "{port}", "10", "127.0.0.1", client];
        agree(&server, &client, &[]).exits(0);
    }
}

/// Programs of 32 bits, and one that makes calls of both conventions.
#[test]
fn calls_of_another_convention() {
    require!(Capture, Ebpf, Tool("cc"));
    if !super::unseen::runs_32_bits() {
        skip("both::calls_of_another_convention", "needs 32-bit programs");
        return;
    }
    for client in ["threads_32", "int80_client"] {
        agree(EPOLL, &[client, "{port}", "10"], &[]).exits(0);
    }
}

/// Servers that are more than one process or port, and ends of all kinds.
#[test]
fn other_servers() {
    require!(Capture, Ebpf, Tool("cc"), Tool("python3"));
    for server in [
        &["daemon_server", "{port}", "3", "first"][..],
        &["daemon_server", "{port}", "3", "last"],
        &["front_server", "{port}"],
        &["stubborn_server", "{port}"],
        &["leaderless_server", "{port}"],
        &["leaderless_server", "{port}", "read"],
        &["thread_server", "{port}", "127.0.0.1", "child"],
        &["lab_server.py", "pool", "{port}"],
        &["odd_server.py", "first", "{port}"],
        &["odd_server.py", "loops", "{port}"],
    ] {
        agree(server, CLIENT, &["--trace-rw"]);
    }
}

#[test]
fn other_clients() {
    require!(Capture, Ebpf, Tool("cc"), Tool("python3"));
    for client in [
        &["eintr", "{port}"][..],
        &["inherit", "{port}"],
        &["hidden_client", "{port}", "6"],
        &["ptracer", "{port}"],
        &["crowd_client", "threads", "{port}", "300", "20"],
        &["crowd_client", "processes", "{port}", "200", "20"],
        &["storm", "{port}", "4", "300"],
        &["quick_ends", "{port}", "300"],
        &["daemon_client", "{port}", "10", "end"],
        &["port_client.py", "status", "{port}", "0"],
        &["port_client.py", "signal", "{port}", "11"],
        &["odd_client.py", "refused", "{port}", "3"],
        &["lab_client.py", "pool", "{port}", "100"],
        &["process_client", "pool", "{port}", "60", "5"],
    ] {
        agree(EPOLL, client, &[]);
    }
}

/// Trees of processes and threads that are grown at random, and are killed at any moment.
#[test]
fn trees_at_random_and_sudden_ends() {
    require!(Capture, Ebpf, Tool("cc"));
    for seed in 1..=6 {
        agree(
            THREADS,
            &["random_tree", "{port}", &seed.to_string(), "24"],
            &[],
        );
    }
    for delay in ["500", "2000", "9000", "30000"] {
        agree(THREADS, &["killed_client", "{port}", delay], &[]);
    }
}
