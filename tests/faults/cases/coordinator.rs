//! The coordinator is killed: nobody can clean up, and nothing may be left.

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{BENCH, Case};
use crate::bench::{Written, ran, readable, threadtap};
use crate::common::need::Need;
use crate::common::{HANG, Lab, Ran, peers, signal_to, start, until};

const PYTHON: &[Need] = &[
    Need::Root,
    Need::Capture,
    Need::Namespaces,
    Need::Tool("ip"),
    Need::Tool("python3"),
];

pub const CASES: &[Case] = &[
    Case {
        key: "killed-thread",
        needs: BENCH,
        run: || killed("run -n 4000 --out out"),
    },
    Case {
        key: "killed-pool",
        needs: BENCH,
        run: || killed("run -s pool -w 8 -n 20000 --out out"),
    },
    Case {
        key: "killed-process",
        needs: BENCH,
        run: || killed("run -s process --model process -n 4000 --out out"),
    },
    Case {
        key: "killed-async",
        needs: BENCH,
        run: || killed("run -s async --model async -n 20000 --out out"),
    },
    Case {
        key: "killed-gate",
        needs: BENCH,
        run: || killed("run --gate -n 1500 --out out"),
    },
    Case {
        key: "killed-open-loop",
        needs: BENCH,
        run: || {
            killed(
                "run -s async --rate 2000/s --duration 1h --rotate 64k --compress --flows problems --out out",
            );
        },
    },
    Case {
        key: "killed-traced",
        needs: PYTHON,
        run: || killed("run --out out -- python3 client.py"),
    },
    Case {
        key: "killed-sampled",
        needs: PYTHON,
        run: || killed("run --observe sampled --out out -- python3 client.py"),
    },
    Case {
        key: "killed-unobserved",
        needs: PYTHON,
        run: || killed("run --observe off --out out -- python3 client.py"),
    },
    Case {
        key: "killed-programs",
        needs: PYTHON,
        run: || {
            for observe in ["exact", "ptrace"] {
                let line = format!("run --observe {observe} --out out --server-cmd");
                killed_after(Written::Flows, |lab| {
                    let mut command = threadtap(lab, &line);
                    command.args(["python3 server.py", "--", "python3", "client.py"]);
                    command
                });
            }
        },
    },
    Case {
        key: "killed-uncaptured",
        needs: PYTHON,
        run: || {
            for line in [
                "run --no-capture -n 4000 --out out",
                "run --no-capture --out out -- python3 client.py",
            ] {
                killed_after(Written::Run, |lab| threadtap(lab, line));
            }
        },
    },
    Case {
        key: "killed-isolated",
        needs: BENCH,
        run: || killed("run --isolate always -n 4000 --out out"),
    },
    Case {
        key: "killed-existing",
        needs: BENCH,
        run: existing,
    },
    Case {
        key: "killed-attached",
        needs: PYTHON,
        run: || {
            for observe in ["exact", "ptrace"] {
                beside_a_server(|pid| {
                    format!("run -s pool -n 20000 --observe {observe} --out out --server-pid {pid}")
                });
            }
        },
    },
    Case {
        key: "killed-watch",
        needs: PYTHON,
        run: || beside_a_server(|_| "watch --port 45000 --out out".to_owned()),
    },
    Case {
        key: "killed-compare",
        needs: BENCH,
        run: || {
            killed_after(Written::Nothing, |lab| {
                threadtap(lab, "compare -n 500 --repeat 3 --out out")
            });
        },
    },
    Case {
        key: "killed-ceiling",
        needs: BENCH,
        run: || {
            for kind in ["thread", "process", "connection"] {
                let line = format!("ceiling --kind {kind} --max 3000");
                killed_after(Written::Nothing, |lab| threadtap(lab, &line));
            }
        },
    },
    Case {
        key: "killed-serve",
        needs: BENCH,
        run: || {
            for model in ["thread", "pool", "process", "async", "iterative"] {
                serve(model);
            }
        },
    },
    Case {
        key: "killed-analyze",
        needs: BENCH,
        run: analyze,
    },
    Case {
        key: "killed-report",
        needs: BENCH,
        run: report,
    },
];

/// A client that leaves children behind in sessions of their own.
const CLIENT: &str = "import os, socket, time
for i in range(500):
    c = socket.create_connection(('127.0.0.1', 45000))
    c.sendall(b'TIME\\r\\n')
    c.recv(64)
    c.close()
    if i % 50 == 0 and os.fork() == 0:
        os.setsid()
        time.sleep(606)
";

/// A server with a thread for each connection, and a process that does nothing.
const SERVER: &str = "import os, socket, threading, time
if os.fork() == 0:
    time.sleep(607)
l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(('127.0.0.1', 45000))
l.listen(4096)
def serve(c):
    while c.recv(64): c.sendall(b'JAM 12:34:56\\r\\n')
    c.close()
while True:
    c, _ = l.accept()
    threading.Thread(target=serve, args=(c,), daemon=True).start()
";

/// Ten moments, from before the first process to well into the run.
const MOMENTS_MS: [u64; 10] = [2, 10, 25, 50, 90, 150, 240, 360, 520, 800];

/// Moments that come where the machine is so busy that nothing was written in these.
const LATER_MS: [u64; 5] = [1600, 3200, 6400, 12_800, 25_600];

fn killed(line: &str) {
    killed_after(Written::Flows, |lab| threadtap(lab, line));
}

/// Killed so long after its start; what it has saved can be read.
fn killed_after(wanted: Written, command: impl Fn(&Lab) -> Command) {
    at_moments(wanted, |moment| {
        let lab = Lab::new();
        fs::write(lab.path().join("client.py"), CLIENT).unwrap();
        fs::write(lab.path().join("server.py"), SERVER).unwrap();
        killed_once(&lab, command(&lab), moment);
        lab.until_nothing_is_left();
        readable(&lab)
    });
}

/// At every moment; so much has to be written at one of them, lest what could be read
/// never was anything.
fn at_moments(wanted: Written, at: impl Fn(u64) -> Written) {
    let most = MOMENTS_MS.into_iter().map(&at).max().unwrap();
    let late = || LATER_MS.into_iter().map(&at).any(|w| w >= wanted);
    assert!(
        most >= wanted || late(),
        "nothing was ever written: {most:?}"
    );
}

fn killed_once(lab: &Lab, mut command: Command, moment_ms: u64) -> Ran {
    let started = start(&mut command);
    std::thread::sleep(Duration::from_millis(moment_ms));
    started.signal(Signal::KILL);
    let ended = lab.end(started);
    assert!(matches!(ended.status, None | Some(0)), "{ended:?}");
    ended
}

/// Asks once, and is answered.
fn answers(address: SocketAddr) {
    let mut stream = peers::dial(address).unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    stream.write_all(b"TIME\r\n").unwrap();
    let mut answer = [0; 14];
    stream.read_exact(&mut answer).unwrap();
    assert!(answer.starts_with(b"JAM "), "{answer:?}");
}

/// A server that was there before goes on.
fn existing() {
    let address = peers::answering(b"JAM 12:34:56\r\n");
    let line = format!("run -s pool -n 20000 --out out --connect {address}");
    killed_after(Written::Flows, |lab| threadtap(lab, &line));
    answers(address);
}

/// A program of the test's, which no run has started.
struct Program(Child);

impl Program {
    fn server(lab: &Lab) -> Self {
        fs::write(lab.path().join("server.py"), SERVER).unwrap();
        let mut command = Command::new("python3");
        command.arg(lab.path().join("server.py"));
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        until("it listens", || peers::dial(address()).is_ok());
        Self(child)
    }

    fn child(&self) -> u32 {
        let pid = self.0.id();
        let mut child = String::new();
        until("its child", || {
            let children = format!("/proc/{pid}/task/{pid}/children");
            child = fs::read_to_string(children).unwrap_or_default();
            !child.is_empty()
        });
        child.trim().parse().unwrap()
    }
}

/// Where the program and the servers of these tests listen.
fn address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 45000))
}

/// Who is watched or attached to is neither stopped nor ended, whatever becomes of the
/// run, and nobody traces it any more.
fn beside_a_server(line: impl Fn(u32) -> String) {
    at_moments(Written::Flows, |moment| {
        let lab = Lab::new();
        let mut server = Program::server(&lab);
        let child = server.child();
        let pids = [server.0.id(), child];
        // Somebody talks to it all the while.
        let asked = std::thread::spawn(move || {
            let until = Instant::now() + Duration::from_millis(moment);
            while Instant::now() < until {
                answers(address());
            }
        });
        killed_once(&lab, threadtap(&lab, &line(pids[0])), moment);
        lab.until_nothing_is_left();
        asked.join().unwrap();
        let written = readable(&lab);
        answers(address());
        for pid in pids {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
            assert!(status.contains("\nTracerPid:\t0\n"), "{status}");
            assert!(!status.contains("\nState:\tT"), "{status}");
        }
        for pid in pids.into_iter().rev() {
            signal_to(pid.cast_signed(), Signal::KILL);
        }
        server.0.wait().unwrap();
        written
    });
}

/// While clients talk.
fn serve(model: &str) {
    for moment in MOMENTS_MS {
        let lab = Lab::new();
        let mut command = threadtap(&lab, &format!("serve --model {model}"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let crowd: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(move || {
                    let until = Instant::now() + Duration::from_millis(moment);
                    while Instant::now() < until {
                        let Ok(mut stream) = peers::dial(address()) else {
                            continue;
                        };
                        let _ = stream.write_all(b"TIME\r\nTI");
                    }
                })
            })
            .collect();
        crowd.into_iter().for_each(|c| c.join().unwrap());
        signal_to(child.id().cast_signed(), Signal::KILL);
        child.wait().unwrap();
        lab.until_nothing_is_left();
    }
}

/// What it has printed until then is whole lines, of a file and of a pipe that goes on.
fn analyze() {
    let lab = Lab::new();
    ran(&lab, "run -s pool -n 3000 --no-report --out out").exits(0);
    let capture = fs::read(lab.out().join("capture.pcap")).unwrap();
    let whole = ran(&lab, "analyze out/capture.pcap --sort none --format jsonl").exits(0);
    assert_eq!(whole.stdout.lines().count(), 3000);
    for moment in MOMENTS_MS {
        for from in ["out/capture.pcap", "-"] {
            let mut command = threadtap(&lab, "analyze --sort none --format jsonl");
            let (stdin, feed) = std::io::pipe().unwrap();
            command.arg(from).stdin(stdin);
            let started = start(&mut command);
            drop(command);
            let bytes = if from == "-" { &capture[..] } else { &[] };
            std::thread::scope(|scope| {
                scope.spawn(move || {
                    let mut feed = feed;
                    // Its reader is killed.
                    let _ = feed.write_all(bytes);
                    std::thread::sleep(Duration::from_millis(moment));
                });
                std::thread::sleep(Duration::from_millis(moment));
                started.signal(Signal::KILL);
            });
            let told = lab.end(started).stdout;
            assert!(whole.stdout.starts_with(&told), "{from}: {told}");
            lab.until_nothing_is_left();
        }
    }
}

/// A report that is cut off is not there, and is made when it is asked for again.
fn report() {
    let lab = Lab::new();
    ran(&lab, "run -s pool -n 2000 --no-report --out out").exits(0);
    let names = || {
        let all = fs::read_dir(lab.out()).unwrap();
        let mut names: Vec<String> = all
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let saved = names();
    let all = [
        "report.html",
        "report.md",
        "capture.pcapng",
        "trace.pftrace",
        "flows.csv",
    ];
    for moment in MOMENTS_MS {
        killed_once(&lab, threadtap(&lab, "report out"), moment);
        lab.until_nothing_is_left();
        // What has its name is whole.
        for file in all {
            let Ok(bytes) = fs::read(lab.out().join(file)) else {
                continue;
            };
            if file == "report.html" {
                assert!(bytes.trim_ascii_end().ends_with(b"</html>"), "{moment}");
            }
        }
        let before: Vec<Option<Vec<u8>>> = all.map(|f| fs::read(lab.out().join(f)).ok()).into();
        let again = ran(&lab, "report out").exits(0);
        assert!(!again.stderr.contains("was not made"), "{again:?}");
        for (file, before) in all.iter().zip(before) {
            let now = fs::read(lab.out().join(file)).unwrap();
            assert!(
                before.is_none_or(|b| b.len() == now.len()),
                "{moment}: {file}"
            );
            fs::remove_file(lab.out().join(file)).unwrap();
        }
        assert_eq!(names(), saved, "{moment}");
    }
}
