//! `threadtap serve` by itself, against clients that mean no good.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{BENCH, Case};
use crate::bench::{threadtap, tree_of};
use crate::common::{Lab, peers, signal_to, until, wait};

pub const CASES: &[Case] = &[
    Case {
        key: "serve-idle",
        needs: BENCH,
        run: idle,
    },
    Case {
        key: "serve-slow-loris",
        needs: BENCH,
        run: slow_loris,
    },
    Case {
        key: "serve-random-bytes",
        needs: BENCH,
        run: random_bytes,
    },
    Case {
        key: "serve-reset-storm",
        needs: BENCH,
        run: reset_storm,
    },
    Case {
        key: "serve-pipelines",
        needs: BENCH,
        run: pipelines,
    },
];

const MODELS: [&str; 5] = ["thread", "pool", "process", "async", "iterative"];

/// Those that serve one connection after another have a limit of their own: whoever
/// holds a connection holds a worker, until it has been idle for too long.
fn is_serial(model: &str) -> bool {
    matches!(model, "pool" | "iterative")
}

/// Who holds nobody up is answered within this time: long for a busy machine, and half of
/// the idle time after which a server gets rid of those that hold it.
const ANSWERED: Duration = Duration::from_secs(30);

/// Who is told to end, with a grace of 2 s, ends within this time, however busy the
/// machine is.
const ENDED: Duration = Duration::from_secs(15);

/// What an allocator may keep in KiB, of so many connections that were open at once: some
/// 40 MiB of ten thousand.
const fn may_keep(open: usize) -> u64 {
    (8 << 10) + open as u64 * 16 / 5
}

/// Threads, those of the children too, and memory in KiB.
struct AtRest {
    tasks: usize,
    memory: u64,
}

struct Server {
    child: Child,
    address: SocketAddr,
    _stdout: BufReader<ChildStdout>,
    lab: Lab,
}

impl Server {
    fn start(line: &str) -> Self {
        let lab = Lab::new();
        let log = fs::File::create(lab.path().join("log")).unwrap();
        let mut command = threadtap(&lab, &format!("serve --port 0 {line}"));
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        stdout.read_line(&mut said).unwrap();
        let address = said.split(' ').nth(2).unwrap().parse().unwrap();
        Self {
            child,
            address,
            _stdout: stdout,
            lab,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(ANSWERED)).unwrap();
        stream
    }

    fn answers(&self) {
        let since = Instant::now();
        let mut stream = self.connect();
        stream.write_all(b"TIME\r\n").unwrap();
        let mut answer = [0; 14];
        stream.read_exact(&mut answer).unwrap();
        assert!(answer.starts_with(b"JAM "), "{answer:?}");
        assert!(since.elapsed() < ANSWERED, "{:?}", since.elapsed());
    }

    /// Its threads, those of its children too.
    fn tasks(&self) -> usize {
        let tasks =
            |pid: &u32| fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
        tree_of(self.child.id()).iter().map(tasks).sum()
    }

    /// Memory in use, in KiB.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// What it has when nobody has come yet.
    fn at_rest(&self) -> AtRest {
        AtRest {
            tasks: self.tasks(),
            memory: self.memory(),
        }
    }

    /// Waits until it has as many threads as it had; nor has it more memory, but for what
    /// the allocator keeps where so many connections were open at once.
    fn comes_back(&self, to: &AtRest, open: usize, what: &str) {
        until("its threads have ended", || self.tasks() <= to.tasks);
        let more = self.memory().saturating_sub(to.memory);
        assert!(
            more < may_keep(open),
            "{what}, {open} connections: {more} KiB were not given back"
        );
    }

    /// About how many connections it has: its descriptors.
    fn open(&self) -> usize {
        let all = fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        all.unwrap().count()
    }

    fn ends(mut self) {
        let since = Instant::now();
        signal_to(self.child.id().cast_signed(), Signal::TERM);
        assert_eq!(wait(&mut self.child), Some(0));
        assert!(since.elapsed() < ENDED, "{:?}", since.elapsed());
        assert_eq!(self.lab.left(), [""; 0]);
        let log = fs::read_to_string(self.lab.path().join("log")).unwrap();
        assert!(!log.contains("panicked"), "{log}");
    }
}

/// As many connections as this process may have descriptors, 10,000 at most.
fn most_connections() -> usize {
    // SAFETY: getrlimit(2) fills in the structure, setrlimit(2) reads it.
    let most = unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        usize::try_from(limit.rlim_max).unwrap_or(usize::MAX)
    };
    (most - 100).min(10_000)
}

/// 10,000 connections that say nothing; a process each where 1,000 are enough for a test.
fn idle() {
    let most = most_connections();
    for model in MODELS {
        let (line, all) = match model {
            // An idle one holds a worker for so long.
            "pool" => ("--workers 4 --idle-timeout 20ms", 400),
            "iterative" => ("--idle-timeout 20ms", 100),
            "process" => ("", 1000),
            _ => ("", most),
        };
        let server = Server::start(&format!("--model {model} {line}"));
        let at_rest = server.at_rest();
        let open: Vec<TcpStream> = (0..all).map(|_| server.connect()).collect();
        server.answers();
        drop(open);
        server.comes_back(&at_rest, all, model);
        server.answers();
        server.comes_back(&at_rest, all, model);
        server.ends();
    }
}

/// A crowd that sends a byte now and then, and never a whole request.
fn slow_loris() {
    for model in MODELS {
        // The others are not rid of them while somebody else is answered.
        let (crowd, idle) = if is_serial(model) {
            (8, "200ms")
        } else {
            (200, "600s")
        };
        let server = Server::start(&format!(
            "--model {model} --workers 4 --idle-timeout {idle}"
        ));
        let at_rest = server.at_rest();
        let mut all: Vec<TcpStream> = (0..crowd).map(|_| server.connect()).collect();
        for round in 0..20 {
            for stream in &mut all {
                let _ = stream.write_all(b"T");
            }
            std::thread::sleep(Duration::from_millis(50));
            if round % 10 == 5 && !is_serial(model) {
                server.answers();
            }
        }
        // Where they hold every worker, until the longest line is full or they are idle.
        server.answers();
        drop(all);
        server.comes_back(&at_rest, crowd, model);
        server.ends();
    }
}

fn random_bytes() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for model in MODELS {
        let server = Server::start(&format!("--model {model} --idle-timeout 200ms"));
        let at_rest = server.at_rest();
        let crowd = 200;
        for _ in 0..crowd {
            let mut stream = server.connect();
            let bytes: Vec<u8> = (0..300)
                .map(|_| {
                    // xorshift64
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    state.to_le_bytes()[3]
                })
                .collect();
            let _ = stream.write_all(&bytes);
        }
        server.answers();
        server.comes_back(&at_rest, crowd, model);
        server.ends();
    }
}

/// Connections and resets at full speed.
fn reset_storm() {
    static STOP: AtomicBool = AtomicBool::new(false);
    for model in MODELS {
        let server = Server::start(&format!("--model {model}"));
        let (at_rest, address) = (server.at_rest(), server.address);
        STOP.store(false, Ordering::Relaxed);
        let storm: Vec<_> = (0..2)
            .map(|_| {
                std::thread::spawn(move || {
                    let mut made = 0_u32;
                    while !STOP.load(Ordering::Relaxed) {
                        if let Ok(stream) = TcpStream::connect(address) {
                            peers::reset(stream);
                            made += 1;
                        }
                    }
                    made
                })
            })
            .collect();
        let mut open = 0;
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(100));
            server.answers();
            open = open.max(server.open());
        }
        STOP.store(true, Ordering::Relaxed);
        let made: u32 = storm.into_iter().map(|s| s.join().unwrap()).sum();
        assert!(made > 100, "{model}: {made}");
        // Those that the kernel has accepted before come yet.
        open = open.max(server.open());
        server.answers();
        server.comes_back(&at_rest, open, model);
        server.ends();
    }
}

/// Clients that ask and never read: its end comes within the grace ([`Server::ends`]).
/// Without it, it would wait for ten minutes.
fn pipelines() {
    for model in MODELS {
        let server = Server::start(&format!("--model {model} --idle-timeout 600s"));
        let crowd: Vec<_> = (0..4)
            .map(|_| {
                let mut stream = server.connect();
                std::thread::spawn(
                    move || {
                        while stream.write_all(&b"TIME\r\n".repeat(1000)).is_ok() {}
                    },
                )
            })
            .collect();
        std::thread::sleep(Duration::from_millis(300));
        server.ends();
        crowd.into_iter().for_each(|c| c.join().unwrap());
    }
}
