//! `threadtap watch`: programs that run already, which nobody starts, stops or ends. What
//! is told of them is held against what they say themselves.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use rustix::process::Signal;
use serde_json::Value;

use super::common::need::Need::{Capture, Ebpf, Namespaces, Root, Tool};
use super::common::{
    Lab, PROGRAM, Ran, Started, findings, lines, public_copy, signal_to, start, until, wait,
};
use super::own::Own;
use super::program;
use super::stage::{Stage, listened_on};
use crate::require;

/// A watch that goes on, and where it says what.
struct Watch {
    child: Child,
    folder: PathBuf,
}

/// What a watch has left.
struct Watched {
    status: Option<i32>,
    said: String,
    record: Option<Value>,
    flows: Vec<Value>,
}

impl Watch {
    /// One that has begun, with these words; its folder is of this name in the lab.
    #[track_caller]
    fn begin(lab: &Lab, name: &str, words: &[&str]) -> Self {
        let folder = lab.path().join(name);
        fs::create_dir(&folder).unwrap();
        let mut command = lab.threadtap(&[]);
        let out = folder.join("out");
        command.args(["watch", "--no-report", "--format", "json"]);
        command.args(words).arg("--out").arg(out);
        Self::spawn(command, folder)
    }

    #[track_caller]
    fn spawn(mut command: Command, folder: PathBuf) -> Self {
        let to = |file: &str| File::create(folder.join(file)).unwrap();
        let child = command.stdout(to("said")).stderr(to("told")).spawn();
        let mut child = child.unwrap();
        let told = folder.join("told");
        let mut over = false;
        until("the watch has begun", || {
            over = child.try_wait().unwrap().is_some();
            let text = fs::read_to_string(&told).unwrap();
            over || text
                .lines()
                .any(|line| line.starts_with("threadtap: watching"))
        });
        assert!(!over, "{}", fs::read_to_string(told).unwrap());
        Self { child, folder }
    }

    fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Its own end.
    fn end(mut self) -> Watched {
        let status = wait(&mut self.child);
        Watched {
            status,
            said: fs::read_to_string(self.folder.join("told")).unwrap(),
            record: fs::read_to_string(self.folder.join("out/run.json"))
                .ok()
                .map(|text| serde_json::from_str(&text).unwrap()),
            flows: match self.folder.join("out/flows.jsonl") {
                file if file.exists() => lines(&file),
                _ => Vec::new(),
            },
        }
    }

    /// Ctrl-C.
    #[track_caller]
    fn interrupt(self) -> Watched {
        signal_to(self.pid(), Signal::INT);
        self.end().exits(0)
    }
}

impl Watched {
    #[track_caller]
    fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}", self.said);
        assert!(!self.said.contains("panicked"), "{}", self.said);
        self
    }

    #[track_caller]
    fn record(&self) -> Value {
        self.record.clone().expect("it was saved")
    }
}

/// A server that runs, and a client of it that works in steps.
struct Pair {
    stage: Stage,
    server: Started,
    client: Started,
    steps: PathBuf,
}

/// How many threads the client has: its main thread, four of the pool, and three that
/// Python gives the pool beside them.
const CLIENT_THREADS: u64 = 8;

impl Pair {
    fn start(server: &[&str]) -> Self {
        let stage = Stage::new(server);
        let server = stage.start_server();
        let steps = stage.lab.path().join("steps");
        fs::create_dir(&steps).unwrap();
        let folder = steps.to_str().unwrap();
        let words = program::words(&["steps_client.py", "{port}", folder], stage.port);
        let client = start(stage.lab.command(&words[0]).args(&words[1..]));
        Self {
            stage,
            server,
            client,
            steps,
        }
    }

    fn port(&self) -> String {
        self.stage.port.to_string()
    }

    fn client_pid(&self) -> String {
        self.client.child.id().to_string()
    }

    /// The client makes so many requests, and rests.
    #[track_caller]
    fn step(&self, step: u32, requests: u32) {
        self.tell(&step.to_string(), requests);
        let done = self.steps.join(format!("done.{step}"));
        until("the step is done", || done.exists());
    }

    fn tell(&self, step: &str, number: u32) {
        // Whole from the first moment.
        let file = self.steps.join("being_written");
        fs::write(&file, number.to_string()).unwrap();
        fs::rename(file, self.steps.join(format!("go.{step}"))).unwrap();
    }

    /// The server has so many threads, and no more are on their way out.
    fn until_the_server_has(&self, threads: usize) {
        let tasks = format!("/proc/{}/task", self.server.child.id());
        until("the server rests", || {
            fs::read_dir(&tasks).is_ok_and(|all| all.count() == threads)
        });
    }

    /// Both end when they are told to; what the client said in a step, and what the
    /// server said in all its life.
    fn end(self, step: u64) -> (Own, Own) {
        self.tell("end", 0);
        let client = self.stage.lab.end(self.client).exits(0);
        self.server.signal(Signal::TERM);
        let server: Ran = self.stage.lab.end(self.server);
        let server = Own::read(&server.stdout);
        assert_eq!(server.failed, Vec::<Value>::new());
        (in_step(&client.stdout, step), server)
    }
}

/// What was said in a step.
fn in_step(said: &str, step: u64) -> Own {
    let mut at = 0;
    let of_step = said.lines().filter(|line| {
        let fact: Value = serde_json::from_str(line).unwrap_or_default();
        if fact["fact"] == "step" {
            at = fact["port"].as_u64().unwrap();
        }
        at == step
    });
    Own::read(&of_step.collect::<Vec<_>>().join("\n"))
}

const PYTHON: [&str; 3] = ["lab_server.py", "thread", "{port}"];

/// Every flow that was begun has the thread that says so, on both sides.
#[track_caller]
fn owners_agree(flows: &[Value], client: Option<&Own>, server: &Own) {
    let accepted = server.of("accepted");
    let received = server.of("received");
    let says = |facts: &[&Value], port: &Value, tid: &Value| {
        facts.iter().any(|f| &f["port"] == port && &f["tid"] == tid)
    };
    for flow in flows.iter().filter(|flow| flow["handshake"].is_object()) {
        let (port, owner) = (&flow["client"]["port"], &flow["server_owner"]);
        assert!(says(&accepted, port, &owner["accept_tid"]), "{flow}");
        assert!(says(&received, port, &owner["serve_tid"]), "{flow}");
        match client {
            Some(client) => {
                let connected = client.of("connected");
                assert!(
                    says(&connected, port, &flow["client_owner"]["tid"]),
                    "{flow}"
                );
            }
            None => assert!(flow["client_owner"].is_null(), "{flow}"),
        }
    }
}

/// A pool that was there before and goes on afterwards, on a server with a thread for
/// each connection: what happens in between is counted exactly, and nothing else.
#[test]
fn a_pair_in_the_middle_of_its_life() {
    require!(Capture, Ebpf, Tool("python3"));
    let pair = Pair::start(&PYTHON);
    pair.step(1, 10);
    pair.until_the_server_has(2);
    let port = pair.port();
    let words = ["--port", &port, "--pid", &pair.client_pid()];
    let watch = Watch::begin(&pair.stage.lab, "watch", &words);
    pair.step(2, 25);
    pair.until_the_server_has(2);
    let watched = watch.interrupt();
    pair.step(3, 7);
    let (client, server) = pair.end(2);

    let record = watched.record();
    let requests = &record["requests"];
    for name in ["attempted", "on_wire", "handshakes", "answered", "valid"] {
        assert_eq!(requests[name], 25, "{name} {requests}");
    }
    assert!(requests["submitted"].is_null(), "{requests}");
    assert_eq!(requests["failed"], serde_json::json!({}));
    // The one on the connection that was there before is an exchange, too.
    assert_eq!(record["exchanges"]["answered"], 26);
    assert_eq!(record["latency"]["exchange"]["count"], 26);
    assert_eq!(record["latency"]["handshake"]["count"], 25);
    let census = &record["census"];
    let threads = |side: &str, at: &str| census[side]["threads"][at].as_u64();
    assert_eq!(threads("client", "before"), Some(CLIENT_THREADS));
    assert_eq!(threads("client", "peak"), Some(CLIENT_THREADS));
    assert_eq!(threads("client", "created"), Some(0));
    assert_eq!(threads("server", "before"), Some(2));
    assert_eq!(threads("server", "created"), Some(25));
    assert_eq!(threads("server", "after"), Some(2));
    assert_eq!(census["server"]["provenance"], "traced");
    let plan = &record["plan"];
    assert_eq!(plan["watched"], true);
    assert_eq!(plan["server"], "existing");
    assert_eq!(
        (&plan["strategy"], &plan["workers"]),
        (&"pool".into(), &4.into())
    );
    assert!(
        record["programs"]["client"]["exit_code"].is_null(),
        "it goes on"
    );
    assert_eq!(record["capture"]["stop_reason"], "left");
    assert!(record["observer"]["tracer_stops"].is_null());

    let flows = &watched.flows;
    assert_eq!(flows.len(), 26);
    let older: Vec<&Value> = flows.iter().filter(|f| f["handshake"].is_null()).collect();
    assert_eq!(older.len(), 1);
    assert_eq!(older[0]["exchanges"].as_array().unwrap().len(), 1);
    let told = &findings(&record, "begun_before")[0]["evidence"];
    assert_eq!((&told["flows"], &told["requests"]), (&1.into(), &1.into()));
    for code in [
        "clients_on_the_wire",
        "unowned_flows",
        "linger_timeout",
        "interrupted",
    ] {
        assert!(findings(&record, code).is_empty(), "{code} {record:#}");
    }
    owners_agree(flows, Some(&client), &server);
}

/// Without `--pid` nothing is said of a client but what its frames say.
#[test]
fn clients_that_are_seen_on_the_wire() {
    require!(Capture, Ebpf, Tool("python3"));
    let pair = Pair::start(&PYTHON);
    pair.step(1, 3);
    pair.until_the_server_has(2);
    let watch = Watch::begin(&pair.stage.lab, "watch", &["--port", &pair.port()]);
    pair.step(2, 12);
    pair.until_the_server_has(2);
    let watched = watch.interrupt();
    let (_, server) = pair.end(2);
    let record = watched.record();
    assert_eq!(record["requests"]["on_wire"], 12);
    assert_eq!(record["requests"]["valid"], 12);
    assert!(record["requests"]["attempted"].is_null());
    assert_eq!(record["exchanges"]["answered"], 13);
    assert_eq!(record["census"]["server"]["threads"]["created"], 12);
    assert!(record["census"]["client"]["provenance"].is_null());
    for at in ["before", "peak", "after", "created"] {
        assert!(record["census"]["client"]["threads"][at].is_null(), "{at}");
    }
    for unknown in ["strategy", "workers", "client_command"] {
        assert!(record["plan"][unknown].is_null(), "{unknown}");
    }
    assert!(record["correlation"]["client_owned"].is_null());
    assert!(record["programs"]["client"].is_null());
    assert!(findings(&record, "clients_on_the_wire")[0]["evidence"]["flows"].is_null());
    owners_agree(&watched.flows, None, &server);
}

/// Connections that waited to be accepted when the watch began have no number in the
/// kernel yet: who accepts and serves them is known all the same.
#[test]
fn connections_that_wait_to_be_accepted() {
    require!(Capture, Ebpf, Tool("python3"));
    let stage = Stage::new(&PYTHON);
    let server = stage.start_server();
    server.signal(Signal::STOP);
    // Until then it may still accept one.
    let stat = format!("/proc/{}/stat", server.child.id());
    until("the server is stopped", || {
        fs::read_to_string(&stat).unwrap().contains(") T ")
    });
    let mut clients: Vec<TcpStream> = (0..3)
        .map(|_| TcpStream::connect(("127.0.0.1", stage.port)).unwrap())
        .collect();
    let watch = Watch::begin(&stage.lab, "watch", &["--port", &stage.port.to_string()]);
    for client in &mut clients {
        client.write_all(b"TIME\r\n").unwrap();
    }
    server.signal(Signal::CONT);
    let ports: Vec<u16> = clients
        .into_iter()
        .map(|mut client| {
            client.read_exact(&mut [0; 14]).unwrap();
            client.local_addr().unwrap().port()
        })
        .collect();
    let watched = watch.interrupt();
    server.signal(Signal::TERM);
    let server = Own::read(&stage.lab.end(server).stdout);

    let (accepted, received) = (
        server.by_connection("accepted"),
        server.by_connection("received"),
    );
    assert_eq!(watched.flows.len(), 3);
    for port in ports.into_iter().map(u64::from) {
        let flow = watched.flows.iter().find(|f| f["client"]["port"] == port);
        let owner = &flow.unwrap()["server_owner"];
        assert_eq!(owner["accept_tid"], accepted[&(port, 0)].1, "{owner}");
        assert_eq!(owner["serve_tid"], received[&(port, 0)].1, "{owner}");
        assert_eq!(flow.unwrap()["exchanges"][0]["valid"], true);
    }
}

/// Others on the port are in the capture, and in no figure of the watched client's.
#[test]
fn another_client_beside_the_watched_one() {
    require!(Capture, Ebpf, Tool("python3"), Tool("cc"));
    let pair = Pair::start(&["thread_server", "{port}"]);
    pair.step(1, 1);
    let port = pair.port();
    let words = ["--port", &port, "--pid", &pair.client_pid()];
    let watch = Watch::begin(&pair.stage.lab, "watch", &words);
    pair.step(2, 5);
    let other = program::words(&["thread_client", "{port}", "9"], pair.stage.port);
    let other = start(pair.stage.lab.command(&other[0]).args(&other[1..]));
    pair.stage.lab.end(other).exits(0);
    let watched = watch.interrupt();
    pair.end(2);
    let record = watched.record();
    assert_eq!(record["requests"]["on_wire"], 5);
    assert_eq!(record["correlation"]["flows"], 15);
    assert_eq!(record["correlation"]["client_owned"], 5);
    assert_eq!(
        findings(&record, "clients_on_the_wire")[0]["evidence"]["flows"],
        9
    );
}

/// Neither knows of the other, and both count the same.
#[test]
fn two_watches_at_once() {
    require!(Capture, Ebpf, Tool("python3"));
    let pair = Pair::start(&PYTHON);
    pair.step(1, 1);
    pair.until_the_server_has(2);
    let port = pair.port();
    let words = ["--port", &port, "--pid", &pair.client_pid()];
    let one = Watch::begin(&pair.stage.lab, "one", &words);
    let other = Watch::begin(&pair.stage.lab, "other", &words);
    pair.step(2, 20);
    pair.until_the_server_has(2);
    for watched in [one.interrupt(), other.interrupt()] {
        let record = watched.record();
        assert_eq!(record["requests"]["valid"], 20);
        assert_eq!(record["correlation"]["client_owned"], 20);
        assert_eq!(record["census"]["server"]["threads"]["created"], 20);
    }
    pair.end(2);
}

/// The watched client ends, and so does the watch.
#[test]
fn a_client_that_ends() {
    require!(Capture, Ebpf, Tool("python3"));
    let pair = Pair::start(&PYTHON);
    pair.step(1, 1);
    let port = pair.port();
    let words = ["--port", &port, "--pid", &pair.client_pid()];
    let watch = Watch::begin(&pair.stage.lab, "watch", &words);
    pair.step(2, 6);
    pair.tell("end", 0);
    let watched = watch.end().exits(0);
    let record = watched.record();
    assert_eq!(record["programs"]["client"]["exit_code"], 0);
    assert_eq!(record["requests"]["valid"], 6);
    assert_eq!(record["requests"]["failed"], serde_json::json!({}));
    pair.end(2);
}

/// Where nobody else is watched the server's end is the watch's.
#[test]
fn a_server_that_ends() {
    require!(Capture, Ebpf, Tool("cc"));
    let stage = Stage::new(&["thread_server", "{port}"]);
    let server = stage.start_server();
    let port = stage.port.to_string();
    let watch = Watch::begin(&stage.lab, "watch", &["--port", &port]);
    server.signal(Signal::TERM);
    stage.lab.end(server).exits(0);
    let record = watch.end().exits(0).record();
    assert_eq!(record["programs"]["server"]["exit_code"], 0);
    assert_eq!(findings(&record, "server_ended").len(), 1);
}

/// With `--duration` it ends by itself, and what it watched goes on.
#[test]
fn a_time_to_watch() {
    require!(Capture, Tool("python3"));
    for observe in ["auto", "sampled"] {
        let pair = Pair::start(&PYTHON);
        pair.step(1, 1);
        let port = pair.port();
        let words = [
            "--port",
            &port,
            "--pid",
            &pair.client_pid(),
            "--duration",
            "50ms",
        ];
        let words = [&words[..], &["--observe", observe]].concat();
        let record = Watch::begin(&pair.stage.lab, "watch", &words)
            .end()
            .exits(0)
            .record();
        assert!(record["duration_ns"].as_u64() >= Some(50_000_000));
        assert_eq!(record["plan"]["watched"], true);
        pair.step(2, 5);
        pair.end(2);
    }
}

/// SIGKILL, SIGTERM and SIGHUP reach the watch alone.
#[test]
fn whatever_becomes_of_the_watch_the_programs_go_on() {
    require!(Capture, Tool("python3"));
    for signal in [Signal::KILL, Signal::TERM, Signal::HUP] {
        let pair = Pair::start(&PYTHON);
        pair.step(1, 2);
        let port = pair.port();
        let words = ["--port", &port, "--pid", &pair.client_pid()];
        let watch = Watch::begin(&pair.stage.lab, "watch", &words);
        pair.step(2, 3);
        signal_to(watch.pid(), signal);
        let watched = watch.end();
        if signal != Signal::KILL {
            let record = watched.exits(0).record();
            assert_eq!(record["requests"]["on_wire"], 3);
        }
        for pid in [pair.server.child.id(), pair.client.child.id()] {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
            assert!(status.contains("\nTracerPid:\t0\n"), "{status}");
            assert!(!status.contains("T (stopped)"), "{status}");
        }
        pair.step(3, 5);
        let (client, _) = pair.end(3);
        assert_eq!(client.by_connection("connected").len(), 5);
    }
}

/// A shell that has started the server may become the watch: the server is its child
/// then, and nothing of it is ended or waited for.
#[test]
fn a_server_that_is_a_child_of_the_watch() {
    require!(Capture, Tool("cc"));
    let stage = Stage::new(&[]);
    let port = stage.port.to_string();
    let server = program::words(&["thread_server", "{port}"], stage.port).join(" ");
    let listens = format!(":{:04X} 00000000:0000 0A", stage.port);
    let script = format!(
        "{server} >said 2>&1 & while ! grep -q '{listens}' /proc/net/tcp; do sleep 0.02; done; \
         exec {PROGRAM} watch --port {port} --duration 50ms --no-report --out out"
    );
    let ran = stage
        .lab
        .end(start(stage.lab.command("sh").args(["-c", &script])));
    let ran = ran.exits(0);
    assert_eq!(ran.record()["census"]["server"]["threads"]["before"], 1);
    assert!(listened_on(stage.port));
    signal_to(stage.lab.find("thread_server"), Signal::TERM);
    stage.lab.until_nothing_is_left();
}

/// A user who may neither capture nor load programs into the kernel sees what /proc says.
#[test]
fn as_nobody() {
    require!(Root, Tool("cc"), Tool("setpriv"));
    let stage = Stage::new(&[]);
    let user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let as_user = |words: &[String]| {
        let mut command = stage.lab.command("setpriv");
        command.args(user).args(words);
        command
    };
    std::os::unix::fs::chown(stage.lab.path(), Some(65534), Some(65534)).unwrap();
    let copy = super::users::copy("thread_server", &stage.lab.path().join("server"));
    let server = start(&mut as_user(&[copy, stage.port.to_string()]));
    until("the server listens", || listened_on(stage.port));
    let port = stage.port.to_string();
    let words = |more: &[&str]| -> Vec<String> {
        let all = [
            &[public_copy(), "watch", "--port", &port, "--out", "out"],
            more,
        ]
        .concat();
        all.into_iter().map(str::to_owned).collect()
    };
    // Nothing can be captured, and that is said.
    let refused = stage.lab.end(start(&mut as_user(&words(&[])))).exits(2);
    assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("setcap"), "{}", refused.stderr);
    let more = ["--no-capture", "--duration", "50ms", "--no-report"];
    let ran = stage.lab.end(start(&mut as_user(&words(&more)))).exits(0);
    assert!(
        ran.stderr
            .contains("not every thread and connection is seen"),
        "{}",
        ran.stderr
    );
    let record = ran.record();
    assert_eq!(record["census"]["server"]["provenance"], "sampled");
    assert_eq!(record["census"]["server"]["threads"]["before"], 1);
    let reason = &findings(&record, "ebpf_not_allowed")[0]["evidence"]["reason"];
    assert!(reason.as_str().unwrap().contains("needs root"), "{reason}");
    server.signal(Signal::TERM);
    stage.lab.end(server);
    // Of somebody else's server nothing would be seen at all.
    let root = Stage::new(&["thread_server", "{port}"]);
    let server = root.start_server();
    let port = root.port.to_string();
    let line = [public_copy(), "watch", "--port", &port, "--no-capture"].map(str::to_owned);
    let refused = stage.lab.end(start(&mut as_user(&line))).exits(2);
    assert!(
        refused.stderr.contains("nothing would be seen"),
        "{}",
        refused.stderr
    );
    server.signal(Signal::TERM);
    root.lab.end(server);
}

/// The line that a watch refuses with.
#[track_caller]
fn refusal(words: &[&str]) -> String {
    let lab = Lab::new();
    let mut command = lab.threadtap(&[]);
    let ran = lab.finish(command.arg("watch").args(words)).exits(2);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(
        !Path::new(&lab.path().join("captures")).exists(),
        "nothing is left"
    );
    ran.stderr
}

/// Who cannot be watched is told, with what to do.
#[test]
fn who_cannot_be_watched() {
    require!(Tool("cc"));
    let stage = Stage::new(&["thread_server", "{port}"]);
    let port = stage.port.to_string();
    let said = refusal(&["--port", &port]);
    assert!(said.contains("nobody listens there"), "{said}");
    let server = stage.start_server();
    let own = std::process::id().to_string();
    let pid = server.child.id().to_string();
    for (client, wanted) in [
        ("4000000", "there is no such process"),
        (own.as_str(), "is an ancestor of this threadtap"),
        (pid.as_str(), "it is the server on port"),
    ] {
        let said = refusal(&["--port", &port, "--pid", client]);
        assert!(said.contains(wanted), "{said}");
    }
    // A thread's number, where a process's is meant.
    let thread = rustix::thread::gettid().as_raw_pid().to_string();
    if thread != own {
        let said = refusal(&["--port", &port, "--pid", &thread]);
        assert!(said.contains(&format!("give --pid {own}")), "{said}");
    }
    server.signal(Signal::TERM);
    stage.lab.end(server);
    // The test itself listens, and has started threadtap.
    let heard = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = heard.local_addr().unwrap().port().to_string();
    let said = refusal(&["--port", &port]);
    assert!(said.contains("is an ancestor of this threadtap"), "{said}");
}

/// Somebody listens there, but not in this network.
#[test]
fn a_port_of_another_network() {
    require!(Root, Namespaces, Tool("cc"), Tool("unshare"));
    let stage = Stage::new(&["thread_server", "{port}", "0.0.0.0"]);
    let words = program::words(&["thread_server", "{port}", "0.0.0.0"], stage.port);
    let server = start(stage.lab.command("unshare").arg("-n").args(&words));
    let pid = server.child.id();
    let table = format!("/proc/{pid}/net/tcp");
    let wanted = format!(":{:04X} 00000000:0000 0A", stage.port);
    until("it listens there", || {
        fs::read_to_string(&table).is_ok_and(|text| text.contains(&wanted))
    });
    let said = refusal(&["--port", &stage.port.to_string()]);
    let line = format!("nsenter --net=/proc/{pid}/ns/net threadtap watch");
    assert!(said.contains(&line), "{said}");
    server.signal(Signal::TERM);
    stage.lab.end(server);
}
