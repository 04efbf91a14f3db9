//! What could not run: exit 2, one line, nothing left behind.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::common::need::Need::Tool;
use super::common::{Lab, Ran};
use super::program::{self, compiled};
use super::stage::{Stage, free_port};
use crate::require;

/// It said one line that holds all of these words, and left no run.
#[track_caller]
fn says(ran: Ran, words: &[&str]) {
    let ran = ran.exits(2);
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("threadtap: "), "{}", ran.stderr);
    assert!(!ran.stderr.contains('\x1b'), "{:?}", ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "{word} not in {}", ran.stderr);
    }
    assert!(!ran.out.join("run.json").exists(), "there was no run");
}

/// It could not be started, which is a result: told, saved, and exit status 1.
#[track_caller]
fn broken(stage: &Stage, client: &[&str], code: &str, words: &[&str]) {
    let ran = stage.lab.finish(&mut stage.command(client)).exits(1);
    let record = ran.record();
    let found = record["findings"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["code"], code);
    let message = found[0]["message"].as_str().unwrap();
    assert!(!ran.stderr.contains('\x1b'), "{:?}", ran.stderr);
    assert!(ran.stderr.contains(message), "{}", ran.stderr);
    for word in words {
        assert!(message.contains(word), "{word} not in {message}");
    }
    assert_eq!(record["requests"]["attempted"], 0);
    assert_eq!(record["observer"]["client_duration_ns"], Value::Null);
    assert_eq!(record["census"]["client"]["threads"]["peak"], Value::Null);
    assert_eq!(record["plan"]["client_command"][0], client_word(client));
    // A saved run like any other.
    let saved = fs::read_to_string(ran.out.join("run.json")).unwrap();
    let mut show = stage.lab.threadtap(&[]);
    show.args(["show", "out", "--format", "json"]);
    assert_eq!(stage.lab.finish(&mut show).exits(1).stdout, saved);
    fs::remove_dir_all(&ran.out).unwrap();
}

fn client_word(client: &[&str]) -> String {
    program::words(client, 0).remove(0)
}

#[track_caller]
fn refused(stage: &Stage, client: &[&str], words: &[&str]) {
    says(stage.lab.finish(&mut stage.command(client)), words);
}

#[test]
fn a_server_that_never_listens() {
    require!(Tool("python3"));
    let stage = Stage::new(&["port_server.py", "never", "{port}"]).with(&[
        "--no-capture",
        "--server-timeout",
        "400ms",
    ]);
    let port = stage.port.to_string();
    broken(
        &stage,
        &["true"],
        "server_not_listening",
        &[&port, "--server-timeout"],
    );
}

#[test]
fn a_server_that_is_too_slow() {
    require!(Tool("python3"));
    let stage = Stage::new(&["port_server.py", "slow", "{port}"]).with(&[
        "--no-capture",
        "--server-timeout",
        "400ms",
    ]);
    broken(
        &stage,
        &["true"],
        "server_not_listening",
        &["--server-timeout"],
    );
}

/// Its exit status and its last words are told.
#[test]
fn a_server_that_ends_before_it_listens() {
    require!(Tool("python3"));
    let stage = Stage::new(&["port_server.py", "leaves", "{port}"]).with(&["--no-capture"]);
    let words = ["7", "port_server: the configuration is missing"];
    broken(&stage, &["true"], "server_not_listening", &words);
    let stage = Stage::new(&["port_server.py", "dies", "{port}"]).with(&["--no-capture"]);
    broken(&stage, &["true"], "server_not_listening", &["SIGKILL"]);
}

/// What it said last is somebody else's text.
#[test]
fn last_words_are_escaped() {
    let stage = Stage::new(&[]).with(&["--no-capture"]);
    let script = stage.lab.path().join("server.sh");
    fs::write(&script, "printf 'no\\033[31m way\\n'; exit 4\n").unwrap();
    let mut command = stage.lab.threadtap(&[]);
    command.args(["run", "--no-capture", "--port", "9", "--out", "out"]);
    command.args(["--server-cmd", "sh server.sh", "--", "true"]);
    let ran = stage.lab.finish(&mut command).exits(1);
    assert!(!ran.stderr.contains('\x1b') && !ran.stdout.contains('\x1b'));
    assert!(ran.stderr.contains("[31m way"), "{}", ran.stderr);
    assert!(ran.stderr.contains("(exit status 4)"), "{}", ran.stderr);
}

#[test]
fn a_port_that_somebody_else_has() {
    require!(Tool("cc"));
    let port = free_port();
    let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let lab = Lab::new();
    let server = compiled("thread_server");
    let mut command = lab.threadtap(&[]);
    command
        .args(["run", "--no-capture", "--port", &port.to_string()])
        .args(["--out", "out", "--server-cmd"])
        .arg(format!("{} {port}", server.display()))
        .args(["--", "true"]);
    says(lab.finish(&mut command), &[&port.to_string()]);
}

#[test]
fn a_program_that_is_not_there() {
    require!(Tool("cc"));
    let stage = Stage::new(&["epoll_server", "{port}"]).with(&["--no-capture"]);
    refused(&stage, &["no-such-program"], &["no-such-program"]);
    refused(&stage, &["/no/such/program"], &["/no/such/program"]);
    refused(&stage, &["/"], &["/"]);
    // In this folder, but not in PATH.
    fs::write(stage.lab.path().join("mine"), "#!/bin/sh\n").unwrap();
    refused(&stage, &["mine"], &["write ./mine"]);
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    command.args(["run", "--no-capture", "--port", "9", "--out", "out"]);
    command.args(["--server-cmd", "no-such-server 1", "--", "true"]);
    says(lab.finish(&mut command), &["no-such-server"]);
}

/// The file is there, and is no program: that is the student's, not the caller's.
#[test]
fn a_program_that_cannot_be_executed() {
    require!(Tool("cc"));
    let stage = Stage::new(&["epoll_server", "{port}"]).with(&["--no-capture"]);
    for (name, text, mode, said) in [
        ("plain.rb", "print()\n", 0o644, &["chmod +x", "ruby"][..]),
        ("typo", "#!/usr/bin/pyhton3\n", 0o755, &["/usr/bin/pyhton3"]),
        ("windows", "#!/bin/sh\r\n", 0o755, &["carriage return"]),
        (
            "other",
            "\x7fELF\x02\x01\x01",
            0o755,
            &["no program for this machine"],
        ),
    ] {
        let file = stage.lab.path().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let name = format!("./{name}");
        for more in [&["--observe", "exact"][..], &["--observe", "sampled"]] {
            let stage = Stage::new(&["epoll_server", "{port}"])
                .with(&["--no-capture"])
                .with(more);
            let inside = stage.lab.path().join(&name);
            fs::copy(&file, &inside).unwrap();
            let words = [&["could not be started", &name], said].concat();
            broken(&stage, &[&name], "program_not_started", &words);
        }
        // The server likewise; then no client is run at all.
        let mut command = stage.lab.threadtap(&[]);
        command.args(["run", "--out", "out", "--format", "json", "-n", "9"]);
        command.args(["--server-cmd", &name, "--", "touch", "ran"]);
        let record = stage.lab.finish(&mut command).exits(1).record();
        assert_eq!(record["findings"][0]["evidence"]["side"], "server");
        assert_eq!(record["requests"]["failed"]["not_attempted"], 9);
        assert_eq!(record["requests"]["failed_total"], 9);
        assert_eq!(record["plan"]["server_command"][0], name);
        assert!(!stage.lab.path().join("ran").exists());
        fs::remove_dir_all(stage.lab.out()).unwrap();
    }
}

/// A server that listens elsewhere is told where.
#[test]
fn a_server_on_another_port() {
    require!(Tool("cc"));
    let stage = Stage::new(&["epoll_server", "{port}"]);
    let (wrong, port) = (free_port().to_string(), stage.port.to_string());
    let server = format!("{} {port}", compiled("epoll_server").display());
    let mut command = stage.lab.threadtap(&[]);
    command.args(["run", "--no-capture", "--out", "out", "--port", &wrong]);
    command.args([
        "--server-timeout",
        "1s",
        "--server-cmd",
        &server,
        "--",
        "true",
    ]);
    let ran = stage.lab.finish(&mut command).exits(1);
    let said = format!("does not listen on port {wrong} after 1 s, but on port {port}");
    assert!(
        ran.stderr.replace("1.00 s", "1 s").contains(&said),
        "{}",
        ran.stderr
    );
}

/// Each side in a folder of its own; a relative name is looked for there.
#[test]
fn a_folder_for_each_side() {
    require!(Tool("cc"), Tool("sh"));
    let lab = Lab::new();
    for (folder, name, text) in [
        (
            "s01",
            "server",
            format!("exec {} $1\n", compiled("epoll_server").display()),
        ),
        (
            "c01",
            "client",
            format!("pwd; exec {} $1 3\n", compiled("thread_client").display()),
        ),
    ] {
        let folder = lab.path().join(folder);
        fs::create_dir(&folder).unwrap();
        let file = folder.join(name);
        fs::write(&file, format!("#!/bin/sh\n{text}")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let port = free_port().to_string();
    for observe in ["exact", "sampled"] {
        let mut command = lab.threadtap(&[]);
        command.args(["run", "--no-capture", "--out", "out", "--format", "json"]);
        command.args(["--observe", observe, "--port", &port]);
        command.args(["--server-cwd", "s01", "--client-cwd", "c01"]);
        command.args([
            "--server-cmd",
            &format!("./server {port}"),
            "--",
            "./client",
            &port,
        ]);
        let record = lab.finish(&mut command).exits(0).record();
        assert_eq!(record["plan"]["server_cwd"], "s01");
        assert_eq!(record["plan"]["client_cwd"], "c01");
        let printed = fs::read_to_string(lab.out().join("client.log")).unwrap();
        assert!(
            printed.lines().next().unwrap().ends_with("/c01"),
            "{printed}"
        );
        fs::remove_dir_all(lab.out()).unwrap();
    }
    for (option, wrong) in [("--client-cwd", "gone"), ("--client-cwd", "c01/client")] {
        let mut command = lab.threadtap(&[]);
        command.args([
            "run",
            "--no-capture",
            "--out",
            "out",
            option,
            wrong,
            "--",
            "true",
        ]);
        says(lab.finish(&mut command), &[option, wrong]);
    }
    // Nothing is found in the folder that threadtap was started in.
    let mut command = lab.threadtap(&[]);
    command.args(["run", "--no-capture", "--port", &port, "--out", "out"]);
    command.args(["--client-cwd", "c01", "--", "c01/client"]);
    says(lab.finish(&mut command), &["there is no such file in c01"]);
}

#[test]
fn a_command_line_that_cannot_be_read() {
    for wrong in ["server 'unbalanced", "server \"unbalanced", "", "   "] {
        let lab = Lab::new();
        let mut command = lab.threadtap(&[]);
        command.args(["run", "--no-capture", "--port", "9", "--out", "out"]);
        command.args(["--server-cmd", wrong, "--", "true"]);
        let ran = lab.finish(&mut command).exits(2);
        assert!(
            ran.stderr.contains("--server-cmd"),
            "{wrong:?}: {}",
            ran.stderr
        );
        assert!(!lab.out().exists(), "{wrong:?}");
    }
}

/// Words in quotes and with escapes, as a shell reads them.
#[test]
fn a_command_line_with_quotes() {
    require!(Tool("cc"));
    let stage = Stage::new(&[]).with(&["--no-capture"]);
    let folder = stage.lab.path().join("a folder's");
    fs::create_dir(&folder).unwrap();
    let server = folder.join("the server");
    fs::copy(compiled("epoll_server"), &server).unwrap();
    let port = stage.port.to_string();
    let path = server.display().to_string();
    for line in [
        format!("\"{path}\" '{port}'"),
        format!(
            "{} \"{port}\"",
            path.replace(' ', "\\ ").replace('\'', "\\'")
        ),
    ] {
        let mut command = stage.lab.threadtap(&[]);
        command.args(["run", "--no-capture", "--port", &port, "--out", "out"]);
        command.args(["--server-cmd", &line, "--format", "json", "--"]);
        command.args(program::words(&["thread_client", &port, "5"], stage.port));
        let record = stage.lab.finish(&mut command).exits(0).record();
        assert_eq!(record["programs"]["server"]["command"][0], path);
        assert_eq!(record["requests"]["attempted"], 5);
        fs::remove_dir_all(stage.lab.out()).unwrap();
    }
}

/// Options that contradict each other are refused before anything starts.
#[test]
fn options_that_contradict_each_other() {
    for wrong in [
        &["--server-cmd", "x", "--connect", "127.0.0.1:9"][..],
        &["--server-cmd", "x", "--server-pid", "1"],
        &["--server-cmd", "x", "--model", "thread"],
        &["--strategy", "pool", "--", "true"],
        &["--gate", "--", "true"],
        &["--observe", "always", "--", "true"],
    ] {
        let lab = Lab::new();
        let mut command = lab.threadtap(&[]);
        command
            .args(["run", "--no-capture", "--out", "out"])
            .args(wrong);
        let ran = lab.finish(&mut command).exits(2);
        assert_eq!(ran.stdout, "", "{wrong:?}");
        assert!(!lab.out().exists(), "{wrong:?}");
    }
}
