//! `threadtap ceiling` under limits that the test sets: the number that can be
//! computed by hand is reached, the limit is named, and nothing stays.

use std::os::unix::fs::chown;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Signal;
use serde_json::Value;

use super::common::group::Group;
use super::common::need::Need::{Groups, Namespaces, OwnPidMax, Root, Tool, UserNamespaces};
use super::common::{Lab, PROGRAM, Ran, public_copy, start, until};
use crate::require;

/// The kinds of what was found.
fn kinds(ran: &Ran) -> Vec<Value> {
    let record: Value = serde_json::from_str(&ran.stdout).expect("a record");
    assert_eq!(record["schema"], "threadtap.ceiling/1");
    record["kinds"].as_array().unwrap().clone()
}

fn ceiling(lab: &Lab, behind: &[&str], arguments: &[&str]) -> Ran {
    let mut command = lab.threadtap(behind);
    command
        .args(["ceiling", "--format", "json"])
        .args(arguments);
    lab.finish(&mut command)
}

/// The one kind that was found behind other commands.
fn one(behind: &[&str], arguments: &[&str]) -> Value {
    let ran = ceiling(&Lab::new(), behind, arguments).exits(0);
    let all = kinds(&ran);
    assert_eq!(all.len(), 1, "{ran:?}");
    all[0].clone()
}

/// A limit was met, as was predicted.
fn assert_met(kind: &Value, limit: &str, reached: u64, errno: &str) {
    assert_eq!(kind["binding"]["name"], limit, "{kind:#}");
    assert_eq!(kind["stopped_by"], "refused", "{kind:#}");
    assert_eq!(kind["errno"], errno, "{kind:#}");
    assert_eq!(kind["reached"], reached, "{kind:#}");
    assert_eq!(kind["predicted"], reached, "{kind:#}");
    assert_eq!(kind["goal"], reached, "{kind:#}");
    assert_eq!(kind["left_behind"], 0, "{kind:#}");
}

fn limit<'a>(kind: &'a Value, name: &str) -> &'a Value {
    let mut all = kind["limits"].as_array().unwrap().iter();
    all.find(|l| l["name"] == name).unwrap()
}

/// As a user that nobody else is, with so many tasks in all.
fn as_user(lab: &Lab, tasks: u32) -> Command {
    static NEXT: AtomicU32 = AtomicU32::new(62_000);
    let uid = NEXT.fetch_add(1, Ordering::Relaxed);
    chown(lab.path(), Some(uid), Some(uid)).unwrap();
    let mut command = lab.command("setpriv");
    command
        .args([format!("--reuid={uid}"), format!("--regid={uid}")])
        .args(["--clear-groups", "prlimit"])
        .args([
            &format!("--nproc={tasks}:{tasks}"),
            public_copy(),
            "ceiling",
        ]);
    command
}

#[test]
fn rlimit_nproc_of_a_user() {
    require!(Root, Tool("setpriv"), Tool("prlimit"));
    let lab = Lab::new();
    let arguments = ["--kind", "thread,process", "--format", "json"];
    let ran = lab.finish(as_user(&lab, 150).args(arguments)).exits(0);
    for kind in kinds(&ran) {
        // The coordinator and the crowd's first process are of the user, too.
        assert_met(&kind, "RLIMIT_NPROC", 148, "EAGAIN");
        assert_eq!(kind["binding"]["in_use"], 2);
        assert_eq!(kind["binding"]["scope"], "user");
    }
    // The prediction alone is the same.
    let mut command = as_user(&lab, 150);
    let ran = lab
        .finish(command.args(arguments).arg("--predict"))
        .exits(0);
    for kind in kinds(&ran) {
        assert_eq!(kind["predicted"], 148);
        assert_eq!(kind["reached"], Value::Null);
        assert_eq!(kind["left_behind"], Value::Null);
    }
}

/// Counted are the user's tasks in the user namespace, and root of a namespace
/// that an ordinary user has made is not exempt.
#[test]
fn rlimit_nproc_in_a_user_namespace() {
    require!(Root, UserNamespaces, Tool("setpriv"), Tool("prlimit"));
    let lab = Lab::new();
    chown(lab.path(), Some(61_990), Some(61_990)).unwrap();
    let mut command = lab.command("setpriv");
    command.args(["--reuid=61990", "--regid=61990", "--clear-groups"]);
    command.args(["unshare", "-Ur", "prlimit", "--nproc=120:120"]);
    command.args([
        public_copy(),
        "ceiling",
        "--kind",
        "thread",
        "--format",
        "json",
    ]);
    let ran = lab.finish(&mut command).exits(0);
    assert_met(&kinds(&ran)[0], "RLIMIT_NPROC", 118, "EAGAIN");
}

/// The kernel counts a user's tasks in every pid namespace, `/proc` shows those of
/// one: what is not seen of the limit that counts them makes it the suspect.
#[test]
fn rlimit_nproc_counts_tasks_outside_of_a_pid_namespace() {
    const ELSEWHERE: u32 = 30;
    const USER: &str = "--reuid=61989";
    require!(
        Root,
        Namespaces,
        Tool("unshare"),
        Tool("setpriv"),
        Tool("prlimit")
    );
    let lab = Lab::new();
    let sleeps: Vec<_> = (0..ELSEWHERE)
        .map(|_| {
            let mut sleep = Command::new("setpriv");
            sleep.args([USER, "--clear-groups", "sleep", "600"]);
            sleep.spawn().unwrap()
        })
        .collect();
    let all_there = || {
        sleeps.iter().all(|child| {
            let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
            status.is_ok_and(|text| text.contains("Uid:\t61989"))
        })
    };
    until("all of them are the user's", all_there);
    let mut command = lab.command("unshare");
    command.args(["-pf", "--mount-proc", "setpriv", USER, "--clear-groups"]);
    command.args(["prlimit", "--nproc=120:120", public_copy(), "ceiling"]);
    command.args(["--kind", "thread,process", "--format", "json"]);
    let ran = lab.finish(&mut command);
    for mut sleep in sleeps {
        sleep.kill().unwrap();
        sleep.wait().unwrap();
    }
    for kind in kinds(&ran.exits(0)) {
        let binding = &kind["binding"];
        assert_eq!(binding["name"], "RLIMIT_NPROC", "{kind:#}");
        assert_eq!(
            (&binding["suspected"], &binding["in_use_at_least"]),
            (&true.into(), &true.into())
        );
        assert_eq!(kind["predicted"], 118, "{kind:#}");
        assert_eq!(kind["reached"], 118 - ELSEWHERE, "{kind:#}");
        let notes = kind["notes"].to_string();
        assert!(notes.contains("30 of them"), "{notes}");
        assert_eq!(limit(&kind, "RLIMIT_NPROC")["in_use_at_least"], true);
    }
}

#[test]
fn too_few_tasks_to_look_is_one_line() {
    require!(Root, Tool("setpriv"), Tool("prlimit"));
    let lab = Lab::new();
    let ran = lab.finish(as_user(&lab, 1).args(["--kind", "thread"]));
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(ran.stderr.contains("--predict"), "{ran:?}");
}

/// With a task too few for a search there is none of its kind, and the limit is
/// named; what is known of the other kinds is told.
#[test]
fn a_kind_that_cannot_begin_is_told_with_its_limit() {
    require!(Root, Tool("setpriv"), Tool("prlimit"));
    let lab = Lab::new();
    // The coordinator and a crowd's first process; a server is one too many.
    let ran = lab.finish(as_user(&lab, 2).args(["--format", "json"]));
    let all = kinds(&ran.exits(0));
    assert_eq!(all.len(), 3);
    for kind in all {
        assert_eq!(kind["reached"], 0, "{kind:#}");
        assert_eq!(kind["errno"], "EAGAIN");
        assert_eq!(kind["binding"]["name"], "RLIMIT_NPROC", "{kind:#}");
    }
}

#[test]
fn too_few_descriptors_for_a_server() {
    require!(Tool("prlimit"));
    // The coordinator needs some itself, and for a server more than for a crowd.
    let both = ["--kind", "thread,connection", "--max", "20"];
    let with = |n: u32| {
        let few = format!("--nofile={n}:{n}");
        ceiling(&Lab::new(), &["prlimit", &few], &both)
    };
    let (enough, ran) = (8..40)
        .map(|n| (n, with(n)))
        .find(|(_, ran)| ran.status == Some(0))
        .unwrap();
    let all = kinds(&ran);
    assert_eq!(all[0]["reached"], 20);
    assert_eq!(all[1]["reached"], 0, "{:#}", all[1]);
    assert_eq!(all[1]["errno"], "EMFILE", "{:#}", all[1]);
    assert_eq!(all[1]["binding"]["name"], "RLIMIT_NOFILE");
    // With one less there is nothing to tell but that.
    let ran = with(enough - 1);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    let limit = format!("RLIMIT_NOFILE is {}", enough - 1);
    assert!(ran.stderr.contains(&limit), "{ran:?}");
}

#[test]
fn address_space_of_the_process() {
    require!(Tool("prlimit"));
    let limits = [
        ("--as=1000000000", "RLIMIT_AS", (1 << 20) + 4096),
        ("--data=300000000", "RLIMIT_DATA", 1 << 20),
    ];
    for (option, name, each) in limits {
        let thread = ["--kind", "thread", "--stack-size", "1M"];
        let kind = one(&["prlimit", option], &thread);
        let bound = limit(&kind, name);
        let left = bound["value"].as_u64().unwrap() - bound["in_use"].as_u64().unwrap();
        assert_eq!(kind["stack_bytes"], 1 << 20);
        // The heap grows, too, by some 300 bytes a thread.
        assert!(bound["each"].as_u64().unwrap() - each < 512, "{kind:#}");
        let reached = kind["reached"].as_u64().unwrap();
        assert!(left / each - reached <= 1, "{kind:#}");
        assert_eq!(kind["binding"]["name"], name);
        assert_eq!(
            (&kind["call"], &kind["errno"]),
            (&"mmap".into(), &"ENOMEM".into())
        );
    }
}

/// With small stacks the heap is what makes the difference: it is told exactly.
#[test]
fn small_stacks_within_a_limit_of_data() {
    require!(Tool("prlimit"));
    let thread = ["--kind", "thread", "--stack-size", "16k"];
    let kind = one(&["prlimit", "--data=40000000"], &thread);
    assert_eq!(kind["binding"]["name"], "RLIMIT_DATA");
    let figure = |name: &str| kind[name].as_u64().unwrap();
    let (predicted, reached) = (figure("predicted"), figure("reached"));
    assert!(predicted.abs_diff(reached) <= predicted / 100, "{kind:#}");
}

#[test]
fn the_default_stack_is_the_users() {
    require!(Tool("prlimit"));
    let small = ["prlimit", "--stack=1048576", "--as=500000000"];
    let kind = one(&small, &["--kind", "thread"]);
    assert_eq!(kind["stack_bytes"], 1 << 20);
    assert_eq!(limit(&kind, "RLIMIT_STACK")["value"], 1 << 20);
    assert_eq!(kind["binding"]["name"], "RLIMIT_AS");
}

/// More stack than there is memory is refused at once, in whatever mode.
#[test]
fn a_stack_that_nobody_has() {
    let kind = one(&[], &["--kind", "thread", "--stack-size", "64T"]);
    assert_eq!(kind["reached"].as_u64(), kind["predicted"].as_u64());
    assert!(kind["reached"].as_u64().unwrap() <= 1);
    assert_eq!(kind["errno"], "ENOMEM");
}

#[test]
fn descriptors_of_both_ends() {
    require!(Tool("prlimit"));
    let kind = one(&["prlimit", "--nofile=120:120"], &["--kind", "connection"]);
    let used = kind["binding"]["in_use"].as_u64().unwrap();
    assert_met(&kind, "RLIMIT_NOFILE", 120 - used, "EMFILE");
    assert_eq!(kind["binding"]["scope"], "server");
    assert_eq!(kind["call"], "accept");
    // Predicted without them, it is the same.
    let alone = ["--kind", "connection", "--predict"];
    let predicted = one(&["prlimit", "--nofile=120:120"], &alone);
    assert_eq!(predicted["predicted"], kind["predicted"]);
}

/// A server under a limit of memory aborts: that limit is named, and what
/// happened is said.
#[test]
fn memory_of_the_server() {
    require!(Tool("prlimit"));
    for (option, name) in [
        ("--as=60000000", "RLIMIT_AS"),
        ("--data=3000000", "RLIMIT_DATA"),
    ] {
        let kind = one(
            &["prlimit", option],
            &["--kind", "connection", "--max", "19000"],
        );
        assert_eq!(kind["binding"]["name"], name, "{kind:#}");
        assert_eq!(kind["binding"]["scope"], "server");
        assert_eq!(kind["stopped_by"], "refused");
        assert_eq!(kind["left_behind"], 0);
        assert_eq!(limit(&kind, name)["estimated"], true);
        let notes = kind["notes"].to_string();
        assert!(notes.contains("the server aborted"), "{notes}");
    }
}

/// Without a way to the server it is no limit that is met.
#[test]
fn no_way_is_told_at_once() {
    require!(Root, Namespaces, Tool("unshare"));
    let lab = Lab::new();
    let mut command = lab.threadtap(&["unshare", "-n"]);
    command.args(["ceiling", "--kind", "connection"]);
    let ran = lab.finish(&mut command).exits(2);
    assert!(ran.stderr.contains("ip link set lo up"), "{}", ran.stderr);
    // Beside others it is a note of its own kind.
    let mut command = lab.threadtap(&["unshare", "-n"]);
    command.args([
        "ceiling",
        "--kind",
        "thread,connection",
        "--max",
        "3",
        "--format",
        "json",
    ]);
    let ran = lab.finish(&mut command).exits(1);
    let record: Value = serde_json::from_str(&ran.stdout).unwrap();
    let kind = &record["kinds"][1];
    assert_eq!(
        (&kind["reached"], &kind["binding"]),
        (&Value::Null, &Value::Null)
    );
    assert!(
        kind["notes"].to_string().contains("ip link set lo up"),
        "{kind:#}"
    );
}

#[test]
fn ports_of_an_address() {
    require!(Root, Namespaces, Tool("unshare"));
    let script = "ip link set lo up && \
        echo '40000 40299' > /proc/sys/net/ipv4/ip_local_port_range && \
        echo '40010-40019,40100' > /proc/sys/net/ipv4/ip_local_reserved_ports && \
        exec \"$0\" ceiling --kind connection --format json";
    let lab = Lab::new();
    let mut command = lab.command("unshare");
    command.args(["-n", "sh", "-c", script, PROGRAM]);
    let ran = lab.finish(&mut command).exits(0);
    // Eleven are set aside, and the server listens on one.
    assert_met(&kinds(&ran)[0], "ip_local_port_range", 288, "EADDRNOTAVAIL");
}

/// A socket that somebody has only bound stands in no table, and takes a port.
#[test]
fn ports_that_are_bound() {
    require!(Root, Namespaces, Tool("unshare"), Tool("python3"));
    let script = "ip link set lo up && \
        echo '40000 40099' > /proc/sys/net/ipv4/ip_local_port_range && \
        exec python3 -c \"$1\" \"$0\"";
    let bound = "import socket, subprocess, sys\n\
        held = [socket.socket() for _ in range(10)]\n\
        [s.bind(('127.0.0.1', 40020 + i)) for i, s in enumerate(held)]\n\
        sys.exit(subprocess.run([sys.argv[1], 'ceiling', '--kind', 'connection', \
        '--format', 'json']).returncode)";
    let lab = Lab::new();
    let mut command = lab.command("unshare");
    command.args(["-n", "sh", "-c", script, PROGRAM, bound]);
    let ran = lab.finish(&mut command).exits(0);
    let kind = &kinds(&ran)[0];
    assert_eq!(kind["binding"]["name"], "ip_local_port_range", "{kind:#}");
    assert_eq!(kind["errno"], "EADDRNOTAVAIL");
    // The server listens on one more. Before Linux 6.8 nobody tells of the ten.
    assert_eq!(kind["reached"], 89);
    let predicted = kind["predicted"].as_u64().unwrap();
    assert!(
        predicted == 89 || !tells_of_bound_ports() && predicted == 99,
        "{kind:#}"
    );
}

/// Whether the kernel is one of those that tell.
fn tells_of_bound_ports() -> bool {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy().into_owned();
    let mut numbers = release.split('.').map_while(|n| n.parse::<u32>().ok());
    numbers.next().zip(numbers.next()) >= Some((6, 8))
}

#[test]
fn tasks_of_a_control_group() {
    require!(Groups("pids"), Root);
    let outer = Group::new("pids", "ceiling");
    let inner = outer.below("inner");
    // The ancestor is the stricter one.
    for (limited, most) in [(&inner, 90), (&outer, 80)] {
        limited.set("pids.max", &most.to_string());
        let kinds = kinds(&inner.run(&["--kind", "thread,process"]).exits(0));
        for kind in kinds {
            assert_met(&kind, "pids.max", most - 2, "EAGAIN");
            assert_eq!(kind["binding"]["path"], limited.path());
            assert_eq!(kind["binding"]["scope"], "cgroup");
        }
    }
}

#[test]
fn memory_of_a_control_group() {
    require!(Groups("memory"), Root);
    let group = Group::new("memory", "ceiling");
    group.set_memory(48 << 20);
    for kind in ["thread", "process"] {
        let found = &kinds(&group.run(&["--kind", kind, "--max", "4000"]).exits(0))[0];
        assert_eq!(found["binding"]["name"], "memory.max", "{found:#}");
        assert_eq!(found["stopped_by"], "reserve", "{found:#}");
        assert_eq!(found["left_behind"], 0);
        // To the very end: the killer takes the crowd, and nobody else.
        let ran = group.run(&["--kind", kind, "--max", "4000", "--reserve", "0"]);
        let found = &kinds(&ran.exits(0))[0];
        assert_eq!(found["stopped_by"], "oom", "{found:#}");
        assert_eq!(found["left_behind"], 0);
    }
}

/// What one kind took is given back before the next is looked at.
#[test]
fn memory_is_given_back_between_kinds() {
    require!(Groups("memory"), Root);
    let group = Group::new("memory", "between");
    group.set_memory(96 << 20);
    let ran = group.run(&["--kind", "process,connection", "--max", "4000"]);
    let all = kinds(&ran.exits(0));
    for kind in all {
        let used = limit(&kind, "memory.max")["in_use"].as_u64().unwrap();
        assert!(used < 16 << 20, "{kind:#}");
    }
}

#[test]
fn numbers_of_a_pid_namespace() {
    require!(Root, OwnPidMax);
    let script = "echo 500 > /proc/sys/kernel/pid_max && exec \"$0\" ceiling --format json \
        --kind thread,process --reserve";
    for (reserve, stopped_by) in [("0", "refused"), ("10", "reserve")] {
        let lab = Lab::new();
        let mut command = lab.command("unshare");
        command.args(["-pf", "--mount-proc", "sh", "-c"]);
        command.args([format!("{script} {reserve}").as_str(), PROGRAM]);
        let ran = lab.finish(&mut command).exits(0);
        for kind in kinds(&ran) {
            assert_eq!(kind["binding"]["name"], "kernel.pid_max");
            assert_eq!(kind["stopped_by"], stopped_by);
            assert_eq!(kind["reached"], kind["goal"], "{kind:#}");
            assert!(kind["reached"].as_u64().unwrap() >= 150, "{kind:#}");
        }
    }
}

#[test]
fn no_more_than_asked_for() {
    let ran = ceiling(&Lab::new(), &[], &["--max", "60"]).exits(0);
    let all = kinds(&ran);
    let names: Vec<&Value> = all.iter().map(|k| &k["kind"]).collect();
    assert_eq!(names, ["thread", "process", "connection"]);
    for kind in all {
        assert_eq!(kind["reached"], 60);
        assert_eq!(kind["stopped_by"], "max");
        assert_eq!(kind["errno"], Value::Null);
        assert_eq!(kind["left_behind"], 0);
    }
}

/// A search for processes that has come some way, with its end far off.
fn under_way(lab: &Lab) -> super::common::Started {
    let mut command = as_user(lab, 6_000);
    let started = start(command.args(["--kind", "process,thread", "--format", "json"]));
    until("there is a crowd", || lab.left().len() > 60);
    started
}

#[test]
fn an_interruption_is_told_and_leaves_nothing() {
    require!(Root, Tool("setpriv"), Tool("prlimit"));
    let lab = Lab::new();
    let started = under_way(&lab);
    started.signal(Signal::INT);
    let ran = lab.end(started).exits(130);
    let all = kinds(&ran);
    let last = all.last().unwrap();
    assert_eq!(last["stopped_by"], "interrupted", "{ran:?}");
    assert_eq!(last["left_behind"], 0);
    assert_eq!(lab.left(), Vec::<String>::new());
}

#[test]
fn a_killed_coordinator_leaves_nothing() {
    require!(Root, Tool("setpriv"), Tool("prlimit"));
    let lab = Lab::new();
    let started = under_way(&lab);
    started.signal(Signal::KILL);
    assert_eq!(lab.end(started).status, None);
    lab.until_nothing_is_left();
}

#[test]
fn every_format_tells_the_same() {
    let lab = Lab::new();
    let print = |format: &str| {
        let mut command = lab.threadtap(&[]);
        command.args(["ceiling", "--max", "20", "--format", format]);
        lab.finish(command.env("COLUMNS", "80")).exits(0)
    };
    let ran = print("jsonl");
    assert_eq!(ran.stdout.lines().count(), 3);
    assert!(ran.stdout.lines().all(|l| l.starts_with("{\"kind\":")));
    let csv = print("csv").stdout;
    assert!(
        csv.lines().count() > 15 && csv.contains("process,"),
        "{csv}"
    );
    // A kind each has a limit that binds.
    assert!(csv.lines().filter(|l| l.contains(",true,")).count() >= 3);
    assert!(
        print("markdown")
            .stdout
            .contains("## Limit that is reached first")
    );
    let ran = print("table");
    assert!(ran.stdout.contains("Limits of connections"));
    assert_eq!(ran.stderr, "");
    for line in ran.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}
