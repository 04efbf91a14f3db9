//! The highest numbers that an environment can hold: the record of `threadtap ceiling`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Environment, Nanos, Tool};

/// The name and version of the layout of `ceiling --format json`.
pub const SCHEMA_CEILING: &str = "threadtap.ceiling/1";

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CeilingKind {
    /// Threads of one process, its first thread not counted.
    Thread,
    /// Processes with one thread each.
    Process,
    /// Connections of one client process to one server process, each with one answer.
    Connection,
}

impl CeilingKind {
    /// Every kind, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Thread, Self::Process, Self::Connection];

    /// Its name, as serialised.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thread => "thread",
            Self::Process => "process",
            Self::Connection => "connection",
        }
    }

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

impl fmt::Display for CeilingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A limit, by its usual name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LimitName {
    /// Tasks of the real user (getrlimit(2)).
    #[serde(rename = "RLIMIT_NPROC")]
    Nproc,
    /// Tasks of a control group and those below it (cgroups(7)).
    #[serde(rename = "pids.max")]
    PidsMax,
    /// Tasks of the system.
    #[serde(rename = "kernel.threads-max")]
    ThreadsMax,
    /// Numbers for tasks.
    #[serde(rename = "kernel.pid_max")]
    PidMax,
    /// Mappings of one process.
    #[serde(rename = "vm.max_map_count")]
    MaxMapCount,
    /// Bytes of address space of one process.
    #[serde(rename = "RLIMIT_AS")]
    AddressSpaceLimit,
    /// Bytes of private writable mappings of one process.
    #[serde(rename = "RLIMIT_DATA")]
    Data,
    /// Bytes of a thread's stack, where the thread asks for no size of its own.
    #[serde(rename = "RLIMIT_STACK")]
    Stack,
    /// Bytes that one process can address at all.
    #[serde(rename = "address space")]
    AddressSpace,
    /// The overcommit policy (proc(5)); the heuristic policy (0) limits the size of
    /// a single mapping.
    #[serde(rename = "vm.overcommit_memory")]
    Overcommit,
    /// Bytes that may be allocated, if overcommit is forbidden.
    #[serde(rename = "CommitLimit")]
    CommitLimit,
    /// Bytes of memory that are available without swapping.
    #[serde(rename = "MemAvailable")]
    Memory,
    /// Bytes of memory of a control group and those below it.
    #[serde(rename = "memory.max")]
    MemoryMax,
    /// Descriptors of one process.
    #[serde(rename = "RLIMIT_NOFILE")]
    Nofile,
    /// What `RLIMIT_NOFILE` can be raised to.
    #[serde(rename = "fs.nr_open")]
    NrOpen,
    /// Open files of the system.
    #[serde(rename = "fs.file-max")]
    FileMax,
    /// Ports that connect(2) chooses from.
    #[serde(rename = "ip_local_port_range")]
    PortRange,
    /// Connections that wait to be accepted.
    #[serde(rename = "net.core.somaxconn")]
    Somaxconn,
    /// Pages in all buffers of TCP.
    #[serde(rename = "net.ipv4.tcp_mem")]
    TcpMem,
    /// Connections that the packet filter tracks.
    #[serde(rename = "net.netfilter.nf_conntrack_max")]
    ConntrackMax,
}

impl LimitName {
    /// The name, as serialised.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nproc => "RLIMIT_NPROC",
            Self::PidsMax => "pids.max",
            Self::ThreadsMax => "kernel.threads-max",
            Self::PidMax => "kernel.pid_max",
            Self::MaxMapCount => "vm.max_map_count",
            Self::AddressSpaceLimit => "RLIMIT_AS",
            Self::Data => "RLIMIT_DATA",
            Self::Stack => "RLIMIT_STACK",
            Self::AddressSpace => "address space",
            Self::Overcommit => "vm.overcommit_memory",
            Self::CommitLimit => "CommitLimit",
            Self::Memory => "MemAvailable",
            Self::MemoryMax => "memory.max",
            Self::Nofile => "RLIMIT_NOFILE",
            Self::NrOpen => "fs.nr_open",
            Self::FileMax => "fs.file-max",
            Self::PortRange => "ip_local_port_range",
            Self::Somaxconn => "net.core.somaxconn",
            Self::TcpMem => "net.ipv4.tcp_mem",
            Self::ConntrackMax => "net.netfilter.nf_conntrack_max",
        }
    }

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

impl fmt::Display for LimitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who shares a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

impl Scope {
    /// Its name, as serialised.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Client => "client",
            Self::Server => "server",
            Self::User => "user",
            Self::Cgroup => "cgroup",
            Self::Address => "address",
            Self::System => "system",
        }
    }
}

/// One limit, as it stood before the search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Its usual name.
    pub name: LimitName,
    /// Its value; `null` means unlimited, or not readable here.
    pub value: Option<u64>,
    /// How much of it is in use, including the empty processes of the search;
    /// `null` if nothing can be in use, or it is not known.
    pub in_use: Option<u64>,
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
pub struct Binding {
    /// Its usual name.
    pub name: LimitName,
    /// Its value.
    pub value: Option<u64>,
    /// What was in use of it before the search.
    pub in_use: Option<u64>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

impl StoppedBy {
    /// Its name, as serialised.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Reserve => "reserve",
            Self::Max => "max",
            Self::Interrupted => "interrupted",
            Self::Oom => "oom",
            Self::Killed => "killed",
        }
    }
}

/// The ceiling of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The limit that is reached first: after a refusal, the limit that was used
    /// up; otherwise the limit that is predicted to be reached first.
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

/// The record of `threadtap ceiling`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CeilingRecord {
    /// [`SCHEMA_CEILING`].
    pub schema: String,
    /// Who wrote this.
    pub tool: Tool,
    /// When it began, RFC 3339.
    pub started: String,
    /// Where.
    pub environment: Environment,
    /// Percentage of free memory and of free system-wide limits that is not used.
    pub reserve_percent: u64,
    /// The number asked for with `--max`; `null` means as many as possible.
    pub max: Option<u64>,
    /// The kinds that were asked for.
    pub kinds: Vec<KindCeiling>,
}
