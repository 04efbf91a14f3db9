//! `threadtap serve`: the TIME protocol, in every model.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::common::need::Need::{Namespaces, Root, Tool};
use super::common::{HANG, Lab, PROGRAM, peers, signal_to, wait};
use crate::require;

pub const MODELS: [&str; 5] = ["thread", "pool", "process", "async", "iterative"];

/// A server that runs until it is stopped or dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// What it said first.
    pub line: String,
    _stdout: BufReader<ChildStdout>,
    pub lab: Lab,
}

impl Server {
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_behind(&[], arguments)
    }

    pub fn start_behind(behind: &[&str], arguments: &[&str]) -> Self {
        let lab = Lab::new();
        let mut command = lab.threadtap(behind);
        command.args(["serve", "--port", "0"]).args(arguments);
        Self::of(lab, &mut command)
    }

    pub fn of(lab: Lab, command: &mut Command) -> Self {
        let log = std::fs::File::create(lab.path().join("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.split(' ').nth(2).and_then(|a| a.parse().ok());
        Self {
            address: address.unwrap_or_else(|| panic!("{line:?}")),
            line,
            child,
            _stdout: stdout,
            lab,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        signal_to(self.child.id().cast_signed(), signal);
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// It still answers somebody new.
    #[track_caller]
    pub fn answers(&self) {
        let mut stream = self.connect();
        assert_answer(&mut stream, b"TIME\r\n");
    }

    /// It ends with exit status 0, and leaves nothing; returns its log.
    #[track_caller]
    pub fn ends(mut self) -> String {
        assert_eq!(wait(&mut self.child), Some(0));
        assert_eq!(self.lab.left(), Vec::<String>::new());
        std::fs::read_to_string(self.lab.path().join("log")).unwrap()
    }

    #[track_caller]
    pub fn stop(self) -> String {
        self.signal(Signal::TERM);
        self.ends()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks, and reads one answer.
#[track_caller]
pub fn assert_answer(stream: &mut TcpStream, request: &[u8]) {
    stream.write_all(request).unwrap();
    let mut answer = [0; 14];
    stream.read_exact(&mut answer).unwrap();
    assert_is_answer(&answer);
}

#[track_caller]
fn assert_is_answer(answer: &[u8]) {
    let text = std::str::from_utf8(answer).unwrap();
    let time = text
        .strip_prefix("JAM ")
        .and_then(|t| t.strip_suffix("\r\n"));
    let time = time.map(|t| chrono::NaiveTime::parse_from_str(t, "%H:%M:%S"));
    assert!(matches!(time, Some(Ok(_))) && text.len() == 14, "{text:?}");
}

/// Everything that comes until the server closes. A reset counts as a close:
/// the server need not read what it does not want.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Err(e) if e.kind() != std::io::ErrorKind::ConnectionReset => panic!("{e}"),
        _ => all,
    }
}

fn every_model(test: impl Fn(&Server)) {
    for model in MODELS {
        let server = Server::start(&["--model", model]);
        assert!(
            server.line.contains(&format!("(model {model})")),
            "{}",
            server.line
        );
        assert_ne!(server.address.port(), 0);
        test(&server);
        server.answers();
        assert_eq!(server.stop(), "", "{model} has nothing to complain of");
    }
}

#[test]
fn a_request_is_answered() {
    every_model(|server| {
        let mut stream = server.connect();
        assert_answer(&mut stream, b"TIME\r\n");
        assert_answer(&mut stream, b"TIME please\r\n");
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&mut stream), b"");
    });
}

#[test]
fn a_thousand_pipelined_requests_are_answered() {
    every_model(|server| {
        let mut stream = server.connect();
        stream.write_all(&b"TIME\r\n".repeat(1000)).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let answers = rest(&mut stream);
        assert_eq!(answers.len(), 14_000);
        answers.chunks(14).for_each(assert_is_answer);
    });
}

#[test]
fn a_request_may_come_in_pieces() {
    every_model(|server| {
        let mut stream = server.connect();
        for byte in b"TIME\r\nTIM" {
            stream.write_all(&[*byte]).unwrap();
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut answer = [0; 14];
        stream.read_exact(&mut answer).unwrap();
        assert_is_answer(&answer);
        assert_answer(&mut stream, b"E\r\n");
    });
}

#[test]
fn what_is_no_request_closes() {
    let too_long = [b"TIME".as_slice(), &[b'x'; 61]].concat();
    let lines: [(&[u8], usize); 5] = [
        (b"QUIT\r\n", 0),
        (b"TIME\r\nQUIT\r\nTIME\r\n", 14),
        (b"GET / HTTP/1.1\r\n", 0),
        (b"TIME\r\n\r\nTIME\r\n", 14),
        (&too_long, 0),
    ];
    every_model(|server| {
        for (line, answers) in lines {
            let mut stream = server.connect();
            stream.write_all(line).unwrap();
            assert_eq!(rest(&mut stream).len(), answers, "{line:?}");
        }
    });
}

#[test]
fn a_line_of_64_bytes_is_answered() {
    let mut line = [b"TIME".as_slice(), &[b'x'; 60]].concat();
    line.extend(b"\r\n");
    every_model(|server| assert_answer(&mut server.connect(), &line));
}

#[test]
fn a_silent_peer_is_closed() {
    for model in MODELS {
        let server = Server::start(&["--model", model, "--idle-timeout", "100ms"]);
        assert_eq!(rest(&mut server.connect()), b"", "{model}");
        // Also one that was not silent at first.
        let mut stream = server.connect();
        assert_answer(&mut stream, b"TIME\r\n");
        stream.write_all(b"TI").unwrap();
        assert_eq!(rest(&mut stream), b"", "{model}");
        server.answers();
        server.stop();
    }
}

#[test]
fn peers_that_reset_are_survived() {
    every_model(|server| {
        for _ in 0..20 {
            peers::reset(server.connect());
            let mut stream = server.connect();
            stream.write_all(b"TIME\r\n").unwrap();
            peers::reset(stream);
        }
    });
}

#[test]
fn many_connections_are_answered() {
    every_model(|server| {
        // A pool and an iterative server take the next when one has closed.
        let serial = ["pool", "iterative"]
            .iter()
            .any(|m| server.line.contains(m));
        let mut open: Vec<TcpStream> = (0..200).map(|_| server.connect()).collect();
        for stream in &mut open {
            stream.write_all(b"TIME\r\n").unwrap();
            if serial {
                stream.shutdown(Shutdown::Write).unwrap();
            }
        }
        for stream in &mut open {
            let mut answer = [0; 14];
            stream.read_exact(&mut answer).unwrap();
            assert_is_answer(&answer);
        }
    });
}

#[test]
fn a_port_in_use_is_told_with_its_holder() {
    let server = Server::start(&[]);
    let lab = Lab::new();
    let port = server.address.port().to_string();
    let ran = lab.finish(lab.threadtap(&[]).args(["serve", "--port", &port]));
    let by = format!("in use by threadtap (pid {})", server.child.id());
    assert_eq!(ran.status, Some(2));
    assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1));
    assert!(ran.stderr.contains(&by), "{}", ran.stderr);
    server.stop();
}

/// Port 0 is any free one, also where clients have used up those that the system gives.
#[test]
fn a_free_port_beside_those_of_clients() {
    require!(Root, Namespaces, Tool("unshare"), Tool("python3"));
    let script = "ip link set lo up && \
        echo '40000 40009' > /proc/sys/net/ipv4/ip_local_port_range && \
        exec python3 -c \"$1\" \"$0\" serve --port 0";
    let held = "import os, socket, sys\n\
        held = [socket.socket() for _ in range(10)]\n\
        [s.bind(('127.0.0.1', 40000 + i)) for i, s in enumerate(held)]\n\
        [s.set_inheritable(True) for s in held]\n\
        os.execv(sys.argv[1], sys.argv[1:])";
    let lab = Lab::new();
    let mut command = lab.command("unshare");
    command.args(["-n", "sh", "-c", script, PROGRAM, held]);
    let server = Server::of(lab, &mut command);
    assert!(server.address.port() < 40_000, "{}", server.line);
    server.stop();
}
