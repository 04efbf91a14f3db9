//! The command that raises a limit.

use super::readings::{Readings, RlimitReading};
use crate::model::{CeilingKind, Limit, LimitName};

/// Numbers of tasks that a 64-bit kernel can give at most.
const MOST_PIDS: u64 = 1 << 22;

/// What to do about the limit that binds: a command, where there is one.
#[must_use]
pub fn remedy(kind: CeilingKind, limit: &Limit, readings: &Readings) -> String {
    let double = limit.value.unwrap_or(0).saturating_mul(2);
    let sysctl = |value: u64| format!("sudo sysctl {}={value}", limit.name);
    match limit.name {
        LimitName::Nproc => ulimit("u", "nproc", limit.value, readings.tasks.nproc),
        LimitName::Nofile => ulimit("n", "nofile", limit.value, readings.sockets.nofile),
        LimitName::AddressSpaceLimit => memory_ulimit("v", "as", readings.space.address_limit),
        LimitName::Data => memory_ulimit("d", "data", readings.space.data_limit),
        LimitName::Stack => memory_ulimit("s", "stack", readings.space.stack),
        LimitName::PidsMax => group(limit, "pids.max", "TasksMax=infinity"),
        LimitName::MemoryMax => group(limit, "memory.max", "MemoryMax=infinity"),
        LimitName::PidMax => sysctl(double.clamp(1, MOST_PIDS)),
        LimitName::ThreadsMax
        | LimitName::MaxMapCount
        | LimitName::NrOpen
        | LimitName::FileMax
        | LimitName::Somaxconn
        | LimitName::ConntrackMax => sysctl(double),
        LimitName::PortRange => {
            "sudo sysctl net.ipv4.ip_local_port_range='1024 65535', or connect from more than one address".to_owned()
        }
        LimitName::TcpMem => format!("sudo sysctl net.ipv4.tcp_mem='{double} {double} {double}'"),
        LimitName::AddressSpace => "give the threads smaller stacks: --stack-size".to_owned(),
        LimitName::Overcommit => {
            "sudo sysctl vm.overcommit_memory=1, or smaller stacks: --stack-size".to_owned()
        }
        LimitName::CommitLimit => "sudo sysctl vm.overcommit_memory=0".to_owned(),
        LimitName::Memory => match kind {
            CeilingKind::Process => "more memory, or threads in place of processes".to_owned(),
            CeilingKind::Thread | CeilingKind::Connection => "more memory, or swap".to_owned(),
        },
    }
}

/// The soft limit can be raised to the hard one by anybody, beyond it by root.
fn ulimit(letter: &str, name: &str, value: Option<u64>, limit: RlimitReading) -> String {
    match limit.hard {
        Some(hard) if value.is_some_and(|v| v < hard) => format!("ulimit -S{letter} {hard}"),
        None => format!("ulimit -S{letter} unlimited"),
        Some(hard) => {
            let more = hard.saturating_mul(2);
            format!("sudo prlimit --pid $$ --{name}={more}:{more}")
        }
    }
}

/// As above, for limits in bytes, which are not doubled but lifted.
fn memory_ulimit(letter: &str, name: &str, limit: RlimitReading) -> String {
    if limit.hard.is_none() {
        format!("ulimit -S{letter} unlimited")
    } else {
        format!("sudo prlimit --pid $$ --{name}=unlimited")
    }
}

/// A control group's limit: through systemd where the group is one of its
/// units, else in its file.
fn group(limit: &Limit, file: &str, property: &str) -> String {
    let path = limit.path.as_deref().unwrap_or_default();
    let unit = path.rsplit('/').next().unwrap_or_default();
    let has_unit = [".slice", ".service", ".scope"]
        .iter()
        .any(|end| unit.ends_with(end));
    if has_unit {
        return format!("sudo systemctl set-property --runtime {unit} {property}");
    }
    // Version 1 calls the limit of memory by another name, and "none" by -1.
    let (file, none) = if file == "memory.max" && path.contains("/memory/") {
        ("memory.limit_in_bytes", "-1")
    } else {
        (file, "max")
    };
    format!("echo {none} | sudo tee {path}/{file}")
}
