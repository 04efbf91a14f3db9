//! What every run needs of the system, and does not get.

use serde_json::Value;

use super::{BENCH, Case};
use crate::bench::{one_line, saved, shell};
use crate::common::group::Group;
use crate::common::need::Need;
use crate::common::{Lab, PROGRAM, Ran, findings};

const OWN_PIDS: &[Need] = &[
    Need::Root,
    Need::Capture,
    Need::Namespaces,
    Need::OwnPidMax,
    Need::Tool("unshare"),
];
const LIMITS: &[Need] = &[
    Need::Root,
    Need::Capture,
    Need::Namespaces,
    Need::Tool("setpriv"),
    Need::Tool("prlimit"),
];
const MEMORY: &[Need] = &[
    Need::Root,
    Need::Capture,
    Need::Namespaces,
    Need::Groups("memory"),
];
const PIDS: &[Need] = &[
    Need::Root,
    Need::Capture,
    Need::Namespaces,
    Need::Groups("pids"),
];

pub const CASES: &[Case] = &[
    Case {
        key: "no-descriptors",
        needs: LIMITS,
        run: no_descriptors,
    },
    Case {
        key: "no-threads",
        needs: PIDS,
        run: || no_tasks("thread", "no_thread"),
    },
    Case {
        key: "no-processes",
        needs: PIDS,
        run: || no_tasks("process", "no_process"),
    },
    Case {
        key: "no-numbers",
        needs: OWN_PIDS,
        run: no_numbers,
    },
    Case {
        key: "no-memory",
        needs: MEMORY,
        run: || memory("5", &["reserve_kept"]),
    },
    Case {
        key: "memory-killer",
        needs: MEMORY,
        run: || memory("0", &["client_died", "server_died"]),
    },
    Case {
        key: "no-ports",
        needs: BENCH,
        run: no_ports,
    },
];

/// All requests are told, those that failed by this reason.
fn failed_by(ran: &Ran, reason: &str) -> Value {
    let record = saved(ran);
    let failed = record["requests"]["failed"].as_object().unwrap();
    assert_eq!(failed.keys().collect::<Vec<_>>(), [reason], "{failed:?}");
    assert!(record["requests"]["valid"].as_u64() > Some(0), "{record}");
    record
}

fn no_descriptors() {
    for strategy in ["thread", "async"] {
        let lab = Lab::new();
        let script = format!(
            "exec setpriv --bounding-set=-sys_resource prlimit --nofile=40:40 \
             $T run --gate -s {strategy} --model async -n 100 --timeout 20s --out out"
        );
        failed_by(
            &lab.finish(&mut shell(&lab, &script)).exits(1),
            "no_descriptor",
        );
    }
    // Too few to begin with is one line.
    for most in 4..12 {
        let lab = Lab::new();
        let script = format!(
            "exec setpriv --bounding-set=-sys_resource prlimit --nofile={most}:{most} \
             $T run -n 1 --out out"
        );
        let ran = lab.finish(&mut shell(&lab, &script));
        if ran.status == Some(2) {
            one_line(&ran, &[]);
        } else {
            saved(&ran);
        }
    }
}

/// A control group with so many tasks.
fn no_tasks(strategy: &str, reason: &str) {
    let group = Group::new("pids", strategy);
    group.set("pids.max", "60");
    let lab = Lab::new();
    let mut command = in_group(&lab, &group);
    command.args(["--gate", "-s", strategy, "--model", "async", "-n", "200"]);
    failed_by(&lab.finish(&mut command).exits(1), reason);
}

/// `threadtap run` in a control group.
fn in_group(lab: &Lab, group: &Group) -> std::process::Command {
    let mut command = lab.command("bash");
    command.args(["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\""]);
    command.args([group.path(), PROGRAM, "run", "--out", "out"]);
    command
}

/// A pid namespace with 1,000 numbers: a bystander can start programs all the while.
fn no_numbers() {
    let lab = Lab::new();
    let script =
        "exec unshare -pf --mount-proc bash -c 'echo 1000 > /proc/sys/kernel/pid_max || exit 9
        $T run --gate -n 3000 --out out & run=$!
        while kill -0 $run 2>/dev/null; do /bin/true; sleep 0.02; done
        wait $run'";
    let ran = lab.finish(&mut shell(&lab, script)).exits(1);
    assert!(!ran.stderr.contains("fork"), "{}", ran.stderr);
    failed_by(&ran, "reserve_kept");
}

/// A control group of 60 MB: the coordinator is there in the end.
fn memory(reserve: &str, codes: &[&str]) {
    let group = Group::new("memory", &format!("reserve-{reserve}"));
    group.set_memory(60_000_000);
    let lab = Lab::new();
    let mut command = in_group(&lab, &group);
    command.args(["--gate", "-n", "3000", "--reserve", reserve]);
    let record = saved(&lab.finish(&mut command).exits(1));
    let found = codes.iter().any(|code| !findings(&record, code).is_empty());
    assert!(found, "{record}");
}

/// 32 ephemeral ports for each of nine addresses.
fn no_ports() {
    let lab = Lab::new();
    let script = "echo '40000 40031' > /proc/sys/net/ipv4/ip_local_port_range
        echo 0 > /proc/sys/net/ipv4/tcp_tw_reuse
        exec $T run -n 320 --gate --out out";
    let record = failed_by(&lab.finish(&mut shell(&lab, script)).exits(1), "no_port");
    assert_eq!(record["requests"]["valid"], 288);
}
