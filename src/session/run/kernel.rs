//! The kernel's own counts, and what bounds tasks: a look at them before the client
//! starts, and one when the wire is at rest.

use std::net::SocketAddr;

use crate::model::observation::{KernelLook, TaskLimit};
use crate::model::{LimitName, Timestamp};
use crate::sys::net::{NetNamespace, sock_diag};
use crate::sys::proc::{self, Proc, cgroup, resource_usage, sysctl};

/// Looks at all of it, for a server at this address.
pub(super) fn look(at: Timestamp, target: SocketAddr) -> KernelLook {
    KernelLook {
        limits: task_limits(),
        ..look_again(at, target)
    }
}

/// The same without what bounds tasks.
pub(super) fn look_again(at: Timestamp, target: SocketAddr) -> KernelLook {
    let own = NetNamespace::own();
    let counted = own.listen_drops();
    // Of a server on another host, or in another network namespace, nothing here tells.
    let is_here = own.has_address(target.ip()) != Some(false);
    KernelLook {
        at,
        backlog: sock_diag::backlog(target.port()).filter(|_| is_here),
        listen_overflows: counted.overflows.filter(|_| is_here),
        listen_drops: counted.drops.filter(|_| is_here),
        pids_refused: cgroup::pids_refused(Proc::this()),
        limits: Vec::new(),
    }
}

/// The limits that can refuse a thread or a process with EAGAIN (clone(2)), for what is
/// started from here.
fn task_limits() -> Vec<TaskLimit> {
    let mut limits = Vec::new();
    let mut add = |name, value: Option<u64>, in_use, path| {
        limits.extend(value.map(|value| TaskLimit {
            name,
            value,
            in_use,
            // It counts the user's tasks in all namespaces; those of one can be seen.
            in_use_at_least: name == LimitName::Nproc
                && !(resource_usage::in_first_pid_namespace()
                    && resource_usage::in_first_user_namespace()),
            path,
        }));
    };
    if resource_usage::exempt_from_nproc().is_none() {
        let (value, _) = resource_usage::rlimit(rustix::process::Resource::Nproc);
        let in_use = value.and_then(|_| resource_usage::tasks_of_user());
        add(LimitName::Nproc, value, in_use, None);
    }
    for group in cgroup::pids(Proc::this()) {
        let path = group.folder.display().to_string();
        add(LimitName::PidsMax, group.max, group.in_use, Some(path));
    }
    let of_system = proc::tasks_and_last_pid().map(|(tasks, _)| tasks);
    for (name, file) in [
        (LimitName::ThreadsMax, "kernel/threads-max"),
        (LimitName::PidMax, "kernel/pid_max"),
    ] {
        add(name, sysctl::number(file), of_system, None);
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bounds_tasks_is_told_once() {
        let at = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 1);
        let first = look(Timestamp::default(), at("127.0.0.1"));
        let names: Vec<LimitName> = first.limits.iter().map(|limit| limit.name).collect();
        assert!(names.contains(&LimitName::ThreadsMax) && names.contains(&LimitName::PidMax));
        assert!(
            first
                .limits
                .iter()
                .all(|l| l.in_use.is_none_or(|n| n < l.value))
        );
        assert_eq!(first.backlog, None, "nobody listens on port 1");
        let again = look_again(Timestamp::default(), at("127.0.0.1"));
        assert!(again.limits.is_empty() && again.listen_overflows >= first.listen_overflows);
        assert!(again.listen_overflows.is_some());
        let elsewhere = look_again(Timestamp::default(), at("198.51.100.7"));
        assert_eq!(
            (elsewhere.listen_overflows, elsewhere.listen_drops),
            (None, None)
        );
    }
}
