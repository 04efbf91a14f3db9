//! What it costs to trace a program that knows nothing of it.
//!
//! The lab's Python clients make 1000 requests of one running `threadtap
//! serve`, in turn: alone (the wall time of the process), under `threadtap run`
//! with capture and census (`observer.client_duration_ns`: from its exec to its
//! end), the same without capture, so that the tracer's part can be told, and
//! under `strace -f --seccomp-bpf` stopping at the same calls.
//!
//! `make bench ARGS=31` takes 31 repeats instead of 11.

#[path = "support/runs.rs"]
mod runs;

use std::process::{Command, Stdio};
use std::time::Instant;

use runs::{Fallible, PROGRAM, Server, Spread, python, verdict};
use tempfile::TempDir;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/");
const REQUESTS: &str = "1000";

fn main() -> Fallible<()> {
    let mut arguments = std::env::args().skip(1);
    let repeats = arguments.find_map(|a| a.parse().ok()).unwrap_or(11);
    let Some(python) = python() else {
        println!("tracing: not measured, there is no python3");
        return Ok(());
    };
    println!(
        "tracing, {repeats} repeats of {REQUESTS} requests each, in turn; medians (quartiles)\n"
    );
    for client in ["client_thread.py", "client_process.py"] {
        compare(&python, client, repeats)?;
    }
    Ok(())
}

fn compare(python: &str, client: &str, repeats: usize) -> Fallible<()> {
    let server = Server::start()?;
    let port = server.port.to_string();
    let script = format!("{FOLDER}{client}");
    let command = [python, &script, REQUESTS, &port];
    let strace = Command::new("strace").arg("-V").output().is_ok();
    let [mut alone, mut traced, mut uncaptured, mut straced] = [const { Vec::new() }; 4];
    for _ in 0..repeats {
        alone.push(wall_ns(&command)?);
        traced.push(traced_ns(&command, &port, &[])?);
        uncaptured.push(traced_ns(&command, &port, &["--no-capture"])?);
        if strace {
            straced.push(wall_ns(&[&STRACE[..], &command].concat())?);
        }
    }
    let pairs = traced.iter().zip(&alone).map(|(t, a)| t / a).collect();
    let (alone, traced) = (Spread::of(alone), Spread::of(traced));
    let uncaptured = Spread::of(uncaptured);
    println!("{client:<18} alone       {alone}");
    println!("{client:<18} run         {traced}");
    println!("{client:<18} no capture  {uncaptured}");
    println!(
        "  the tracer alone costs ×{:.3}",
        uncaptured.median / alone.median
    );
    if strace {
        let straced = Spread::of(straced);
        println!("{client:<18} strace      {straced}");
        println!("  strace costs ×{:.3}", straced.median / alone.median);
    } else {
        println!("{client:<18} strace      not measured, there is none");
    }
    let ratio = traced.median / alone.median;
    let pairs = Spread::of(pairs);
    let met = ratio <= 1.25;
    verdict(
        "tracing and capture cost",
        ratio,
        "at most 1.25",
        met,
        Some(&pairs),
    );
    Ok(())
}

const STRACE: [&str; 6] = [
    "strace",
    "-f",
    "--seccomp-bpf",
    "-o/dev/null",
    "-e",
    "trace=connect,clone,clone3,fork,vfork,execve,exit_group",
];

/// How long a command takes, alone.
fn wall_ns(words: &[&str]) -> Fallible<f64> {
    let begun = Instant::now();
    let status = Command::new(words[0])
        .args(&words[1..])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    let took = begun.elapsed();
    if !status.success() {
        return Err(format!("{words:?}: {status}").into());
    }
    Ok(took.as_secs_f64() * 1e9)
}

/// How long it takes as the client of a run.
fn traced_ns(words: &[&str], port: &str, options: &[&str]) -> Fallible<f64> {
    let folder = TempDir::new()?;
    let out = Command::new(PROGRAM)
        .args(["run", "--format", "json", "--connect"])
        .arg(format!("127.0.0.1:{port}"))
        .arg("--out")
        .arg(folder.path())
        .args(options)
        .arg("--")
        .args(words)
        .output()?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        return Err(format!("threadtap run: {}: {said}", out.status).into());
    }
    let run: serde_json::Value = serde_json::from_slice(&out.stdout)?;
    if run["census"]["client"]["provenance"] != "traced" {
        return Err("tracing is not possible here".into());
    }
    run["observer"]["client_duration_ns"]
        .as_f64()
        .ok_or_else(|| "the run does not tell how long its client took".into())
}
