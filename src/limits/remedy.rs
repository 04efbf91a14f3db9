//! What raises a limit: a command, and what else helps.

use super::readings::{Readings, RlimitReading};
use crate::model::{CeilingKind, Limit, LimitName};

/// Numbers of tasks that a 64-bit kernel can give at most.
const MOST_PIDS: u64 = 1 << 22;

/// Threads that a kernel can count at most (`FUTEX_TID_MASK` of Linux).
const MOST_THREADS: u64 = (1 << 30) - 1;

/// The most that a sysctl takes which is an int, and the most of any.
const MOST_INT: u64 = (1 << 31) - 1;
const MOST_LONG: u64 = (1 << 63) - 1;

/// So many more than are in use are asked for at least.
const ROOM: u64 = 1_000;

/// The ports that need no privilege.
const PORTS: (u16, u16) = (1024, 65_535);

/// What to do about a limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedy {
    /// The command that raises it; `None` where none does.
    pub command: Option<String>,
    /// What helps besides, or instead.
    pub advice: Option<&'static str>,
}

impl Remedy {
    fn by(command: String) -> Self {
        Self {
            command: Some(command),
            advice: None,
        }
    }

    fn only(advice: &'static str) -> Self {
        Self {
            command: None,
            advice: Some(advice),
        }
    }

    fn or(mut self, advice: &'static str) -> Self {
        self.advice = Some(advice);
        self
    }
}

/// What to do about the limit that binds.
#[must_use]
pub fn remedy(kind: CeilingKind, limit: &Limit, readings: &Readings) -> Remedy {
    const SMALLER: &str = "use smaller stacks with --stack-size";
    match limit.name {
        LimitName::Nproc => Remedy::by(ulimit("u", "nproc", limit, readings.tasks.nproc)),
        LimitName::Nofile => Remedy::by(descriptors(limit, readings)),
        LimitName::AddressSpaceLimit => memory_ulimit("v", "as", readings.space.address_limit),
        LimitName::Data => memory_ulimit("d", "data", readings.space.data_limit),
        LimitName::Stack => memory_ulimit("s", "stack", readings.space.stack),
        LimitName::PidsMax => group(limit, "pids.max", "TasksMax=infinity"),
        LimitName::MemoryMax => group(limit, "memory.max", "MemoryMax=infinity"),
        LimitName::PidMax => sysctl(limit, MOST_PIDS),
        LimitName::ThreadsMax => sysctl(limit, MOST_THREADS),
        LimitName::FileMax => sysctl(limit, MOST_LONG),
        LimitName::MaxMapCount
        | LimitName::NrOpen
        | LimitName::Somaxconn
        | LimitName::ConntrackMax => sysctl(limit, MOST_INT),
        LimitName::PortRange => ports(readings).or("connect from more than one address"),
        LimitName::TcpMem => {
            let double = limit.value.unwrap_or(0).saturating_mul(2);
            Remedy::by(format!(
                "sudo sysctl net.ipv4.tcp_mem='{double} {double} {double}'"
            ))
        }
        LimitName::AddressSpace => Remedy::only(SMALLER),
        LimitName::Overcommit => {
            Remedy::by("sudo sysctl vm.overcommit_memory=1".to_owned()).or(SMALLER)
        }
        LimitName::CommitLimit => Remedy::by("sudo sysctl vm.overcommit_memory=0".to_owned()),
        LimitName::Memory => Remedy::only(match kind {
            CeilingKind::Process => "add memory, or use threads instead of processes",
            CeilingKind::Thread | CeilingKind::Connection => "add memory or swap",
        }),
    }
}

/// Twice as much, and not more than the kernel takes.
fn sysctl(limit: &Limit, most: u64) -> Remedy {
    let value = limit.value.unwrap_or(0);
    if value >= most {
        return Remedy::only("it already has the highest value that the kernel accepts");
    }
    let more = value.saturating_mul(2).clamp(1, most);
    Remedy::by(format!("sudo sysctl {}={more}", limit.name))
}

/// The soft limit can be raised to the hard one by anybody, beyond it by root.
fn ulimit(letter: &str, name: &str, limit: &Limit, now: RlimitReading) -> String {
    let Some(hard) = now.hard else {
        return format!("ulimit -S{letter} unlimited");
    };
    let used = limit.in_use.unwrap_or(0);
    if limit.value.is_some_and(|value| value < hard) && used < hard {
        return format!("ulimit -S{letter} {hard}");
    }
    prlimit(name, more_than(hard, used))
}

fn more_than(hard: u64, used: u64) -> u64 {
    hard.saturating_mul(2).max(used.saturating_add(ROOM))
}

fn prlimit(name: &str, most: u64) -> String {
    format!("sudo prlimit --pid $$ --{name}={most}:{most}")
}

/// As above; nobody gets more descriptors than `fs.nr_open`.
fn descriptors(limit: &Limit, readings: &Readings) -> String {
    let now = readings.sockets.nofile;
    let used = limit.in_use.unwrap_or(0);
    let command = ulimit("n", "nofile", limit, now);
    let Some((most, hard)) = readings.sockets.nr_open.zip(now.hard) else {
        return command;
    };
    let more = more_than(hard, used).min(MOST_INT);
    if !command.contains("prlimit") || more <= most {
        command
    } else if most > hard.max(used) {
        prlimit("nofile", most)
    } else {
        let raised = prlimit("nofile", more);
        format!("sudo sysctl fs.nr_open={more} && {raised}")
    }
}

/// As above, for limits in bytes, which are not doubled but lifted.
fn memory_ulimit(letter: &str, name: &str, limit: RlimitReading) -> Remedy {
    Remedy::by(if limit.hard.is_none() {
        format!("ulimit -S{letter} unlimited")
    } else {
        format!("sudo prlimit --pid $$ --{name}=unlimited")
    })
}

/// A wider range; where it has all there are, those that are set aside.
fn ports(readings: &Readings) -> Remedy {
    let sockets = &readings.sockets;
    let (lowest, highest) = PORTS;
    let widest = sockets
        .port_range
        .is_some_and(|(low, high)| low <= lowest && high >= highest);
    if !widest {
        Remedy::by(format!(
            "sudo sysctl net.ipv4.ip_local_port_range='{lowest} {highest}'"
        ))
    } else if sockets.reserved_ports > 0 {
        Remedy::by("echo | sudo tee /proc/sys/net/ipv4/ip_local_reserved_ports".to_owned())
    } else {
        Remedy::default()
    }
}

/// A control group's limit: through systemd where the group is one of its
/// units, else in its file.
fn group(limit: &Limit, file: &str, property: &str) -> Remedy {
    let path = limit.path.as_deref().unwrap_or_default();
    let unit = path.rsplit('/').next().unwrap_or_default();
    let has_unit = [".slice", ".service", ".scope"]
        .iter()
        .any(|end| unit.ends_with(end));
    if has_unit {
        return Remedy::by(format!(
            "sudo systemctl set-property --runtime {unit} {property}"
        ));
    }
    // Version 1 calls the limit of memory by another name, and "none" by -1.
    let (file, none) = if file == "memory.max" && path.contains("/memory/") {
        ("memory.limit_in_bytes", "-1")
    } else {
        (file, "max")
    };
    Remedy::by(format!("echo {none} | sudo tee {path}/{file}"))
}
