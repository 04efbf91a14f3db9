//! What the two sides met with: refusals by the system, deaths before their time.

use std::sync::atomic::Ordering::Relaxed;

use super::super::End;
use crate::findings::interruption;
use crate::model::{Exit, Finding, Severity};
use crate::sys::ledger::Ledger;
use crate::sys::process::Swept;
use crate::text::units::counted;

/// Tasks of which nobody noted which kind they were to be.
fn tasks(n: u64) -> String {
    counted(n, "thread or process", "threads or processes")
}

pub(super) fn tell_of_client_refusals(client: &Ledger, extra: &mut Vec<Finding>) {
    let client_refused = client.header().refused_tasks.load(Relaxed);
    if client_refused > 0 {
        extra.push(
            Finding::new(
                "client_refused_tasks",
                Severity::Warning,
                format!("The system refused the client {} (EAGAIN); the run went on with those it had. Lower -n, or raise RLIMIT_NPROC, kernel.threads-max, kernel.pid_max or vm.max_map_count.", tasks(client_refused)),
            )
            .with("refused", client_refused),
        );
    }
}

pub(super) fn tell_of_server_refusals(server: &Ledger, extra: &mut Vec<Finding>) {
    let header = server.header();
    let refused = header.refused_tasks.load(Relaxed);
    if refused > 0 {
        extra.push(
            Finding::new(
                "server_refused_tasks",
                Severity::Warning,
                format!("The system refused the server {} (EAGAIN); its accepting thread served those connections itself.", tasks(refused)),
            )
            .with("refused", refused),
        );
    }
    let descriptors = header.refused_descriptors.load(Relaxed);
    if descriptors > 0 {
        extra.push(
            Finding::new(
                "server_refused_descriptors",
                Severity::Warning,
                "The server ran out of descriptors; connections waited in the accept queue until others had closed. Raise `ulimit -n`.",
            )
            .with("refused", descriptors),
        );
    }
}

pub(super) fn tell_of_client_death(exit: Option<Exit>, end: End, extra: &mut Vec<Finding>) {
    if end == End::Complete
        && let Some(exit) = exit
        && exit != Exit::Code(0)
    {
        extra.push(
            Finding::new(
                "client_died",
                Severity::Error,
                format!(
                    "The client ended before its work was done ({exit}); client.log may tell why."
                ),
            )
            .with("exit", exit.to_string()),
        );
    }
}

pub(super) fn tell_of_server_death(exit: Exit, extra: &mut Vec<Finding>) {
    extra.push(
        Finding::new(
            "server_died",
            Severity::Error,
            format!("The server ended during the run ({exit}); server.log may tell why."),
        )
        .with("exit", exit.to_string()),
    );
}

pub(super) fn tell_of_interruption(end: End, extra: &mut Vec<Finding>) {
    if end == End::Interrupted {
        extra.push(interruption());
    }
}

/// What was neither of a side's own processes nor traced.
pub(super) fn tell_of_swept(swept: &Swept, extra: &mut Vec<Finding>) {
    if let Some(lived) = swept.lived {
        let processes = counted(lived, "process", "processes");
        extra.push(
            Finding::new(
                "left_behind",
                Severity::Warning,
                format!("What was run left {processes} behind that nobody had followed; they were ended. Their threads and their cost are in no count."),
            )
            .with("processes", lived),
        );
    }
    if !swept.left.is_empty() {
        let pids: Vec<String> = swept.left.iter().map(ToString::to_string).collect();
        let pids = pids.join(", ");
        extra.push(
            Finding::new(
                "not_ended",
                Severity::Error,
                format!("Killed, and not ended within a minute: process {pids}. The kernel holds it; `ps -o stat,wchan -p PID` tells where."),
            )
            .with("pids", pids),
        );
    }
}
