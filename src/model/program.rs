//! Somebody else's programs in a run: their command, their end, their helpers,
//! and how they are built, as far as that can be concluded.

use serde::{Deserialize, Serialize};

use super::Pid;

/// The programs of a run; `null` for a side that is built in, or that already
/// ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programs {
    /// The client.
    pub client: Option<Program>,
    /// The server.
    pub server: Option<Program>,
}

/// A program that threadtap started, or attached to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its command line.
    pub command: Vec<String>,
    /// Its first process.
    pub pid: Pid,
    /// Its exit status; `null` when it did not exit by itself.
    pub exit_code: Option<i32>,
    /// The signal that ended it; `null` when none did.
    pub signal: Option<i32>,
    /// Whether that signal came from threadtap, which ends a server when its
    /// client is done, and both when it is interrupted.
    pub asked_to_end: bool,
    /// Helper processes: processes of its tree, other than the first, that made,
    /// accepted and used no connection, and whose descendants did not either.
    /// They are in the census. A process for which this is not known is not
    /// listed. `null` when its processes were not traced.
    pub helpers: Option<Vec<Helper>>,
}

/// Helper processes of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Helper {
    /// The program that they executed last.
    pub name: String,
    /// How many there were.
    pub processes: u64,
    /// How many threads they had in total.
    pub threads: u64,
}

/// The evidence for conclusions about how programs are built; `null` for a side
/// that is known, or about which nothing can be concluded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inferred {
    /// For `plan.strategy` and `plan.workers`.
    pub client: Option<Evidence>,
    /// For `plan.server_model`.
    pub server: Option<Evidence>,
}

/// The figures behind a conclusion, without helper processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Connections that were made or accepted.
    pub connections: u64,
    /// Threads that made them or served them.
    pub workers: u64,
    /// Processes that these threads belong to.
    pub worker_processes: u64,
    /// The most connections of one of them.
    pub most_by_one_worker: u64,
    /// The most connections in work at the same time; `null` if the end of the
    /// work cannot be seen.
    pub at_once: Option<u64>,
    /// Threads that were created, without the first threads of processes; `null`
    /// if it is not known which of them belong to helpers.
    pub created_threads: Option<u64>,
    /// Processes that were created; `null` if it is not known which of them are
    /// helpers.
    pub created_processes: Option<u64>,
    /// The conclusion's reason, in words.
    pub because: String,
}
