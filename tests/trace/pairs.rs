//! Servers and clients of all kinds, each pair traced; `alone` runs the same
//! pairs without threadtap.

use super::common::need::Need::{Capture, Ipv6, Root, Tool};
use super::common::need::skip;
use super::seen::Reads;
use super::stage::Stage;
use crate::require;

pub struct Pair {
    pub server: &'static [&'static str],
    pub client: &'static [&'static str],
}

macro_rules! pairs {
    ($($(#[$meta:meta])* $name:ident: $server:expr => $client:expr, $reads:expr;)+) => {
        pub const PAIRS: &[Pair] = &[$(Pair { server: &$server, client: &$client }),+];
        $(
            $(#[$meta])*
            #[test]
            fn $name() {
                require!(Capture, Tool("cc"), Tool("python3"));
                traced(&Pair { server: &$server, client: &$client }, $reads);
            }
        )+
    };
}

#[track_caller]
fn traced(pair: &Pair, reads: Reads) {
    let seen = Stage::new(pair.server).run(pair.client).exits(0);
    seen.client_agrees();
    seen.server_agrees(reads);
}

const EPOLL: [&str; 2] = ["epoll_server", "{port}"];

pairs! {
    a_thread_a_connection: ["thread_server", "{port}"]
        => ["thread_client", "{port}", "60"], Reads::Seen;
    a_thread_a_connection_with_read_and_write: ["thread_server", "{port}", "127.0.0.1", "read"]
        => ["thread_client", "{port}", "60", "127.0.0.1", "read"], Reads::Unseen;
    threads_that_are_alive_when_the_main_thread_leaves: ["thread_server", "{port}"]
        => ["thread_client", "{port}", "30", "127.0.0.1", "recv", "leave"], Reads::Seen;
    event_loops: EPOLL => ["epoll_client", "{port}", "300", "32"], Reads::Seen;
    event_loops_with_read_and_write: ["epoll_server", "{port}", "127.0.0.1", "read"]
        => ["epoll_client", "{port}", "100", "16"], Reads::ByTheWire;
    go_s_threads_and_signals: EPOLL => ["go_like", "{port}", "300", "8"], Reads::Seen;
    java_s_pool_and_faults: ["java_like", "server", "{port}", "8"]
        => ["java_like", "client", "{port}", "200", "8"], Reads::Seen;
    processes_that_accept_from_one_listener: ["prefork_server", "{port}", "4"]
        => ["process_client", "each", "{port}", "60"], Reads::Seen;
    a_process_a_connection: ["fork_server", "{port}"]
        => ["process_client", "pool", "{port}", "60", "5"], Reads::Seen;
    three_threads_for_one_connection: ["relay_server", "{port}"]
        => ["thread_client", "{port}", "40"], Reads::Seen;
    three_threads_with_recvmsg: ["relay_server", "{port}", "127.0.0.1", "recvmsg"]
        => ["thread_client", "{port}", "40"], Reads::Seen;
    a_connection_that_is_handed_to_another_process: ["passing_server", "{port}"]
        => ["thread_client", "{port}", "20"], Reads::Seen;
    vfork_and_exec: EPOLL => ["vfork_client", "{port}", "20"], Reads::Seen;
    a_thread_that_executes: EPOLL => ["exec_client", "alive", "{port}", "6"], Reads::Seen;
    a_thread_that_executes_when_its_leader_is_gone: EPOLL
        => ["exec_client", "gone", "{port}", "6"], Reads::Seen;
    a_leader_that_is_gone: EPOLL => ["leader_gone", "{port}", "6"], Reads::Seen;
    a_filter_of_its_own: EPOLL => ["seccomp_client", "allow", "{port}", "5"], Reads::Seen;
    a_filter_with_a_supervisor: EPOLL
        => ["seccomp_client", "supervise", "{port}", "5"], Reads::Seen;
    a_filter_with_a_supervisor_for_all_threads: EPOLL
        => ["seccomp_client", "all", "{port}", "5"], Reads::Seen;
    a_socket_that_connects_anew: EPOLL => ["again_client", "unspec", "{port}", "10"], Reads::Seen;
    a_socket_that_connects_anew_in_the_background: EPOLL
        => ["again_client", "later", "{port}", "10"], Reads::Seen;
    a_socket_that_threads_connect_anew: EPOLL
        => ["again_client", "threads", "{port}", "10"], Reads::Seen;
    a_socket_that_is_bound_and_connected_anew: EPOLL
        => ["again_client", "bound", "{port}", "10"], Reads::Seen;
    fast_open: EPOLL => ["odd_connects", "{port}", "9", "fastopen"], Reads::Seen;
    processes_whose_last_two_threads_end_at_once: EPOLL
        => ["quick_ends", "{port}", "150"], Reads::Seen;
    pidfds: EPOLL => ["pidfd_client", "{port}", "100"], Reads::Seen;
    waits_that_ignored_signals_do_not_end: ["waits_server", "{port}", "signals"]
        => ["thread_client", "{port}", "50"], Reads::Seen;
    stops_and_continuations: EPOLL => ["job_control", "{port}"], Reads::Seen;
    real_time_signals_in_order: EPOLL => ["rtsig", "{port}"], Reads::Seen;
    children_timers_and_pipes: EPOLL => ["children", "{port}"], Reads::Seen;
    a_clone_for_its_grandparent: EPOLL => ["clones", "parent", "{port}"], Reads::Seen;
    a_clone_with_the_same_memory: EPOLL => ["clones", "shared", "{port}"], Reads::Seen;
    a_clone_that_ends_silently: EPOLL => ["clones", "silent", "{port}"], Reads::Seen;
    connects_that_are_interrupted_and_begun_again: ["slow_server", "{port}"]
        => ["restart_client", "{port}", "6"], Reads::Seen;
    connects_that_are_interrupted_and_waited_for: ["slow_server", "{port}"]
        => ["restart_client", "{port}", "6", "wait"], Reads::Seen;
    connects_that_are_none: EPOLL => ["odd_connects", "{port}", "9"], Reads::Seen;
    an_event_loop_in_python: EPOLL => ["asyncio_client.py", "{port}", "100", "10"], Reads::Seen;
    the_lab_s_threads: ["lab_server.py", "thread", "{port}"]
        => ["lab_client.py", "thread", "{port}", "200"], Reads::Seen;
    the_lab_s_pool: ["lab_server.py", "thread", "{port}"]
        => ["lab_client.py", "pool", "{port}", "200", "--join"], Reads::Seen;
    the_lab_s_processes: ["lab_server.py", "iterative", "{port}"]
        => ["lab_client.py", "process", "{port}", "60"], Reads::Seen;
    helpers_of_a_shim: EPOLL => ["helpers_client.py", "shim", "{port}", "3"], Reads::Seen;
    helpers_of_multiprocessing: EPOLL => ["helpers_client.py", "spawn", "{port}", "3"], Reads::Seen;
    commands_between_requests: EPOLL => ["helpers_client.py", "commands", "{port}", "5"], Reads::Seen;
}

/// The server's connections are not told by its calls alone: its own listener
/// and socket pairs are others, and its interrupted calls are made again.
#[test]
fn interrupted_calls() {
    require!(Capture, Tool("cc"));
    let seen = Stage::new(&EPOLL).run(&["eintr", "{port}"]).exits(0);
    seen.client_agrees();
    seen.server_agrees(Reads::Seen);
}

/// Multipath TCP is not asked for by name: Go's servers listen with it.
#[test]
fn multipath() {
    require!(Capture, Tool("cc"));
    let enabled = std::fs::read_to_string("/proc/sys/net/mptcp/enabled");
    if enabled.unwrap_or_default().trim() != "1" {
        skip("multipath", "needs Multipath TCP");
        return;
    }
    for ways in [
        ["multipath", "recv"],
        ["multipath", "multipath"],
        ["recv", "multipath"],
    ] {
        let seen = Stage::new(&["thread_server", "{port}", "127.0.0.1", ways[0]])
            .run(&["thread_client", "{port}", "20", "127.0.0.1", ways[1]])
            .exits(0);
        seen.client_agrees();
        seen.server_agrees(Reads::Seen);
    }
}

#[test]
fn reads_and_writes_are_traced_when_asked() {
    require!(Capture, Tool("cc"));
    for server in ["thread_server", "epoll_server", "relay_server"] {
        let seen = Stage::new(&[server, "{port}", "127.0.0.1", "read"])
            .with(&["--trace-rw"])
            .run(&["thread_client", "{port}", "40", "127.0.0.1", "read"])
            .exits(0);
        seen.client_agrees();
        seen.server_agrees(Reads::Seen);
    }
}

#[test]
fn ipv6_and_mapped_addresses() {
    require!(Capture, Ipv6, Tool("cc"));
    for server in ["thread_server", "epoll_server", "relay_server"] {
        for host in ["::1", "::ffff:127.0.0.1", "127.0.0.1"] {
            let seen = Stage::new(&[server, "{port}", "::"])
                .run(&["thread_client", "{port}", "20", host])
                .exits(0);
            seen.client_agrees();
            seen.server_agrees(Reads::Seen);
            for flow in seen.ran.flows() {
                let on_wire = host.trim_start_matches("::ffff:");
                assert_eq!(flow["client"]["ip"], on_wire, "as on the wire");
            }
        }
        let seen = Stage::new(&[server, "{port}", "::"])
            .run(&["epoll_client", "{port}", "20", "5", "::1"])
            .exits(0);
        seen.client_agrees();
        seen.server_agrees(Reads::Seen);
    }
}

/// Root may look into a program that is not dumpable; `users` has it otherwise.
#[test]
fn a_program_that_hides() {
    require!(Capture, Root, Tool("cc"));
    let seen = Stage::new(&EPOLL)
        .run(&["hidden_client", "{port}", "6"])
        .exits(0);
    seen.client_agrees();
    seen.server_agrees(Reads::Seen);
}

/// Ten times: what happens once in a while would show.
#[test]
fn again_and_again() {
    require!(Capture, Tool("cc"));
    for _ in 0..10 {
        for client in [
            &["thread_client", "{port}", "100"][..],
            &["exec_client", "alive", "{port}", "4"],
            &["exec_client", "gone", "{port}", "4"],
            &["process_client", "each", "{port}", "40"],
        ] {
            let seen = Stage::new(&["thread_server", "{port}"])
                .run(client)
                .exits(0);
            seen.client_agrees();
            seen.server_agrees(Reads::Seen);
        }
    }
}
