//! The most that an environment can hold: what `threadtap ceiling` tells.

use serde::{Deserialize, Serialize};
use strum::{Display, VariantArray, VariantNames};

use super::named::serialised;
use super::{Environment, Nanos, Tool};

/// The name and version of the layout of `ceiling --format json`.
pub const SCHEMA_CEILING: &str = "threadtap.ceiling/1";

/// What is counted.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Display, VariantArray, VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum CeilingKind {
    /// Threads of one process, beyond its first.
    Thread,
    /// Processes with one thread each.
    Process,
    /// Connections of one client process to one server process, each answered once.
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

/// A limit, by its usual name.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Display, VariantArray, VariantNames,
)]
pub enum LimitName {
    /// Tasks of the real user (getrlimit(2)).
    #[strum(serialize = "RLIMIT_NPROC")]
    Nproc,
    /// Tasks of a control group and those below it (cgroups(7)).
    #[strum(serialize = "pids.max")]
    PidsMax,
    /// Tasks of the system.
    #[strum(serialize = "kernel.threads-max")]
    ThreadsMax,
    /// Numbers for tasks.
    #[strum(serialize = "kernel.pid_max")]
    PidMax,
    /// Mappings of one process.
    #[strum(serialize = "vm.max_map_count")]
    MaxMapCount,
    /// Bytes of address space of one process.
    #[strum(serialize = "RLIMIT_AS")]
    AddressSpaceLimit,
    /// Bytes of private writable mappings of one process.
    #[strum(serialize = "RLIMIT_DATA")]
    Data,
    /// Bytes of a thread's stack, where the thread asks for no size of its own.
    #[strum(serialize = "RLIMIT_STACK")]
    Stack,
    /// Bytes that one process can address at all.
    #[strum(serialize = "address space")]
    AddressSpace,
    /// The policy by which memory is promised; its heuristic (0) bounds the size
    /// of a single mapping.
    #[strum(serialize = "vm.overcommit_memory")]
    Overcommit,
    /// Bytes that may be promised, where overcommitting is forbidden.
    #[strum(serialize = "CommitLimit")]
    CommitLimit,
    /// Bytes of memory that can be had without swapping.
    #[strum(serialize = "MemAvailable")]
    Memory,
    /// Bytes of memory of a control group and those below it.
    #[strum(serialize = "memory.max")]
    MemoryMax,
    /// Descriptors of one process.
    #[strum(serialize = "RLIMIT_NOFILE")]
    Nofile,
    /// What `RLIMIT_NOFILE` can be raised to.
    #[strum(serialize = "fs.nr_open")]
    NrOpen,
    /// Open files of the system.
    #[strum(serialize = "fs.file-max")]
    FileMax,
    /// Ports that connect(2) chooses from.
    #[strum(serialize = "ip_local_port_range")]
    PortRange,
    /// Connections that wait to be accepted.
    #[strum(serialize = "net.core.somaxconn")]
    Somaxconn,
    /// Pages in all buffers of TCP.
    #[strum(serialize = "net.ipv4.tcp_mem")]
    TcpMem,
    /// Connections that the packet filter remembers.
    #[strum(serialize = "net.netfilter.nf_conntrack_max")]
    ConntrackMax,
}

serialised!(LimitName);

impl LimitName {
    /// Whether it is counted in bytes.
    #[must_use]
    pub const fn in_bytes(self) -> bool {
        matches!(
            self,
            Self::AddressSpaceLimit
                | Self::Data
                | Self::Stack
                | Self::AddressSpace
                | Self::CommitLimit
                | Self::Memory
                | Self::MemoryMax
        )
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
    /// All that one address of this machine has with one server.
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
    /// Its value; `null` is "unlimited" or "not readable here".
    pub value: Option<u64>,
    /// What is in use of it, the empty processes of the search included;
    /// `null` where nothing can be in use of it or it cannot be told.
    pub in_use: Option<u64>,
    /// How much of it one more takes; `null` where nothing is taken.
    pub each: Option<u64>,
    /// The number it would have allowed; `null` where it bounds nothing.
    pub allows: Option<u64>,
    /// Who shares it.
    pub scope: Scope,
    /// Whether `each` is an estimate, and with it `allows`.
    pub estimated: bool,
    /// The folder of the control group.
    pub path: Option<String>,
    /// Why it does not bound, or what it bounds instead.
    pub note: Option<String>,
}

/// The limit that binds, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Binding {
    /// Its usual name.
    pub name: LimitName,
    /// Its value.
    pub value: Option<u64>,
    /// What was in use of it before the search.
    pub in_use: Option<u64>,
    /// Who shares it.
    pub scope: Scope,
    /// The folder of the control group.
    pub path: Option<String>,
    /// The command that raises it; `null` where none does.
    pub remedy: Option<String>,
    /// What helps besides, or instead; `null` where nothing else is known to.
    pub advice: Option<String>,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, VariantArray, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum StoppedBy {
    /// The system refused one more.
    Refused,
    /// What is to be left for the rest of the system was reached.
    Reserve,
    /// The number that was asked for was reached.
    Max,
    /// A person interrupted it.
    Interrupted,
    /// The out-of-memory killer ended it, or a part of it.
    Oom,
    /// It ended otherwise: somebody killed it.
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
    /// What the limits allow, to the very end; `null` where none could be read.
    pub very_end: Option<u64>,
    /// The same less the reserve: what a search reaches that nobody stops.
    pub predicted: Option<u64>,
    /// Where the search was to end: as predicted, or at the number asked for.
    pub goal: Option<u64>,
    /// How many there were at once; `null` where none was created.
    pub reached: Option<u64>,
    /// Why the search ended there; `null` where there was none.
    pub stopped_by: Option<StoppedBy>,
    /// The error's name, where one more was refused.
    pub errno: Option<String>,
    /// The call that was refused, where one was.
    pub call: Option<String>,
    /// The limit that binds: of a refusal, the one that was exhausted; else the one
    /// that is predicted to be exhausted first. `null` where it cannot be told.
    pub binding: Option<Binding>,
    /// Every limit, in the order in which they are told.
    pub limits: Vec<Limit>,
    /// From the first that was created to the last.
    pub climb_ns: Option<Nanos>,
    /// From the first that was created until all were gone.
    pub duration_ns: Option<Nanos>,
    /// How many of those created are still there afterwards, connections in
    /// TIME-WAIT included; `null` where it cannot be told.
    pub left_behind: Option<u64>,
    /// What else is to be known.
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
    /// The number asked for; `null` is as many as there can be.
    pub max: Option<u64>,
    /// The kinds that were asked for.
    pub kinds: Vec<KindCeiling>,
}
