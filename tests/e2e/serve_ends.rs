//! `threadtap serve` at its limits and at its end.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::chown;
use std::time::Duration;

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Signal;

use super::common::need::Need::{Root, Tool};
use super::common::{Lab, peers, public_copy, signal_to, until, wait};
use super::serve::{MODELS, Server, assert_answer};
use crate::require;

#[test]
fn a_signal_ends_it_with_nothing_open() {
    for model in MODELS {
        for signal in [Signal::TERM, Signal::INT] {
            let server = Server::start(&["--model", model]);
            server.signal(signal);
            assert_eq!(server.ends(), "");
        }
    }
}

/// Where it listens cannot be told: it serves all the same, and its status says it in
/// the end. Whoever has read enough is no error.
#[test]
fn a_full_standard_output_does_not_end_it() {
    for (to, status) in [("/dev/full", 1), ("closed", 0)] {
        let lab = Lab::new();
        let mut command = lab.threadtap(&[]);
        command.args(["serve", "--port", "0", "--verbose"]);
        let out = match to {
            "closed" => {
                let (read, write) = pipe_with(PipeFlags::CLOEXEC).unwrap();
                drop(read);
                write
            }
            file => File::create(file).unwrap().into(),
        };
        let log = lab.path().join("log");
        let said = || fs::read_to_string(&log).unwrap();
        command.stdout(out).stderr(File::create(&log).unwrap());
        let mut server = command.spawn().unwrap();
        let mut address = None;
        until("it serves", || {
            let text = said();
            let line = text.lines().find(|line| line.contains("listens on "));
            let after = line.and_then(|line| line.split("listens on ").nth(1));
            address = after.and_then(|after| after.split(',').next()?.parse::<SocketAddr>().ok());
            address.is_some()
        });
        let mut stream = TcpStream::connect(address.unwrap()).unwrap();
        assert_answer(&mut stream, b"TIME\r\n");
        drop(stream);
        signal_to(server.id().cast_signed(), Signal::TERM);
        assert_eq!(wait(&mut server), Some(status), "{to}: {}", said());
        let told = said().matches("cannot write to standard output").count();
        assert_eq!(told, usize::try_from(status).unwrap(), "{to}: {}", said());
    }
}

#[test]
fn a_signal_ends_it_with_idle_connections() {
    for model in MODELS {
        let server = Server::start(&["--model", model]);
        let mut answered = server.connect();
        assert_answer(&mut answered, b"TIME\r\n");
        let silent = server.connect();
        assert_eq!(server.stop(), "", "{model}");
        drop((answered, silent));
    }
}

/// The request was sent before the signal, so it is in flight.
#[test]
fn a_request_in_flight_is_answered_before_the_end() {
    for model in MODELS {
        for _ in 0..10 {
            let server = Server::start(&["--model", model, "--workers", "4"]);
            let mut streams: Vec<TcpStream> = (0..4).map(|_| server.connect()).collect();
            for stream in &mut streams {
                stream.write_all(b"TIME\r\n").unwrap();
            }
            server.signal(Signal::TERM);
            for stream in &mut streams {
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).unwrap();
                assert_eq!(answer.len(), 14, "{model}");
            }
            assert_eq!(server.ends(), "");
        }
    }
}

/// Half a request was sent; its other half comes after the signal.
#[test]
fn a_request_that_has_begun_is_answered_before_the_end() {
    for model in MODELS {
        let server = Server::start(&["--model", model]);
        let mut stream = server.connect();
        stream.write_all(b"TI").unwrap();
        std::thread::sleep(Duration::from_millis(50));
        server.signal(Signal::TERM);
        stream.write_all(b"ME\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(answer.len(), 14, "{model}");
        server.ends();
    }
}

/// What a client does to keep a server from its end, in a thread of its own until the
/// server has closed.
fn held_up(model: &str, by: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + 'static) {
    // Only the grace can end it: whoever waits for the peer hangs.
    let server = Server::start(&["--model", model, "--idle-timeout", "600s"]);
    let mut stream = server.connect();
    assert_answer(&mut stream, b"TIME\r\n");
    let client = std::thread::spawn(move || while by(&mut stream).is_ok() {});
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(server.stop(), "", "{model}");
    client.join().unwrap();
}

/// Its answers fill the buffers of both ends, and the server waits for room.
#[test]
fn a_client_that_pipelines_and_never_reads_does_not_hold_up_the_end() {
    for model in MODELS {
        held_up(model, |stream| stream.write_all(&b"TIME\r\n".repeat(1000)));
    }
}

/// The server never has to wait for it, and so never waits for its own end either.
#[test]
fn a_client_that_asks_without_a_pause_does_not_hold_up_the_end() {
    for model in MODELS {
        held_up(model, |stream| {
            let mut answers = [0; 14 * 200];
            stream.write_all(&b"TIME\r\n".repeat(200))?;
            stream.read_exact(&mut answers)
        });
    }
}

/// Each byte is a sign of life, and no request is ever whole.
#[test]
fn a_client_that_sends_byte_by_byte_does_not_hold_up_the_end() {
    for model in MODELS {
        held_up(model, |stream| {
            std::thread::sleep(Duration::from_millis(100));
            stream.write_all(b"T")
        });
    }
}

/// Each gets a last call; all together they would take minutes.
#[test]
fn silent_clients_in_the_accept_queue_do_not_hold_up_the_end() {
    for model in ["iterative", "pool"] {
        let server = Server::start(&["--model", model, "--workers", "1"]);
        let waiting: Vec<TcpStream> = (0..700).map(|_| server.connect()).collect();
        assert_eq!(server.stop(), "", "{model}");
        drop(waiting);
    }
}

/// New connections come as fast as they are taken.
#[test]
fn a_storm_of_connections_does_not_hold_up_the_end() {
    for model in MODELS {
        let server = Server::start(&["--model", model]);
        let address = server.address;
        let storm: Vec<_> = (0..2)
            .map(|_| {
                std::thread::spawn(move || {
                    while let Ok(stream) = peers::dial(address) {
                        peers::reset(stream);
                    }
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(200));
        server.signal(Signal::TERM);
        // Processes of it are refused where the machine has no more for them.
        server.ends();
        for one in storm {
            one.join().unwrap();
        }
    }
}

/// Nothing that waits can end it by itself.
#[test]
fn a_child_that_was_stopped_does_not_outlive_the_server() {
    let server = Server::start(&["--model", "process"]);
    let mut stream = server.connect();
    assert_answer(&mut stream, b"TIME\r\n");
    let children = format!("/proc/{0}/task/{0}/children", server.pid());
    let children = fs::read_to_string(children).unwrap();
    let child = children.split_whitespace().next().unwrap();
    signal_to(child.parse().unwrap(), Signal::STOP);
    assert_eq!(server.stop(), "");
}

#[test]
fn after_the_signal_nobody_new_is_taken() {
    let server = Server::start(&[]);
    let address = server.address;
    server.stop();
    assert!(peers::dial(address).is_err());
}

/// Connections beyond the limit wait, and are served once others have closed.
#[test]
fn it_goes_on_without_descriptors() {
    require!(Tool("setpriv"), Tool("prlimit"), Root);
    for model in ["thread", "async"] {
        let behind = [
            "setpriv",
            "--bounding-set=-sys_resource",
            "prlimit",
            "--nofile=30:30",
        ];
        let server = Server::start_behind(&behind, &["--model", model]);
        let mut open: Vec<TcpStream> = (0..60).map(|_| server.connect()).collect();
        for stream in &mut open {
            stream.write_all(b"TIME\r\n").unwrap();
        }
        let log = server.lab.path().join("log");
        until("it says that it has no descriptor", || {
            std::fs::read_to_string(&log).is_ok_and(|log| log.contains("no file descriptor"))
        });
        for stream in &mut open {
            let mut answer = [0; 14];
            stream.read_exact(&mut answer).unwrap();
            stream.shutdown(std::net::Shutdown::Both).unwrap();
        }
        server.answers();
        let log = server.stop();
        assert_eq!(log.lines().count(), 1, "it says so once: {log}");
        assert!(log.contains("ulimit -n"), "{log}");
    }
}

#[test]
fn it_goes_on_without_threads_or_processes() {
    require!(Tool("setpriv"), Tool("prlimit"), Root);
    for (model, uid) in [("thread", 60_901), ("process", 60_902)] {
        let lab = Lab::new();
        chown(lab.path(), Some(uid), Some(uid)).unwrap();
        let mut command = lab.command("setpriv");
        command.args([format!("--reuid={uid}"), format!("--regid={uid}")]);
        command.args(["--clear-groups", "prlimit", "--nproc=5:5", public_copy()]);
        command.args(["serve", "--port", "0", "--model", model]);
        let server = Server::of(lab, &mut command);
        let mut open: Vec<TcpStream> = (0..12).map(|_| server.connect()).collect();
        for stream in &mut open {
            stream.write_all(b"TIME\r\n").unwrap();
        }
        for stream in &mut open {
            let mut answer = [0; 14];
            stream.read_exact(&mut answer).unwrap();
        }
        drop(open);
        server.answers();
        let log = server.stop();
        assert_eq!(log.lines().count(), 1, "it says so once: {log}");
        assert!(
            log.contains(&format!("refused a {model} for a connection")),
            "{log}"
        );
    }
}
