//! Reading the environment of a search.

use std::net::SocketAddr;

use rustix::process::Resource;

use crate::limits::{
    GroupReading, MemoryReadings, Readings, RlimitReading, SocketReadings, SpaceReadings,
    TaskReadings,
};
use crate::model::{CeilingKind, Pid};
use crate::sys::net::NetNamespace;
use crate::sys::proc::meminfo::Meminfo;
use crate::sys::proc::status::Status;
use crate::sys::proc::{self, Proc, cgroup, resource_usage, sysctl};
use crate::sys::process::{self, crowd};

/// The processes of a search, before it has created anything.
#[derive(Clone, Copy, Debug)]
pub struct Bodies {
    /// The crowd's process; `None` where there is none and one would come.
    pub crowd: Option<Pid>,
    /// The server's process and address.
    pub server: Option<(Pid, SocketAddr)>,
}

/// Bytes that a process can address on a 64-bit machine with page tables of
/// four levels, which is what mmap(2) uses unless it is asked for more.
const ADDRESSABLE: u64 = 1 << 47;

/// Descriptors that the client has beyond those it inherits: its control.
const CLIENT_MORE_DESCRIPTORS: u64 = 1;

/// Descriptors that the server has beyond those it inherits, once it listens:
/// its ledger, its listening socket twice, its event loop, its stop signal.
const SERVER_MORE_DESCRIPTORS: u64 = 9;

/// Reads everything that bounds this kind.
pub fn read(kind: CeilingKind, bodies: Bodies) -> Readings {
    // What is not there yet is added: the crowd's first process, and its server.
    let coming = match (bodies.crowd, kind) {
        (Some(_), _) => 0,
        (None, CeilingKind::Connection) => 2,
        (None, _) => 1,
    };
    let body = bodies.crowd.unwrap_or_else(process::pid);
    let mut readings = Readings {
        memory: memory(),
        ..Readings::default()
    };
    match kind {
        CeilingKind::Thread | CeilingKind::Process => {
            readings.tasks = tasks(coming);
            readings.space = space(body);
            if kind == CeilingKind::Process {
                readings.space.promised_bytes = resource_usage::promised_bytes(Proc::of(body));
            }
        }
        CeilingKind::Connection => {
            readings.sockets = sockets(body, bodies.server);
            // A server that is still to come is this same program.
            readings.space = space(bodies.server.map_or(body, |(pid, _)| pid));
        }
    }
    readings
}

/// The same at the top, where `reached` have been created. What would take
/// long to count with tens of thousands of tasks there is reckoned.
pub fn read_at_top(kind: CeilingKind, bodies: Bodies, before: &Readings, reached: u64) -> Readings {
    let body = bodies.crowd.unwrap_or_else(process::pid);
    // At once: those of another search go as fast as they come.
    let of_system = proc::tasks_and_last_pid().map(|(n, _)| n);
    let mut now = before.clone();
    now.memory = memory();
    match kind {
        CeilingKind::Thread | CeilingKind::Process => {
            let tasks = &mut now.tasks;
            tasks.of_user = tasks.of_user.map(|n| n + reached);
            // Others may have begun some, too, which have numbers.
            let grown = of_system.zip(tasks.of_system);
            let grown = grown.map_or(0, |(now, before)| now.saturating_sub(before));
            let more = if tasks.numbers_of_all { grown } else { 0 };
            tasks.pids_in_use = tasks.pids_in_use.map(|n| n + reached.max(more));
            tasks.of_system = of_system;
            tasks.groups = groups(cgroup::pids(Proc::this()));
            if kind == CeilingKind::Thread {
                now.space = space(body);
            }
        }
        CeilingKind::Connection => {
            now.sockets = sockets(body, bodies.server);
            let there = bodies.server.map(|(pid, _)| space(pid));
            now.space = there
                .filter(|space| space.mapped_bytes.is_some())
                .unwrap_or_else(|| before.space.clone().with_connections(reached));
        }
    }
    now
}

/// Counts what was reckoned at the top, however long it takes.
pub fn count_at_top(kind: CeilingKind, top: &mut Readings) {
    if kind != CeilingKind::Connection {
        top.tasks.of_user = resource_usage::tasks_of_user().or(top.tasks.of_user);
        top.tasks.pids_in_use =
            resource_usage::pids_taken(top.tasks.first_pid).or(top.tasks.pids_in_use);
    }
}

fn rlimit(resource: Resource) -> RlimitReading {
    let (soft, hard) = resource_usage::rlimit(resource);
    RlimitReading { soft, hard }
}

fn groups(levels: Vec<cgroup::Level>) -> Vec<GroupReading> {
    let reading = |level: cgroup::Level| GroupReading {
        path: level.folder.display().to_string(),
        max: level.max,
        in_use: level.in_use,
    };
    levels.into_iter().map(reading).collect()
}

fn tasks(coming: u64) -> TaskReadings {
    let system = proc::tasks_and_last_pid();
    let first_pid = resource_usage::first_pid(system.map(|(_, last)| last));
    let plus = |n: Option<u64>| n.map(|n| n + coming);
    let mut groups = groups(cgroup::pids(Proc::this()));
    for group in &mut groups {
        group.in_use = plus(group.in_use);
    }
    TaskReadings {
        nproc: rlimit(Resource::Nproc),
        nproc_exempt: resource_usage::exempt_from_nproc(),
        of_user: plus(resource_usage::tasks_of_user()),
        groups,
        threads_max: sysctl::number("kernel/threads-max"),
        of_system: plus(system.map(|(n, _)| n)),
        pid_max: sysctl::number("kernel/pid_max"),
        first_pid,
        of_user_is_all: resource_usage::in_first_pid_namespace()
            && resource_usage::in_first_user_namespace(),
        numbers_of_all: resource_usage::in_first_pid_namespace(),
        pids_in_use: plus(resource_usage::pids_taken(first_pid)),
    }
}

fn space(body: Pid) -> SpaceReadings {
    let body = Proc::of(body);
    let status = Status::read(body);
    SpaceReadings {
        max_map_count: sysctl::number("vm/max_map_count"),
        maps: resource_usage::maps(body),
        guard_is_mapping: crowd::guard_is_mapping(),
        stack: rlimit(Resource::Stack),
        address_limit: rlimit(Resource::As),
        data_limit: rlimit(Resource::Data),
        mapped_bytes: status.as_ref().and_then(Status::mapped_bytes),
        data_bytes: status.as_ref().and_then(Status::data_bytes),
        promised_bytes: None,
        heap_each: crowd::HEAP_OF_THREAD,
        addressable: cfg!(target_pointer_width = "64").then_some(ADDRESSABLE),
    }
}

fn memory() -> MemoryReadings {
    let kib = |path| sysctl::number(path).map_or(0, |n| n.saturating_mul(1024));
    let memory = Meminfo::read();
    let figure = |name| memory.as_ref().and_then(|memory| memory.bytes(name));
    let total = figure("MemTotal");
    MemoryReadings {
        overcommit: sysctl::number("vm/overcommit_memory"),
        commit_limit: figure("CommitLimit"),
        committed: figure("Committed_AS"),
        admin_reserve: if resource_usage::may_use_admin_reserve() {
            0
        } else {
            kib("vm/admin_reserve_kbytes")
        },
        user_reserve: kib("vm/user_reserve_kbytes"),
        memory_and_swap: total.map(|n| n + figure("SwapTotal").unwrap_or(0)),
        total,
        available: figure("MemAvailable"),
        groups: groups(cgroup::memory(Proc::this())),
    }
}

fn sockets(client: Pid, server: Option<(Pid, SocketAddr)>) -> SocketReadings {
    let net = NetNamespace::own();
    let range = net.port_range();
    let address = server.map(|(_, address)| address);
    let nofile = rlimit(Resource::Nofile);
    // What both would inherit, where they are not there yet.
    let inherited = || resource_usage::inheritable_descriptors(nofile.soft);
    // A server that is still to come takes a port of the range itself.
    let coming = u64::from(server.is_none());
    SocketReadings {
        nofile,
        client_files: match server {
            Some(_) => resource_usage::descriptors(Proc::of(client), nofile.soft),
            None => inherited().map(|n| n + CLIENT_MORE_DESCRIPTORS),
        },
        server_files: match server {
            Some((pid, _)) => resource_usage::descriptors(Proc::of(pid), nofile.soft),
            None => inherited().map(|n| n + SERVER_MORE_DESCRIPTORS),
        },
        nr_open: sysctl::number("fs/nr_open"),
        file_max: sysctl::number("fs/file-max"),
        files: resource_usage::open_files(),
        files_exempt: resource_usage::exempt_from_file_max(),
        port_range: range,
        reserved_ports: range.map_or(0, |range| net.reserved_ports(range).unwrap_or(0)),
        ports_in_use: range
            .and_then(|range| net.ports_taken(range, address))
            .map(|n| n + coming),
        somaxconn: net.number("core/somaxconn"),
        tcp_mem: net.last_number("ipv4/tcp_mem"),
        conntrack_max: net.number("netfilter/nf_conntrack_max"),
        conntrack: net.number("netfilter/nf_conntrack_count"),
    }
}
