//! The highest numbers that an environment can hold: the record of `threadtap ceiling`.

use serde::{Deserialize, Serialize};
use strum::{Display, VariantArray, VariantNames};

use super::named::serialised;
use super::{Environment, LimitName, Nanos, Tool};

/// The name and version of the layout of `ceiling --format json`.
pub const SCHEMA_CEILING: &str = "threadtap.ceiling/1";

/// What is counted.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Display, VariantArray, VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum CeilingKind {
    /// Threads of one process, its first thread not counted.
    Thread,
    /// Processes with one thread each.
    Process,
    /// Connections of one client process to one server process, each with one answer.
    Connection,
}

serialised!(CeilingKind);

impl CeilingKind {
    /// Several of it.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Thread => "threads",
            Self::Process => "processes",
            Self::Connection => "connections",
        }
    }
}

/// Who shares what a limit bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, VariantArray, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum Scope {
    /// One process.
    Process,
    /// The client's process.
    Client,
    /// The server's process.
    Server,
    /// All processes of the user.
    User,
    /// All processes of a control group and those below it.
    Cgroup,
    /// All connections of one address of this machine to one server.
    Address,
    /// The whole system.
    System,
}

serialised!(Scope);

/// One limit, as it stood before the search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Limit {
    /// Its usual name.
    pub name: LimitName,
    /// Its value; `null` means unlimited, or not readable here.
    pub value: Option<u64>,
    /// How much of it is in use, including the empty processes of the search;
    /// `null` if nothing can be in use, or it is not known.
    pub in_use: Option<u64>,
    /// Whether more of it may be in use than can be seen from here: `RLIMIT_NPROC`
    /// counts a user's tasks in every pid and user namespace, and proc(5) shows those of
    /// one. Then `allows` is the most.
    #[serde(default)]
    pub in_use_at_least: bool,
    /// How much of it one more takes; `null` if one more takes nothing.
    pub each: Option<u64>,
    /// The number that this limit allows; `null` if it limits nothing.
    pub allows: Option<u64>,
    /// Who shares it.
    pub scope: Scope,
    /// Whether `each`, and therefore `allows`, is an estimate.
    pub estimated: bool,
    /// The folder of the control group; `null` for other limits.
    pub path: Option<String>,
    /// Why it limits nothing, or what it limits instead.
    pub note: Option<String>,
}

/// The limit that is reached first, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Binding {
    /// Its usual name.
    pub name: LimitName,
    /// Its value.
    pub value: Option<u64>,
    /// What was in use of it before the search.
    pub in_use: Option<u64>,
    /// Whether more of it may be in use than can be seen from here.
    #[serde(default)]
    pub in_use_at_least: bool,
    /// Whether it is only suspected: no limit was seen to be used up, and of this one
    /// not all that is in use can be seen.
    #[serde(default)]
    pub suspected: bool,
    /// Who shares it.
    pub scope: Scope,
    /// The folder of the control group; `null` for other limits.
    pub path: Option<String>,
    /// The command that raises it; `null` if there is none.
    pub remedy: Option<String>,
    /// What else helps; `null` if nothing else is known.
    pub advice: Option<String>,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, VariantArray, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum StoppedBy {
    /// The system refused one more.
    Refused,
    /// Only the reserve for the rest of the system was left.
    Reserve,
    /// The number that was asked for was reached.
    Max,
    /// A person interrupted the search.
    Interrupted,
    /// The out-of-memory killer ended the search, or a part of it.
    Oom,
    /// Something else killed it.
    Killed,
}

serialised!(StoppedBy);

/// The ceiling of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KindCeiling {
    /// Of what.
    pub kind: CeilingKind,
    /// The size of a thread's stack in bytes; threads only.
    pub stack_bytes: Option<u64>,
    /// The number that the limits allow, without reserve; `null` if no limit could
    /// be read.
    pub very_end: Option<u64>,
    /// The same minus the reserve: a search that nobody stops reaches this number.
    pub predicted: Option<u64>,
    /// Where the search should end: at `predicted`, or at the number asked for.
    pub goal: Option<u64>,
    /// How many there were at the same time; `null` if there was no search.
    pub reached: Option<u64>,
    /// Why the search ended there; `null` if there was no search.
    pub stopped_by: Option<StoppedBy>,
    /// The name of the error, if the system refused one more.
    pub errno: Option<String>,
    /// The system call that was refused, if one was.
    pub call: Option<String>,
    /// The limit that binds: of a refusal, the one that was exhausted; else the one
    /// that is predicted to be exhausted first. `null` where it cannot be told.
    pub binding: Option<Binding>,
    /// Every limit.
    pub limits: Vec<Limit>,
    /// Time from the first creation to the last.
    pub climb_ns: Option<Nanos>,
    /// Time from the first creation until all were gone.
    pub duration_ns: Option<Nanos>,
    /// How many of them still exist afterwards, including connections in
    /// TIME-WAIT; `null` if that is not known.
    pub left_behind: Option<u64>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// All that was found: `threadtap ceiling --format json`. With `jsonl` each element
/// of `kinds` is a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CeilingRecord {
    /// The layout's name and version.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA_CEILING)))]
    pub schema: String,
    /// Who wrote this.
    pub tool: Tool,
    /// When it began, by the local clock, as RFC 3339 writes it.
    pub started: String,
    /// Where it ran.
    pub environment: Environment,
    /// Percent of what is left of the whole system's limits, and of memory, that is
    /// not used.
    pub reserve_percent: u64,
    /// The number asked for with `--max`; `null` means as many as possible.
    pub max: Option<u64>,
    /// Whether the search had a network of its own; false in records of earlier versions.
    #[serde(default)]
    pub isolated: bool,
    /// The kinds that were asked for.
    pub kinds: Vec<KindCeiling>,
}
