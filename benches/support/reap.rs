//! Waiting for a child of one's own, with what it has used.

use std::io;
use std::process::Child;
use std::time::Duration;

/// Waits for a child's end: its status as wait(2) tells it, and what it and its children
/// have used (getrusage(2)).
pub fn reap(child: &Child) -> io::Result<(i32, libc::rusage)> {
    let pid = child.id().cast_signed();
    let mut status = 0;
    // SAFETY: a `rusage` of zeros is a valid one; the kernel fills it in.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live locals of the right types. The child is
    // reaped here alone: `Child` waits for nothing when it is dropped.
    if unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) } != pid {
        return Err(io::Error::last_os_error());
    }
    Ok((status, usage))
}

/// The CPU time in it, of programs and of the system for them.
pub fn cpu_of(usage: &libc::rusage) -> Duration {
    let time = |t: libc::timeval| {
        let (seconds, micros) = (u64::try_from(t.tv_sec), u64::try_from(t.tv_usec));
        Duration::from_secs(seconds.unwrap_or(0)) + Duration::from_micros(micros.unwrap_or(0))
    };
    time(usage.ru_utime) + time(usage.ru_stime)
}
