//! Requests that fail because the system refuses something: a thread, a
//! process, a descriptor, a port. The run goes on with what it has.

use std::os::unix::fs::chown;
use std::sync::atomic::{AtomicU32, Ordering};

use super::common::group::Group;
use super::common::need::Need::{Capture, Groups, Namespaces, OwnPidMax, Root, Tool};
use super::common::{Lab, PROGRAM, Ran, assert_failed, findings, public_copy, start};
use crate::require;

const N: u64 = 100;

/// A run as a user that nobody else is, who may capture and have so many
/// threads and processes in all.
fn run_with_tasks(most: u32, arguments: &[&str]) -> Ran {
    static NEXT: AtomicU32 = AtomicU32::new(61_000);
    let uid = NEXT.fetch_add(1, Ordering::Relaxed);
    let lab = Lab::new();
    chown(lab.path(), Some(uid), Some(uid)).unwrap();
    let mut command = lab.command("setpriv");
    command
        .args([format!("--reuid={uid}"), format!("--regid={uid}")])
        .args([
            "--clear-groups",
            "--inh-caps=+net_raw",
            "--ambient-caps=+net_raw",
        ])
        .args([
            "prlimit",
            &format!("--nproc={most}:{most}"),
            public_copy(),
            "run",
        ])
        .args(["-n", "100", "--port", "0", "--out", "out"])
        .args(arguments);
    lab.finish(&mut command)
}

/// Of 40 tasks the coordinator has two (one captures), the server one, the
/// client's first thread is one: 36 are left for workers.
const TASKS: u32 = 40;
const WORKERS: u64 = 36;

#[test]
fn no_thread_for_every_request() {
    require!(Capture, Root, Tool("setpriv"), Tool("prlimit"));
    let ran = run_with_tasks(TASKS, &["--gate", "--model", "async"]).exits(1);
    let record = ran.record();
    assert_failed(&record, &[("no_thread", N - WORKERS)]);
    assert_eq!(record["requests"]["valid"], WORKERS);
    assert_eq!(record["requests"]["attempted"], WORKERS);
    assert_eq!(record["census"]["client"]["threads"]["peak"], WORKERS + 1);
    let refused = findings(&record, "client_refused_tasks");
    assert_eq!(refused.len(), 1);
    let limits = refused[0]["evidence"]["limits"].as_array().unwrap();
    assert_eq!(limits.len(), 1, "{limits:?}");
    assert_eq!(limits[0]["name"], "RLIMIT_NPROC");
    assert_eq!(limits[0]["value"], TASKS);
    let failed = findings(&record, "requests_failed")[0]["message"].to_string();
    assert!(
        failed.contains("the limit that was reached is RLIMIT_NPROC = 40"),
        "{failed}"
    );
    assert!(ran.stdout.contains("EAGAIN"));
}

#[test]
fn no_process_for_every_request() {
    require!(Capture, Root, Tool("setpriv"), Tool("prlimit"));
    let arguments = ["--gate", "--model", "async", "-s", "process"];
    let record = run_with_tasks(TASKS, &arguments).exits(1).record();
    assert_failed(&record, &[("no_process", N - WORKERS)]);
    assert_eq!(record["requests"]["valid"], WORKERS);
    assert_eq!(record["census"]["client"]["processes"]["peak"], WORKERS + 1);
}

#[test]
fn a_pool_goes_on_with_the_threads_it_got() {
    require!(Capture, Root, Tool("setpriv"), Tool("prlimit"));
    let arguments = ["--model", "async", "-s", "pool", "-w", "50"];
    let record = run_with_tasks(TASKS, &arguments).exits(0).record();
    assert_failed(&record, &[]);
    assert_eq!(record["census"]["client"]["threads"]["peak"], WORKERS + 1);
    let refused = findings(&record, "client_refused_tasks");
    assert_eq!(refused[0]["evidence"]["refused"], 50 - WORKERS);
}

#[test]
fn a_pool_without_a_single_thread_fails_every_request() {
    require!(Capture, Root, Tool("setpriv"), Tool("prlimit"));
    // The coordinator's two, the server's one, the client's one.
    let arguments = ["--model", "async", "-s", "pool", "-w", "5"];
    let record = run_with_tasks(4, &arguments).exits(1).record();
    assert_failed(&record, &[("no_thread", N)]);
    assert_eq!(record["requests"]["attempted"], 0);
}

/// The server's accepting thread serves what it has no thread for.
#[test]
fn a_server_without_threads_still_answers() {
    require!(Capture, Root, Tool("setpriv"), Tool("prlimit"));
    for model in ["thread", "process"] {
        // One task is left for the server, at times.
        let arguments = ["--model", model, "-s", "async", "--gate"];
        let record = run_with_tasks(5, &arguments).record();
        let requests = &record["requests"];
        // It waits 250 ms for a request. On a machine with much to do one comes later.
        let late = requests["failed"]["closed"].as_u64().unwrap_or(0);
        assert!(late <= 3, "{model}: {requests}");
        assert_eq!(requests["valid"], N - late, "{model}: {requests}");
        assert_eq!(record["correlation"]["server_owned"], N, "{model}");
        assert_eq!(
            findings(&record, "server_refused_tasks").len(),
            1,
            "{model}"
        );
    }
}

#[test]
fn too_few_tasks_to_start_is_one_line() {
    require!(Capture, Root, Tool("setpriv"), Tool("prlimit"));
    for most in 1..=3 {
        let ran = run_with_tasks(most, &["--model", "async"]);
        assert_eq!(ran.status, Some(2), "{most}: {ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{most}: {ran:?}");
        assert_eq!(ran.stdout, "");
    }
}

/// The kernel itself counts what `pids.max` refuses, also to root, who is exempt from
/// other limits.
#[test]
fn a_control_group_that_is_full_is_named() {
    require!(Capture, Root, Groups("pids"));
    let group = Group::new("pids", "named");
    group.set("pids.max", "60");
    let lab = Lab::new();
    let mut command = lab.command("sh");
    command
        .args(["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\""])
        .args([group.path(), PROGRAM, "run", "--out", "out"])
        .args(["-n", "100", "--gate", "--model", "async", "--port", "0"]);
    let record = lab.finish(&mut command).exits(1).record();
    let limits = &findings(&record, "client_refused_tasks")[0]["evidence"]["limits"];
    assert_eq!(limits.as_array().unwrap().len(), 1, "{limits}");
    assert_eq!(limits[0]["name"], "pids.max");
    assert_eq!(limits[0]["value"], 60);
    assert_eq!(limits[0]["path"], group.path());
}

/// Behind these the program may have so many descriptors and no more, even
/// as root.
fn run_with_descriptors(most: u32, arguments: &[&str]) -> Ran {
    let limit = format!("--nofile={most}:{most}");
    let behind = ["setpriv", "--bounding-set=-sys_resource", "prlimit", &limit];
    let mut all = vec!["-n", "100", "--port", "0", "--model", "async"];
    all.extend(arguments);
    Lab::new().run_behind(&behind, &all)
}

#[test]
fn no_descriptor_for_every_request() {
    require!(Capture, Root, Tool("setpriv"), Tool("prlimit"));
    for strategy in ["thread", "async"] {
        let ran = run_with_descriptors(40, &["--gate", "-s", strategy, "--timeout", "20s"]);
        let record = ran.exits(1).record();
        let failed = record["requests"]["failed"].as_object().unwrap();
        let missing = failed["no_descriptor"].as_u64().unwrap();
        assert_eq!(failed.len(), 1, "{strategy}: {failed:?}");
        assert_eq!(record["requests"]["valid"], N - missing, "{strategy}");
        assert_eq!(record["requests"]["attempted"], N - missing, "{strategy}");
        // 40 descriptors: some are the program's own, and one that is closed
        // may be had again.
        assert!((1..N).contains(&missing), "{strategy}: {missing}");
        let message = findings(&record, "requests_failed")[0]["message"].to_string();
        assert!(message.contains("RLIMIT_NOFILE = 40"), "{message}");
    }
}

#[test]
fn a_bound_makes_do_with_few_descriptors() {
    require!(Capture, Root, Tool("setpriv"), Tool("prlimit"));
    for strategy in ["thread", "async", "process"] {
        let record = run_with_descriptors(40, &["-s", strategy, "--max-in-flight", "8"])
            .exits(0)
            .record();
        assert_eq!(record["requests"]["valid"], N, "{strategy}");
    }
}

/// A network of its own with 32 ephemeral ports an address; the client goes on
/// to eight spare addresses: 288 connections at most, as none is reused within
/// a minute.
#[test]
fn no_port_for_every_request() {
    require!(Capture, Root, Namespaces, Tool("unshare"));
    let script = "ip link set lo up && \
        echo '40000 40031' > /proc/sys/net/ipv4/ip_local_port_range && \
        echo 0 > /proc/sys/net/ipv4/tcp_tw_reuse && \
        exec \"$0\" run -n 320 --gate --out out -s";
    for strategy in ["thread", "async"] {
        let lab = Lab::new();
        let mut command = lab.command("unshare");
        command.args(["-n", "sh", "-c", &format!("{script} {strategy}"), PROGRAM]);
        let record = lab.finish(&mut command).exits(1).record();
        assert_failed(&record, &[("no_port", 32)]);
        assert_eq!(record["requests"]["valid"], 288, "{strategy}");
        assert_eq!(
            record["requests"]["attempted"], 320,
            "connect(2) was issued"
        );
        assert_eq!(findings(&record, "source_addresses").len(), 1);
    }
}

/// The lab's port is an ephemeral one, too: a client of an earlier run may have
/// had it, and its closed connection is remembered. The next run gets the port
/// all the same.
#[test]
fn a_port_that_a_client_had_is_free_for_the_server() {
    require!(Capture, Root, Namespaces, Tool("unshare"));
    let script = "ip link set lo up && \
        echo '45000 45001' > /proc/sys/net/ipv4/ip_local_port_range && \
        \"$0\" run --port 1234 -n 2 --out earlier >&2 && \
        exec \"$0\" run -n 1 --out out";
    let lab = Lab::new();
    let mut command = lab.command("unshare");
    command.args(["-n", "sh", "-c", script, PROGRAM]);
    let ran = lab.finish(&mut command).exits(0);
    assert_eq!(ran.record()["plan"]["target"], "127.0.0.1:45000");
    let earlier = std::fs::read_to_string(lab.path().join("earlier/flows.jsonl")).unwrap();
    assert!(earlier.contains("\"port\":45000"), "{earlier}");
}

/// In a pid namespace `/proc` tells of the threads of the whole system and of the
/// processes of the namespace: no census of either.
#[test]
fn a_pid_namespace_has_no_census_of_the_system() {
    require!(Capture, Root, Namespaces, Tool("unshare"));
    let lab = Lab::new();
    let mut command = lab.command("unshare");
    command.args([
        "-pf",
        "--mount-proc",
        PROGRAM,
        "run",
        "-n",
        "3",
        "--port",
        "0",
    ]);
    command.args(["--out", "out"]);
    let record = lab.finish(&mut command).exits(0).record();
    let system = &record["census"]["system"];
    assert!(system["provenance"].is_null(), "{system}");
    for kind in ["threads", "processes"] {
        for when in ["before", "peak", "after"] {
            assert!(system[kind][when].is_null(), "{system}");
        }
    }
    assert_eq!(record["census"]["client"]["threads"]["created"], 3);
}

/// A run in a pid namespace with 1,000 numbers. Meanwhile a bystander forks all the time;
/// what it says when it cannot is on standard error.
fn run_with_numbers(arguments: &str) -> Ran {
    let script = format!(
        "ip link set lo up && echo 1000 > /proc/sys/kernel/pid_max || exit 9\n\
         \"$0\" run -n 3000 --gate --out out {arguments} & run=$!\n\
         while kill -0 $run 2>/dev/null; do /bin/true; sleep 0.02; done\n\
         wait $run"
    );
    let lab = Lab::new();
    let mut command = lab.command("unshare");
    command.args(["-npf", "--mount-proc", "bash", "-c", &script, PROGRAM]);
    lab.finish(&mut command)
}

#[test]
fn a_run_leaves_numbers_of_processes_to_others() {
    require!(Capture, Root, OwnPidMax, Tool("unshare"), Tool("bash"));
    for strategy in ["thread", "process"] {
        let ran = run_with_numbers(&format!("-s {strategy}")).exits(1);
        assert!(!ran.stderr.contains("fork"), "{}", ran.stderr);
        let record = ran.record();
        let kept = record["requests"]["failed"]["reserve_kept"].as_u64();
        let kept = kept.unwrap();
        assert_failed(&record, &[("reserve_kept", kept)]);
        assert_eq!(record["requests"]["valid"], 3000 - kept, "{strategy}");
        // Of what is left of 1,000 a twentieth stays: the more was free, the more.
        assert!((2000..2600).contains(&kept), "{strategy}: {kept}");
        let client = &findings(&record, "reserve_kept")[0]["evidence"];
        assert_eq!(
            (client["tasks"].as_u64(), &client["memory"]),
            (Some(kept), &0.into())
        );
        assert!(findings(&record, "client_refused_tasks").is_empty());
    }
}

#[test]
fn without_a_reserve_the_system_refuses() {
    require!(Capture, Root, OwnPidMax, Tool("unshare"), Tool("bash"));
    let record = run_with_numbers("--reserve 0").record();
    let refused = record["requests"]["failed"]["no_thread"].as_u64().unwrap();
    assert_failed(&record, &[("no_thread", refused)]);
    assert!(findings(&record, "reserve_kept").is_empty());
}

/// A run in a control group with so much memory.
fn run_with_memory(name: &str, bytes: u64, arguments: &[&str]) -> Ran {
    let group = Group::new("memory", name);
    group.set_memory(bytes);
    let lab = Lab::new();
    let mut command = lab.command("sh");
    command
        .args(["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\""])
        .args([group.path(), PROGRAM, "run", "--port", "0", "--out", "out"])
        .args(arguments);
    lab.finish(&mut command)
}

#[test]
fn a_run_leaves_memory_to_others() {
    require!(Capture, Root, Groups("memory"));
    let arguments = ["-n", "3000", "--gate"];
    let record = run_with_memory("kept", 60_000_000, &arguments)
        .exits(1)
        .record();
    let kept = record["requests"]["failed"]["reserve_kept"].as_u64();
    let kept = kept.unwrap();
    assert_failed(&record, &[("reserve_kept", kept)]);
    assert_eq!(record["requests"]["valid"], 3000 - kept);
    let client = &findings(&record, "reserve_kept")[0]["evidence"];
    assert_eq!(client["memory"], kept);
}

/// Without a reserve memory ends in a kill: of a side, and the coordinator is there to
/// tell it.
#[test]
fn the_coordinator_is_not_the_first_to_be_killed_for_memory() {
    require!(Capture, Root, Groups("memory"));
    let arguments = ["-n", "3000", "--gate", "--reserve", "0"];
    let record = run_with_memory("killed", 60_000_000, &arguments)
        .exits(1)
        .record();
    assert_eq!(record["requests"]["submitted"], 3000);
    let killed = ["client_died", "server_died"].map(|code| findings(&record, code).len());
    assert!(killed.iter().sum::<usize>() >= 1, "{record}");
}

/// Every side, built in or not, traced or not, before the coordinator itself.
#[test]
fn sides_are_killed_for_memory_before_the_coordinator() {
    for how in ["exact", "off"] {
        let lab = Lab::new();
        let score = "cat /proc/self/oom_score_adj /proc/$PPID/oom_score_adj";
        let mut command = lab.threadtap(&[]);
        command.args(["run", "--no-capture", "--port", "0", "--out", "out"]);
        command.args(["--observe", how, "--", "sh", "-c", score]);
        lab.finish(&mut command);
        let log = std::fs::read_to_string(lab.out().join("client.log")).unwrap();
        let own = std::fs::read_to_string("/proc/self/oom_score_adj").unwrap();
        assert_eq!(log, format!("1000\n{own}"), "{how}");
    }
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    let silent = super::common::peers::silent().to_string();
    command.args(["run", "-n", "1", "--connect", &silent, "--timeout", "600s"]);
    let started = start(command.args(["--no-capture", "--out", "out"]));
    let client = lab.find("__client");
    let score = std::fs::read_to_string(format!("/proc/{client}/oom_score_adj")).unwrap();
    assert_eq!(score.trim(), "1000");
    started.signal(rustix::process::Signal::TERM);
    lab.end(started).exits(130);
}
