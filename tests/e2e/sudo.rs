//! The real sudo(8), and a person with several groups: both are there only in a mount
//! namespace of the test's own, in which files of its own stand for passwd(5), group(5),
//! shadow(5) and sudoers(5). No user is made on this system.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use super::common::need::Need::{Capture, Namespaces, Root, Tool};
use super::common::{Lab, Ran, findings, public_copy};
use crate::require;

/// The person, and a group that only passwd(5) and group(5) know of.
const PERSON: u32 = 4242;
const GROUPS: [u32; 3] = [4242, 4300, 4301];

/// Puts the files in their places, and becomes the person.
const SYSTEM: &str = "set -e
d=$PWD/etc; mkdir -p $d home
cp /etc/passwd /etc/group /etc/shadow $d/
echo \"student:x:4242:4242:A Student:$PWD/home:/bin/sh\" >> $d/passwd
echo 'student:*:19000:0:99999:7:::' >> $d/shadow
printf 'student:x:4242:\\nlab:x:4300:student\\ndialers:x:4301:student\\n' >> $d/group
printf 'Defaults env_keep += \"THREADTAP_TEST_MARK LC_ALL\"\\nDefaults !log_allowed\\n\
root ALL=(ALL:ALL) ALL\\nstudent ALL=(ALL:ALL) NOPASSWD: ALL\\n' > $d/sudoers
chmod 440 $d/sudoers; chmod 640 $d/shadow; chown 4242:4242 . home
for f in passwd group shadow sudoers; do mount --bind $d/$f /etc/$f; done
exec runuser -u student -- \"$@\"
";

/// A client that tells who it is, and makes one request.
const WHO: &str = "import os, socket
words = {l.split()[0]: l.split()[1] for l in open('/proc/self/status')
    if l.startswith(('Cap', 'NoNewPrivs'))}
print('ids', os.getresuid(), os.getresgid(), sorted(os.getgroups()))
print('caps', *(words[n + ':'] for n in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb')))
print('env', sorted((k, v) for k, v in os.environ.items()
    if k.startswith('SUDO') or k in ('HOME', 'USER', 'LOGNAME', 'SHELL', 'MAIL', 'SECRET')))
s = socket.create_connection(('127.0.0.1', 45000))
s.sendall(b'TIME\\r\\n')
s.recv(64)
";

/// As the person, in the lab's folder.
fn as_person(lab: &Lab, words: &[&str]) -> Command {
    let mut command = lab.command("unshare");
    command.args(["-m", "--propagation", "private", "sh", "-c", SYSTEM, "sh"]);
    command.args(words).env("SECRET", "of the person's shell");
    command
}

fn sudo(lab: &Lab, arguments: &[&str]) -> Ran {
    fs::write(lab.path().join("who.py"), WHO).unwrap();
    let sudo = ["sudo", "-n", public_copy()];
    lab.finish(&mut as_person(lab, &[&sudo[..], arguments].concat()))
}

fn belongs_to_the_person(lab: &Lab) {
    let files = fs::read_dir(lab.out())
        .unwrap()
        .map(|file| file.unwrap().path());
    for path in files.chain([lab.out()]) {
        let found = fs::metadata(&path).unwrap();
        assert_eq!(
            (found.uid(), found.gid()),
            (PERSON, PERSON),
            "{}",
            path.display()
        );
        assert_eq!(found.mode() & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn under_the_real_sudo_a_run_is_the_persons() {
    require!(
        Root,
        Capture,
        Namespaces,
        Tool("sudo"),
        Tool("runuser"),
        Tool("python3")
    );
    let run = ["run", "--isolate", "always", "--out", "out"];
    let client = ["--", "python3", "who.py"];
    for observe in ["exact", "sampled"] {
        let lab = Lab::new();
        let ran = sudo(&lab, &[&run[..], &["--observe", observe], &client].concat()).exits(0);
        let log = fs::read_to_string(lab.out().join("client.log")).unwrap();
        let ids = format!("ids ({PERSON}, {PERSON}, {PERSON}) ({PERSON}, {PERSON}, {PERSON})");
        assert!(
            log.contains(&format!("{ids} {GROUPS:?}")),
            "{observe}: {log}"
        );
        let none = vec!["0".repeat(16); 4].join(" ");
        assert!(log.contains(&format!("caps {none}")), "{observe}: {log}");
        let home = lab.path().canonicalize().unwrap().join("home");
        let env = format!(
            "env [('HOME', '{}'), ('LOGNAME', 'student'), ('SHELL', '/bin/sh'), ('USER', 'student')]",
            home.display()
        );
        assert!(log.contains(&env), "{observe}: {log}");
        let record = ran.record();
        assert_eq!(record["requests"]["valid"], 1, "{record:#}");
        assert_eq!(record["correlation"]["flows"], 1, "{record:#}");
        assert_eq!(findings(&record, "client_exit").len(), 0);
        belongs_to_the_person(&lab);
        // Who made it can look at it, and remove it, without sudo.
        let show = [public_copy(), "show", "out"];
        lab.finish(&mut as_person(&lab, &show)).exits(0);
        lab.finish(&mut as_person(&lab, &["rm", "-r", "out"]))
            .exits(0);
    }
}

#[test]
fn under_the_real_sudo_root_is_kept_where_it_is_asked_for() {
    require!(
        Root,
        Capture,
        Namespaces,
        Tool("sudo"),
        Tool("runuser"),
        Tool("python3")
    );
    let lab = Lab::new();
    let run = ["run", "--as-root", "--isolate", "always", "--out", "out"];
    sudo(&lab, &[&run[..], &["--", "python3", "who.py"]].concat()).exits(0);
    let log = fs::read_to_string(lab.out().join("client.log")).unwrap();
    assert!(log.contains("ids (0, 0, 0) (0, 0, 0)"), "{log}");
    assert!(!log.contains("CapEff 0000000000000000"), "{log}");
    belongs_to_the_person(&lab);
}

/// Also files that are made while the run goes on, by who is root then.
#[test]
fn under_the_real_sudo_every_file_of_a_capture_is_the_persons() {
    require!(Root, Capture, Namespaces, Tool("sudo"), Tool("runuser"));
    for who in [&["--as-root"][..], &[]] {
        let lab = Lab::new();
        let run = ["run", "--isolate", "always", "--out", "out"];
        let more = ["-s", "pool", "-n", "400", "--rotate", "64k"];
        let ran = sudo(&lab, &[&run[..], who, &more].concat()).exits(0);
        let record = ran.record();
        let files = record["capture"]["files"].as_array().unwrap().len();
        assert!(files > 3, "{files}");
        assert_eq!(record["requests"]["valid"], 400);
        belongs_to_the_person(&lab);
    }
}
