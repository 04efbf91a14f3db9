//! How fast the built-in client is, and what it costs to observe a run.
//!
//! Everything is measured in one go, the things compared in turn, so that what
//! the machine does meanwhile falls on both alike. What is compared:
//!
//! * *the lab's client*: from its process's start to its end, 1000 requests by
//!   1000 threads against one running `threadtap serve`. Ours is
//!   `observer.client_duration_ns` of `threadtap run --connect`, under capture
//!   and census; Python's is the wall time of its process, nothing observing.
//! * *the observer*: `observer.client_duration_ns` of `threadtap run` against
//!   that of `threadtap run --no-capture --no-sampling`.
//!
//! `make bench ARGS=31` takes 31 repeats instead of 21.

#[path = "support/runs.rs"]
mod runs;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use runs::{Fallible, PROGRAM, Spread, python};
use tempfile::TempDir;

const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/client_thread.py");
const REQUESTS: &str = "1000";
const STRATEGIES: [&str; 4] = ["thread", "pool", "process", "async"];
const UNOBSERVED: [&str; 2] = ["--no-capture", "--no-sampling"];

fn main() -> Fallible<()> {
    let repeats = std::env::args()
        .skip(1)
        .find_map(|a| a.parse().ok())
        .unwrap_or(21);
    println!("{repeats} repeats of {REQUESTS} requests each, in turn; medians (quartiles)\n");
    against_python(repeats)?;
    for strategy in STRATEGIES {
        observed(strategy, repeats)?;
    }
    Ok(())
}

/// The lab's own client against ours, the same server.
fn against_python(repeats: usize) -> Fallible<()> {
    let Some(python) = python() else {
        println!("thread against Python: not measured, there is no python3\n");
        return Ok(());
    };
    let server = Server::start()?;
    let target = format!("127.0.0.1:{}", server.port);
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..repeats {
        ours.push(client_ns(&["--connect", &target])?);
        theirs.push(python_ns(&python, server.port)?);
    }
    let (ours, theirs) = (Spread::of(ours), Spread::of(theirs));
    println!("thread -n {REQUESTS}, observed      {ours}");
    println!("a plain Python thread client  {theirs}");
    let ratio = theirs.median / ours.median;
    verdict(
        "threadtap is faster by",
        ratio,
        "at least 5",
        ratio >= 5.0,
        None,
    );
    Ok(())
}

/// One strategy with capture and census against without.
fn observed(strategy: &str, repeats: usize) -> Fallible<()> {
    let with = ["--port", "0", "--strategy", strategy];
    let without: Vec<&str> = with.iter().chain(&UNOBSERVED).copied().collect();
    let mut observed = Vec::new();
    let mut alone = Vec::new();
    for i in 0..repeats {
        // The first of two finds the machine in another state than the second.
        if i % 2 == 0 {
            alone.push(client_ns(&without)?);
            observed.push(client_ns(&with)?);
        } else {
            observed.push(client_ns(&with)?);
            alone.push(client_ns(&without)?);
        }
    }
    let pairs = observed.iter().zip(&alone).map(|(o, a)| o / a).collect();
    let (observed, alone) = (Spread::of(observed), Spread::of(alone));
    println!("{strategy:<8} observed             {observed}");
    println!("{strategy:<8} unobserved           {alone}");
    let ratio = observed.median / alone.median;
    verdict(
        "observing costs",
        ratio,
        "at most 1.10",
        ratio <= 1.10,
        Some(&Spread::of(pairs)),
    );
    Ok(())
}

/// A run; how long its client took.
fn client_ns(arguments: &[&str]) -> Fallible<f64> {
    let folder = TempDir::new()?;
    let out = Command::new(PROGRAM)
        .args(["run", "--format", "json", "-n", REQUESTS, "--out"])
        .arg(folder.path())
        .args(arguments)
        .output()?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        return Err(format!("threadtap run {arguments:?}: {}: {said}", out.status).into());
    }
    let run: serde_json::Value = serde_json::from_slice(&out.stdout)?;
    run["observer"]["client_duration_ns"]
        .as_f64()
        .ok_or_else(|| "the run does not tell how long its client took".into())
}

fn python_ns(python: &str, port: u16) -> Fallible<f64> {
    let begun = Instant::now();
    let out = Command::new(python)
        .args([CLIENT, REQUESTS, &port.to_string()])
        .output()?;
    let took = begun.elapsed();
    if String::from_utf8_lossy(&out.stdout).trim() != REQUESTS {
        let said = String::from_utf8_lossy(&out.stderr);
        return Err(format!("the Python client did not get {REQUESTS} answers: {said}").into());
    }
    Ok(took.as_secs_f64() * 1e9)
}

/// Prints a ratio and whether its aim is met.
fn verdict(what: &str, ratio: f64, aim: &str, met: bool, pairs: Option<&Spread>) {
    let met = if met { "met" } else { "NOT met" };
    let pairs = pairs.map_or_else(String::new, |p| {
        format!(
            "; pair by pair {:.3} ({:.3} to {:.3})",
            p.median, p.low, p.high
        )
    });
    println!("  {what} ×{ratio:.3}; aim: {aim}: {met}{pairs}\n");
}

/// `threadtap serve` on a free port; ended with the value.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start() -> Fallible<Self> {
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let port = line
            .split([':', ' '])
            .find_map(|word| word.parse().ok())
            .ok_or("the server does not tell its port")?;
        Ok(Self { child, port })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is ours, and nothing of it is kept.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
