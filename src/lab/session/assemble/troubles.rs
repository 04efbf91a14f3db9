//! What the two sides met with: refusals by the system, deaths before their time.

use super::super::End;
use crate::findings::interruption;
use crate::model::{Finding, Severity};
use crate::sys::ledger::Ledger;
use crate::sys::process::Exit;

pub(super) fn tell_of_refusals(client: &Ledger, server: Option<&Ledger>, extra: &mut Vec<Finding>) {
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    let client_refused = client.header().refused_tasks.load(relaxed);
    if client_refused > 0 {
        extra.push(
            Finding::new(
                "client_refused_tasks",
                Severity::Warning,
                format!("The system refused the client {client_refused} threads or processes (EAGAIN); the run went on with those it had. Lower -n, or raise RLIMIT_NPROC, kernel.threads-max, kernel.pid_max or vm.max_map_count."),
            )
            .with("refused", client_refused),
        );
    }
    let Some(header) = server.map(Ledger::header) else {
        return;
    };
    let tasks = header.refused_tasks.load(relaxed);
    if tasks > 0 {
        extra.push(
            Finding::new(
                "server_refused_tasks",
                Severity::Warning,
                format!("The system refused the server {tasks} threads or processes (EAGAIN); its accepting thread served those connections itself."),
            )
            .with("refused", tasks),
        );
    }
    let descriptors = header.refused_descriptors.load(relaxed);
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

pub(super) fn tell_of_deaths(
    client: Option<Exit>,
    server: Option<Exit>,
    end: End,
    extra: &mut Vec<Finding>,
) {
    let how = |exit: Exit| match exit {
        Exit::Code(code) => format!("exit status {code}"),
        Exit::Signal(signal) => format!("signal {signal}"),
    };
    if end == End::Complete
        && let Some(exit) = client
        && exit != Exit::Code(0)
    {
        extra.push(
            Finding::new(
                "client_died",
                Severity::Error,
                format!(
                    "The client ended before its work was done ({}); client.log may tell why.",
                    how(exit)
                ),
            )
            .with("exit", how(exit)),
        );
    }
    if let Some(exit) = server {
        extra.push(
            Finding::new(
                "server_died",
                Severity::Error,
                format!(
                    "The server ended during the run ({}); server.log may tell why.",
                    how(exit)
                ),
            )
            .with("exit", how(exit)),
        );
    }
}

pub(super) fn tell_of_interruption(end: End, extra: &mut Vec<Finding>) {
    if end == End::Interrupted {
        extra.push(interruption());
    }
}
