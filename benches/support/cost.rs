//! What a program costs: its time, its CPU and its memory, as wait4(2) tells.

#[path = "reap.rs"]
mod reap;

use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

/// The cost of one program that ran to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// From its start to its end.
    pub wall: Duration,
    /// Its CPU time: what other programs take of the machine changes it least.
    pub cpu: Duration,
    /// The most memory that it (or one of its children) held at a time, in bytes.
    pub peak_memory_bytes: u64,
    /// Whether it exited with status 0.
    pub success: bool,
}

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started or waited for.
pub fn run(command: &mut Command) -> io::Result<Cost> {
    let started = Instant::now();
    let child = command.spawn()?;
    let (status, usage) = reap::reap(&child)?;
    let wall = started.elapsed();
    Ok(Cost {
        wall,
        cpu: reap::cpu_of(&usage),
        // In KiB (getrusage(2)).
        peak_memory_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
        success: libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
    })
}
