//! Watching programs from the kernel: loaded first, with all that the process has, and
//! used where the plan wants it and the system lets it.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{Observe, ProgramError, RunPlan};
use crate::model::observation::Trouble;
use crate::model::{Pid, Side};
use crate::observe::Observer;
use crate::observe::ebpf::{Kernel, Watched};
use crate::observe::sampled::ExistingServer;
use crate::sys::{proc, process};

/// Programs in the kernel, as far as a run has them.
#[derive(Debug, Default)]
pub struct FromKernel {
    /// They are loaded.
    pub kernel: Option<Arc<Kernel>>,
    /// They were asked for by name, and refused.
    pub refused: Option<Trouble>,
}

/// Loads the programs, where a side of this plan is to be watched by them. Why they are
/// not, is told.
pub fn load(plan: &RunPlan) -> FromKernel {
    let wanted = [Side::Client, Side::Server]
        .into_iter()
        .any(|side| plan.watches_from_kernel(side));
    if !wanted {
        return FromKernel::default();
    }
    match Kernel::load() {
        Ok(kernel) => {
            tracing::info!("programs in the kernel (eBPF) are loaded");
            FromKernel {
                kernel: Some(Arc::new(kernel)),
                refused: None,
            }
        }
        Err(refused) => {
            let reason = refused.sentence();
            tracing::info!("no programs in the kernel: {reason}");
            let by_name = plan.observe == Observe::Ebpf;
            FromKernel {
                kernel: None,
                refused: by_name.then_some(Trouble::KernelRefused { reason }),
            }
        }
    }
}

/// Whether this process is among a server's descendants: then so is all of the run, which
/// is not the server's doing.
fn is_above(server: Pid) -> bool {
    proc::tree_of(server).contains(&process::pid())
}

/// A server that runs already and that nobody named by its process: it is looked at as
/// closely as may be.
pub fn existing(
    plan: &RunPlan,
    from: &FromKernel,
    target: SocketAddr,
) -> Option<Box<dyn Observer>> {
    if !plan.sample {
        return None;
    }
    let found = ExistingServer::find(target)?;
    let root = found.root();
    if let Some(kernel) = from.kernel.as_ref().filter(|_| !is_above(root)) {
        let command = Some(proc::command_of(root));
        match Watched::attach(kernel, Side::Server, root, command, None) {
            Ok(watched) => return Some(Box::new(watched)),
            Err(e) => tracing::info!("pid {root} is not watched from the kernel: {e}"),
        }
    }
    Some(Box::new(found))
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
    match Watched::attach(kernel, Side::Server, pid, command, None) {
        Ok(watched) => Ok(Some(watched)),
        Err(e) if e.raw_os_error() == Some(libc::ESRCH) => Err(ProgramError::Attach {
            pid,
            source: e,
            remedy: String::new(),
        }),
        Err(e) => {
            tracing::info!("pid {pid} is not watched from the kernel: {e}");
            Ok(None)
        }
    }
}
