//! What a program has cost: its CPU and its memory, as wait4(2) tells.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use crate::model::{Pid, SideCost};

/// Reaps a child, once it has ended: how it did, and what it has cost.
///
/// # Errors
/// ECHILD when it is not a child of this process that is still to be reaped.
pub fn reap(pid: Pid) -> io::Result<(ExitStatus, SideCost)> {
    let (status, usage) = wait4(pid.0.cast_signed())?;
    Ok((ExitStatus::from_raw(status), cost(&usage)))
}

/// What a `rusage` says.
pub(in crate::sys) fn cost(usage: &libc::rusage) -> SideCost {
    SideCost {
        cpu_ns: Some(cpu(usage).into()),
        peak_memory_bytes: Some(peak_memory(usage)),
    }
}

fn wait4(pid: i32) -> io::Result<(i32, libc::rusage)> {
    let mut status = 0;
    // SAFETY: a `rusage` of zeros is a valid one; the kernel fills it in.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live locals of the right types.
        let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
        if waited == pid {
            return Ok((status, usage));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn cpu(usage: &libc::rusage) -> Duration {
    duration(usage.ru_utime) + duration(usage.ru_stime)
}

fn peak_memory(usage: &libc::rusage) -> u64 {
    // In KiB (getrusage(2)).
    u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024
}

fn duration(t: libc::timeval) -> Duration {
    Duration::from_secs(u64::try_from(t.tv_sec).unwrap_or(0))
        + Duration::from_micros(u64::try_from(t.tv_usec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::zombie_processes, reason = "it is reaped here")]
    fn a_program_is_measured_to_its_end() {
        let run = |program: &str| {
            let child = std::process::Command::new(program).spawn().unwrap();
            reap(Pid(child.id())).unwrap()
        };
        let (status, cost) = run("true");
        assert!(status.success());
        assert!(cost.peak_memory_bytes.unwrap() > 0);
        assert!(!run("false").0.success());
    }
}
