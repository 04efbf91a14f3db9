//! This host: its limits and CPUs, and raising the limits that are ours to raise.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::net::NetNamespace;
use super::proc::meminfo::Meminfo;
use super::proc::sysctl;
use crate::model::Environment;

/// Raises the soft limit of descriptors to the hard one, and the hard one to
/// `wanted` where the process may (`CAP_SYS_RESOURCE`).
pub fn raise_descriptors(wanted: u64) {
    let now = getrlimit(Resource::Nofile);
    let soft = now.current.unwrap_or(u64::MAX);
    let hard = now.maximum.unwrap_or(u64::MAX);
    let ceiling = sysctl::number("fs/nr_open").unwrap_or(1 << 20);
    let ask = wanted.min(ceiling);
    let raise = |to: u64| {
        let limit = Rlimit {
            current: Some(to),
            maximum: Some(to.max(hard)),
        };
        setrlimit(Resource::Nofile, limit).is_ok()
    };
    // Where neither is allowed, it stays as it is: requests then say so.
    let _ = hard < ask && raise(ask) || soft < hard && raise(hard);
}

/// How many descriptors this process may have; `None` where nothing bounds it.
#[must_use]
pub fn most_descriptors() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Where this run takes place. The schemas of the records know the names of its
/// limits, so that expectations of them can be checked before a run.
#[must_use]
pub fn environment() -> Environment {
    let uname = rustix::system::uname();
    let mut limits = BTreeMap::new();
    limits.insert(
        "RLIMIT_NPROC".to_owned(),
        getrlimit(Resource::Nproc).current,
    );
    limits.insert(
        "RLIMIT_NOFILE".to_owned(),
        getrlimit(Resource::Nofile).current,
    );
    limits.insert(
        "RLIMIT_STACK".to_owned(),
        getrlimit(Resource::Stack).current,
    );
    for (name, path) in [
        ("kernel.threads-max", "kernel/threads-max"),
        ("kernel.pid_max", "kernel/pid_max"),
        ("vm.max_map_count", "vm/max_map_count"),
    ] {
        limits.insert(name.to_owned(), sysctl::number(path));
    }
    let net = NetNamespace::own();
    limits.insert(
        "net.core.somaxconn".to_owned(),
        net.number("core/somaxconn"),
    );
    // How many ephemeral ports there are for one address and one server endpoint.
    let ports = net.port_range();
    let ports = ports.map(|(low, high)| u64::from(high - low) + 1);
    limits.insert("ip_local_port_range".to_owned(), ports);
    Environment {
        kernel: format!(
            "{} {}",
            uname.sysname().to_string_lossy(),
            uname.release().to_string_lossy()
        ),
        cpus: cpus() as u64,
        memory_bytes: Meminfo::read().and_then(|m| m.bytes("MemTotal")),
        limits,
    }
}

/// CPUs that this process may use, as they were when it was first asked for: the files of
/// control groups that say it may be out of reach later.
#[must_use]
pub fn cpus() -> usize {
    static CPUS: OnceLock<usize> = OnceLock::new();
    *CPUS.get_or_init(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_schemas_know_every_limit() {
        let limits = environment().limits;
        let here: BTreeSet<&str> = limits.keys().map(String::as_str).collect();
        for schema in [
            include_str!("../../docs/schemas/run.schema.json"),
            include_str!("../../docs/schemas/compare.schema.json"),
        ] {
            let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
            let of = &schema["properties"]["environment"]["properties"]["limits"];
            let known = of["propertyNames"]["enum"].as_array().unwrap();
            let known: BTreeSet<&str> = known.iter().filter_map(|n| n.as_str()).collect();
            assert_eq!(known, here);
        }
    }
}
