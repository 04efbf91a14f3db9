//! The limits of a system by name.

use strum::{Display, VariantArray, VariantNames};

use super::named::serialised;

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
