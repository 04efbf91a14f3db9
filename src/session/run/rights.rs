//! What a run may do, and when it gives that up for good.
//!
//! The tap is opened first, with all that the process has. Then it becomes the person
//! behind sudo(8), where there is one, and keeps for the moment what starting the two
//! sides needs. When both are started it has nothing left, with the exceptions named in
//! [`Rights::of`]. Capabilities are a thread's: the thread of the capture, those that take
//! what programs print and those that trace give up theirs when they begin.

use std::io;

use rustix::process::geteuid;
use rustix::thread::CapabilitySet;

use super::{ClientChoice, RunPlan, ServerChoice};
use crate::sys::privilege::give_up::{NOTHING, for_good, held, keep_only};
use crate::sys::privilege::person::Person;
use crate::sys::proc::sysctl;

/// What starting a side needs: to take capabilities away from what is started
/// (`SETPCAP`), to listen on a port below 1024 and to raise the limit of descriptors, as
/// a built-in side does before it gives both up, and to say who has a port
/// (`SYS_PTRACE`), which is also what attaching needs.
const STARTING: CapabilitySet = CapabilitySet::SETPCAP
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SYS_RESOURCE)
    .union(CapabilitySet::SYS_PTRACE);

/// What the threads of a run keep to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The thread that conducts it.
    pub conducting: CapabilitySet,
    /// Those that trace.
    pub tracing: CapabilitySet,
}

/// What decides about that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a reason of its own to keep something"
)]
struct Given {
    /// A side is a program that the run starts, and root's.
    root_programs: bool,
    /// The server ran already, and is traced.
    attaches: bool,
    /// Tracing is for who has `SYS_PTRACE` (`kernel.yama.ptrace_scope` 2).
    tracing_is_restricted: bool,
    /// The folder is another user's than the one that writes in it.
    foreign_folder: bool,
}

impl Rights {
    /// Of a run that has nothing.
    pub const NONE: Self = Self {
        conducting: NOTHING,
        tracing: NOTHING,
    };

    /// Each is kept for one reason:
    ///
    /// * `SYS_PTRACE`: whoever looks at the descriptors of a process needs all of its
    ///   capabilities, or this one (ptrace(2), "access mode checking"): for programs of
    ///   root's, for a server that is another user's, and for each where the system
    ///   restricts tracing;
    /// * `KILL`: a program of root's may become another user, and has to be ended;
    /// * `DAC_OVERRIDE`, `CHOWN`: root writes in a folder of the person's, and gives the
    ///   files away (`--as-root`).
    fn of(given: Given) -> Self {
        let when = |holds: bool, capability: CapabilitySet| {
            if holds { capability } else { NOTHING }
        };
        let looks = given.root_programs || given.attaches;
        Self {
            conducting: when(looks, CapabilitySet::SYS_PTRACE)
                | when(given.root_programs, CapabilitySet::KILL)
                | when(
                    given.foreign_folder,
                    CapabilitySet::DAC_OVERRIDE | CapabilitySet::CHOWN,
                ),
            tracing: when(
                looks || given.tracing_is_restricted,
                CapabilitySet::SYS_PTRACE,
            ),
        }
    }

    /// The tap is open: this process becomes the person, and keeps what starting needs.
    /// No other thread may exist yet.
    ///
    /// # Errors
    /// When the system does not let it become the person.
    pub fn once_open(plan: &RunPlan, folder_owner: Option<u32>) -> io::Result<Self> {
        let person = (!plan.as_root).then(Person::behind_sudo).flatten();
        if let Some(person) = &person {
            person.become_for_good(STARTING)?;
            tracing::info!("the run goes on as {}", person.name());
        }
        let user = geteuid();
        // Programs of root's are to have what root has: it is taken from this thread
        // when they are started.
        keep_only(if user.is_root() { held() } else { STARTING });
        let own = matches!(plan.client, ClientChoice::Command { .. })
            || matches!(plan.server, ServerChoice::Command { .. });
        Ok(Self::of(Given {
            root_programs: user.is_root() && own,
            attaches: matches!(
                plan.server,
                ServerChoice::Existing {
                    attach: Some(_),
                    ..
                }
            ),
            tracing_is_restricted: sysctl::number("kernel/yama/ptrace_scope").unwrap_or(0) > 1,
            foreign_folder: user.is_root() && folder_owner.is_some_and(|uid| uid != 0),
        }))
    }

    /// Both sides are started: what is not kept to the end is given up, and nothing comes
    /// back.
    pub fn once_started(self) {
        for_good(self.conducting);
        let kept = held();
        if kept.is_empty() {
            tracing::info!("all capabilities are given up");
        } else {
            tracing::info!("all capabilities are given up but {}", names(kept));
        }
    }

    /// What the thread of the capture keeps: where it goes on in another file
    /// (`makes_files`) what making one needs, in a folder of the person's.
    pub fn capturing(self, makes_files: bool) -> CapabilitySet {
        let making = CapabilitySet::DAC_OVERRIDE | CapabilitySet::CHOWN;
        if makes_files {
            self.conducting & making
        } else {
            NOTHING
        }
    }

    /// What a built-in side begins with: it gives it up when it listens, or before its
    /// first request.
    pub fn built_in() -> CapabilitySet {
        STARTING.difference(CapabilitySet::SETPCAP)
    }
}

fn names(of: CapabilitySet) -> String {
    let names: Vec<String> = of.iter_names().map(|(n, _)| format!("CAP_{n}")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Given = Given {
        root_programs: false,
        attaches: false,
        tracing_is_restricted: false,
        foreign_folder: false,
    };

    #[test]
    fn nothing_is_kept_without_a_reason() {
        let kept = |given| {
            let rights = Rights::of(given);
            (names(rights.conducting), names(rights.tracing))
        };
        let told = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(kept(NONE), told("", ""));
        let given = Given {
            root_programs: true,
            ..NONE
        };
        assert_eq!(
            kept(given),
            told("CAP_KILL, CAP_SYS_PTRACE", "CAP_SYS_PTRACE")
        );
        let given = Given {
            attaches: true,
            ..NONE
        };
        assert_eq!(kept(given), told("CAP_SYS_PTRACE", "CAP_SYS_PTRACE"));
        let given = Given {
            tracing_is_restricted: true,
            ..NONE
        };
        assert_eq!(kept(given), told("", "CAP_SYS_PTRACE"));
        let given = Given {
            foreign_folder: true,
            ..NONE
        };
        assert_eq!(kept(given), told("CAP_CHOWN, CAP_DAC_OVERRIDE", ""));
        let rights = Rights::of(Given {
            root_programs: true,
            ..given
        });
        assert_eq!(names(rights.capturing(false)), "");
        assert_eq!(names(rights.capturing(true)), "CAP_CHOWN, CAP_DAC_OVERRIDE");
        assert_eq!(names(Rights::NONE.capturing(true)), "");
    }
}
