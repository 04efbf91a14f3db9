//! A server and a client that run with nobody looking: started by a launcher that then
//! sleeps in wait4(2), which tells what they have used.

#[path = "reap.rs"]
mod reap;

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::runs::Fallible;
use reap::{cpu_of, reap};

/// What the client and the server have used.
pub struct Alone {
    /// From the client's start to its end.
    pub wall: Duration,
    /// CPU time of both, with their children.
    pub cpu: Duration,
    /// What the client has said.
    pub said: String,
}

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a client against a server, which is ended behind it.
///
/// # Errors
/// When one of them does not start, or the client fails.
pub fn run(server: &[String], client: &[String], port: u16) -> Fallible<Alone> {
    let (mut child, _) = start(server)?;
    let ready = wait_for(port);
    let begun = Instant::now();
    let asked = ready.and_then(|()| {
        let (client, said) = start(client)?;
        let (status, usage) = reap(&client)?;
        let wall = begun.elapsed();
        Ok((
            wall,
            status,
            cpu_of(&usage),
            said.join().unwrap_or_default(),
        ))
    });
    // SAFETY: a signal to a child of ours that has not been waited for.
    unsafe { libc::kill(child.id().cast_signed(), libc::SIGTERM) };
    let server_cpu = match reap(&child) {
        Ok((_, usage)) => cpu_of(&usage),
        Err(e) => {
            let _ = child.kill();
            return Err(e.into());
        }
    };
    let (wall, status, cpu, said) = asked?;
    if status != 0 {
        return Err(format!("{client:?}: wait status {status}").into());
    }
    Ok(Alone {
        wall,
        cpu: cpu + server_cpu,
        said,
    })
}

/// How much a pipe of a side of a run holds, and how long what is in it may wait.
const PIPE: i32 = 1 << 20;
const PAUSE: Duration = Duration::from_millis(5);

/// Starts a program that prints into a pipe, which is read as that of a side of a run is:
/// a program whose every line wakes a reader is another one, and has more threads at the
/// same time.
fn start(words: &[String]) -> io::Result<(Child, JoinHandle<String>)> {
    let (mut printed, into) = io::pipe()?;
    // SAFETY: fcntl(2) on a pipe of ours, with numbers.
    unsafe { libc::fcntl(into.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE) };
    let child = Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(into.try_clone()?)
        .stderr(into)
        .spawn()?;
    let said = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut piece = vec![0; 1 << 16];
        // What could not be read any more is missing.
        while let Ok(n @ 1..) = printed.read(&mut piece) {
            bytes.extend_from_slice(&piece[..n]);
            if n < piece.len() {
                std::thread::sleep(PAUSE);
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    });
    Ok((child, said))
}

/// Waits until somebody listens there. A connection would be one that the server sees.
fn wait_for(port: u16) -> io::Result<()> {
    /// `TCP_LISTEN`, as proc(5) writes it.
    const LISTEN: &str = "0A";
    let wanted = format!(":{port:04X}");
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let table = std::fs::read_to_string("/proc/net/tcp")?;
        let listens = table.lines().any(|line| {
            let mut words = line.split_whitespace().skip(1);
            let local = words.next().is_some_and(|l| l.ends_with(&wanted));
            local && words.nth(1) == Some(LISTEN)
        });
        if listens {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err(io::Error::other("the server does not listen"))
}
