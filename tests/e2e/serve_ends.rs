//! `threadtap serve` at its limits and at its end.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::chown;
use std::time::Duration;

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Signal;

use super::common::need::Need::{Root, Tool};
use super::common::{Lab, public_copy, signal_to, until, wait};
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

#[test]
fn after_the_signal_nobody_new_is_taken() {
    let server = Server::start(&[]);
    let address = server.address;
    server.stop();
    assert!(TcpStream::connect(address).is_err());
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
