//! A server and a client on a port of their own, with threadtap or without.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use super::common::{Lab, Started, start, until};
use super::own::Own;
use super::program;
use super::seen::Seen;
use rustix::process::Signal;

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

    /// By ptrace(2), whatever may be done here: the test is about that.
    pub fn traced(self) -> Self {
        self.with(&["--observe", "ptrace"])
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

    /// threadtap runs behind these words, or the client where it is alone.
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
            let quoted: Vec<String> = self.server.iter().map(|w| quoted(w)).collect();
            command.arg("--server-cmd").arg(quoted.join(" "));
        }
        // All of them by one observer, if that is asked for (`.ci/test`).
        if let Ok(observer) = std::env::var("THREADTAP_TEST_OBSERVE")
            && !self.options.iter().any(|o| o == "--observe")
        {
            command.args(["--observe", &observer]);
        }
        // Some stages play more than once.
        command
            .args(&self.options)
            .args(["--force", "--out", "out"]);
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
        let words: Vec<&String> = self.behind.iter().chain(&words).collect();
        let (first, rest) = words.split_first().unwrap();
        let client = self.lab.end(start(self.lab.command(first).args(rest)));
        until_all_are_accepted(self.port);
        server.signal(Signal::TERM);
        let server = self.lab.end(server);
        (
            client.status,
            Own::read(&client.stdout),
            Own::read(&server.stdout),
        )
    }
}

/// A client may leave before its server has accepted what it connected: waits
/// until no listener on the port has connections in its queue, which
/// `/proc/net/tcp` shows as bytes to be received.
fn until_all_are_accepted(port: u16) {
    const LISTEN: &str = "0A";
    let waits = |table: &str| {
        let table = std::fs::read_to_string(table).unwrap_or_default();
        table.lines().skip(1).any(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields[1].ends_with(&format!(":{port:04X}"))
                && fields[3] == LISTEN
                && !fields[4].ends_with(":00000000")
        })
    };
    for _ in 0..1000 {
        if !waits("/proc/net/tcp") && !waits("/proc/net/tcp6") {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A test that fails leaves no process of its stage either.
impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for line in self.lab.left() {
                let pid = line.split(' ').next().and_then(|pid| pid.parse().ok());
                if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
                    let _ = rustix::process::kill_process(pid, Signal::KILL);
                }
            }
        }
    }
}
