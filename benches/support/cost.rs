//! What a program costs: its time, its CPU and its memory, as wait4(2) tells.

use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

/// The cost of one program that ran to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// From its start to its end.
    pub wall: Duration,
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
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    let mut status = 0;
    // SAFETY: a `rusage` of zeros is a valid one; the kernel fills it in.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live locals of the right types. The child is
    // reaped here alone: `Child` waits for nothing when it is dropped.
    if unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) } != pid {
        return Err(io::Error::last_os_error());
    }
    Ok(Cost {
        wall: started.elapsed(),
        // In KiB (getrusage(2)).
        peak_memory_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
        success: libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
    })
}
