//! Starting a program: traced where that is asked for and allowed, else not.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use rustix::thread::CapabilitySet;
use thiserror::Error;

use super::plan::lossy;
use super::refused::{Refused, explain};
use super::rights::Rights;
use super::side_log::{Output, SideLog};
use super::world::StartedSide;
use super::{Observe, RunPlan};
use crate::model::observation::Trouble;
use crate::model::{Pid, Side};
use crate::observe::Observer;
use crate::observe::both::Both;
use crate::observe::ebpf::{Kernel, Watched};
use crate::observe::ptrace::{Interest, Traced};
use crate::observe::sampled::Sampled;
use crate::sys::proc::Proc;
use crate::sys::process;
use crate::sys::ptrace::{Launch, StartError, remedy, start_untraced};
use crate::text::advice::advice;

/// A program that cannot be started.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// There is no such program.
    #[error("cannot run {name}: {source}; {reason}")]
    Mistyped {
        /// The first word of the command.
        name: String,
        /// The system's error.
        source: io::Error,
        /// What is wrong with the name, and what to do.
        reason: String,
    },
    /// Its file is there, and the system refuses to run it.
    #[error("cannot run {name}: {source}{remedy}")]
    Broken {
        /// The first word of the command.
        name: String,
        /// The system's error.
        source: io::Error,
        /// What to do about it, as the end of a sentence.
        remedy: String,
    },
    /// The folder that it is to run in.
    #[error("cannot run {name} in {folder}: {source}; check the folder")]
    Folder {
        /// The first word of the command.
        name: String,
        /// The folder.
        folder: String,
        /// The system's error.
        source: io::Error,
    },
    /// A process that cannot be attached to.
    #[error("cannot attach to process {pid}: {source}{remedy}")]
    Attach {
        /// The process.
        pid: Pid,
        /// The system's error.
        source: io::Error,
        /// What would allow it.
        remedy: String,
    },
    /// What it leaves behind could outlive the run.
    #[error(
        "cannot start {name}: it is not traced and prctl(2) is refused here, so nothing could end \
         what it leaves in the background; allow ptrace(2) or prctl(2), or make threadtap the first \
         process of a pid namespace (unshare --pid --fork --mount-proc threadtap …)"
    )]
    NotHeld {
        /// The first word of the command.
        name: String,
    },
    /// Anything else.
    #[error("cannot start {name}: {source}{}", advice(source, Proc::is_mounted()))]
    System {
        /// The first word of the command.
        name: String,
        /// The system's error.
        source: io::Error,
    },
}

/// The program of a side.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// Its words.
    pub words: &'a [OsString],
    /// The folder that it runs in; `None`: the present one.
    pub folder: Option<&'a Path>,
}

/// By whom programs are watched, if that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// What their tracers keep.
    pub rights: Rights,
    /// The programs in the kernel; `None`: not by them.
    pub kernel: Option<&'a Arc<Kernel>>,
    /// They were asked for, and refused.
    pub refused: Option<&'a Trouble>,
}

/// Starts the program that is a side. The client reads from threadtap's standard
/// input.
///
/// # Errors
/// When it cannot be started.
pub fn start(
    side: Side,
    program: Program<'_>,
    interest: Interest,
    plan: &RunPlan,
    output: Output,
    by: By<'_>,
) -> Result<StartedSide, ProgramError> {
    let command = lossy(program.words);
    let name = || command.first().cloned().unwrap_or_default();
    let system = |source| ProgramError::System {
        name: name(),
        source,
    };
    let not_started = |e| match e {
        StartError::Execute(source) => {
            let word = program.words.first().map_or(OsStr::new(""), |w| w);
            let name = name();
            match explain(word, program.folder, &source) {
                Refused::Mistyped(reason) => ProgramError::Mistyped {
                    name,
                    source,
                    reason,
                },
                Refused::Broken(remedy) => ProgramError::Broken {
                    name,
                    source,
                    remedy,
                },
                Refused::System => ProgramError::System { name, source },
            }
        }
        StartError::NotAllowed(source) | StartError::System(source) => system(source),
    };
    let (output, log) = SideLog::begin(side, output).map_err(system)?;
    // Looked for now, and not in the child, where nothing could be said of it.
    let folder = || match program.folder {
        None => Ok(None),
        Some(path) => OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_DIRECTORY | libc::O_PATH)
            .open(path)
            .map(|file| Some(OwnedFd::from(file)))
            .map_err(|source| ProgramError::Folder {
                name: name(),
                folder: path.display().to_string(),
                source,
            }),
    };
    let launch = |tied| {
        let folder = folder()?;
        launch(side, program.words, folder, &output, tied).map_err(system)
    };
    let mut trouble = by.refused.cloned();
    // A tracer holds what it traces; else what loses its parent has to come here.
    let held = process::adopts_orphans();
    if let Some(kernel) = by.kernel.filter(|_| held) {
        let both = plan.observe == Observe::Both;
        // A tracer's dies with it anyway.
        let launch = launch(!both)?;
        let tracing = both.then_some(by.rights.tracing);
        let watched = from_kernel(kernel, side, command.clone(), launch, interest, tracing);
        match watched {
            Ok(observer) => {
                return Ok(StartedSide {
                    observer: Some(observer),
                    trouble: None,
                    log: Some(log),
                });
            }
            Err(StartError::NotAllowed(e)) => {
                tracing::info!("the {side} is not watched from the kernel: {e}");
            }
            Err(e) => return Err(not_started(e)),
        }
    }
    if !matches!(plan.observe, Observe::Sampled | Observe::Off) {
        match Traced::launch(
            side,
            command.clone(),
            launch(false)?,
            interest,
            by.rights.tracing,
        ) {
            Ok(traced) => {
                return Ok(StartedSide {
                    observer: Some(Box::new(traced)),
                    trouble,
                    log: Some(log),
                });
            }
            Err(StartError::NotAllowed(e)) => {
                trouble = Some(Trouble::NotTraced {
                    side,
                    error: e.to_string(),
                    remedy: remedy(),
                });
            }
            Err(e) => return Err(not_started(e)),
        }
    }
    // A traced program dies with its tracer, with all that it has started.
    if !process::adopts_orphans() {
        return Err(ProgramError::NotHeld { name: name() });
    }
    let child = start_untraced(&launch(true)?).map_err(not_started)?;
    let sampled = Sampled::new(side, command, child, plan.observe != Observe::Off);
    Ok(StartedSide {
        observer: Some(Box::new(sampled)),
        trouble,
        log: Some(log),
    })
}

/// Starts a program that is watched from the kernel; with `tracing`, what its tracer keeps,
/// by that one as well.
fn from_kernel(
    kernel: &Arc<Kernel>,
    side: Side,
    command: Vec<String>,
    launch: Launch,
    interest: Interest,
    tracing: Option<CapabilitySet>,
) -> Result<Box<dyn Observer>, StartError> {
    let port = match interest {
        Interest::Client { port, .. } => Some(port),
        Interest::Server { .. } => None,
    };
    Ok(match tracing {
        Some(keep) => {
            let tracing = (interest, keep);
            Box::new(Both::launch(kernel, side, command, launch, tracing, port)?)
        }
        None => Box::new(Watched::launch(kernel, side, command, &launch, port)?),
    })
}

fn launch(
    side: Side,
    words: &[OsString],
    folder: Option<OwnedFd>,
    output: &OwnedFd,
    tied: bool,
) -> io::Result<Launch> {
    Ok(Launch {
        words: words.to_vec(),
        folder,
        stdin: if side == Side::Client {
            io::stdin().as_fd().try_clone_to_owned()?
        } else {
            File::open("/dev/null")?.into()
        },
        stdout: output.try_clone()?,
        stderr: output.try_clone()?,
        tied,
    })
}

/// Attaches to a process that runs, as the server.
///
/// # Errors
/// When there is none, or it may not be traced.
pub fn attach(pid: Pid, rights: Rights) -> Result<Traced, ProgramError> {
    // It stops at every call anyway.
    let interest = Interest::Server {
        read_write: true,
        alone: false,
        outside: false,
    };
    Traced::attach(pid, interest, rights.tracing).map_err(|e| {
        let (source, remedy) = match e {
            StartError::NotAllowed(e) => (e, remedy()),
            StartError::Execute(e) | StartError::System(e) => (e, String::new()),
        };
        ProgramError::Attach {
            pid,
            source,
            remedy,
        }
    })
}
