//! Watching programs from the kernel: loaded first, with all that the process has, and
//! used where the plan wants it and the system lets it.

use std::io;
use std::sync::Arc;

use super::world::StartedSide;
use super::{Observe, ProgramError, RunPlan, ServerChoice, SessionError};
use crate::model::observation::Trouble;
use crate::model::{Pid, Side};
use crate::observe::Observer;
use crate::observe::ebpf::{Kernel, Watched};
use crate::observe::sampled::Existing;
use crate::sys::net::listeners;
use crate::sys::{proc, process};

/// Programs in the kernel, as far as a run has them.
#[derive(Debug, Default)]
pub struct FromKernel {
    /// They are loaded.
    pub kernel: Option<Arc<Kernel>>,
    /// They were asked for by name, and refused.
    pub refused: Option<Trouble>,
    /// The process of a server that was named by its address, where it is here and is to be
    /// looked at: found once, with all that this process may see at its beginning.
    pub server: Option<Pid>,
}

/// Loads the programs, where a side of this plan is to be watched by them. Why they are
/// not, is told.
pub fn load(plan: &RunPlan) -> FromKernel {
    let server = match plan.server {
        ServerChoice::Existing {
            target,
            attach: None,
        } if plan.sample && !plan.is_watch() => listeners::server_at(target),
        _ => None,
    };
    let nothing = FromKernel {
        server,
        ..FromKernel::default()
    };
    let wanted = [Side::Client, Side::Server]
        .into_iter()
        .any(|side| plan.watches_from_kernel(side) && is_here(plan, side, server));
    if !wanted {
        return nothing;
    }
    match Kernel::load() {
        Ok(kernel) => {
            tracing::info!("programs in the kernel (eBPF) are loaded");
            FromKernel {
                kernel: Some(Arc::new(kernel)),
                ..nothing
            }
        }
        Err(refused) => {
            let reason = refused.sentence();
            tracing::info!("no programs in the kernel: {reason}");
            // A watch has no other way to see every event.
            let by_name = matches!(plan.observe, Observe::Ebpf | Observe::Both) || plan.is_watch();
            FromKernel {
                refused: by_name.then_some(Trouble::KernelRefused { reason }),
                ..nothing
            }
        }
    }
}

/// Whether a side runs on this machine, or is going to. `server`: the process that was found
/// to serve.
fn is_here(plan: &RunPlan, side: Side, server: Option<Pid>) -> bool {
    match (&plan.server, side) {
        // It was found here.
        _ if plan.is_watch() => true,
        (ServerChoice::Existing { attach, .. }, Side::Server) => {
            attach.is_some() || server.is_some()
        }
        _ => true,
    }
}

/// The server of a watch: all that listen on this port, as closely as may be. Nobody
/// where they may not be seen.
pub fn server(from: &FromKernel, port: u16) -> StartedSide {
    let roots = listeners::holders_of(port);
    let Some(&root) = roots.first() else {
        return left_alone(from.refused.clone());
    };
    let (watched, refused) = from_kernel(from, Side::Server, &roots, None);
    let observer: Box<dyn Observer> = match watched {
        Some(watched) => Box::new(watched),
        None => Box::new(Existing::server(root)),
    };
    StartedSide {
        observer: Some(observer),
        trouble: refused,
        log: None,
    }
}

/// The client of a watch: a process that runs, and all its descendants.
///
/// # Errors
/// When there is no such process.
pub fn client(from: &FromKernel, pid: Pid, port: u16) -> Result<StartedSide, SessionError> {
    let (watched, refused) = from_kernel(from, Side::Client, &[pid], Some(port));
    let observer: Box<dyn Observer> = match watched {
        Some(watched) => Box::new(watched),
        None if proc::count_tree(pid).is_none() => return Err(no_such(pid).into()),
        None => Box::new(Existing::client(pid)),
    };
    Ok(StartedSide {
        observer: Some(observer),
        // It was told with the server, where it is of both.
        trouble: refused.filter(|_| from.refused.is_none()),
        log: None,
    })
}

/// Processes that run, watched from the kernel; why not, where that was wanted.
fn from_kernel(
    from: &FromKernel,
    side: Side,
    roots: &[Pid],
    port: Option<u16>,
) -> (Option<Watched>, Option<Trouble>) {
    let (Some(kernel), Some(root)) = (&from.kernel, roots.first()) else {
        return (None, from.refused.clone());
    };
    let command = Some(proc::command_of(*root));
    match Watched::attach(kernel, side, roots, command, port) {
        Ok(watched) => (Some(watched), None),
        Err(e) => {
            let reason = format!("pid {root} is not watched from the kernel: {e}");
            (None, Some(Trouble::KernelRefused { reason }))
        }
    }
}

fn left_alone(trouble: Option<Trouble>) -> StartedSide {
    StartedSide {
        observer: None,
        trouble,
        log: None,
    }
}

/// Whether this process is among a server's descendants: then so is all of the run, which
/// is not the server's doing.
fn is_above(server: Pid) -> bool {
    proc::tree_of(server).contains(&process::pid())
}

/// A server that runs already and that nobody named by its process: it is looked at as
/// closely as may be.
pub fn existing(from: &FromKernel) -> Option<Box<dyn Observer>> {
    let root = from.server?;
    if let Some(kernel) = from.kernel.as_ref().filter(|_| !is_above(root)) {
        let command = Some(proc::command_of(root));
        match Watched::attach(kernel, Side::Server, &[root], command, None) {
            Ok(watched) => return Some(Box::new(watched)),
            Err(e) => tracing::info!("pid {root} is not watched from the kernel: {e}"),
        }
    }
    Some(Box::new(Existing::server(root)))
}

fn no_such(pid: Pid) -> ProgramError {
    ProgramError::Attach {
        pid,
        source: io::Error::from_raw_os_error(libc::ESRCH),
        remedy: String::new(),
    }
}

/// A server that runs already, by its process, of which threads are to be sampled or not even
/// that.
///
/// # Errors
/// When there is no such process.
pub fn sampled(pid: Pid, observe: Observe) -> Result<StartedSide, SessionError> {
    if proc::count_tree(pid).is_none() {
        return Err(no_such(pid).into());
    }
    if observe == Observe::Off {
        return Ok(left_alone(None));
    }
    Ok(StartedSide {
        observer: Some(Box::new(Existing::server(pid))),
        ..left_alone(None)
    })
}

/// A server that runs already, by its process; `None` where it is not to be watched
/// from the kernel, or cannot be.
///
/// # Errors
/// When there is no such process.
pub fn attached(from: &FromKernel, pid: Pid) -> Result<Option<Watched>, ProgramError> {
    let Some(kernel) = from.kernel.as_ref().filter(|_| !is_above(pid)) else {
        return Ok(None);
    };
    let command = Some(proc::command_of(pid));
    match Watched::attach(kernel, Side::Server, &[pid], command, None) {
        Ok(watched) => Ok(Some(watched)),
        Err(e) if e.raw_os_error() == Some(libc::ESRCH) => Err(no_such(pid)),
        Err(e) => {
            tracing::info!("pid {pid} is not watched from the kernel: {e}");
            Ok(None)
        }
    }
}
