//! Programs that stop because they want the terminal.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use super::Tracer;
use crate::model::Pid;
use crate::sys::process;

impl Tracer<'_> {
    /// What stops a program that is not in the terminal's foreground group, and wants
    /// to be: reading from it, or changing its settings (termios(3)). A group that a
    /// program has made itself is its own affair.
    pub(super) fn group_stopped(&self, pid: Pid, signal: i32) {
        let of_terminal = signal == libc::SIGTTIN || signal == libc::SIGTTOU;
        if of_terminal && process::group_of(pid) == Some(self.root) {
            self.wants_terminal.store(true, Relaxed);
        }
    }

    /// Becomes true when the program waits for the terminal.
    pub fn wants_terminal(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.wants_terminal)
    }
}
