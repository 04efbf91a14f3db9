//! What a program finds at its start under threadtap is what it finds alone.

use serde_json::Value;

use super::common::need::Need::{Capture, Tool};
use super::stage::Stage;
use crate::require;

/// What must differ, and why.
const DIFFERENT: &[&str] = &[
    "/pid",
    // Each runs in a folder of its own.
    "/cwd",
    // The port is another in each run.
    "/words/1",
    // It is traced.
    "/status/TracerPid",
    "/status/Seccomp",
    "/status/Seccomp_filters",
    // A count of the user's signals, wherever they are.
    "/status/SigQ",
    // Whoever started it decides on these two.
    "/group_leader",
    "/session_leader",
];

fn without_differences(mut word: Value) -> Value {
    for path in DIFFERENT {
        if let Some(value) = word.pointer_mut(path) {
            *value = Value::Null;
        }
    }
    word
}

/// Without a capture, so that it needs no privilege.
fn is_as_alone(options: &[&str]) {
    let options = [&["--no-capture"], options].concat();
    is_as_alone_behind(&[], &options);
}

/// As root; another user's program cannot gain privileges when it is traced.
fn is_as_alone_behind(behind: &[&str], options: &[&str]) {
    let client = ["inherit", "{port}", "a word", "", "*", "$HOME", "'\\\\'"];
    let server = ["epoll_server", "{port}"];
    let (_, alone, _) = Stage::new(&server).behind(behind).alone(&client);
    let seen = Stage::new(&server)
        .behind(behind)
        .with(options)
        .run(&client)
        .exits(0);
    let mut traced = seen.client.end().clone();
    let mut alone = alone.end().clone();
    if !rustix::process::geteuid().is_root() {
        for word in [&mut traced, &mut alone] {
            word["status"]["NoNewPrivs"] = Value::Null;
        }
    }
    if options
        .iter()
        .any(|o| ["sampled", "off", "auto", "ebpf"].contains(o))
    {
        // One that is not traced dies with threadtap because it asks for it.
        for word in [&mut traced, &mut alone] {
            word["pdeathsig"] = Value::Null;
        }
    }
    let (traced, alone) = (without_differences(traced), without_differences(alone));
    for (name, value) in alone.as_object().unwrap() {
        assert_eq!(&traced[name], value, "{name}");
    }
}

/// The packet socket is nobody's but the capture's.
#[test]
fn a_program_beside_a_capture() {
    require!(Capture, Tool("cc"));
    for observe in ["ptrace", "ebpf", "sampled", "off"] {
        is_as_alone_behind(&[], &["--observe", observe]);
    }
}

/// What was ignored when threadtap was started stays so, as under nohup(1).
#[test]
fn a_program_whose_signals_were_ignored() {
    require!(Tool("cc"));
    let ignoring = [
        "sh",
        "-c",
        "trap '' HUP INT PIPE QUIT USR1; exec \"$@\"",
        "sh",
    ];
    for observe in ["exact", "sampled", "off"] {
        is_as_alone_behind(&ignoring, &["--no-capture", "--observe", observe]);
    }
}

#[test]
fn a_traced_program() {
    require!(Tool("cc"));
    is_as_alone(&[]);
}

#[test]
fn a_sampled_program() {
    require!(Tool("cc"));
    is_as_alone(&["--observe", "sampled"]);
}

#[test]
fn a_program_that_is_not_observed() {
    require!(Tool("cc"));
    is_as_alone(&["--observe", "off"]);
}

/// It reads to the end of what there is, and does not wait for a terminal.
#[test]
fn standard_input() {
    require!(Tool("cc"), Tool("python3"));
    let seen = Stage::new(&["epoll_server", "{port}"])
        .with(&["--no-capture"])
        .run(&["port_client.py", "stdin", "{port}"])
        .exits(0);
    assert_eq!(seen.client.end()["read"], "");
}

/// What a program of `inherits.py` was given.
fn given(log: &std::path::Path) -> Value {
    let text = std::fs::read_to_string(log).unwrap();
    let line = text.lines().next().unwrap();
    serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// The same alone, in the same lab.
fn given_alone(stage: &Stage) -> Value {
    // What is closed here may keep its port for a minute.
    let port = super::stage::free_port();
    let words = super::program::words(&["inherits.py", "client", "{port}"], port);
    let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let answers = std::thread::spawn(move || drop(listener.accept()));
    let ran = stage.lab.end(super::common::start(
        stage.lab.command(&words[0]).args(&words[1..]),
    ));
    answers.join().unwrap();
    serde_json::from_str(ran.stdout.lines().next().unwrap()).unwrap()
}

/// Neither side gets a descriptor, a variable, a signal's action or a capability that
/// is ours.
#[test]
fn both_sides_beside_a_capture() {
    require!(Capture, Tool("python3"));
    for observe in ["exact", "sampled", "off"] {
        let stage = Stage::new(&["inherits.py", "server", "{port}"]).with(&["--observe", observe]);
        let alone = given_alone(&stage);
        let mut command = stage.command(&["inherits.py", "client", "{port}"]);
        stage.lab.finish(&mut command).exits(0);
        for side in ["client.log", "server.log"] {
            let given = given(&stage.lab.out().join(side));
            assert_eq!(given, alone, "{observe}: {side}");
        }
    }
}

#[test]
fn a_program_in_a_comparison() {
    require!(Capture, Tool("python3"));
    let stage = Stage::new(&[]);
    let alone = given_alone(&stage);
    let client = super::program::words(&["inherits.py", "client"], 0).join(" ");
    let mut command = stage.lab.threadtap(&[]);
    command.args(["compare", "--no-strategies", "--out", "out", "-n", "1"]);
    command.args(["--repeat", "2", "--warmup", "0"]);
    command.args(["--program", &format!("mine={client} {{port}}")]);
    stage.lab.finish(&mut command).exits(0);
    let mut runs = 0;
    for entry in std::fs::read_dir(stage.lab.out()).unwrap() {
        let log = entry.unwrap().path().join("client.log");
        if log.exists() {
            runs += 1;
            assert_eq!(given(&log), alone, "{}", log.display());
        }
    }
    assert_eq!(runs, 2);
}

/// `setcap cap_net_raw+ep`: the capability is threadtap's alone.
#[test]
fn both_sides_of_a_user_whose_threadtap_has_a_file_capability() {
    use super::common::need::Need::{FileCapabilities, Root};
    /// Who that is matters to nobody.
    const USER: u32 = 61_998;
    require!(
        Capture,
        Root,
        Tool("python3"),
        Tool("setpriv"),
        FileCapabilities
    );
    for observe in ["exact", "sampled", "off"] {
        let stage = Stage::new(&[]);
        // Whoever runs the tests may have more open than three.
        let alone = given_alone(&stage);
        std::os::unix::fs::chown(stage.lab.path(), Some(USER), Some(USER)).unwrap();
        let threadtap = stage.lab.path().join("threadtap");
        std::fs::copy(super::common::public_copy(), &threadtap).unwrap();
        let given_to = stage
            .lab
            .command("setcap")
            .arg("cap_net_raw+ep")
            .arg(&threadtap)
            .status();
        assert!(given_to.unwrap().success());
        // The folder of the sources need not be readable to others.
        let program = stage.lab.path().join("inherits.py");
        let source = super::program::words(&["inherits.py"], 0)[1].clone();
        std::fs::copy(source, &program).unwrap();
        let program = program.to_str().unwrap();
        let port = stage.port.to_string();
        let mut command = stage.lab.command("setpriv");
        command.args([format!("--reuid={USER}"), format!("--regid={USER}")]);
        command.args(["--clear-groups", "env"]).arg(&threadtap);
        command.args(["run", "--observe", observe, "--port", &port, "--out", "out"]);
        command.args(["--server-cmd", &format!("python3 {program} server {port}")]);
        command.args(["--", "python3", program, "client", &port]);
        stage.lab.finish(&mut command).exits(0);
        for side in ["client.log", "server.log"] {
            let given = given(&stage.lab.out().join(side));
            assert_eq!(
                given["descriptors"], alone["descriptors"],
                "{observe} {side}"
            );
            for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                assert_eq!(given[set], "0000000000000000", "{observe} {side} {set}");
            }
        }
    }
}
