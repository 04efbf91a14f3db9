//! What could not run: exit 2, one line that says what to do, nothing on
//! standard output, nothing left behind.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};

use super::common::need::Need::{Capture, Namespaces, Root, Tool};
use super::common::{Lab, PROGRAM, Ran, public_copy};
use crate::require;

/// It said one line that holds all of these words, and nothing else.
#[track_caller]
fn says(ran: Ran, words: &[&str]) {
    let ran = ran.exits(2);
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("threadtap: "), "{}", ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "{word} not in {}", ran.stderr);
        assert_eq!(
            ran.stderr.matches(word).count(),
            1,
            "twice {word}: {}",
            ran.stderr
        );
    }
}

/// `threadtap` with these arguments says one line and leaves nothing.
#[track_caller]
fn refused(arguments: &[&str], words: &[&str]) {
    let lab = Lab::new();
    let ran = lab.finish(lab.threadtap(&[]).args(arguments));
    assert_empty(&lab);
    says(ran, words);
}

#[track_caller]
fn assert_empty(lab: &Lab) {
    let left: Vec<_> = fs::read_dir(lab.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[test]
fn no_permission_to_capture() {
    require!(Root, Tool("setpriv"));
    let lab = Lab::new();
    fs::set_permissions(lab.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let mut command = lab.command("setpriv");
    command
        .args(nobody)
        .args([public_copy(), "run", "-n", "3", "--port", "0"])
        .args(["--isolate", "never"]);
    let ran = lab.finish(&mut command);
    assert_empty(&lab);
    let remedy = format!("sudo setcap cap_net_raw+ep {}", public_copy());
    says(ran, &["CAP_NET_RAW", &remedy, "lo"]);
}

#[test]
fn no_capture_needs_no_permission() {
    require!(Root, Tool("setpriv"));
    let lab = Lab::new();
    chown(lab.path(), Some(65534), Some(65534)).unwrap();
    let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let mut command = lab.command("setpriv");
    command
        .args(nobody)
        .args([public_copy(), "run", "-n", "20", "--port", "0"]);
    command.args(["--no-capture", "--out", "out"]);
    let record = lab.finish(&mut command).exits(0).record();
    assert!(record["capture"].is_null());
    assert!(record["requests"]["on_wire"].is_null());
    assert_eq!(record["requests"]["valid"], 20);
}

#[test]
fn no_such_interface() {
    require!(Capture);
    let words = ["there is no interface nosuch0", " lo"];
    refused(&["run", "-n", "3", "--port", "0", "-i", "nosuch0"], &words);
}

#[test]
fn no_such_interface_leaves_no_folder_that_was_named() {
    require!(Capture);
    let words = ["there is no interface nosuch0"];
    refused(
        &["run", "--port", "0", "-i", "nosuch0", "--out", "a/b/c"],
        &words,
    );
}

/// A folder that was there before stays, as empty as it was.
#[test]
fn a_folder_that_was_there_stays() {
    require!(Capture);
    let lab = Lab::new();
    fs::create_dir(lab.out()).unwrap();
    let ran = lab.run(&["--port", "0", "-i", "nosuch0"]);
    assert_eq!(fs::read_dir(lab.out()).unwrap().count(), 0);
    says(ran, &["there is no interface"]);
}

#[test]
fn the_port_is_in_use() {
    require!(Capture);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let by = format!("(pid {})", std::process::id());
    let words = [port.as_str(), "in use by", &by, "--port"];
    refused(&["run", "-n", "3", "--port", &port], &["in use by", &by]);
    refused(&["serve", "--port", &port], &words[1..3]);
}

#[test]
fn the_output_folder_is_a_file() {
    require!(Capture);
    let lab = Lab::new();
    fs::write(lab.out(), "a file").unwrap();
    let ran = lab.run(&["-n", "3", "--port", "0"]);
    assert_eq!(fs::read(lab.out()).unwrap(), b"a file");
    says(ran, &["cannot save the run in", "File exists", "--out"]);
}

#[test]
fn the_output_folder_is_inside_a_file() {
    require!(Capture);
    let lab = Lab::new();
    fs::write(lab.out(), "a file").unwrap();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "-n", "3", "--port", "0", "--out", "out/deeper"]);
    says(
        lab.finish(&mut command),
        &["cannot save the run in", "Not a directory"],
    );
}

#[test]
fn the_output_folder_is_read_only() {
    require!(Capture, Root, Namespaces);
    let script = "mount -t tmpfs -o ro none . && cd . && exec \"$0\" run -n 3 --port 0";
    for out in ["", " --out \"$PWD\"", " --out \"$PWD/new\""] {
        let lab = Lab::new();
        let mut command = lab.command("unshare");
        // In the mount's own folder, not in the one below it.
        let script = script.replace("cd .", "cd \"$PWD\"");
        command.args(["-m", "sh", "-c", &format!("{script}{out}"), PROGRAM]);
        let ran = lab.finish(&mut command);
        says(
            ran,
            &["cannot save the run in", "Read-only file system", "--out"],
        );
    }
}

#[test]
fn nonsense_in_options() {
    refused(
        &["run", "--strategy", "fibre"],
        &["'fibre'", "thread, pool, process, async"],
    );
    refused(&["run", "-n", "0"], &["'0'"]);
    refused(&["run", "-n", "abc"], &["'abc'"]);
    refused(&["run", "-n", "-5"], &[]);
    refused(&["run", "-n", "99999999999"], &["'99999999999'"]);
    refused(&["run", "--workers", "4"], &["--strategy pool"]);
    refused(
        &["run", "--strategy", "pool", "--workers", "0"],
        &["--workers"],
    );
    refused(&["run", "--no-join"], &["--no-join needs --strategy pool"]);
    refused(
        &["run", "--connect", "127.0.0.1"],
        &["--connect 127.0.0.1:", "HOST:PORT"],
    );
    refused(
        &["run", "--connect", "nosuch.invalid:80"],
        &["nosuch.invalid", "HOST:PORT"],
    );
    refused(
        &["run", "--connect", "127.0.0.1:4", "--port", "5"],
        &["'--connect <HOST:PORT>'", "'--port <PORT>'"],
    );
    let nobody = ["--isolate-as", "--isolate never"];
    for kind in ["run", "compare"] {
        let line = [kind, "--isolate", "never", "--isolate-as", "root"];
        refused(&line, &nobody);
    }
    refused(
        &["run", "--connect", "127.0.0.1:4", "--isolate-as", "root"],
        &["--isolate-as", "--connect"],
    );
    refused(&["run", "--port", "70000"], &["'70000'"]);
    refused(&["run", "--timeout", "0"], &["--timeout"]);
    refused(&["run", "--max-in-flight", "0"], &["--max-in-flight"]);
    refused(
        &["run", "--format", "xml"],
        &["'xml'", "table, markdown, json, jsonl, csv"],
    );
    refused(
        &["run", "--no-capture", "--interface", "lo"],
        &["--no-capture"],
    );
    refused(&["run", "--nonsense"], &["'--nonsense'"]);
    refused(&["serve", "--model", "magic"], &["'magic'"]);
    refused(&["serve", "--bind", "here"], &["'here'"]);
    refused(
        &["serve", "--bind", "192.0.2.77", "--port", "0"],
        &["192.0.2.77"],
    );
    refused(&["nonsense"], &["'nonsense'"]);
}

#[test]
fn an_escape_sequence_in_an_option_is_not_obeyed() {
    let lab = Lab::new();
    let ran = lab.finish(
        lab.threadtap(&[])
            .args(["run", "--strategy", "\x1b[31mred\nline"]),
    );
    assert!(!ran.stderr.contains('\x1b'), "{:?}", ran.stderr);
    says(ran, &["red"]);
}

#[test]
fn the_inner_commands_are_not_for_a_person() {
    let words = ["internal command"];
    refused(&["__client", "{}"], &words);
    refused(&["__server", "{}"], &words);
    refused(&["__client", "nonsense"], &words);
    refused(&["__server"], &["<PLAN>"]);
}

/// What is printed and cannot be is status 1, whichever command prints it.
#[test]
fn a_full_standard_output_is_status_1() {
    for arguments in [
        &["ceiling", "--predict"][..],
        &["completions", "bash"],
        &["man"],
        &["man", "run"],
        &["man", "--list"],
        &["--help"],
        &["run", "--help"],
        &["--version"],
    ] {
        let lab = Lab::new();
        let mut command = lab.command("sh");
        command
            .args(["-c", "exec \"$@\" > /dev/full", "sh", PROGRAM])
            .args(arguments);
        let ran = lab.finish(&mut command).exits(1);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("redirect it"), "{}", ran.stderr);
    }
}

/// Too few descriptors, no /proc, no loopback: each line says what to do.
#[test]
fn what_a_system_lacks_is_told_with_what_to_do() {
    require!(Root, Namespaces, Tool("unshare"), Tool("ip"));
    let behind = |script: &str, more: &[&str]| {
        let lab = Lab::new();
        let mut command = lab.command("unshare");
        command
            .args(["-n", "-m", "sh", "-c", script, "sh", PROGRAM])
            .args(more);
        let ran = lab.finish(&mut command);
        assert!(!lab.out().exists(), "{ran:?}");
        ran
    };
    let run = ["run", "-n", "5", "--no-capture", "--out", "out"];
    let no_proc = "ip link set lo up; mkdir e; mount --bind e /proc; exec \"$@\"";
    says(behind(no_proc, &run), &["mount -t proc proc /proc"]);
    let compared = ["compare", "-n", "5", "--no-capture", "--out", "out"];
    says(behind(no_proc, &compared), &["mount -t proc proc /proc"]);
    let few = "ip link set lo up; ulimit -n 8; exec \"$@\"";
    says(behind(few, &run), &["ulimit -n 1024"]);
    says(behind(few, &compared), &["ulimit -n 1024"]);
    let down = "exec \"$@\"";
    says(behind(down, &run), &["sudo ip link set lo up"]);
    says(
        behind(down, &["ceiling", "--kind", "connection"]),
        &["sudo ip link set lo up"],
    );
    // The other kinds are looked for all the same.
    let both = ["ceiling", "--kind", "thread,connection", "--max", "5"];
    let ran = behind(down, &both);
    assert!(ran.stdout.contains("sudo ip link set lo up"), "{ran:?}");
}

/// Without a terminal, a wait that takes long is told once, with what is waited for.
#[test]
fn a_long_wait_is_told() {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "--no-capture", "--out", "out", "--", "sleep", "3"]);
    let ran = lab.finish(&mut command);
    let told: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|l| l.contains("waiting for"))
        .collect();
    assert_eq!(told.len(), 1, "{}", ran.stderr);
    assert!(
        told[0].contains("waiting for the client to end (for 2 s now"),
        "{}",
        told[0]
    );
}

/// Cut before the end of their TCP header, frames tell of no connection.
#[test]
fn a_snapshot_length_that_cuts_every_header_is_refused() {
    require!(Capture);
    let lab = Lab::new();
    let run = |snaplen: &str| lab.run(&["-n", "3", "--port", "0", "--snaplen", snaplen]);
    says(run("49"), &["--snaplen 49", "use 50 or more"]);
    assert!(!lab.out().exists());
    let record = run("50").exits(0).record();
    assert_eq!(record["correlation"]["flows"], 3);
    assert_eq!(record["requests"]["valid"], 3);
}
