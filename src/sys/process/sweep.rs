//! What is left at the end: reaped, killed, counted.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::AcqRel;
use std::time::{Duration, Instant};

use rustix::process::{Signal, WaitOptions, WaitStatus, wait, waitpid};

use super::{DYING, Exit, guardian, pid, raw, signal};
use crate::model::Pid;

/// How a process ended, from what wait(2) says.
fn exit_of(status: WaitStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or(0)),
    }
}

/// A child of this process that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reaped {
    /// Which.
    pub pid: Pid,
    /// How.
    pub exit: Exit,
}

/// Reaps one child that has ended. `Ok(None)`: some run, none has ended
/// (only without `block`).
///
/// # Errors
/// ECHILD when there is no child at all.
pub fn reap_any(block: bool) -> io::Result<Option<Reaped>> {
    let options = if block {
        WaitOptions::empty()
    } else {
        WaitOptions::NOHANG
    };
    loop {
        // Every child, whatever process group it is in: to rustix's `waitpid`,
        // "no pid" is wait4(2)'s 0, the caller's own group.
        match wait(options) {
            Ok(Some((pid, status))) => {
                return Ok(Some(Reaped {
                    pid: Pid(pid.as_raw_nonzero().get().cast_unsigned()),
                    exit: exit_of(status),
                }));
            }
            Ok(None) => return Ok(None),
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Whether a child may have ended since that was last asked. To look for one that has
/// takes as long as there are children, for wait(2) goes through all of them; the kernel
/// tells of each end (SIGCHLD).
#[derive(Debug)]
pub struct Ends(Option<Arc<AtomicBool>>);

impl Ends {
    /// From now on. Where the signal cannot be caught, one may have ended at any time.
    #[must_use]
    pub fn watch() -> Self {
        // Of what ended before nobody has told.
        let flag = Arc::new(AtomicBool::new(true));
        let caught = signal_hook::flag::register(signal_hook::consts::SIGCHLD, Arc::clone(&flag));
        Self(caught.is_ok().then_some(flag))
    }

    /// Whether to look for them now. Whoever is told so reaps all that there are: the
    /// kernel tells once of several.
    #[must_use]
    pub fn came(&self) -> bool {
        self.0.as_ref().is_none_or(|flag| flag.swap(false, AcqRel))
    }
}

/// Reaps a child that is known by number only. Whether it is gone.
#[must_use]
pub fn reap_if_ended(child: Pid) -> bool {
    let Some(raw) = raw(child) else { return true };
    // An error is ECHILD: somebody else has reaped it.
    !matches!(waitpid(Some(raw), WaitOptions::NOHANG), Ok(None))
}

/// What a sweep has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many there were, and have ended.
    pub reaped: u32,
    /// How many of them lived, their children included.
    pub lived: Option<u64>,
    /// Those that were killed and have not ended within [`DYING`].
    pub left: Vec<Pid>,
}

/// Kills and reaps every child that is left, adopted orphans too. Those of which it is
/// known that they have `ended`, and which only nobody has reaped yet, are not among what
/// was found.
#[must_use]
pub fn sweep(ended: &HashSet<Pid>) -> Swept {
    let until = Instant::now() + DYING;
    let mut swept = Swept::default();
    // Each is told once, however often it has to be killed.
    let mut met = HashSet::new();
    let mut gone = HashSet::new();
    loop {
        let guardians = guardian::all();
        let none_left = match reap_any(false) {
            Ok(Some(one)) => {
                if !guardians.contains(&one.pid) && !ended.contains(&one.pid) {
                    gone.insert(one.pid);
                }
                continue;
            }
            Ok(None) => false,
            Err(_) => true,
        };
        let mut left = crate::sys::proc::tree_of(pid());
        left.retain(|p| *p != pid() && !guardians.contains(p) && !ended.contains(p));
        if left.is_empty() && !guardians.is_empty() {
            // Whatever they should have all the same comes here.
            guardian::let_go();
            continue;
        }
        if none_left || Instant::now() > until {
            guardian::let_go();
            // What a guardian had it has reaped itself.
            gone.extend(met.difference(&left.iter().copied().collect()));
            swept.reaped = u32::try_from(gone.len()).unwrap_or(u32::MAX);
            return Swept { left, ..swept };
        }
        if !left.is_empty() {
            swept.lived.get_or_insert(left.len() as u64);
        }
        for process in left {
            if met.insert(process) {
                tracing::info!("SIGKILL to pid {process}, which was left");
            }
            signal(process, Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
