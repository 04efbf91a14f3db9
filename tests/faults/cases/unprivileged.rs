//! An ordinary user without a capability, where the system forbids what the run needs.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::Case;
use super::refused::{ANSWERS, refuse};
use crate::bench::{could_not_run, one_line, saved};
use crate::common::need::Need;
use crate::common::{Lab, Ran, public_copy};

const USER: &[Need] = &[
    Need::Root,
    Need::Capture,
    Need::Namespaces,
    Need::UserNamespaces,
    Need::Tool("ip"),
    Need::Tool("python3"),
    Need::Tool("setpriv"),
    Need::Tool("unshare"),
];

pub const CASES: &[Case] = &[
    Case {
        key: "no-more-namespaces",
        needs: USER,
        run: || case(no_more_namespaces),
    },
    Case {
        key: "nested-namespaces",
        needs: USER,
        run: || case(nested),
    },
    Case {
        key: "chroot",
        needs: USER,
        run: || case(chroot),
    },
    Case {
        key: "no-unshare",
        needs: USER,
        run: || case(no_unshare),
    },
    Case {
        key: "low-port",
        needs: USER,
        run: || case(low_port),
    },
];

/// The copy of the program that the person may execute goes with the case.
fn case(run: fn()) {
    run();
    fs::remove_dir_all(Path::new(public_copy()).parent().unwrap()).unwrap();
}

/// Nobody else is that.
const PERSON: u32 = 61_981;

/// The lab is the person's.
fn lab() -> Lab {
    let lab = Lab::new();
    chown(lab.path(), Some(PERSON), Some(PERSON)).unwrap();
    lab
}

/// A command behind scripts, each of which goes on with the next one (`"$@"`).
fn behind(lab: &Lab, scripts: &[&str], line: &str) -> Command {
    let mut words = Vec::new();
    for (number, script) in scripts.iter().enumerate() {
        let file = lab.path().join(format!("{number}.sh"));
        fs::write(&file, script).unwrap();
        words.extend(["sh".to_owned(), file.to_str().unwrap().to_owned()]);
    }
    let mut command = lab.command(&words[0]);
    command.args(&words[1..]).arg(public_copy());
    command.args(line.split_whitespace());
    command
}

/// Becomes the person, who has no capability.
const BECOME: &str =
    "exec setpriv --reuid=61981 --regid=61981 --clear-groups --inh-caps=-all \"$@\"";

/// Is root of a user namespace no more, but for the number.
const GIVE_UP: &str = "exec setpriv --bounding-set=-all --inh-caps=-all \"$@\"";

/// A run cannot have a network, and says in one line which step was refused, why, and
/// what does without it. It does, indeed.
fn refused(words: &[&str], scripts: &[&str], more: &dyn Fn(&mut Command)) {
    let command = |lab: &Lab, line: &str| {
        let mut command = behind(lab, scripts, line);
        more(&mut command);
        command
    };
    let own = lab();
    let ran = own.finish(&mut command(&own, "run -n 3 --out out"));
    could_not_run(&ran, words);
    one_line(&ran, &["CAP_NET_RAW", "setcap", "root", "--no-capture"]);
    let own = lab();
    let line = "run -n 3 --isolate always --no-capture --out out";
    let ran = own.finish(&mut command(&own, line));
    could_not_run(&ran, words);
    one_line(&ran, &["--isolate always"]);
    for other in [
        "compare -n 3 --repeat 2 --out out",
        "ceiling --kind connection --isolate always --max 5 --out out",
    ] {
        let own = lab();
        let ran = own.finish(&mut command(&own, other));
        could_not_run(&ran, words);
    }
    let own = lab();
    let line = "run -n 3 --port 0 --no-capture --out out";
    let record = saved(&own.finish(&mut command(&own, line)).exits(0));
    assert_eq!(record["requests"]["valid"], 3);
    assert_eq!(record["plan"]["isolated"], false);
}

fn no_more_namespaces() {
    // Who is root there without a capability may map no other user, so that the second is
    // tried by another one.
    let nobody = "exec unshare -U --map-user=1234 --map-group=1234 \"$@\"";
    for (kind, call, becomes) in [
        ("user", "unshare(CLONE_NEWUSER)", "exec \"$@\""),
        ("net", "unshare(CLONE_NEWNET)", nobody),
    ] {
        let none = format!("echo 0 > /proc/sys/user/max_{kind}_namespaces || exit 9; exec \"$@\"");
        let limit = format!("user.max_{kind}_namespaces");
        // The value that holds is told where it can be read: not within another one.
        let told = if kind == "user" { " is 0" } else { "" };
        refused(
            &[call, &format!("{limit}{told}")],
            &[BECOME, "exec unshare -Ur \"$@\"", &none, becomes, GIVE_UP],
            &|_| (),
        );
    }
}

/// 32 of them, one in the other, are the most.
fn nested() {
    let one = "exec unshare -Ur \"$@\"";
    let mut scripts = vec![BECOME];
    scripts.extend([one; 33]);
    scripts.push(GIVE_UP);
    refused(&["unshare(CLONE_NEWUSER)", "32 levels"], &scripts, &|_| ());
}

/// In a chroot nobody gets a user namespace (unshare(2)).
fn chroot() {
    let own = "exec unshare -m --propagation private \"$@\"";
    let root = "here=$PWD; mkdir root && mount --rbind / root || exit 9
        exec chroot root sh -c 'cd \"$0\" && exec \"$@\"' \"$here\" \"$@\"";
    refused(
        &["unshare(CLONE_NEWUSER)", "chroot"],
        &[own, root, BECOME],
        &|_| (),
    );
}

/// As in a container.
fn no_unshare() {
    for errno in ANSWERS {
        refused(&["unshare(CLONE_NEWUSER)", "seccomp"], &[BECOME], &|c| {
            refuse(c, libc::SYS_unshare, errno);
        });
    }
}

/// A port below 1024 is had in a network of the run's own, and not outside.
fn low_port() {
    let run = |line: &str| -> Ran {
        let own = lab();
        own.finish(&mut behind(&own, &[BECOME], line))
    };
    for more in ["", "--isolate-as root"] {
        let record = saved(&run(&format!("run -n 3 --port 80 {more} --out out")).exits(0));
        assert_eq!(record["requests"]["valid"], 3);
        assert_eq!(record["plan"]["target"], "127.0.0.1:80");
    }
    let outside = run("run -n 3 --port 80 --isolate never --no-capture --out out");
    could_not_run(&outside, &["port 80", "--port"]);
    // A program of one's own needs to be root there.
    let own_program = |identity: &str| -> Ran {
        let own = lab();
        fs::write(own.path().join("low.py"), LOW).unwrap();
        let line = format!("run -n 3 --port 80 --isolate-as {identity} --out out --server-cmd");
        let mut command = behind(&own, &[BECOME], &line);
        own.finish(command.arg("python3 low.py"))
    };
    let ran = own_program("root").exits(0);
    let record = saved(&ran);
    assert_eq!(record["requests"]["valid"], 3, "{record}");
    assert_eq!(record["plan"]["isolated"], true);
    let ran = own_program("me").exits(1);
    let record = saved(&ran);
    assert_eq!(record["requests"]["failed"]["not_attempted"], 3, "{record}");
    let codes: Vec<&Value> = record["findings"].as_array().unwrap().iter().collect();
    assert_eq!(codes.len(), 1, "{codes:?}");
    assert_eq!(codes[0]["code"], "server_not_listening");
    let message = codes[0]["message"].as_str().unwrap();
    assert!(message.contains("Permission denied"), "{message}");
    assert!(message.contains("--isolate-as root"), "{message}");
    let told = ran.stderr.lines().filter(|line| line.contains(message));
    assert_eq!(told.count(), 1, "{}", ran.stderr);
}

/// A server that answers on port 80.
const LOW: &str = "import socket, time
l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(('127.0.0.1', 80))
l.listen(64)
while True:
    c, _ = l.accept()
    if c.recv(64):
        c.sendall(time.strftime('JAM %H:%M:%S\\r\\n').encode())
    c.close()
";
