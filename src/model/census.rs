//! Counts of threads and processes, each with how it was obtained.

use serde::{Deserialize, Serialize};
use strum::{Display, VariantArray, VariantNames};

use super::named::serialised;
use super::{Nanos, Timestamp};

/// How a fact was obtained. A fact that was not obtained is absent, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, VariantArray, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum Provenance {
    /// The built-in programs reported it themselves: exact.
    Instrumented,
    /// ptrace(2) saw every event: exact.
    Traced,
    /// ptrace(2) told of the call, and the socket was found by its inode, which
    /// `/proc/PID/fd` names, because the system refused a look at the socket itself.
    Matched,
    /// The capture shows it.
    Captured,
    /// Read from proc(5) now and then: short-lived threads may be missing.
    Sampled,
}

serialised!(Provenance);

impl Provenance {
    /// Whether somebody tells a figure that a capture would show.
    pub(crate) fn is_told(how: Option<Self>) -> bool {
        !matches!(how, None | Some(Self::Captured))
    }
}

/// A count at three moments, and how many came. `null` is "not measured".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counts {
    /// When the side was ready and no request had begun; of a program, at its exec,
    /// or when it was attached to.
    pub before: Option<u64>,
    /// The highest at any moment.
    pub peak: Option<u64>,
    /// When the last exchange was over and the workers were joined; of a program, at
    /// the moment its first process began to exit or it was asked to end.
    pub after: Option<u64>,
    /// How many came after the side's first process started.
    pub created: Option<u64>,
}

/// A moment of a side's timeline, serialised as `[ns, threads, processes]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelinePoint(
    /// The moment from which the counts hold.
    pub Timestamp,
    /// Threads (tasks) from then on.
    pub u64,
    /// Processes from then on.
    pub u64,
);

/// The census of one side. `threads` counts tasks: a process with one thread counts one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SideCensus {
    /// Processes.
    pub processes: Counts,
    /// Threads.
    pub threads: Counts,
    /// How they were counted; `null` when they were not.
    pub provenance: Option<Provenance>,
    /// Every change, in order of time, as `[ns, threads, processes]`; ns since the
    /// Unix epoch. Of more than 100,000 only some: see `timeline_step_ns`.
    #[cfg_attr(test, schemars(with = "Vec<[i64; 3]>"))]
    pub timeline: Vec<TimelinePoint>,
    /// Where there were more than 100,000 changes: of each step of so much time, counted
    /// from the first one, the timeline has those with the least and the most threads and
    /// processes, and the last one, each at its own moment. Absent where it has all of
    /// them. Peaks and counts are of all changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline_step_ns: Option<Nanos>,
}

impl SideCensus {
    /// A side that was not counted: every figure absent.
    #[must_use]
    pub fn absent() -> Self {
        Self {
            processes: Counts::default(),
            threads: Counts::default(),
            provenance: None,
            timeline: Vec::new(),
            timeline_step_ns: None,
        }
    }
}

/// A count of the whole system at three moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SystemCounts {
    /// Before the client was started.
    pub before: Option<u64>,
    /// The highest that was seen.
    pub peak: Option<u64>,
    /// After the client had ended.
    pub after: Option<u64>,
}

/// The census of the whole system, the two sides and threadtap itself included. `null`
/// in a pid namespace, as in a container: there proc(5) tells of the threads of the
/// whole system, and of the processes of the namespace alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SystemCensus {
    /// Threads.
    pub threads: SystemCounts,
    /// Processes.
    pub processes: SystemCounts,
    /// How they were counted; `null` when they were not.
    pub provenance: Option<Provenance>,
}
