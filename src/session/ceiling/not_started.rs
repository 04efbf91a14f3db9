//! A search that could not be begun: the system has no process, no server or no
//! descriptor for it.
//!
//! That is a finding, too, where the limit that refused can be named: not one
//! can be had. Else nothing is known but the reason.

use super::CeilingError;
use super::readings::{Bodies, read};
use super::search::Search;
use super::tell::binding;
use crate::limits::{Blame, Call, Readings, Refusal, blame, limits};
use crate::model::{Binding, CeilingKind, KindCeiling, Limit, LimitName, StoppedBy};
use crate::sys::errno;

impl Search<'_> {
    /// What is to be told of a search that ended with this error before it began.
    pub(super) fn not_started(&self, error: &CeilingError) -> KindCeiling {
        let mut found = self.predict().unwrap_or_else(|_| nothing(self.kind));
        let errno = error.errno();
        let refused = errno.and_then(|errno| reason(self.kind, errno));
        let impossible = refused.is_some() || found.very_end == Some(0);
        if impossible {
            found.reached = Some(0);
            found.stopped_by = Some(StoppedBy::Refused);
            found.binding = refused.or(found.binding);
            found.errno = errno.map(errno::name);
            let fork = errno.filter(|errno| is_of_tasks(*errno));
            found.call = fork.map(|_| Call::Fork.name().to_owned());
        } else {
            found.binding = None;
        }
        found.notes.insert(0, error.to_string());
        found
    }
}

/// The limit that has refused what every search needs. A search takes processes
/// and descriptors of whatever kind it is.
fn reason(kind: CeilingKind, errno: i32) -> Option<Binding> {
    let of_tasks = is_of_tasks(errno);
    let (readings, all) = fundamental(of_tasks);
    let mut suspected = false;
    let at = if of_tasks {
        let refusal = Refusal {
            call: Call::Fork,
            errno,
        };
        match blame(CeilingKind::Process, refusal, &all, 0) {
            Blame::Limit(at) => Some(at),
            Blame::Suspect(at) => {
                suspected = true;
                Some(at)
            }
            Blame::Unread | Blame::Other => None,
        }
    } else {
        let name = match errno {
            errno::EMFILE => LimitName::Nofile,
            errno::ENFILE => LimitName::FileMax,
            _ => return None,
        };
        all.iter().position(|limit| limit.name == name)
    };
    Some(binding(kind, all.get(at?)?, &readings, suspected))
}

/// Whether it is a process that could not be had.
fn is_of_tasks(errno: i32) -> bool {
    matches!(errno, errno::EAGAIN | errno::ENOMEM)
}

/// The limits of tasks, or of descriptors.
fn fundamental(of_tasks: bool) -> (Readings, Vec<Limit>) {
    let kind = if of_tasks {
        CeilingKind::Process
    } else {
        CeilingKind::Connection
    };
    let nobody = Bodies {
        crowd: None,
        server: None,
    };
    let readings = read(kind, nobody);
    let all = limits(kind, &readings, 0);
    (readings, all)
}

/// A kind of which nothing is known.
fn nothing(kind: CeilingKind) -> KindCeiling {
    KindCeiling {
        kind,
        stack_bytes: None,
        very_end: None,
        predicted: None,
        goal: None,
        reached: None,
        stopped_by: None,
        errno: None,
        call: None,
        binding: None,
        limits: Vec::new(),
        climb_ns: None,
        duration_ns: None,
        left_behind: None,
        notes: Vec::new(),
    }
}
