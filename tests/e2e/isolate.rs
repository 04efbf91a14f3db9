//! A network of the run's own, for who may not capture: the whole run is seen, as the
//! person that made it, and where the system forbids it, it says by which switch.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::process::Command;

use super::common::need::Need::{
    Capture, FileCapabilities, Namespaces, Root, Tool, UserNamespaces,
};
use super::common::{Lab, Ran, findings, peers, public_copy};
use crate::require;

/// Nobody else is that.
const USER: u32 = 61_980;

/// Of a user without any privilege, behind other commands.
fn as_user(lab: &Lab, behind: &[&str]) -> Command {
    chown(lab.path(), Some(USER), Some(USER)).unwrap();
    let mut command = lab.command("setpriv");
    command.args([format!("--reuid={USER}"), format!("--regid={USER}")]);
    command.args(["--clear-groups", "--inh-caps=-all"]);
    command.args(behind).arg(public_copy());
    command
}

fn run(behind: &[&str], arguments: &[&str]) -> (Lab, Ran) {
    let lab = Lab::new();
    let mut command = as_user(&lab, behind);
    command.args(["run", "--out", "out", "--format", "json"]);
    command.args(arguments);
    let ran = lab.finish(&mut command);
    (lab, ran)
}

#[test]
fn an_ordinary_user_captures_without_a_privilege() {
    require!(Root, UserNamespaces, Tool("setpriv"));
    for strategy in ["thread", "process"] {
        let (lab, ran) = run(&[], &["-n", "30", "--strategy", strategy]);
        let record = ran.exits(0).record();
        assert_eq!(record["plan"]["isolated"], true);
        assert_eq!(record["requests"]["valid"], 30);
        assert_eq!(record["requests"]["handshakes"], 30);
        assert_eq!(record["correlation"]["client_owned"], 30);
        assert_eq!(record["correlation"]["server_owned"], 30);
        // The lab's port is free there, whoever has it here.
        assert_eq!(record["plan"]["target"], "127.0.0.1:45000");
        for file in fs::read_dir(lab.out()).unwrap() {
            let found = file.unwrap().metadata().unwrap();
            assert_eq!((found.uid(), found.gid()), (USER, USER));
        }
        let mut show = as_user(&lab, &[]);
        let text = lab.finish(show.args(["show", "out"])).exits(0).stdout;
        assert!(text.contains("in a network of its own"), "{text}");
    }
}

/// What an ordinary user sees is what root sees: the same counts, of everything.
#[test]
fn an_ordinary_user_sees_what_root_sees() {
    require!(
        Root,
        Capture,
        UserNamespaces,
        Namespaces,
        Tool("setpriv"),
        Tool("python3")
    );
    let counts = |record: &serde_json::Value| {
        let mut told = vec![
            record["requests"]["submitted"].clone(),
            record["requests"]["attempted"].clone(),
            record["requests"]["on_wire"].clone(),
            record["requests"]["answered"].clone(),
            record["requests"]["failed_total"].clone(),
            record["connections"].clone(),
            record["correlation"].clone(),
        ];
        for side in ["client", "server"] {
            for kind in ["threads", "processes"] {
                for count in ["before", "after", "created"] {
                    told.push(record["census"][side][kind][count].clone());
                }
            }
            told.push(record["census"][side]["provenance"].clone());
        }
        told
    };
    let lines = [
        "-n 40 -s thread",
        "-n 40 -s pool -w 4 --model pool",
        "-n 40 -s process --model process",
        "-n 40 -s async --model async",
        "-n 40 -s iterative --model iterative",
        "-n 40 --no-capture",
        "--observe ptrace -- python3 client.py thread 40",
        "--observe ptrace -- python3 client.py pool 40",
    ];
    let client = include_str!("../../docs/lab/client.py");
    for line in lines {
        let mut seen = Vec::new();
        for ordinary in [true, false] {
            let lab = Lab::new();
            fs::write(lab.path().join("client.py"), client).unwrap();
            let mut command = if ordinary {
                as_user(&lab, &[])
            } else {
                lab.threadtap(&[])
            };
            command.args([
                "run",
                "--isolate",
                "always",
                "--format",
                "json",
                "--out",
                "out",
            ]);
            command.args(line.split(' '));
            // Of a version manager's python3 there are more threads, of its own.
            command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
            let record = lab.finish(&mut command).exits(0).record();
            assert_eq!(record["plan"]["isolated"], true, "{line}");
            seen.push(counts(&record));
        }
        assert_eq!(seen[0], seen[1], "{line}");
    }
}

/// The same of a comparison and of a search for connections.
#[test]
fn an_ordinary_user_compares_and_searches_as_root_does() {
    require!(Root, Capture, UserNamespaces, Namespaces, Tool("setpriv"));
    let told = |line: &str, ordinary: bool| {
        let lab = Lab::new();
        let mut command = if ordinary {
            as_user(&lab, &[])
        } else {
            lab.threadtap(&[])
        };
        command.args(line.split(' '));
        let ran = lab.finish(&mut command).exits(0);
        serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap()
    };
    let line = "compare -n 30 --repeat 2 --warmup 0 --isolate always --format json --out out";
    let rows = |ordinary| -> Vec<_> {
        let record = told(line, ordinary);
        assert_eq!(record["plan"]["isolated"], true, "{record}");
        let rows = record["rows"].as_array().unwrap().iter().map(|row| {
            let of = |side: &str| row["census"][side]["threads"]["created"].clone();
            (
                row["name"].clone(),
                row["failed"].clone(),
                of("client"),
                of("server"),
            )
        });
        rows.collect()
    };
    assert_eq!(rows(true), rows(false));
    let line = "ceiling --kind connection --isolate always --max 60 --format json";
    let kind = |ordinary| {
        let record = told(line, ordinary);
        assert_eq!(record["isolated"], true, "{record}");
        let kind = record["kinds"][0].clone();
        ["reached", "errno"].map(|name| kind[name].clone())
    };
    assert_eq!(kind(true), kind(false));
}

/// Whoever may capture stays where they are, unless they ask for it.
#[test]
fn who_may_capture_stays_unless_asked() {
    require!(Root, Capture, Namespaces);
    let lab = Lab::new();
    let record = lab.run(&["-n", "3", "--port", "0", "--format", "json"]);
    assert_eq!(record.exits(0).record()["plan"]["isolated"], false);
    let lab = Lab::new();
    let record = lab.run(&["-n", "3", "--isolate", "always", "--format", "json"]);
    let record = record.exits(0).record();
    assert_eq!(record["plan"]["isolated"], true);
    assert_eq!(record["requests"]["on_wire"], 3);
}

/// A file with a capability makes its process not dumpable, and its files under /proc
/// root's.
#[test]
fn a_file_with_a_capability_goes_there_too() {
    require!(Root, UserNamespaces, Tool("setpriv"), FileCapabilities);
    let lab = Lab::new();
    chown(lab.path(), Some(USER), Some(USER)).unwrap();
    let own = lab.path().join("threadtap");
    fs::copy(public_copy(), &own).unwrap();
    let mut setcap = lab.command("setcap");
    assert!(
        setcap
            .arg("cap_net_raw+ep")
            .arg(&own)
            .status()
            .unwrap()
            .success()
    );
    let mut command = lab.command("setpriv");
    command.args([format!("--reuid={USER}"), format!("--regid={USER}")]);
    command.args(["--clear-groups", "env"]).arg(&own);
    command.args(["run", "-n", "5", "--isolate", "always", "--out", "out"]);
    let record = lab.finish(&mut command).exits(0).record();
    assert_eq!(record["plan"]["isolated"], true);
    assert_eq!(record["requests"]["on_wire"], 5);
}

/// Programs are the person there, with no capability, and reach nothing outside; or
/// root, where that was asked for.
#[test]
fn programs_are_the_person_and_reach_nothing_outside() {
    require!(Root, UserNamespaces, Tool("setpriv"), Tool("python3"));
    let client = "import os, socket\n\
        print('uid', os.getuid(), [l for l in open('/proc/self/status') if 'CapEff' in l])\n\
        for port in (80, 45000):\n\
        \x20   try: socket.create_connection(('192.0.2.1', port), 20)\n\
        \x20   except OSError as e: print(e)\n\
        s = socket.create_connection(('127.0.0.1', 45000))\n\
        s.sendall(b'TIME\\r\\n')\n\
        s.recv(64)\n";
    let (lab, ran) = run(&[], &["--", "python3", "-c", client]);
    let record = ran.exits(0).record();
    let log = fs::read_to_string(lab.out().join("client.log")).unwrap();
    assert!(
        log.contains(&format!("uid {USER} ['CapEff:\\t0000000000000000\\n']")),
        "{log}"
    );
    assert_eq!(record["census"]["client"]["provenance"], "traced");
    let findings = record["findings"].as_array().unwrap().iter();
    let outside = findings.filter(|f| f["code"] == "isolated_outside");
    let outside: Vec<_> = outside.collect();
    assert_eq!(outside.len(), 1, "{record:#}");
    assert_eq!(outside[0]["evidence"]["attempts"], 2);
    assert!(
        outside[0]["message"]
            .as_str()
            .unwrap()
            .contains("--isolate never")
    );

    let low = "import socket\n\
        s = socket.create_server(('127.0.0.1', 80))\n\
        while True:\n\
        \x20   c, _ = s.accept(); c.recv(64); c.sendall(b'JAM 10:00:00\\r\\n'); c.close()\n";
    let lab = Lab::new();
    fs::write(lab.path().join("low.py"), low).unwrap();
    let mut command = as_user(&lab, &[]);
    command.args(["run", "--out", "out", "-n", "3", "--isolate", "always"]);
    command.args(["--isolate-as", "root", "--server-cmd", "python3 low.py"]);
    let record = lab.finish(&mut command).record();
    assert_eq!(record["plan"]["target"], "127.0.0.1:80");
    assert_eq!(record["requests"]["valid"], 3);
    assert_eq!(
        fs::metadata(lab.out().join("run.json")).unwrap().uid(),
        USER
    );
}

#[test]
fn a_comparison_has_it_in_each_run() {
    require!(Root, UserNamespaces, Tool("setpriv"));
    let lab = Lab::new();
    let mut command = as_user(&lab, &[]);
    command.args([
        "compare",
        "-s",
        "thread,async",
        "-n",
        "10",
        "--repeat",
        "2",
        "--warmup",
        "0",
    ]);
    lab.finish(command.args(["--out", "out"])).exits(0);
    let runs = fs::read_dir(lab.out()).unwrap().map(|e| e.unwrap().path());
    let mut runs: Vec<_> = runs.filter(|p| p.is_dir()).collect();
    assert_eq!(runs.len(), 4, "{runs:?}");
    for run in runs.drain(..) {
        let text = fs::read_to_string(run.join("run.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(record["plan"]["isolated"], true);
    }
}

/// The switch that forbids it is named, with what does without it.
#[test]
fn what_forbids_it_is_told() {
    require!(
        Root,
        UserNamespaces,
        Tool("setpriv"),
        Tool("unshare"),
        Tool("sh")
    );
    // The limits of a namespace hold for those within it. Root without capabilities may
    // map no other user there, so that the second is tried by another one.
    let nobody = "unshare -U --map-user=1234 --map-group=1234";
    for (file, call, becomes) in [
        ("max_user_namespaces", "unshare(CLONE_NEWUSER)", ""),
        ("max_net_namespaces", "unshare(CLONE_NEWNET)", nobody),
    ] {
        let no_more = format!(
            "echo 0 > /proc/sys/user/{file}; exec {becomes} setpriv --bounding-set=-all \"$@\""
        );
        let behind = ["unshare", "-Ur", "sh", "-c", &no_more, "sh"];
        let (lab, ran) = run(&behind, &["-n", "3"]);
        let text = ran.exits(2).stderr;
        for word in [call, file, "CAP_NET_RAW", "--no-capture"] {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!lab.out().exists());
        let (_lab, ran) = run(&behind, &["-n", "3", "--isolate", "always", "--no-capture"]);
        let text = ran.exits(2).stderr;
        assert!(
            text.contains("--isolate always") && text.contains(call),
            "{text}"
        );
        // Without a capture nobody needs it.
        let (_lab, ran) = run(&behind, &["-n", "3", "--port", "0", "--no-capture"]);
        assert_eq!(ran.exits(0).record()["plan"]["isolated"], false);
    }
}

/// A server that runs already is not there.
#[test]
fn a_server_that_runs_is_outside() {
    require!(Root, UserNamespaces, Tool("setpriv"));
    let (_lab, ran) = run(&[], &["-n", "3", "--connect", "127.0.0.1:9"]);
    let text = ran.exits(2).stderr;
    assert!(
        text.contains("CAP_NET_RAW") && !text.contains("its own"),
        "{text}"
    );
    let (_lab, ran) = run(&[], &["--isolate", "always", "--connect", "127.0.0.1:9"]);
    assert!(ran.exits(2).stderr.contains("--connect"));
}

/// A search for connections has one, too, also an ordinary user's; other kinds have not.
#[test]
fn a_search_for_connections_has_a_network_of_its_own() {
    require!(Root, UserNamespaces, Tool("setpriv"));
    let lab = Lab::new();
    let search = "ceiling --kind connection --isolate always --max 50 --format json";
    let mut command = as_user(&lab, &["strace", "-f", "-e", "trace=unshare"]);
    let ran = lab.finish(command.args(search.split(' ')));
    let record: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(record["kinds"][0]["reached"], 50, "{ran:?}");
    assert!(ran.stderr.contains("unshare(CLONE_NEWNET) "), "{ran:?}");
    let mut command = as_user(&lab, &[]);
    let ran = lab.finish(command.args(["ceiling", "--isolate", "always", "--max", "5"]));
    let told = ran.exits(2).stderr;
    assert!(told.contains("--kind connection alone"), "{told}");
}

/// The profile is for the program that prints it.
#[test]
fn the_profile_for_apparmor_is_printed() {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    let ran = lab.finish(command.args(["doctor", "--apparmor-profile"]));
    let profile = ran.exits(0).stdout;
    let program = super::common::PROGRAM;
    assert!(
        profile.contains(&format!("profile threadtap \"{program}\"")),
        "{profile}"
    );
    assert!(profile.contains("userns,"), "{profile}");
}

/// In a container's pid namespace tasks have other numbers than programs in the kernel
/// tell: those are not used there, and everything is known all the same.
#[test]
fn in_a_pid_namespace_of_its_own_a_program_is_known() {
    require!(Root, Capture, Namespaces, Tool("python3"), Tool("unshare"));
    let lab = Lab::new();
    let port = peers::deserted().port().to_string();
    let client = "import socket, sys
for _ in range(5):
    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
    s.sendall(b'TIME\\r\\n'); s.recv(64); s.close()";
    let behind = ["unshare", "--pid", "--fork", "--mount-proc"];
    let run = |options: &[&str]| {
        let mut arguments = vec!["run", "--port", &port, "--out", "out", "--force"];
        arguments.extend(options);
        arguments.extend(["--", "python3", "-c", client, &port]);
        lab.finish(lab.threadtap(&behind).args(arguments))
    };
    // Who asks for it is told why not.
    let record = run(&["--observe", "ebpf"]).exits(0).record();
    let told = findings(&record, "ebpf_not_allowed");
    assert_eq!(told.len(), 1, "{record}");
    assert_eq!(record["correlation"]["client_owned"], 5);
    let record = run(&[]).exits(0).record();
    assert_eq!(record["requests"]["valid"], 5, "{record}");
    assert_eq!(record["correlation"]["client_owned"], 5);
    assert_eq!(record["correlation"]["server_owned"], 5);
    assert_eq!(record["census"]["client"]["provenance"], "traced");
    assert!(findings(&record, "no_connection").is_empty());
}

/// What a program needs of the network outside it does not get there: that is said by
/// its calls, whichever side it is, and else by what it printed.
#[test]
fn a_server_that_needs_what_is_outside_is_told_apart() {
    require!(Root, UserNamespaces, Tool("setpriv"), Tool("python3"));
    let server = |fails: &str| {
        let server = format!(
            "import socket\n\
             try: socket.create_connection(('192.0.2.1', 5432), 20)\n\
             except OSError as e: {fails}\n\
             s = socket.create_server(('127.0.0.1', 45000))\n\
             while True:\n\
             \x20   c, _ = s.accept(); c.recv(64); c.sendall(b'JAM 10:00:00\\r\\n'); c.close()\n"
        );
        let lab = Lab::new();
        fs::write(lab.path().join("server.py"), server).unwrap();
        lab
    };
    let told = |fails: &str, more: &[&str]| {
        let lab = server(fails);
        let mut command = as_user(&lab, &[]);
        command.args(["run", "--out", "out", "-n", "3", "--format", "json"]);
        command
            .args(["--server-cmd", "python3 server.py"])
            .args(more);
        let record = lab.finish(&mut command).record();
        assert_eq!(record["plan"]["isolated"], true);
        let outside: Vec<_> = findings(&record, "isolated_outside")
            .into_iter()
            .cloned()
            .collect();
        assert_eq!(outside.len(), 1, "{record:#}");
        assert_eq!(outside[0]["evidence"]["side"], "server");
        let message = outside[0]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("--isolate never"), "{message}");
        message
    };
    let traced = told("pass", &[]);
    assert!(traced.contains("192.0.2.1:5432"), "{traced}");
    let sampled = told("print(e, flush=True)", &["--observe", "sampled"]);
    assert!(sampled.contains("Network is unreachable"), "{sampled}");
    let died = told("raise", &["--observe", "sampled"]);
    assert!(died.contains("Network is unreachable"), "{died}");
}

/// What would let it, where nothing is done unasked.
#[test]
fn what_would_let_it_is_named() {
    require!(Root, UserNamespaces, Tool("setpriv"), Tool("python3"));
    let (_lab, ran) = run(&[], &["-n", "3", "-i", "any"]);
    let said = ran.exits(2).stderr.clone();
    assert!(said.contains("--isolate always"), "{said}");
    let (_lab, ran) = run(&[], &["-n", "3", "-i", "any", "--isolate", "always"]);
    assert_eq!(ran.exits(0).record()["requests"]["on_wire"], 3);

    let low = "import socket; socket.create_server(('127.0.0.1', 80))";
    let lab = Lab::new();
    fs::write(lab.path().join("low.py"), low).unwrap();
    let mut command = as_user(&lab, &[]);
    command.args(["run", "-n", "3", "--server-cmd", "python3 low.py"]);
    let said = lab.finish(&mut command).stderr;
    assert!(said.contains("--isolate-as root"), "{said}");
}
