//! What is read from the system, as plain figures.
//!
//! Whoever fills these in has counted the empty processes of the search among
//! what is in use, so that the arithmetic has nothing to add. `None` is "not
//! readable here"; of a limit it is also "unlimited".

/// A resource limit of a process (getrlimit(2)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RlimitReading {
    /// The value that holds.
    pub soft: Option<u64>,
    /// What the process may raise it to.
    pub hard: Option<u64>,
}

/// A control group's limit and use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupReading {
    /// Its folder.
    pub path: String,
    /// The limit; `None` is "max".
    pub max: Option<u64>,
    /// What the group and those below it use.
    pub in_use: Option<u64>,
}

/// What bounds tasks as such.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskReadings {
    /// `RLIMIT_NPROC`.
    pub nproc: RlimitReading,
    /// Why it does not bound this user, if it does not.
    pub nproc_exempt: Option<&'static str>,
    /// Tasks of the real user.
    pub of_user: Option<u64>,
    /// Whether these are all of them: not where there may be others in pid or user
    /// namespaces that cannot be seen from this one.
    pub of_user_is_all: bool,
    /// `pids.max` of every control group, the innermost first.
    pub groups: Vec<GroupReading>,
    /// `kernel.threads-max`.
    pub threads_max: Option<u64>,
    /// Tasks of the system.
    pub of_system: Option<u64>,
    /// `kernel.pid_max`: one more than the highest number.
    pub pid_max: Option<u64>,
    /// The lowest number that the kernel can still give.
    pub first_pid: u64,
    /// Whether this is the first pid namespace, in which every task of the
    /// system has a number.
    pub numbers_of_all: bool,
    /// Numbers from there on that are taken.
    pub pids_in_use: Option<u64>,
}

/// What bounds the mappings of one process: the one with the threads, the parent
/// of the processes, the server of the connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpaceReadings {
    /// `vm.max_map_count`.
    pub max_map_count: Option<u64>,
    /// Mappings of the process.
    pub maps: Option<u64>,
    /// Whether the guard page below a stack is a mapping of its own.
    pub guard_is_mapping: bool,
    /// `RLIMIT_STACK`.
    pub stack: RlimitReading,
    /// `RLIMIT_AS`.
    pub address_limit: RlimitReading,
    /// `RLIMIT_DATA`.
    pub data_limit: RlimitReading,
    /// Bytes of all mappings of the process.
    pub mapped_bytes: Option<u64>,
    /// Bytes of its private writable mappings.
    pub data_bytes: Option<u64>,
    /// Bytes of those mappings that a copy of it is promised once more; only
    /// what has children needs it.
    pub promised_bytes: Option<u64>,
    /// Bytes of the heap that the C library takes for a thread.
    pub heap_each: u64,
    /// Bytes that a process can address.
    pub addressable: Option<u64>,
}

/// What bounds memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryReadings {
    /// `vm.overcommit_memory`: 0 heuristic, 1 always, 2 never.
    pub overcommit: Option<u64>,
    /// `CommitLimit`, in bytes.
    pub commit_limit: Option<u64>,
    /// `Committed_AS`, in bytes.
    pub committed: Option<u64>,
    /// Bytes that mode 2 keeps for root; 0 for root.
    pub admin_reserve: u64,
    /// The most bytes that mode 2 keeps for the user's other processes.
    pub user_reserve: u64,
    /// Main memory and swap, in bytes.
    pub memory_and_swap: Option<u64>,
    /// `MemTotal`, in bytes.
    pub total: Option<u64>,
    /// `MemAvailable`, in bytes.
    pub available: Option<u64>,
    /// The memory limit of every control group, the innermost first.
    pub groups: Vec<GroupReading>,
}

/// What bounds connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketReadings {
    /// `RLIMIT_NOFILE`, of both processes.
    pub nofile: RlimitReading,
    /// Descriptors of the client.
    pub client_files: Option<u64>,
    /// Descriptors of the server.
    pub server_files: Option<u64>,
    /// `fs.nr_open`.
    pub nr_open: Option<u64>,
    /// `fs.file-max`.
    pub file_max: Option<u64>,
    /// Open files of the system.
    pub files: Option<u64>,
    /// Why `fs.file-max` does not bound, if it does not.
    pub files_exempt: Option<&'static str>,
    /// The ports to choose from: the first and the last.
    pub port_range: Option<(u16, u16)>,
    /// How many of them are set aside.
    pub reserved_ports: u64,
    /// Those among them that cannot be had for this server.
    pub ports_in_use: Option<u64>,
    /// `net.core.somaxconn`.
    pub somaxconn: Option<u64>,
    /// The highest of `net.ipv4.tcp_mem`.
    pub tcp_mem: Option<u64>,
    /// `nf_conntrack_max`, where connections are tracked.
    pub conntrack_max: Option<u64>,
    /// Connections that are tracked.
    pub conntrack: Option<u64>,
}

/// Everything that is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    /// Tasks.
    pub tasks: TaskReadings,
    /// Mappings.
    pub space: SpaceReadings,
    /// Memory.
    pub memory: MemoryReadings,
    /// Descriptors and ports.
    pub sockets: SocketReadings,
}
