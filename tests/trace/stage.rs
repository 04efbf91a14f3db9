//! A server and a client on a port of their own, with threadtap or without.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use rustix::process::Signal;
use serde_json::Value;

use super::common::{Lab, Ran, Started, start, until};
use super::own::{Own, Task};
use super::program;

/// A port on which nobody listens, out of the range from which the kernel
/// takes ports for clients.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 12_000 + (std::process::id() % 64) * 300;
    loop {
        let offset = NEXT.fetch_add(1, Ordering::Relaxed) % 300;
        let port = u16::try_from(base).unwrap() + offset;
        if TcpListener::bind(("0.0.0.0", port)).is_ok() {
            return port;
        }
    }
}

/// Whether somebody listens there. To connect would be a connection too many.
pub fn listened_on(port: u16) -> bool {
    let wanted = format!(":{port:04X} ");
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|file| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().any(|line| {
            let mut words = line.split_whitespace();
            let local = words.nth(1).unwrap_or_default();
            let state = words.nth(1);
            format!("{local} ").ends_with(&wanted) && state == Some("0A")
        })
    })
}

/// Whether the server's first receive and send are calls that are traced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    Seen,
    /// Plain read(2) and write(2), and no `--trace-rw`.
    Unseen,
}

pub struct Stage {
    pub lab: Lab,
    pub port: u16,
    server: Vec<String>,
    options: Vec<String>,
    behind: Vec<String>,
}

impl Stage {
    /// With this server; `{port}` in any word is the port.
    pub fn new(server: &[&str]) -> Self {
        let port = free_port();
        Self {
            lab: Lab::new(),
            port,
            server: match server {
                [] => Vec::new(),
                server => program::words(server, port),
            },
            options: vec![
                "--port".into(),
                port.to_string(),
                "--format".into(),
                "json".into(),
            ],
            behind: Vec::new(),
        }
    }

    /// More options for threadtap.
    pub fn with(mut self, options: &[&str]) -> Self {
        self.options.extend(options.iter().map(|o| (*o).to_owned()));
        self
    }

    /// No `--port` and no `--format`.
    pub fn bare(mut self) -> Self {
        self.options.clear();
        self
    }

    /// threadtap itself runs behind these words.
    pub fn behind(mut self, words: &[&str]) -> Self {
        self.behind = words.iter().map(|w| (*w).to_owned()).collect();
        self
    }

    /// `threadtap run` with this client (or none).
    pub fn command(&self, client: &[&str]) -> Command {
        let behind: Vec<&str> = self.behind.iter().map(String::as_str).collect();
        let mut command = self.lab.threadtap(&behind);
        self.words(&mut command, client);
        command
    }

    /// The words after the program's name.
    pub fn words(&self, command: &mut Command, client: &[&str]) {
        command.arg("run");
        if !self.server.is_empty() {
            command.arg("--server-cmd").arg(self.server.join(" "));
        }
        command.args(&self.options).args(["--out", "out"]);
        if !client.is_empty() {
            command.arg("--").args(program::words(client, self.port));
        }
    }

    /// Runs it all to its end.
    #[track_caller]
    pub fn run(&self, client: &[&str]) -> Seen {
        Seen::of(self.lab.finish(&mut self.command(client)))
    }

    /// Starts it, and waits until the client's log holds this.
    #[track_caller]
    pub fn start_until(&self, client: &[&str], word: &str) -> Started {
        self.until_logged(start(&mut self.command(client)), word, 1)
    }

    /// Waits until the client's log holds this so often; a run that ends before
    /// is a failure.
    #[track_caller]
    pub fn until_logged(&self, mut started: Started, word: &str, times: usize) -> Started {
        let log = self.lab.out().join("client.log");
        let mut over = false;
        until(word, || {
            over = started.child.try_wait().unwrap().is_some();
            over || fs::read_to_string(&log).is_ok_and(|t| t.matches(word).count() >= times)
        });
        assert!(!over, "it ended before: {:?}", self.lab.end(started));
        started
    }

    /// Starts the server alone, and waits until it listens.
    pub fn start_server(&self) -> Started {
        let (first, rest) = self.server.split_first().unwrap();
        let started = start(self.lab.command(first).args(rest));
        until("the server listens", || listened_on(self.port));
        started
    }

    /// The same programs without threadtap: what each said, and the client's
    /// exit status.
    pub fn alone(&self, client: &[&str]) -> (Option<i32>, Own, Own) {
        let server = self.start_server();
        let words = program::words(client, self.port);
        let (first, rest) = words.split_first().unwrap();
        let client = self.lab.end(start(self.lab.command(first).args(rest)));
        server.signal(Signal::TERM);
        let server = self.lab.end(server);
        (
            client.status,
            Own::read(&client.stdout),
            Own::read(&server.stdout),
        )
    }
}

/// What a run left, and what the programs in it said.
pub struct Seen {
    pub ran: Ran,
    pub client: Own,
    pub server: Own,
}

impl Seen {
    pub fn of(ran: Ran) -> Self {
        let log = |name: &str| {
            let bytes = fs::read(ran.out.join(name)).unwrap_or_default();
            Own::read(&String::from_utf8_lossy(&bytes))
        };
        let (client, server) = (log("client.log"), log("server.log"));
        Self {
            ran,
            client,
            server,
        }
    }

    #[track_caller]
    pub fn exits(mut self, status: i32) -> Self {
        let failed = (&self.client.failed, &self.server.failed);
        assert_eq!(self.ran.status, Some(status), "{failed:?} {:?}", self.ran);
        self.ran = self.ran.exits(status);
        self
    }

    pub fn record(&self) -> Value {
        self.ran.record()
    }

    /// The client did what it does alone, and everything that the record says
    /// of it is what it says itself.
    #[track_caller]
    pub fn client_agrees(&self) {
        assert_eq!(self.client.failed, Vec::<Value>::new(), "the client's word");
        let record = self.record();
        census_agrees(&record["census"]["client"], &self.client);
        let program = &record["programs"]["client"];
        assert_eq!(program["pid"], self.client.end()["pid"], "{program}");
        assert_eq!(program["exit_code"], 0, "{program}");
        assert!(program["signal"].is_null(), "{program}");
        let connected = self.client_owners_agree();
        let n = connected.len() as u64;
        assert_eq!(record["correlation"]["flows"], n);
        assert_eq!(record["correlation"]["client_owned"], n);
        assert_eq!(record["requests"]["on_wire"], n);
        let attempts = self.client.total("attempts").unwrap_or(n);
        assert_eq!(record["requests"]["attempted"], attempts);
        assert!(record["requests"]["submitted"].is_null());
    }

    /// Every connection that the client made has its thread for owner.
    #[track_caller]
    pub fn client_owners_agree(&self) -> BTreeMap<u64, Task> {
        let connected = self.client.by_port("connected");
        let owners: BTreeMap<u64, Task> = self
            .ran
            .flows()
            .iter()
            .filter_map(|flow| {
                let owner = &flow["client_owner"];
                let port = flow["client"]["port"].as_u64().unwrap();
                if owner.is_object() {
                    assert_eq!(owner["provenance"], "traced", "{flow}");
                }
                Some((port, (owner["pid"].as_u64()?, owner["tid"].as_u64()?)))
            })
            .collect();
        assert_eq!(owners, connected, "who connected, by the client's port");
        connected
    }

    /// Everything that the record says of the server is what it says itself.
    #[track_caller]
    pub fn server_agrees(&self, reads: Reads) {
        assert_eq!(self.server.failed, Vec::<Value>::new(), "the server's word");
        let record = self.record();
        if self.server.came_to_its_end() {
            census_agrees(&record["census"]["server"], &self.server);
            let program = &record["programs"]["server"];
            assert_eq!(program["pid"], self.server.end()["pid"], "{program}");
        }
        self.server_owners_agree(reads);
        let flows = &record["correlation"]["flows"];
        assert_eq!(&record["correlation"]["server_owned"], flows);
    }

    /// Who accepted, who first received and who first sent.
    #[track_caller]
    pub fn server_owners_agree(&self, reads: Reads) {
        let said = |kind| self.server.by_port(kind);
        let (accepted, received, sent) = (said("accepted"), said("received"), said("sent"));
        for flow in self.ran.flows() {
            let port = flow["client"]["port"].as_u64().unwrap();
            let owner = &flow["server_owner"];
            assert_eq!(owner["provenance"], "traced", "{flow}");
            let tid = |map: &BTreeMap<u64, Task>| map.get(&port).map(|(_, tid)| *tid);
            assert_eq!(owner["accept_tid"].as_u64(), tid(&accepted), "{flow}");
            match reads {
                // Where nothing came, a thread may have waited for it or not.
                Reads::Seen => {
                    for (name, said) in [("serve_tid", &received), ("send_tid", &sent)] {
                        let wanted = tid(said);
                        let told = owner[name].as_u64();
                        assert!(wanted.is_none() || told == wanted, "{name} {flow}");
                    }
                }
                Reads::Unseen => {
                    assert!(owner["serve_tid"].is_null(), "{flow}");
                    assert!(owner["send_tid"].is_null(), "{flow}");
                }
            }
        }
    }
}

/// A side's census is what the program says of itself, as far as it says.
#[track_caller]
pub fn census_agrees(census: &Value, own: &Own) {
    assert_eq!(census["provenance"], "traced");
    let (threads, processes) = own.made();
    assert_eq!(census["processes"]["created"], processes, "processes");
    assert_eq!(census["threads"]["created"], threads + processes, "tasks");
    assert_eq!(census["threads"]["before"], 1);
    assert_eq!(census["processes"]["before"], 1);
    for kind in ["threads", "processes"] {
        for moment in ["peak", "after"] {
            if let Some(said) = own.total(&format!("{moment}_{kind}")) {
                assert_eq!(census[kind][moment], said, "{kind} {moment}");
            }
        }
        let peak = census[kind]["peak"].as_u64().unwrap();
        let created = census[kind]["created"].as_u64().unwrap();
        assert!((1..=created + 1).contains(&peak), "{census}");
    }
    timeline_agrees(census);
}

/// The timeline begins with `before`, and its heights have `peak` for highest.
#[track_caller]
fn timeline_agrees(census: &Value) {
    let points = census["timeline"].as_array().unwrap();
    let number = |point: &Value, at: usize| point[at].as_u64().unwrap();
    let times: Vec<u64> = points.iter().map(|p| number(p, 0)).collect();
    assert!(times.is_sorted(), "{times:?}");
    for (at, kind) in [(1, "threads"), (2, "processes")] {
        let highest = points.iter().map(|p| number(p, at)).max();
        assert_eq!(census[kind]["peak"].as_u64(), highest, "{kind}");
    }
}
