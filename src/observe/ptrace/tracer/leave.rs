//! How tracing ends while the program goes on.

use std::io;

use super::{Early, Tracer};
use crate::model::Tid;
use crate::sys::ptrace::tracee::{self, Patience, Report, Stop};

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
