//! fork(2) without an exec: a copy of this process that does one piece of work.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{exit_now, pid, tie_to_parent};
use crate::model::Pid;
use crate::sys::proc::threads_of;

/// Runs `work` in a forked process, which exits with the status it returns. A
/// panic in `work` aborts that process: it goes back to nobody's frames.
///
/// # Errors
/// When the system refuses the process (EAGAIN, ENOMEM), and when this process
/// has several threads or they cannot be counted: after fork(2) in a process
/// with several, a lock may be held for ever.
pub fn fork_and(work: impl FnOnce() -> i32) -> io::Result<Pid> {
    let parent = pid();
    match threads_of(parent) {
        Some(1) => {}
        Some(_) => {
            return Err(io::Error::other(
                "a process with several threads must not fork",
            ));
        }
        None => {
            // Without proc(5) they cannot be counted.
            return Err(io::Error::from_raw_os_error(libc::ENOENT));
        }
    }
    // SAFETY: the process has one thread, this one, so nobody can start another
    // meanwhile, and the child has all of its state.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            tie_to_parent(parent);
            in_child(work)
        }
        child => Ok(Pid(child.cast_unsigned())),
    }
}

/// The child's part. No destructor and no buffer of the parent runs twice.
fn in_child(work: impl FnOnce() -> i32) -> ! {
    // Nobody looks at anything again that `work` may have left half done.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(status) => exit_now(status),
        // The message has been written by now.
        Err(_) => std::process::abort(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;
    use crate::sys::process::rusage::reap;

    #[test]
    fn a_process_with_several_threads_does_not_fork() {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || held.recv());
        let forked = fork_and(|| 0);
        assert!(forked.unwrap_err().to_string().contains("several threads"));
        drop(release);
        let _ = other.join().unwrap();
    }

    /// What a process of one thread, forked for it, returns from `work`.
    fn alone(work: impl FnOnce() -> i32) -> i32 {
        // SAFETY: the child takes no lock that another thread may hold: it does
        // not print, and the C library sees to its own heap.
        match unsafe { libc::fork() } {
            0 => in_child(work),
            child => reap(Pid(child.cast_unsigned()))
                .unwrap()
                .0
                .code()
                .unwrap_or(-1),
        }
    }

    #[test]
    fn the_child_exits_with_what_its_work_returns() {
        let status = alone(|| {
            let child = fork_and(|| 7).unwrap();
            reap(child).unwrap().0.code().unwrap_or(-1)
        });
        assert_eq!(status, 7);
    }

    #[test]
    fn a_panic_in_the_child_goes_no_further() {
        let status = alone(|| {
            // Where the panic came out of the fork, the child would be here, too.
            let forked = catch_unwind(|| {
                // As a panic does, without its message.
                fork_and(|| std::panic::resume_unwind(Box::new("lost")))
            });
            let Ok(Ok(child)) = forked else { return 1 };
            match reap(child).unwrap().0.signal() {
                Some(libc::SIGABRT) => 42,
                _ => 2,
            }
        });
        assert_eq!(status, 42);
    }
}
