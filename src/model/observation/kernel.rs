//! What the kernel itself counts and bounds, beside threads and frames.

use serde::{Deserialize, Serialize};

use crate::model::{LimitName, Timestamp};

/// A look at the kernel's own counts. There are two in a run: one before the client
/// starts, and one when the wire has come to rest. What matters is the difference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelLook {
    /// When.
    pub at: Timestamp,
    /// How many connections may wait at the server's listening socket: the greatest
    /// backlog of those that listen on its port; `None` where none is seen from here.
    pub backlog: Option<u64>,
    /// How often a connection found the accept queue of a listening socket full: in the
    /// network namespace of the run, whoever listens (`ListenOverflows` of nstat(8)); `None`
    /// where the server is elsewhere.
    pub listen_overflows: Option<u64>,
    /// How often a SYN or the ACK of a handshake was dropped by a listening socket, for
    /// this or another reason (`ListenDrops` of nstat(8)).
    pub listen_drops: Option<u64>,
    /// How often `pids.max` of a control group refused a task (`max` of `pids.events`,
    /// cgroups(7)), of all groups that this process is in; `None` where none tells.
    pub pids_refused: Option<u64>,
    /// What bounds tasks here. Only in the first look.
    #[serde(default)]
    pub limits: Vec<TaskLimit>,
}

/// A limit that can refuse a thread or a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskLimit {
    /// Its usual name.
    pub name: LimitName,
    /// Its value.
    pub value: u64,
    /// How many tasks it counted at this moment; `None` where that cannot be seen.
    pub in_use: Option<u64>,
    /// Whether it may count more than that: a user's tasks in pid and user namespaces
    /// that cannot be seen from here.
    #[serde(default)]
    pub in_use_at_least: bool,
    /// The folder of its control group; `None` for other limits.
    pub path: Option<String>,
}
