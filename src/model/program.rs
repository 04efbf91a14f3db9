//! Somebody else's programs in a run: their command, their end, their helpers,
//! and how they are built, as far as that can be concluded.

use serde::{Deserialize, Serialize};

use super::Pid;

/// The programs of a run; `null` for a side that is built in, or that already
/// ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Programs {
    /// The client; `null` for a built-in strategy.
    pub client: Option<Program>,
    /// The server; `null` for the embedded one, and for one that was left alone.
    pub server: Option<Program>,
}

/// A program that threadtap started, or attached to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Program {
    /// Its command line.
    pub command: Vec<String>,
    /// Its first process.
    pub pid: Pid,
    /// Its exit status; `null` when it did not exit by itself.
    pub exit_code: Option<i32>,
    /// The signal that ended it; `null` when none did.
    pub signal: Option<i32>,
    /// Whether threadtap asked it to end: a server when its client is done, both when
    /// the run is interrupted.
    pub asked_to_end: bool,
    /// Processes of its tree, other than the first, that made, took and used no
    /// connection, and none of whose descendants did, by name. They are in the
    /// census. Those of which that cannot be told, because who used a connection was
    /// not seen, are not among them. `null` when its processes were not followed, or
    /// what they did with sockets could not be seen.
    pub helpers: Option<Vec<Helper>>,
    /// Processes of its tree that were not seen at a connection, and of which it is
    /// not known whether they, or descendants of theirs, used one: they may have had
    /// it from whoever made it. By name. `null` as `helpers`, and in records of
    /// earlier versions.
    #[serde(default)]
    pub others: Option<Vec<Helper>>,
}

/// Helper processes of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Inferred {
    /// What `plan.strategy` and `plan.workers` rest on; `null` for a side that is
    /// known, or of which nothing can be said. Helper processes are not counted here.
    pub client: Option<Evidence>,
    /// What `plan.server_model` rests on; `null` for a side that is known, or of
    /// which nothing can be said. Helper processes are not counted here.
    pub server: Option<Evidence>,
}

/// The figures behind a conclusion, without helper processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Evidence {
    /// Connections that were made or accepted.
    pub connections: u64,
    /// Threads that made them or served them.
    pub workers: u64,
    /// Processes that these threads belong to.
    pub worker_processes: u64,
    /// Threads that accepted them; `null` of a client, and in records of earlier
    /// versions.
    #[serde(default)]
    pub accepting_threads: Option<u64>,
    /// Threads that were the first to receive on them; `null` also where that was not
    /// seen of each.
    #[serde(default)]
    pub receiving_threads: Option<u64>,
    /// Threads that were the first to send on them; `null` also where that was not
    /// seen of each.
    #[serde(default)]
    pub sending_threads: Option<u64>,
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
