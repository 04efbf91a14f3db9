//! How tracing ends while the program goes on.

use std::io;

use super::undisturbed::{go_on_waiting, go_on_waiting_after};
use super::{Early, Tracer};
use crate::model::Tid;
use crate::sys::ptrace::tracee::{self, Call, Patience, Report, Stop, Stopped, Until};

impl Tracer<'_> {
    /// Lets go of everything that is still traced, as it is.
    pub(super) fn leave(&mut self) {
        for early in std::mem::take(&mut self.early).into_values() {
            if let Early::Stopped(task, _) = early {
                let _ = task.detach(0);
            }
        }
        let mut left: Vec<Report> = std::mem::take(&mut self.reports).into();
        for tid in self.family.tids() {
            tracee::interrupt(tid);
        }
        while !self.family.is_empty() {
            let report = match left.pop() {
                Some(report) => report,
                None => match tracee::wait(Patience::Wait) {
                    Ok(Some(report)) => report,
                    Ok(None) => continue,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    Err(_) => return,
                },
            };
            match report {
                Report::Ended(tid, exit, cost) => self.ended(tid, exit, cost),
                // Let go here, its call would find that it was stopped, and end with
                // EINTR when nobody is there any more to undo that.
                Report::Stopped(task, Stop::Call) if begins(&task) => {
                    let tid = task.tid();
                    if task.resume(Until::Call, 0).is_ok() {
                        tracee::interrupt(tid);
                    }
                }
                Report::Stopped(task, stop) => {
                    if let Stop::Created { .. } = stop
                        && let Ok(child) = task.message()
                        && let (Ok(child), Some(pid)) =
                            (u32::try_from(child), self.family.pid_of(task.tid()))
                    {
                        // It is traced already, and has to be let go as well.
                        self.family.add(Tid(child), pid);
                    }
                    self.family.remove(task.tid());
                    match stop {
                        Stop::Interrupted | Stop::Call => go_on_waiting(&task),
                        Stop::Signal(signal) => go_on_waiting_after(signal, &task),
                        _ => {}
                    }
                    let signal = match stop {
                        Stop::Signal(signal) => signal,
                        _ => 0,
                    };
                    let _ = task.detach(signal);
                }
            }
        }
    }
}

/// Whether a task stands at the beginning of a call.
fn begins(task: &Stopped) -> bool {
    matches!(task.call(), Ok((Call::Entry { .. }, _)))
}
