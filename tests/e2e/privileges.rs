//! What is opened first is given up for good, and what runs is the person's: each part is
//! looked at while it runs (proc(5)), and programs tell who they are.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use super::common::need::Need::{Capture, Namespaces, Root, Tool};
use super::common::{Lab, Ran, Started, findings, public_copy, start, until};
use crate::require;

/// `nobody`, who has a line in passwd(5) everywhere.
const USER: u32 = 65_534;
/// A group that is nobody's own.
const GROUP: u32 = 65_533;

/// As sudo(8) would start it for that user: the variables are what it sets, and what it
/// leaves of root's.
fn sudo(lab: &Lab, arguments: &[&str]) -> Command {
    fs::set_permissions(lab.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = lab.command(public_copy());
    for (name, value) in [
        ("SUDO_UID", USER.to_string()),
        ("SUDO_GID", GROUP.to_string()),
        ("SUDO_USER", "nobody".to_owned()),
        ("SUDO_COMMAND", "threadtap".to_owned()),
        ("HOME", "/root".to_owned()),
        ("USER", "root".to_owned()),
        ("LOGNAME", "root".to_owned()),
        ("MAIL", "/var/mail/root".to_owned()),
    ] {
        command.env(name, value);
    }
    command.args(arguments);
    command
}

fn ends(lab: &Lab, arguments: &[&str]) -> Ran {
    lab.finish(&mut sudo(lab, arguments))
}

/// A client that tells who it is, and then does its work when it is let.
const WHO: &str = "import os, socket, sys, time\n\
    word = {l.split()[0]: l.split()[1] for l in open('/proc/self/status')\n\
    \x20   if l.startswith(('Cap', 'NoNewPrivs'))}\n\
    print('ids', os.getresuid(), os.getresgid(), os.getgroups())\n\
    print('caps', *(word[n + ':'] for n in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb')))\n\
    print('env', sorted((k, v) for k, v in os.environ.items()\n\
    \x20   if k.startswith('SUDO') or k in ('HOME', 'USER', 'LOGNAME', 'MAIL')))\n\
    mine = {os.readlink('/proc/self/fd/' + f).split(':')[0]\n\
    \x20   for f in os.listdir('/proc/self/fd') if int(f) > 2 and os.path.exists('/proc/self/fd/' + f)}\n\
    print('kinds', 'socket' in mine)\n\
    sys.stdout.flush()\n\
    open('here', 'w').close()\n\
    while len(sys.argv) > 2 and not os.path.exists('go'): time.sleep(0.01)\n\
    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n\
    s.sendall(b'TIME\\r\\n'); s.recv(64); s.close()\n";

/// A server that tells who it is, and serves.
const SERVER: &str = "import os, socket, sys\n\
    print('ids', os.getresuid(), os.getresgid(), flush=True)\n\
    s = socket.create_server(('127.0.0.1', 0))\n\
    if len(sys.argv) > 1: open(sys.argv[1], 'w').write(str(s.getsockname()[1])); os.rename(sys.argv[1], 'port')\n\
    while True:\n\
    \x20   c, _ = s.accept(); c.recv(64); c.sendall(b'JAM 10:00:00\\r\\n'); c.close()\n";

fn client_log(lab: &Lab) -> String {
    fs::read_to_string(lab.out().join("client.log")).unwrap()
}

const NO_CAPABILITY: &str =
    "caps 0000000000000000 0000000000000000 0000000000000000 0000000000000000\n";

#[test]
fn under_sudo_programs_and_files_are_the_persons() {
    require!(Root, Capture, Namespaces, Tool("python3"));
    for observe in ["exact", "sampled", "off"] {
        let lab = Lab::new();
        fs::write(lab.path().join("server.py"), SERVER).unwrap();
        let server = ["--server-cmd", "python3 server.py", "--observe", observe];
        let all = ["run", "--isolate", "always", "--out", "out"];
        let client = [
            "--",
            "sh",
            "-c",
            "python3 -c \"$0\" $(ss -Hltn | sed 's/.*127.0.0.1:\\([0-9]*\\) .*/\\1/')",
            WHO,
        ];
        let ran = ends(&lab, &[&all[..], &server, &client].concat()).exits(0);
        let log = client_log(&lab);
        let ids = format!("({USER}, {USER}, {USER}) ({GROUP}, {GROUP}, {GROUP})");
        assert!(log.contains(&format!("ids {ids} ")), "{observe}: {log}");
        assert!(log.contains(NO_CAPABILITY), "{observe}: {log}");
        let home = "('HOME', '/nonexistent'), ('LOGNAME', 'nobody'), ('USER', 'nobody')";
        assert!(log.contains(&format!("env [{home}]\n")), "{observe}: {log}");
        assert!(log.contains("kinds False"), "{observe}: {log}");
        let its_log = fs::read_to_string(lab.out().join("server.log")).unwrap();
        assert!(
            its_log.contains(&format!("ids {ids}")),
            "{observe}: {its_log}"
        );
        let record = ran.record();
        assert_eq!(record["requests"]["on_wire"], 1, "{observe}: {record:#}");
        for file in fs::read_dir(lab.out()).unwrap() {
            let file = file.unwrap();
            let found = file.metadata().unwrap();
            assert_eq!((found.uid(), found.gid()), (USER, GROUP), "{file:?}");
        }
    }
}

#[test]
fn as_root_keeps_root_and_the_files_are_the_persons_all_the_same() {
    require!(Root, Capture, Namespaces, Tool("python3"));
    let lab = Lab::new();
    let all = ["run", "--as-root", "--isolate", "always", "--out", "out"];
    ends(
        &lab,
        &[&all[..], &["--", "python3", "-c", WHO, "45000"]].concat(),
    )
    .exits(0);
    let log = client_log(&lab);
    assert!(log.contains("ids (0, 0, 0) (0, 0, 0)"), "{log}");
    assert!(!log.contains(NO_CAPABILITY), "{log}");
    for file in fs::read_dir(lab.out()).unwrap() {
        let found = file.unwrap().metadata().unwrap();
        assert_eq!((found.uid(), found.gid()), (USER, GROUP));
    }
}

/// The file of its memory is in a folder of the person's, where no thread may make one
/// once all is given up.
#[test]
fn as_root_what_a_long_run_gathers_lies_on_disk_too() {
    require!(Root, Capture, Namespaces);
    for who in [&["--as-root"][..], &[]] {
        let lab = Lab::new();
        let all = ["run", "-s", "pool", "-n", "1000000", "--isolate", "always"];
        let started = start(&mut sudo(
            &lab,
            &[&all[..], who, &["--out", "out"]].concat(),
        ));
        let own = format!("/proc/{}/fd", started.child.id());
        // The place is there before a list is long.
        let begun = || lab.out().join("capture.pcap").exists();
        until("it captures", || begun() && lab.left().len() >= 3);
        let files = fs::read_dir(&own)
            .unwrap()
            .filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
        let held = files.filter(|file| {
            let file = file.to_string_lossy();
            file.contains("/out/") && file.ends_with(" (deleted)")
        });
        let held = held.count();
        started.signal(rustix::process::Signal::INT);
        lab.end(started).exits(130);
        let kind = lab.file_system("out");
        // Elsewhere memory is memory.
        if ["ext2/ext3", "overlayfs", "xfs"].contains(&kind.as_str()) {
            assert_eq!(held, 1, "{who:?}, {kind}");
        }
    }
}

/// Root there is nobody more than the person outside.
#[test]
fn root_in_a_network_of_its_own_is_the_person_outside() {
    require!(Root, Namespaces, Tool("python3"));
    let lab = Lab::new();
    let all = [
        "run",
        "--isolate",
        "always",
        "--isolate-as",
        "root",
        "--out",
        "out",
    ];
    ends(
        &lab,
        &[&all[..], &["--", "python3", "-c", WHO, "45000"]].concat(),
    )
    .exits(0);
    let log = client_log(&lab);
    assert!(log.contains("ids (0, 0, 0) (0, 0, 0)"), "{log}");
    assert_eq!(fs::metadata(lab.path().join("here")).unwrap().uid(), USER);
}

/// What sudo(8) would never say names nobody.
#[test]
fn a_person_is_only_whom_root_names() {
    require!(Root, Tool("python3"));
    for (uid, gid, expected) in [
        ("0", "0", "ids (0, 0, 0) (0, 0, 0)"),
        ("-5", "5", "ids (0, 0, 0) (0, 0, 0)"),
        ("4294967295", "5", "ids (0, 0, 0) (0, 0, 0)"),
        ("x; id", "5", "ids (0, 0, 0) (0, 0, 0)"),
        // Nobody has a line for it in passwd(5).
        (
            "61234",
            "61235",
            "ids (61234, 61234, 61234) (61235, 61235, 61235) [61235]",
        ),
    ] {
        let lab = Lab::new();
        let all = ["run", "--no-capture", "--port", "0", "--out", "out"];
        let client = ["--", "python3", "-c", WHO, "1"];
        let mut command = sudo(&lab, &[&all[..], &client].concat());
        command.env("SUDO_UID", uid).env("SUDO_GID", gid);
        lab.finish(&mut command);
        let log = client_log(&lab);
        assert!(log.contains(expected), "{uid}: {log}");
    }
}

/// The sets of every thread of a process that threadtap is, by the thread's name.
type Sets = BTreeMap<String, [String; 6]>;

fn sets_of(pid: i32) -> Sets {
    let mut all = Sets::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
    {
        let path = task.unwrap().path();
        let read = |file: &str| fs::read_to_string(path.join(file)).unwrap_or_default();
        let status = read("status");
        let word = |name: &str| {
            let line = status.lines().find_map(|l| l.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        let names = [
            "CapInh:",
            "CapPrm:",
            "CapEff:",
            "CapBnd:",
            "CapAmb:",
            "NoNewPrivs:",
        ];
        all.insert(read("comm").trim().to_owned(), names.map(word));
    }
    all
}

const NONE: &str = "0000000000000000";

/// Whether these are all zero, and `no_new_privs` is set.
fn has_nothing(sets: &[String; 6]) -> bool {
    sets[..5].iter().all(|set| set == NONE) && sets[5] == "1"
}

fn children(pid: i32) -> Vec<i32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let list = list.unwrap_or_default();
    list.split_whitespace()
        .map(|p| p.parse().unwrap())
        .collect()
}

fn is_ours(pid: i32) -> bool {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.contains("threadtap\0")
}

/// Waits until the client is there, and looks at all that threadtap is.
fn while_it_runs(lab: &Lab, mut command: Command, holds: impl Fn(&Sets, &[Sets]) -> bool) {
    let started: Started = start(&mut command);
    let pid = started.child.id().cast_signed();
    until("the client runs", || lab.path().join("here").exists());
    let mut last;
    let mut tries = 0;
    let held = loop {
        let own = sets_of(pid);
        let sides: Vec<Sets> = children(pid)
            .into_iter()
            .filter(|p| is_ours(*p))
            .map(sets_of)
            .collect();
        last = format!("{own:#?} {sides:#?}");
        // The capture is open, and all is given up when both sides are started.
        if holds(&own, &sides) {
            break true;
        }
        tries += 1;
        if tries > 2000 {
            break false;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    fs::write(lab.path().join("go"), "").unwrap();
    let ran = lab.end(started).exits(0);
    assert!(held, "{last}");
    assert_eq!(ran.record()["requests"]["on_wire"], 1);
    assert_eq!(lab.left(), Vec::<String>::new());
}

const RUN: [&str; 5] = ["run", "--isolate", "always", "--out", "out"];
const WAITS: [&str; 6] = ["--", "python3", "-c", WHO, "45000", "wait"];

#[test]
fn under_sudo_no_thread_of_ours_keeps_anything() {
    require!(Root, Capture, Namespaces, Tool("python3"));
    // The built-in server; and the guardian of a client that is not traced.
    for (observe, ours) in [("ptrace", 1), ("ebpf", 2), ("sampled", 2)] {
        let lab = Lab::new();
        let how = ["--observe", observe];
        let command = sudo(&lab, &[&RUN[..], &how, &WAITS].concat());
        while_it_runs(&lab, command, |own, sides| {
            own.contains_key("capture")
                && own.values().all(has_nothing)
                && sides.len() == ours
                && sides.iter().all(|s| s.values().all(has_nothing))
        });
    }
}

/// Root's programs have what root has; whoever looks at them and ends them keeps what that
/// takes, and no more.
#[test]
fn for_roots_programs_two_capabilities_are_kept() {
    require!(Root, Capture, Namespaces, Tool("python3"));
    let lab = Lab::new();
    let mut command = lab.command(public_copy());
    command.args([&RUN[..], &["--observe", "ptrace"], &WAITS].concat());
    fs::set_permissions(lab.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let (kill, ptrace) = (1u64 << 5, 1u64 << 19);
    let keeps = |sets: &[String; 6], bits: u64| {
        let set = format!("{bits:016x}");
        sets[1] == set && sets[2] == set && [0, 3, 4].iter().all(|at| sets[*at] == NONE)
    };
    while_it_runs(&lab, command, |own, sides| {
        own.iter().all(|(name, sets)| match name.as_str() {
            "threadtap" => keeps(sets, kill | ptrace),
            "trace-client" => keeps(sets, ptrace),
            _ => has_nothing(sets),
        }) && own.contains_key("capture")
            && sides.len() == 1
            && sides.iter().all(|s| s.values().all(has_nothing))
    });
    assert!(!client_log(&lab).contains(NO_CAPABILITY));
}

/// Both built-in sides of root's, while they work.
#[test]
fn the_built_in_sides_keep_nothing() {
    require!(Root, Capture);
    let lab = Lab::new();
    let mut command = lab.threadtap(&["env"]);
    let run = ["run", "--port", "0", "-n", "30000", "-s", "pool", "-w", "2"];
    command.args(run).args(["--no-report", "--out", "out"]);
    let started = start(&mut command);
    let pid = started.child.id().cast_signed();
    until("both sides work without any capability", || {
        let own = sets_of(pid);
        let sides: Vec<Sets> = children(pid).into_iter().map(sets_of).collect();
        own.contains_key("capture")
            && own.values().all(has_nothing)
            && sides.len() == 2
            && sides
                .iter()
                .all(|s| !s.is_empty() && s.values().all(has_nothing))
    });
    started.signal(rustix::process::Signal::INT);
    lab.end(started);
    lab.until_nothing_is_left();
}

/// The embedded server has the port before it gives the right to it up.
#[test]
fn a_low_port_is_had_under_sudo() {
    require!(Root, Capture, Namespaces);
    for strategy in ["thread", "process"] {
        let lab = Lab::new();
        let all = ["--port", "80", "-n", "7", "-s", strategy, "--no-report"];
        let record = ends(&lab, &[&RUN[..], &all].concat()).exits(0).record();
        assert_eq!(record["plan"]["target"], "127.0.0.1:80");
        assert_eq!(record["requests"]["valid"], 7);
        assert_eq!(record["correlation"]["server_owned"], 7);
    }
}

/// A server that is another user's is traced all the same: that is what sudo is for.
#[test]
fn another_users_server_is_attached_to_under_sudo() {
    require!(Root, Capture, Tool("python3"));
    let lab = Lab::new();
    fs::set_permissions(lab.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let mut server = lab.command("python3");
    let mut server = start(server.args(["-c", SERVER, "new"]));
    until("it listens", || lab.path().join("port").exists());
    let pid = server.child.id().to_string();
    let all = [
        "run",
        "--server-pid",
        &pid,
        "-n",
        "20",
        "-s",
        "pool",
        "-w",
        "2",
        "--out",
        "out",
    ];
    let ran = lab.end(start(&mut sudo(&lab, &all)));
    server.signal(rustix::process::Signal::KILL);
    let _ = server.child.wait();
    let record = ran.exits(0).record();
    assert_eq!(
        record["census"]["server"]["provenance"], "traced",
        "{record:#}"
    );
    assert_eq!(record["correlation"]["server_owned"], 20, "{record:#}");
    assert!(findings(&record, "trace_not_allowed").is_empty());
}

/// A comparison's runs are made like any run, in its folder.
#[test]
fn a_comparison_under_sudo_is_the_persons() {
    require!(Root, Capture);
    let lab = Lab::new();
    let words = "compare -s pool -n 3 --repeat 1 --warmup 0 --port 0 --no-report --out out";
    let words: Vec<&str> = words.split(' ').collect();
    ends(&lab, &words).exits(0);
    let mut folders = vec![lab.out()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let found = fs::metadata(&path).unwrap();
            assert_eq!((found.uid(), found.gid()), (USER, GROUP), "{path:?}");
            seen += 1;
            if found.is_dir() {
                folders.push(path);
            }
        }
    }
    assert!(seen > 5, "{seen}");
}

/// A folder of root's, which the person cannot write in, is told before anything is run.
#[test]
fn a_folder_of_roots_is_told() {
    require!(Root);
    let lab = Lab::new();
    fs::create_dir(lab.out()).unwrap();
    let told = ends(
        &lab,
        &[
            "run",
            "--no-capture",
            "--port",
            "0",
            "-n",
            "1",
            "--out",
            "out",
        ],
    );
    let told = told.exits(2).stderr;
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("--as-root") && told.contains("out"), "{told}");
    assert!(is_empty(&lab.out()));
    let all = [
        "run",
        "--no-capture",
        "--port",
        "0",
        "-n",
        "1",
        "--out",
        "out",
        "--as-root",
    ];
    ends(&lab, &all).exits(0);
    assert!(!is_empty(&lab.out()));
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

/// Once it listens, the server alone is the person, without any privilege.
#[test]
fn serve_gives_up_what_it_had() {
    require!(Root);
    let lab = Lab::new();
    let mut command = sudo(&lab, &["serve", "--port", "0"]);
    let started = start(&mut command);
    let pid = started.child.id().cast_signed();
    until("it has nothing", || {
        let sets = sets_of(pid);
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        !sets.is_empty()
            && sets.values().all(has_nothing)
            && status.contains(&format!("Uid:\t{USER}\t{USER}\t{USER}\t{USER}"))
    });
    started.signal(rustix::process::Signal::TERM);
    let told = lab.end(started).exits(0).stdout;
    assert!(told.contains("listening on 127.0.0.1:"), "{told}");
}

/// Who conducts a comparison under sudo is the person; a process that reads nothing starts
/// the runs, and each of them opens its tap and gives up what it has.
#[test]
fn a_comparison_is_the_persons() {
    require!(Root, Capture, Namespaces);
    let lab = Lab::new();
    let compare = [
        "compare",
        "--isolate",
        "always",
        "-s",
        "thread,process",
        "-n",
        "1000",
        "--repeat",
        "2",
    ];
    let mut command = sudo(&lab, &compare);
    let started = start(command.args(["--warmup", "0", "--out", "out"]));
    let pid = started.child.id().cast_signed();
    let user = |pid: i32| {
        fs::metadata(format!("/proc/{pid}"))
            .map(|found| found.uid())
            .ok()
    };
    until(
        "the comparison has nothing, and its starter can start",
        || {
            let own = sets_of(pid);
            let starters = children(pid);
            !own.is_empty()
                && own.values().all(has_nothing)
                && starters.len() == 1
                && user(starters[0]) == Some(0)
                && !children(starters[0]).is_empty()
        },
    );
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let uids = format!("Uid:\t{USER}\t{USER}\t{USER}\t{USER}");
    assert!(status.contains(&uids), "{status}");
    let ran = lab.end(started).exits(0);
    assert_eq!(lab.left(), Vec::<String>::new());
    let text = fs::read_to_string(lab.out().join("compare.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    let runs = record["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["runs"].as_array().unwrap().len());
    assert_eq!(runs.sum::<usize>(), 4, "{ran:?}");
    for file in fs::read_dir(lab.out()).unwrap() {
        let found = file.unwrap().metadata().unwrap();
        assert_eq!((found.uid(), found.gid()), (USER, GROUP));
    }
}
